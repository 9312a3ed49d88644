//! Circles: among the modules of a crate, and among crates.
//!
//! A module and those inside it are one whole: `relay` and `relay::broker` may know each other, `relay` and
//! `consumer` only in one direction, whichever of their parts does it.

use std::collections::{BTreeMap, BTreeSet};

use crate::{module::ModulePath, source::Crate};

/// Who knows whom, and where it shows.
type Graph = BTreeMap<String, BTreeMap<String, String>>;

/// A complaint for each circle among the modules of a crate.
pub fn of_modules(name: &str, source: &Crate) -> Vec<String> {
    let mut levels: BTreeMap<ModulePath, Graph> = BTreeMap::new();
    for (place, module) in &source.modules {
        for path in &module.paths {
            let Some(target) = source.resolve(place, path) else { continue };
            let common = place.iter().zip(&target).take_while(|(one, other)| one == other).count();
            let (Some(from), Some(to)) = (place.get(common), target.get(common)) else { continue };
            let level = levels.entry(place[..common].to_vec()).or_default();
            let known = level.entry(from.clone()).or_default();
            known
                .entry(to.clone())
                .or_insert_with(|| format!("{}: {}", module.file.display(), path.join("::")));
        }
    }
    let circles = levels.iter().flat_map(|(level, graph)| {
        let inside: Vec<_> = [name].into_iter().chain(level.iter().map(String::as_str)).collect();
        circles(graph).into_iter().map(move |circle| (inside.join("::"), circle, graph))
    });
    circles.map(|(inside, circle, graph)| format!("{inside}: {}", told(&circle, graph))).collect()
}

/// A complaint for each circle among crates, given whom each of them knows.
pub fn of_crates(knows: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let known = |others: &BTreeSet<String>| {
        others.iter().map(|other| (other.clone(), "Cargo.toml".to_owned())).collect()
    };
    let graph: Graph = knows.iter().map(|(name, others)| (name.clone(), known(others))).collect();
    circles(&graph).iter().map(|circle| told(circle, &graph)).collect()
}

fn told(circle: &[String], graph: &Graph) -> String {
    let mut text = circle.join(" → ");
    for pair in circle.windows(2) {
        text += &format!("\n    {} → {} in {}", pair[0], pair[1], graph[&pair[0]][&pair[1]]);
    }
    text
}

/// A shortest circle through each knot, which ends where it begins.
fn circles(graph: &Graph) -> Vec<Vec<String>> {
    let mut found: Vec<Vec<String>> = Vec::new();
    for start in graph.keys() {
        if found.iter().any(|circle| circle.contains(start)) {
            continue;
        }
        found.extend(shortest(graph, start));
    }
    found
}

fn shortest(graph: &Graph, start: &String) -> Option<Vec<String>> {
    let mut ways = vec![vec![start.clone()]];
    let mut seen = BTreeSet::new();
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            let next = way.last().and_then(|last| graph.get(last));
            for other in next.into_iter().flat_map(BTreeMap::keys) {
                let mut way = way.clone();
                way.push(other.clone());
                if other == start {
                    return Some(way);
                }
                if seen.insert(other.clone()) {
                    longer.push(way);
                }
            }
        }
        ways = longer;
    }
    None
}
