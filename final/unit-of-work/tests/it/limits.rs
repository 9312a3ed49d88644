//! What DynamoDB would refuse is refused before any call; what lies exactly at a limit is not.

use unit_of_work::{
    AttributeValue, Check, CommitError, Condition, Database, Delete, Item, LimitError, Limits, MAX_ACTIONS,
    MAX_ITEM_BYTES, MAX_TRANSACTION_BYTES, Put, ReadError, Table, TransactFailure, UnitOfWork, Update, Write,
    item_size,
};
use uuid::Uuid;

use crate::bench::{Bench, Refused, insert, key, n, pairs, text, thing, things, work};

/// An item of exactly so many bytes.
fn item_of(bytes: usize, name: &str) -> Item {
    let mut item = thing(name, 0);
    item.insert("Text".to_owned(), text(""));
    let rest = bytes - item_size(&item);
    item.insert("Text".to_owned(), text(&"x".repeat(rest)));
    item
}

fn put_of(bytes: usize, name: &str) -> Put {
    Put::item(&things(), item_of(bytes, name)).unwrap()
}

/// The commit is refused, and AWS was not asked.
async fn refused(bench: &Bench, work: UnitOfWork<Refused>) -> LimitError {
    let calls = bench.wire.total();
    let error = bench.commit(work).await.unwrap_err();
    assert!(!error.is_retryable());
    assert_eq!(bench.wire.total(), calls, "no call");
    let CommitError::Limit(limit) = error else { panic!("{error:?}") };
    limit
}

#[tokio::test(start_paused = true)]
async fn one_hundred_actions_pass_and_one_more_is_refused_unsent() {
    let bench = Bench::new().await;
    let of = |count: usize| {
        let mut all = work(count as u128);
        for number in 0..count {
            all.add(insert(&format!("k{number}")));
        }
        all
    };
    assert_eq!(
        refused(&bench, of(MAX_ACTIONS + 1)).await,
        LimitError::TooManyActions { actions: 101, at_most: 100 }
    );
    bench.commit(of(MAX_ACTIONS)).await.unwrap();
    assert_eq!(bench.scan(&things()).await.len(), 100);
}

