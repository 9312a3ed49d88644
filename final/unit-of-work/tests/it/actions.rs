//! What each kind of action does to stored items, all of it or none, and whose error comes back.

use unit_of_work::{Check, CommitError, Condition, Delete, Put, UnitOfWork, Update};

use crate::bench::{Bench, Refused, insert, key, n, pairs, text, thing, things, work};

#[tokio::test(start_paused = true)]
async fn every_kind_of_action_takes_effect_in_one_call() {
    let bench = Bench::new().await;
    let mut before = work(1);
    for name in ["changed", "deleted", "checked"] {
        before.add(Put::item(&things(), thing(name, 7)).unwrap());
    }
    bench.commit(before).await.unwrap();

    let pair = pairs().key("p", Some("s"));
    let mut all = work(2);
    all.add(insert("put"))
        .add(
            Update::new(&things(), key("changed"))
                .set("Name", text("Ada"))
                .set("size", n(3)) // a reserved word of DynamoDB
                .add("Count", 2)
                .add("Count2", -2)
                .remove("Number")
                .when(Condition::exists("PK").and(Condition::number_is("Number", 7))),
        )
        .add(Update::new(&pairs(), pair.clone()).add("Count", 5))
        .add(Delete::new(&things(), key("deleted")).when(Condition::number_is("Number", 7)))
        .add(Check::new(&things(), key("checked"), Condition::less_than("Number", n(8))));
    bench.commit(all).await.unwrap();

    let changed = bench.get(&things(), key("changed")).await.unwrap();
    assert_eq!(
        (changed.get("Name"), changed.get("size"), changed.get("Number")),
        (Some(&text("Ada")), Some(&n(3)), None)
    );
    assert_eq!(
        (changed["Count"].as_n().unwrap().as_str(), changed["Count2"].as_n().unwrap().as_str()),
        ("2", "-2")
    );
    assert_eq!(bench.get(&things(), key("put")).await, Some(thing("put", 0)));
    assert_eq!(bench.get(&things(), key("deleted")).await, None);
    assert_eq!(bench.get(&things(), key("checked")).await, Some(thing("checked", 7)));
    assert_eq!(bench.get(&pairs(), pair).await.unwrap()["Count"], n(5));
    assert_eq!(bench.wire.count("TransactWriteItems"), 2, "one call for each unit of work");
}

