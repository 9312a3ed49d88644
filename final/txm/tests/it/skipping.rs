//! Giving a message up.

use crate::world::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parked_message_is_given_up_after_it_was_kept_and_what_is_behind_it_goes_on() {
    let world = World::new("skip").await;
    let order = world.order(uuid::Uuid::from_u128(7)).await;
    let subject = format!("order/{order}");
    let skip = ["outbox", "skip", &subject];
    let pending = world.txm(&[&skip[..], &["--yes"]].concat()).await;
    assert!(pending.code == Some(2) && pending.err.contains("nothing of"), "{pending:?}");

    // The order is rejected: a second message stands behind the first.
    world.refused(order).await;
    world.change("orders-outbox", &subject, "SET Parked = :v", Some("the topic does not take it")).await;
    let dry = world.txm(&skip).await;
    assert!(dry.code == Some(0) && dry.out.contains("no consumer will ever hear of it"), "{dry:?}");
    assert_eq!(world.rows("orders-outbox").await, 2, "a dry run deletes nothing");

    let done = world.txm(&[&skip[..], &["--save", "kept.json", "--yes"]].concat()).await;
    assert_eq!(done.code, Some(0), "{done:?}");
    let kept = std::fs::read_to_string(world.folder.join("kept.json")).unwrap();
    assert!(kept.contains("OrderCreated") && kept.contains("the topic does not take it"), "{kept}");
    assert_eq!((world.rows("orders-outbox").await, world.rows("orders-sent").await), (0, 1), "{}", done.out);
    assert_eq!(world.visible("customer--order-created").await, 0, "it was not sent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_given_up_whose_predecessor_waits_or_of_which_no_copy_can_be_kept() {
    let world = World::new("skip-behind").await;
    let order = world.order(uuid::Uuid::from_u128(7)).await;
    let subject = format!("order/{order}");
    world.refused(order).await;
    world.change_at("orders-outbox", (&subject, 101), "SET Parked = :v", Some("damaged")).await;
    let skip = ["outbox", "skip", &subject, "--yes", "--save"];
    let behind = world.txm(&[&skip[..], &["one.json"]].concat()).await;
    assert_eq!(behind.code, Some(2), "{behind:?}");
    assert!(behind.err.contains("the message before it is still there"), "{}", behind.err);
    // What stands there already may be the copy of another.
    let taken = world.txm(&[&skip[..], &["one.json"]].concat()).await;
    assert!(taken.code == Some(2) && taken.err.contains("nothing was given up"), "{taken:?}");
    assert_eq!(world.rows("orders-outbox").await, 2);
    // What stands in front of it is sent; then it may go.
    let dispatched = world.txm(&["outbox", "dispatch", &subject, "--yes"]).await;
    assert!(dispatched.code == Some(1) && dispatched.out.contains("1 subject parked"), "{dispatched:?}");
    assert_eq!(world.txm(&[&skip[..], &["two.json"]].concat()).await.code, Some(0));
    assert_eq!(world.rows("orders-outbox").await, 0);
}
