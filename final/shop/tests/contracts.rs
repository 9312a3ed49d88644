//! The documents in `final/contracts` are those of the services, consumers read what their senders promise,
//! and no release has broken one before it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{collections::BTreeMap, fs, path::PathBuf};

use serde_json::Value;
use service::contract::{Contract, broken, missing};
use shop::{SERVICES, contracts};

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../contracts"))
}

fn all() -> Vec<Contract> {
    SERVICES.iter().map(|service| (service.contract)()).collect()
}

/// What is sent today, by kind.
fn sent() -> BTreeMap<String, Value> {
    let of =
        |contract: &Contract| contract.sent().map(|(kind, data)| (kind.to_owned(), data.clone())).collect();
    all().iter().flat_map(|contract| -> Vec<_> { of(contract) }).collect()
}

/// The files of each release: its name, and what stands in them by their names.
fn releases() -> Vec<(String, BTreeMap<String, Value>)> {
    let folders = fs::read_dir(folder().join("events")).unwrap().map(|entry| entry.unwrap().path());
    let read = |folder: PathBuf| {
        let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
        let files = files
            .map(|file| (name(&file), serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap()));
        (name(&folder), files.collect())
    };
    let mut releases: Vec<_> = folders.map(read).collect();
    releases.sort_by_key(|(release, _)| release[1..].parse::<u32>().unwrap());
    releases
}

#[test]
fn the_documents_are_those_of_the_services() {
    for (name, text) in contracts::documents() {
        let stored = fs::read_to_string(folder().join(&name)).unwrap_or_default();
        assert!(text == stored, "{name} is another; if that is meant: cargo run -p shop -- contracts");
    }
}

#[test]
fn what_a_service_sends_and_reads_is_described() {
    assert_eq!(all().iter().flat_map(Contract::undescribed).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn consumers_read_what_senders_promise() {
    let sent = sent();
    for contract in all() {
        for (kind, read) in contract.read() {
            assert_eq!(missing(read, &sent[kind]), [""; 0], "{} reads {kind}", contract.service());
        }
    }
}

/// An old producer beside a new consumer: rows in an outbox, messages in queues and dead-letter queues.
#[test]
fn events_of_every_release_are_read_by_the_consumers_of_today() {
    let mut read = 0;
    for (release, files) in releases() {
        for contract in all() {
            for (queue, kind) in contract.queues() {
                let Some(event) = files.get(&format!("{kind}.json")) else { continue };
                contract
                    .check(queue, &event.to_string())
                    .unwrap_or_else(|why| panic!("{release}: {queue}: {why}"));
                read += 1;
            }
        }
    }
    assert!(read > 5, "only {read} were read");
}

/// A new producer beside an old consumer: whatever it read of a release is there today.
#[test]
fn no_event_of_a_release_has_lost_or_retyped_a_field_since() {
    let sent = sent();
    for (release, files) in releases() {
        let schemas =
            files.iter().filter_map(|(name, file)| Some((name.strip_suffix(".schema.json")?, file)));
        for (kind, schema) in schemas {
            let today = sent.get(kind).unwrap_or_else(|| panic!("{kind} of {release} is sent no more"));
            assert_eq!(broken(schema, today), [""; 0], "{kind} of {release}; give what is new another name");
        }
    }
}

/// Or nobody would notice when it changes.
#[test]
fn every_kind_of_event_belongs_to_a_release() {
    let releases = releases();
    for kind in sent().keys() {
        let released =
            |name: &str| releases.iter().any(|(_, files)| files.contains_key(&format!("{kind}{name}")));
        let update = "before it is deployed: cargo run -p shop -- contracts --release vN";
        assert!(released(".json") && released(".schema.json"), "{kind} belongs to no release; {update}");
    }
}

/// That the tests above can fail: today's events against a release with a field more, and with another type.
#[test]
fn a_field_that_is_gone_or_has_another_type_is_found() {
    let today = &sent()["OrderCreated"];
    let mut released = today.clone();
    released["properties"]["gift"] = serde_json::json!({"type": "boolean"});
    released["properties"]["order_total"]["type"] = "string".into();
    assert_eq!(broken(&released, today), ["gift is gone", "order_total was string and is integer"]);
    let files = releases();
    let mut event = files[0].1["OrderCreated.json"].clone();
    event["data"]["order_total"] = "12399".into();
    let customers = all().into_iter().find(|contract| contract.service() == "customers").unwrap();
    customers.check("customer--order-created", &event.to_string()).unwrap_err();
}
