//! The end of what is personal about a customer.

use crate::world::World;

/// How many items of all tables have this text somewhere.
async fn with(world: &World, text: &str) -> usize {
    let mut count = 0;
    for service in shop::SERVICES {
        let sending: &[_] = if service.publishes() { &["-outbox", "-sent", "-scheduled"] } else { &[] };
        for kind in ["", "-inbox"].iter().chain(sending) {
            let items = world.items(&format!("{}{kind}", service.name)).await;
            count += items.iter().filter(|item| format!("{item:?}").contains(text)).count();
        }
    }
    count
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_is_erased_once_everything_was_sent_and_others_stay() {
    let world = World::new("erase").await;
    let (customer, other) = (world.customer("Ada Lovelace").await, world.customer("Grace Hopper").await);
    let erase = ["erase", "--customer", &customer.to_string(), "--yes"];
    let early = world.txm(&erase).await;
    assert!(early.code == Some(1) && early.out.contains("1 message not sent yet"), "{early:?}");
    world.json(&["outbox", "dispatch", "--yes"]).await;
    let letter = world.items("customers-sent").await;
    let letter =
        letter.iter().map(|row| row["Message"].as_s().unwrap()).find(|text| text.contains("Ada")).unwrap();
    support::queues::send(&world.sqs, "live-customer--order-created--dlq", letter).await;

    let dry = world.json(&erase[..3]).await;
    assert_eq!((&dry["sent"], &dry["letters"], &dry["done"]), (&1.into(), &1.into(), &false.into()));
    assert_eq!(with(&world, "Ada Lovelace").await, 2, "a dry run deletes nothing");
    let done = world.txm(&erase).await;
    assert!(done.code == Some(0) && done.out.contains("backups"), "{done:?}");
    assert_eq!((with(&world, "Ada Lovelace").await, with(&world, "Grace Hopper").await), (0, 2));
    assert_eq!(world.visible("customer--order-created--dlq").await, 0);
    assert!(world.customers.find(customer).await.unwrap().is_none(), "as one that was never there");
    assert!(world.customers.find(other).await.unwrap().is_some());
    assert_eq!(with(&world, "ErasedAt").await, 1, "so that the id never has a second first message");
    assert_eq!(world.txm(&erase).await.code, Some(2), "there is nothing left");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_with_a_pending_order_is_not_erased() {
    let world = World::new("erase-pending").await;
    let customer = world.customer("Ada Lovelace").await;
    world.order(customer).await;
    world.json(&["outbox", "dispatch", "--yes"]).await;
    let asked = world.txm(&["erase", "--customer", &customer.to_string(), "--yes"]).await;
    assert!(asked.code == Some(1) && asked.out.contains("1 order not decided yet"), "{asked:?}");
    assert!(world.customers.find(customer).await.unwrap().is_some());
}
