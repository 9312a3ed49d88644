//! The functions of `final/` that the model names are still there. When one is renamed or does something
//! else, the model must follow.

use std::{fs, path::Path};

/// File, and what stands in it.
const NAMED: &[(&str, &str)] = &[
    ("transactional-messaging/src/relay/store.rs", "fn rows("),
    ("transactional-messaging/src/relay/store.rs", "fn rows_behind("),
    ("transactional-messaging/src/relay/store.rs", "fn page("),
    ("transactional-messaging/src/relay/store.rs", ".consistent_read(true)"),
    ("transactional-messaging/src/relay/store.rs", "fn turns("),
    ("transactional-messaging/src/relay/store.rs", ".transact_get_items()"),
    ("transactional-messaging/src/relay/store.rs", "fn delete("),
    ("transactional-messaging/src/relay/store.rs", "fn mark("),
    ("transactional-messaging/src/relay/store.rs", "attribute_exists(PK)"),
    ("transactional-messaging/src/relay/progress.rs", "fn next("),
    ("transactional-messaging/src/relay/progress.rs", "fn seen("),
    ("transactional-messaging/src/relay/progress.rs", "Verdict::Again"),
    ("transactional-messaging/src/relay/wake.rs", "fn wake_rows("),
    ("transactional-messaging/src/relay/wake.rs", "fn unpark("),
    ("transactional-messaging/src/relay/sweep.rs", "fn next("),
    ("transactional-messaging/src/consumer/idempotent.rs", "fn once<"),
    ("transactional-messaging/src/consumer/queue.rs", "fn receive("),
    ("transactional-messaging/src/consumer/deletes.rs", "async fn delete("),
    ("transactional-messaging/src/consumer/queue.rs", "fn dead_letter("),
    ("transactional-messaging/src/consumer/settle.rs", "fn finish("),
    ("transactional-messaging/src/driver/lambda/wake.rs", "fn wake_all("),
    ("unit-of-work/src/work.rs", "fn commit"),
    ("orders/src/use_cases.rs", "fn create("),
    ("orders/src/use_cases/cancelling.rs", "fn cancel("),
    ("orders/src/use_cases.rs", "fn react("),
    ("orders/src/use_cases.rs", "HandlerError::retryable(format!(\"there is no order"),
    ("orders/src/use_cases/giving_up.rs", "fn give_up("),
    ("orders/src/store.rs", "fn insert("),
    ("customers/src/use_cases/deciding.rs", "fn decide_on_order("),
    ("customers/src/use_cases/deciding.rs", "fn refuse<"),
    ("customers/src/use_cases/deciding.rs", "fn settle_end("),
    ("customers/src/use_cases.rs", "fn settle_rejection("),
    ("customers/src/store.rs", "fn absent("),
];

#[test]
fn what_the_model_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../final");
    for (file, text) in NAMED {
        let source = fs::read_to_string(root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(
            source.contains(text),
            "{file} has no {text:?} any more: does the model still say what it does?"
        );
    }
}