#[tokio::test(start_paused = true)]
async fn an_item_of_400_kb_passes_and_one_more_byte_is_refused_unsent() {
    let bench = Bench::new().await;
    let mut over = work(1);
    over.add(insert("small")).add(put_of(MAX_ITEM_BYTES + 1, "big"));
    let table = "things".to_owned();
    assert_eq!(
        refused(&bench, over).await,
        LimitError::ItemTooLarge {
            action: 1,
            table: table.clone(),
            bytes: MAX_ITEM_BYTES + 1,
            at_most: MAX_ITEM_BYTES
        }
    );
    let mut update = work(2);
    update.add(Update::new(&things(), key("k")).set("Text", text(&"x".repeat(MAX_ITEM_BYTES))));
    assert!(matches!(refused(&bench, update).await, LimitError::ItemTooLarge { action: 0, .. }));
    let mut at = work(3);
    at.add(put_of(MAX_ITEM_BYTES, "big"));
    bench.commit(at).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn four_megabytes_pass_and_one_more_byte_is_refused_unsent() {
    let bench = Bench::new().await;
    let of = |bytes: usize| {
        let mut all = work(bytes as u128);
        let mut left = bytes;
        for number in 0.. {
            let size = left.min(MAX_ITEM_BYTES);
            all.add(put_of(size, &format!("k{number}")));
            left -= size;
            if left == 0 {
                return all;
            }
        }
        all
    };
    let bytes = MAX_TRANSACTION_BYTES + 1;
    assert_eq!(
        refused(&bench, of(bytes)).await,
        LimitError::TransactionTooLarge { bytes, at_most: MAX_TRANSACTION_BYTES }
    );
    bench.commit(of(MAX_TRANSACTION_BYTES)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn two_actions_on_one_item_are_refused_unsent_whatever_their_kinds() {
    let bench = Bench::new().await;
    let kinds: [fn() -> unit_of_work::Action<Refused>; 4] = [
        || insert("same").into(),
        || Update::new(&things(), key("same")).set("Number", n(1)).into(),
        || Delete::new(&things(), key("same")).into(),
        || Check::new(&things(), key("same"), Condition::exists("PK")).into(),
    ];
    for (token, (first, second)) in kinds.iter().flat_map(|a| kinds.iter().map(move |b| (a, b))).enumerate() {
        let mut all = work(token as u128);
        all.add(insert("other")).add(first()).add(insert("third")).add(second());
        let table = "things".to_owned();
        assert_eq!(refused(&bench, all).await, LimitError::SameItemTwice { table, first: 1, second: 3 });
    }
}

#[tokio::test(start_paused = true)]
async fn items_that_share_half_a_key_are_two_items() {
    let bench = Bench::new().await;
    let mut all = work(1);
    all.add(insert("p"));
    for sort in ["s", "t"] {
        all.add(Update::new(&pairs(), pairs().key("p", Some(sort))).add("Number", 1));
    }
    bench.commit(all).await.unwrap();
    assert_eq!(bench.scan(&pairs()).await.len(), 2);
}

#[test]
fn a_put_without_the_key_of_its_table_is_refused_by_name() {
    let error = Put::item(&pairs(), thing("p", 0)).unwrap_err();
    assert_eq!(error.to_string(), "an item for table pairs lacks its key attribute SK");
}

/// The size that is reckoned here is never below the one that DynamoDB reckons, or items would be sent only
/// to be refused.
#[tokio::test(start_paused = true)]
async fn an_item_of_every_type_that_is_reckoned_to_fit_does_fit() {
    let bench = Bench::new().await;
    let list = AttributeValue::L(vec![n(123_456), AttributeValue::Bool(true), AttributeValue::Null(true)]);
    let map = AttributeValue::M([("inner".to_owned(), list.clone()), ("é".to_owned(), text("ü"))].into());
    let parts = [
        ("Numbers", AttributeValue::Ns(vec!["-1".into(), "0.0001".into(), "12345678901234567890".into()])),
        ("Texts", AttributeValue::Ss(vec!["a".into(), "ß".into()])),
        ("Blob", AttributeValue::B(aws_sdk_dynamodb::primitives::Blob::new([0, 1, 2]))),
        ("Blobs", AttributeValue::Bs(vec![aws_sdk_dynamodb::primitives::Blob::new([9])])),
        ("Lists", AttributeValue::L(vec![list; 200])),
        ("Maps", AttributeValue::L(vec![map; 200])),
        ("Null", AttributeValue::Null(true)),
    ];
    for (token, (name, value)) in parts.into_iter().enumerate() {
        let mut item = thing(name, 0);
        item.insert(name.to_owned(), value);
        item.insert("Text".to_owned(), text(""));
        let rest = MAX_ITEM_BYTES - item_size(&item);
        item.insert("Text".to_owned(), text(&"x".repeat(rest)));
        let mut at = work(token as u128);
        at.add(Put::item(&things(), item).unwrap());
        bench.commit(at).await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
    }
}

/// The limits are those of the database that the work is committed to.
#[tokio::test]
async fn a_database_of_ones_own_has_limits_of_its_own() {
    struct Small;
    impl Database for Small {
        async fn transact(&self, _: Uuid, writes: &[Write]) -> Result<(), TransactFailure> {
            assert!(writes.len() <= 2);
            Ok(())
        }
        async fn get(&self, _: &Table, _: Item) -> Result<Option<Item>, ReadError> {
            Ok(None)
        }
        fn limits(&self) -> Limits {
            Limits { actions: 2, ..Limits::DYNAMODB }
        }
    }
    for (count, fits) in [(2, true), (3, false), (MAX_ACTIONS, false)] {
        let mut all = work(1);
        for number in 0..count {
            all.add(insert(&number.to_string()));
        }
        assert_eq!(all.commit(&Small).await.is_ok(), fits, "{count}");
    }
}
