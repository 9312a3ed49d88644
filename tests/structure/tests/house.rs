//! The house keeps its rules, and each rule is seen to find what it is there for.
#![allow(clippy::unwrap_used)]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use structure::{arrows, circles, domains, files, names, source::Crate, workspace};

/// Where services are registered: by hand, because somebody has to say that there is one more.
const REGISTRATIONS: [&str; 1] = ["final/shop/src/services.rs"];

fn crates() -> Vec<(String, Crate)> {
    let read = |file: &Path| std::fs::read_to_string(file).ok();
    let mut crates = Vec::new();
    for package in workspace::packages().unwrap() {
        for target in package.targets {
            let name = format!("{} ({})", package.name, target.name);
            crates.push((name, Crate::read(&target.src_path, &read).unwrap()));
        }
    }
    assert!(crates.len() > 30, "only {} crates were read", crates.len());
    crates
}

#[track_caller]
fn none(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn modules_know_each_other_in_one_direction() {
    none(crates().iter().flat_map(|(name, source)| circles::of_modules(name, source)).collect());
}

#[test]
fn crates_know_each_other_in_one_direction() {
    none(circles::of_crates(&workspace::knows(&workspace::packages().unwrap())));
}

#[test]
fn crates_know_those_that_the_table_of_the_architecture_lists() {
    let page = std::fs::read_to_string(workspace::root().join("ARCHITECTURE.md")).unwrap();
    none(arrows::against(&arrows::read(&page).unwrap(), &workspace::knows(&workspace::packages().unwrap())));
}

#[test]
fn domains_know_rules_and_nothing_that_carries_them_out() {
    none(crates().iter().flat_map(|(_, source)| domains::know_only_rules(source)).collect());
}

#[test]
fn services_are_listed_where_they_are_registered_only() {
    let files = workspace::files().unwrap();
    let wiring = |(name, _): &(String, String)| {
        name.strip_prefix("terraform/live/wiring/")?.strip_suffix(".json").map(str::to_owned)
    };
    let services: BTreeSet<String> = files.iter().filter_map(wiring).collect();
    assert!(services.len() > 1, "the services were not found: {services:?}");
    let code = |name: &str| {
        let kinds = [".rs", ".py", ".tf", ".sh", ".yml", ".yaml"];
        kinds.iter().any(|kind| name.ends_with(kind)) || name.starts_with("scripts/")
    };
    let elsewhere = files.iter().filter(|(name, _)| code(name) && !REGISTRATIONS.contains(&name.as_str()));
    none(elsewhere.flat_map(|(name, text)| names::lists(name, text, &services)).collect());
}

#[test]
fn each_file_says_what_it_is_and_borrows_no_other() {
    let files = workspace::files().unwrap();
    none(
        files
            .iter()
            .filter(|(name, _)| name.ends_with(".rs"))
            .flat_map(|(name, text)| files::of_rust(name, text))
            .collect(),
    );
}

/// A crate of these files.
fn planted(files: &[(&str, &str)]) -> Crate {
    let files: BTreeMap<_, _> =
        files.iter().map(|(name, text)| (Path::new(*name), (*text).to_owned())).collect();
    Crate::read(Path::new("lib.rs"), &|file: &Path| files.get(file).cloned()).unwrap()
}

fn circles_of(files: &[(&str, &str)]) -> Vec<String> {
    circles::of_modules("planted", &planted(files))
}

#[test]
fn a_circle_of_modules_is_found_and_told_with_its_files() {
    let found = circles_of(&[
        ("lib.rs", "mod a; mod b; mod c;"),
        ("a.rs", "use crate::b::B;"),
        ("b.rs", "fn b() { crate::c::c() }"),
        ("c.rs", "use super::a; fn c() {}"),
    ]);
    let [circle] = &found[..] else { panic!("{found:?}") };
    assert!(circle.starts_with("planted: a → b → c → a") && circle.contains("b.rs: crate::c::c"), "{circle}");
}

#[test]
fn a_circle_through_what_the_root_exports_again_is_found() {
    let lib = "mod a; mod b; pub use b::{inner::Thing, Other as Renamed}; pub use a::*;";
    let b = ("b/mod.rs", "pub mod inner; pub struct Other; use crate::A;");
    let inner = ("b/inner.rs", "pub struct Thing;");
    for a in ["use crate::Thing; pub struct A;", "pub struct A; fn a(_: crate::Renamed) {}"] {
        let found = circles_of(&[("lib.rs", lib), ("a.rs", a), b, inner]);
        assert_eq!(found.len(), 1, "{a}: {found:?}");
    }
    assert_eq!(circles_of(&[("lib.rs", lib), ("a.rs", "pub struct A;"), b, inner]), [""; 0]);
}

#[test]
fn a_circle_deep_inside_is_found_and_a_module_with_its_parts_is_none() {
    let whole = [("lib.rs", "mod a;"), ("a/mod.rs", "mod b; mod c; pub use b::B; struct A;")];
    let parts = [("a/b.rs", "use super::A; use super::c::C; pub struct B;"), ("a/c.rs", "pub struct C;")];
    assert_eq!(circles_of(&[whole, parts].concat()), [""; 0]);
    let parts = [parts[0], ("a/c.rs", "pub struct C; use super::B;")];
    let found = circles_of(&[whole, parts].concat());
    assert!(found.len() == 1 && found[0].starts_with("planted::a: b → c → b"), "{found:?}");
}

#[test]
fn what_only_tests_and_comments_name_makes_no_circle() {
    let a = "//! See [`crate::b`].\n#[cfg(test)]\nuse crate::b::B;\n#[cfg(test)]\nmod tests { use crate::b::B; }\nfn a() { \"crate::b::B\"; }";
    assert_eq!(circles_of(&[("lib.rs", "mod a; mod b;"), ("a.rs", a), ("b.rs", "use crate::a;")]), [""; 0]);
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn a_circle_of_crates_is_found() {
    let knows = [("a", set(&["b"])), ("b", set(&["c"])), ("c", set(&["b"]))];
    let found = circles::of_crates(&knows.map(|(name, others)| (name.to_owned(), others)).into());
    assert!(found.len() == 1 && found[0].starts_with("b → c → b"), "{found:?}");
}

#[test]
fn a_dependency_that_the_table_does_not_list_is_found_and_a_line_about_a_crate_that_is_gone() {
    let page = "text\n\n| crate | knows |\n|---|---|\n| `a` | `b` |\n| `b`, `c` | |\n\n| x |";
    let arrows = arrows::read(page).unwrap();
    let against = |knows: [(&str, BTreeSet<String>); 3]| {
        arrows::against(&arrows, &knows.map(|(name, others)| (name.to_owned(), others)).into())
    };
    assert_eq!(against([("a", set(&["b"])), ("b", set(&[])), ("c", set(&[]))]), [""; 0]);
    let found = against([("a", set(&[])), ("b", set(&["a"])), ("d", set(&[]))]).join("\n");
    for said in ["b knows a, which is against", "d is in no line", "no crate c"] {
        assert!(found.contains(said), "{said} is not in {found}");
    }
    assert!(arrows::read("| a | b |").is_err());
}

#[test]
fn a_domain_that_knows_aws_or_messages_is_found() {
    let with = |text| {
        domains::know_only_rules(&planted(&[
            ("lib.rs", "mod domain;"),
            ("domain.rs", "mod rules;"),
            ("domain/rules.rs", text),
        ]))
    };
    assert_eq!(with("use uuid::Uuid; fn amount(aws: u64) -> u64 { aws }"), [""; 0]);
    assert_eq!(with("use aws_sdk_dynamodb::types::AttributeValue;").len(), 1);
    assert_eq!(with("impl Order { fn save(&self, _: &aws_types::SdkConfig) {} }").len(), 1);
    assert_eq!(with("use transactional_messaging::message::Subject;").len(), 1);
}

#[test]
fn a_list_of_services_is_found() {
    let lists = |text| names::lists("file", text, &set(&["bakery", "mill"])).len();
    assert_eq!(lists("const ALL: [&str; 2] = [\"bakery\", \"mill\"];"), 1);
    assert_eq!(lists("for name in ('mill', 'bakery'):"), 1);
    assert_eq!(lists("post(\"mill\", \"/mill\", \"bakery\", 1)"), 0);
    assert_eq!(lists("(\"mill\", \"mill\")"), 0);
}

#[test]
fn a_file_that_says_nothing_or_borrows_another_is_found() {
    assert_eq!(files::of_rust("a.rs", "//! What it is.\n"), [""; 0]);
    assert_eq!(files::of_rust("a.rs", "use b;\n").len(), 1);
    let wide = "x".repeat(107);
    assert_eq!(files::of_rust("a.rs", &format!("//! {wide}\n")).len(), 1);
    assert_eq!(files::of_rust("a.rs", &format!("//! | {wide} |\n//! ```\n//! {wide}\n//! ```\n")), [""; 0]);
    assert_eq!(files::of_rust("a.rs", "//! A.\n#[path = \"../b.rs\"]\nmod b;\n").len(), 1);
}
