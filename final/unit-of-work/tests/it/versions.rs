//! An aggregate is written over the version that was read, or not at all.

use serde::Serialize;
use unit_of_work::{CommitError, ItemError};

use crate::bench::{Bench, Refused, insert, key, things, work};

#[derive(Serialize)]
struct Row {
    #[serde(rename = "PK")]
    key: &'static str,
    #[serde(rename = "Version", skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
}

fn row(version: u64) -> Row {
    Row { key: "k", version: Some(version) }
}

#[tokio::test(start_paused = true)]
async fn of_two_who_read_the_same_version_one_writes_and_an_insert_happens_once() {
    let bench = Bench::new().await;
    let refused = |outcome| matches!(outcome, Err(CommitError::Rejected(Refused(7))));
    for (token, again) in [(1, false), (2, true)] {
        let mut new = work(token);
        new.add(things().insert(&row(0)).unwrap().or(Refused(7)));
        assert_eq!(refused(bench.commit(new).await), again, "an insert");
    }
    for (token, again) in [(3, false), (4, true)] {
        let mut changed = work(token);
        changed.add(things().replace(&row(1)).unwrap().or(Refused(7)));
        assert_eq!(refused(bench.commit(changed).await), again, "version 1");
    }
    for (token, version, stale) in [(5, 0, true), (6, 1, false), (7, 2, true)] {
        let mut decided = work(token);
        decided.add(things().unchanged(&row(version)).unwrap().or(Refused(7)));
        decided.add(insert(&token.to_string()));
        assert_eq!(refused(bench.commit(decided).await), stale, "a decision on version {version}");
    }
    assert_eq!(bench.get(&things(), key("k")).await.unwrap()["Version"].as_n().unwrap(), "1");
}

#[test]
fn what_says_no_version_or_the_first_one_replaces_nothing() {
    let without = Row { key: "k", version: None };
    for refused in [things().replace(&without), things().replace(&row(0))] {
        assert!(matches!(refused, Err(ItemError::NoVersion { .. })));
    }
    assert!(matches!(things().unchanged(&without), Err(ItemError::NoVersion { .. })));
    assert!(things().unchanged(&row(0)).is_ok());
}
