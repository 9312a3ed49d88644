//! What is stuck is found, explained and let go.

use crate::world::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parked_subject_is_found_explained_and_let_go() {
    let world = World::new("parked").await;
    let (mended, other) = (world.customer("Ada Lovelace").await, world.customer("Grace Hopper").await);
    let subject = format!("customer/{mended}");
    world.change("customers-outbox", &subject, "REMOVE Topic", None).await;

    let swept = world.json(&["sweep", "--yes"]).await;
    let of_customers =
        &swept["outboxes"].as_array().unwrap().iter().find(|one| one["service"] == "customers").unwrap();
    assert_eq!(
        (&of_customers["messages"], &of_customers["parked"]),
        (&1.into(), &1.into()),
        "{other} was sent"
    );

    let stuck = world.txm(&["stuck", "--older-than", "0s"]).await;
    assert_eq!(stuck.code, Some(1), "{stuck:?}");
    assert!(stuck.out.contains("Topic is missing"), "{}", stuck.out);
    assert!(stuck.out.contains(&format!("txm outbox unpark {subject} --yes")), "{}", stuck.out);
    let shown = world.txm(&["outbox", "show", &subject]).await;
    assert!(shown.out.contains("parked: row 00000000000000000001 is damaged"), "{}", shown.out);
    assert!(!shown.out.contains("Ada"), "no personal data unless asked for");
    assert!(world.txm(&["outbox", "show", &subject, "--bodies"]).await.out.contains("Ada Lovelace"));

    world.change("customers-outbox", &subject, "SET Topic = :v", Some("customer--created")).await;
    let unpark = ["outbox", "unpark", "--reason", "Topic is missing"];
    let dry = world.json(&unpark).await;
    assert_eq!((&dry["done"], &dry["subjects"][0]), (&false.into(), &subject.clone().into()));
    assert_eq!(world.rows("customers-outbox").await, 1, "a dry run changes nothing");
    let done = world.json(&[&unpark[..], &["--yes"]].concat()).await;
    assert_eq!(done["sent"], 1);
    assert_eq!((world.rows("customers-outbox").await, world.rows("customers-sent").await), (0, 2));
    assert_eq!(world.txm(&["stuck", "--older-than", "0s"]).await.code, Some(0));
    let again = world.txm(&[&unpark[..], &["--yes"]].concat()).await;
    assert_eq!(again.code, Some(2), "nothing is parked any more: {again:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_pending_subjects_are_counted_explained_and_sent() {
    let world = World::new("pending").await;
    let customer = uuid::Uuid::from_u128(7);
    let mut order = world.order(customer).await;
    for _ in 1..200 {
        order = world.order(customer).await;
    }
    let status = world.json(&["outbox", "status"]).await;
    let of_orders =
        status["outboxes"].as_array().unwrap().iter().find(|one| one["service"] == "orders").unwrap();
    assert_eq!(
        (&of_orders["rows"], &of_orders["topics"]["order--created"]["rows"]),
        (&200.into(), &200.into())
    );
    let listed = world.json(&["outbox", "list", "--pending"]).await;
    assert_eq!(listed["rows"].as_array().unwrap().len(), 200);
    let cut = world.json(&["outbox", "status", "--limit", "50"]).await;
    assert!(cut["outboxes"].as_array().unwrap().iter().any(|one| one["rows"] == 50 && one["is_cut"] == true));

    let stuck = world.txm(&["stuck", "--older-than", "0s"]).await;
    assert_eq!(stuck.code, Some(1));
    assert!(stuck.out.contains("the relay has not been here"), "{}", stuck.out);
    assert!(stuck.out.contains("pending: a message about it was not sent yet"), "{}", stuck.out);
    let subject = format!("order/{order}");
    assert_eq!(world.json(&["outbox", "dispatch", &subject, "--yes"]).await["sent"], 1);
    assert_eq!(world.json(&["outbox", "dispatch"]).await["subjects"].as_array().unwrap().len(), 199);
    assert_eq!(world.json(&["outbox", "dispatch", "--yes"]).await["sent"], 199);
    assert_eq!((world.rows("orders-outbox").await, world.rows("orders-sent").await), (0, 200));
    assert_eq!(world.visible("customer--order-created").await, 200);
    // Sent, and nobody consumes: the orders are pending for another reason now.
    let stuck = world.txm(&["stuck", "--older-than", "0s"]).await;
    assert!(stuck.out.contains("was sent and has no answer yet"), "{}", stuck.out);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trace_shows_every_row_of_an_order_in_its_sequence() {
    let world = World::new("trace").await;
    let customer = world.customer("Ada Lovelace").await;
    let order = world.order(customer).await;
    world.json(&["outbox", "dispatch", "--yes"]).await;
    let bodies = support::queues::drain(&world.sqs, "live-customer--order-created").await;
    let wiring = customers::wiring::wiring();
    wiring.handle("customer--order-created", &world.customers, &bodies[0]).await.unwrap();

    let traced = world.json(&["trace", &order.to_string()]).await;
    let events = traced["events"].as_array().unwrap();
    let happened: Vec<_> = events.iter().map(|event| event["what"].as_str().unwrap()).collect();
    for (place, what) in [
        ("live-orders", "PENDING, version 0"),
        ("live-orders-sent", "was sent to order--created"),
        ("live-customers-inbox", "was handled by customer--order-created"),
        ("live-customers", "RESERVED"),
        ("live-customers-outbox", "waits to be sent to customer--credit-reserved"),
    ] {
        let is_there = events
            .iter()
            .any(|event| event["place"] == place && event["what"].as_str().unwrap().contains(what));
        assert!(is_there, "{place}: {what} in {happened:#?}");
    }
    assert!(!traced.to_string().contains("Ada"), "{traced}");
    assert!(traced["items_read"].as_u64().unwrap() >= 6);
    let conversation = traced["correlation_ids"][0].as_str().unwrap();
    let whole = world.json(&["trace", conversation]).await;
    assert!(whole["events"].as_array().unwrap().len() >= 4, "{whole}");
}
