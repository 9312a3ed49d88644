//! The wiring that Terraform reads is that of the services.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{collections::BTreeSet, fs, path::PathBuf};

use shop::SERVICES;
use transactional_messaging::wiring::Description;

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../terraform/live/wiring"))
}

/// Each thing that a wiring says, in words that name it.
fn facts(wiring: &Description) -> BTreeSet<String> {
    let publishes = wiring.publishes.iter().map(|topic| format!("it publishes to {topic}"));
    let consumes = wiring.consumes.iter();
    let consumes =
        consumes.map(|from| format!("it consumes {} of {} from {}", from.kind, from.topic, from.queue));
    publishes.chain(consumes).collect()
}

#[test]
fn what_terraform_reads_of_each_service_is_what_the_service_says_of_itself() {
    for service in SERVICES {
        let (name, file) = (service.name, folder().join(format!("{}.json", service.name)));
        let update = format!("cargo run -p {name} -- --wiring > terraform/live/wiring/{name}.json");
        let text =
            fs::read_to_string(&file).unwrap_or_else(|_| panic!("there is no wiring of {name}: {update}"));
        let (wiring, stored) = ((service.wiring)(), serde_json::from_str(&text).unwrap());
        let (own, read) = (facts(&wiring), facts(&stored));
        let (missing, gone): (Vec<_>, Vec<_>) =
            (own.difference(&read).collect(), read.difference(&own).collect());
        assert!(
            missing.is_empty() && gone.is_empty(),
            "{name}: terraform does not know that {missing:?}, and still believes that {gone:?}; if that is meant: {update}"
        );
        assert_eq!(text, service::json(&wiring).unwrap(), "{update}");
    }
}

#[test]
fn terraform_reads_of_no_service_that_is_not_registered() {
    let files = fs::read_dir(folder()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let registered = SERVICES.map(|service| format!("{}.json", service.name));
    assert_eq!(files.collect::<BTreeSet<_>>(), registered.into());
}

/// A queue without a publisher would wait for ever.
#[test]
fn every_message_that_a_service_consumes_is_published_by_one_of_them() {
    let wirings = SERVICES.map(|service| (service.wiring)());
    let published: BTreeSet<_> = wirings.iter().flat_map(|wiring| &wiring.publishes).collect();
    for consumes in wirings.iter().flat_map(|wiring| &wiring.consumes) {
        assert!(published.contains(&consumes.topic), "nobody publishes to {}", consumes.topic);
    }
}