#[tokio::test(start_paused = true)]
async fn one_failed_condition_of_any_kind_undoes_everything_and_returns_its_error() {
    let bench = Bench::new().await;
    let mut before = work(1);
    before.add(insert("there"));
    bench.commit(before).await.unwrap();

    let absent = || Condition::not_exists("PK");
    let guards = [
        Put::item(&things(), thing("there", 1)).unwrap().when(absent()).or(Refused(0)),
        Update::new(&things(), key("there")).set("Number", n(1)).when(absent()).or(Refused(1)),
        Delete::new(&things(), key("there")).when(absent()).or(Refused(2)),
        Check::new(&things(), key("there"), absent()).or(Refused(3)),
    ];
    for (kind, guard) in guards.into_iter().enumerate() {
        let mut all = work(10 + kind as u128);
        all.add(insert("new")).add(Update::new(&things(), key("other")).add("Number", 1)).add(guard);
        let error = bench.commit(all).await.unwrap_err();
        assert!(matches!(error, CommitError::Rejected(Refused(which)) if which == kind), "{error:?}");
        assert!(!error.is_retryable());
        assert_eq!(bench.scan(&things()).await, [thing("there", 0)]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_error_of_the_first_failed_condition_wins() {
    let bench = Bench::new().await;
    let mut before = work(1);
    before.add(insert("a")).add(insert("b"));
    bench.commit(before).await.unwrap();
    let mut all = work(2);
    all.add(insert("fine").or(Refused(0))).add(insert("b").or(Refused(1))).add(insert("a").or(Refused(2)));
    assert!(matches!(bench.commit(all).await, Err(CommitError::Rejected(Refused(1)))));
}

#[tokio::test(start_paused = true)]
async fn a_failed_condition_without_an_error_is_named_by_its_place() {
    let bench = Bench::new().await;
    let mut before = work(1);
    before.add(insert("there"));
    bench.commit(before).await.unwrap();
    let mut all = work(2);
    // The error of a later action must not stand in for the one that this action lacks.
    all.add(insert("new"))
        .add(insert("there"))
        .add(Check::new(&things(), key("x"), Condition::exists("PK")).or(Refused(9)));
    assert!(matches!(bench.commit(all).await, Err(CommitError::ConditionFailed { action: 1 })));
}

#[tokio::test(start_paused = true)]
async fn a_dropped_unit_of_work_writes_nothing() {
    let bench = Bench::new().await;
    let mut dropped = work(1);
    dropped.add(insert("never"));
    drop(dropped);
    assert_eq!((bench.wire.total(), bench.scan(&things()).await.len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn an_empty_unit_of_work_commits_without_a_call() {
    let bench = Bench::new().await;
    assert!(work(1).is_empty());
    bench.commit(work(1)).await.unwrap();
    assert_eq!(bench.wire.total(), 0);
}

#[tokio::test(start_paused = true)]
async fn reads_are_consistent_and_say_whether_a_retry_helps() {
    let bench = Bench::new().await;
    bench.get(&things(), key("x")).await;
    assert!(bench.wire.calls("GetItem")[0].body.contains(r#""ConsistentRead":true"#));

    use unit_of_work::{Database as _, Table};
    let nowhere = Table::new("nowhere", "PK");
    let missing = bench.database.get(&nowhere, nowhere.key("x", None)).await.unwrap_err();
    assert!(!missing.retryable, "{missing}");
    for fault in [crate::wire::Fault::code(400, "ThrottlingException"), crate::wire::Fault::RequestLost] {
        bench.wire.inject("GetItem", usize::MAX, fault);
        assert!(bench.database.get(&things(), key("x")).await.unwrap_err().retryable);
        bench.wire.repair();
    }
}

/// What is in the way of an insert comes with its refusal, and is not read.
#[tokio::test(start_paused = true)]
async fn an_error_can_be_made_of_the_item_that_is_there_without_another_call() {
    let (bench, memory) = (Bench::new().await, unit_of_work::MemoryDatabase::new());
    let absent = Condition::not_exists("PK");
    let insert_over = |token, number| {
        let put = Put::item(&things(), thing("there", number)).unwrap().when(absent.clone());
        let mut over = UnitOfWork::new(uuid::Uuid::from_u128(token));
        over.add(put.or_found(|found| found));
        over
    };
    let update_nothing = || {
        let update = Update::new(&things(), key("nobody")).set("Number", n(1)).when(Condition::exists("PK"));
        let mut over = UnitOfWork::new(uuid::Uuid::from_u128(3));
        over.add(update.or_found(|found| found));
        over
    };
    let real = &bench.database;
    insert_over(1, 7).commit(real).await.unwrap();
    insert_over(1, 7).commit(&memory).await.unwrap();
    let (real_one, one) = (insert_over(2, 8).commit(real).await, insert_over(2, 8).commit(&memory).await);
    for refused in [real_one, one] {
        assert_eq!(refused.unwrap_err().into_rejected().unwrap(), Some(thing("there", 7)));
    }
    let (real_none, none) = (update_nothing().commit(real).await, update_nothing().commit(&memory).await);
    for refused in [real_none, none] {
        assert_eq!(refused.unwrap_err().into_rejected().unwrap(), None, "nothing is there");
    }
    assert_eq!((bench.wire.count("TransactWriteItems"), bench.wire.count("GetItem")), (3, 0));
    let asked = bench.wire.calls("TransactWriteItems");
    assert!(
        asked.iter().all(|call| call.body.contains(r#""ReturnValuesOnConditionCheckFailure":"ALL_OLD""#))
    );
}

/// Others would pay for an answer that they do not read.
#[tokio::test(start_paused = true)]
async fn the_item_that_is_there_is_asked_for_by_nobody_else() {
    let bench = Bench::new().await;
    let mut one = work(1);
    one.add(insert("x")).add(Check::new(&pairs(), pairs().key("p", Some("s")), Condition::not_exists("PK")));
    bench.commit(one).await.unwrap();
    assert!(!bench.wire.calls("TransactWriteItems")[0].body.contains("ReturnValues"));
}
