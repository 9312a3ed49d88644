//! Tables that came back under other names: txm works on these, and on the others as ever.

use crate::world::{PREFIX, World};

const END: &str = "20261129t080000z";

/// Makes a table that is as another is now, under the name that scripts/restore gives it.
async fn restore(world: &World, table: &str) {
    let (name, target) = (format!("{PREFIX}{table}"), format!("{PREFIX}{table}-{END}"));
    let described = world.dynamodb.describe_table().table_name(&name).send().await.unwrap();
    let source = described.table().unwrap();
    let indexes = source.global_secondary_indexes().iter().map(|index| {
        aws_sdk_dynamodb::types::GlobalSecondaryIndex::builder()
            .set_index_name(index.index_name.clone())
            .set_key_schema(index.key_schema.clone())
            .set_projection(index.projection.clone())
            .build()
            .unwrap()
    });
    let indexes: Vec<_> = indexes.collect();
    let request = world.dynamodb.create_table().table_name(&target);
    let request = request
        .set_key_schema(Some(source.key_schema().to_vec()))
        .set_attribute_definitions(Some(source.attribute_definitions().to_vec()))
        .set_global_secondary_indexes((!indexes.is_empty()).then_some(indexes))
        .billing_mode(aws_sdk_dynamodb::types::BillingMode::PayPerRequest);
    request.send().await.unwrap();
    for item in world.items(table).await {
        world.dynamodb.put_item().table_name(&target).set_item(Some(item)).send().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restored_tables_are_looked_at_in_the_place_of_those_before() {
    let world = World::new("restored").await;
    let customer = world.customer("Ada Lovelace").await;
    world.order(customer).await;
    for table in ["orders", "orders-inbox", "orders-outbox"] {
        restore(&world, table).await;
    }
    // Known to the table from before only.
    world.order(customer).await;

    let restored = format!("orders={END}");
    let rows = async |more: &[&str]| {
        let status = world.json(&[&["outbox", "status"], more].concat()).await;
        let tables = status["outboxes"].as_array().unwrap().iter();
        let orders = tables.clone().find(|one| one["service"] == "orders").unwrap();
        (orders["table"].as_str().unwrap().to_owned(), orders["rows"].as_u64().unwrap())
    };
    assert_eq!(rows(&[]).await, ("live-orders-outbox".to_owned(), 2));
    assert_eq!(rows(&["--restored", &restored]).await, (format!("live-orders-outbox-{END}"), 1));

    let doctor = world.txm(&["doctor", "--restored", &restored]).await;
    let names = [
        format!("table live-orders-{END}"),
        format!("table live-orders-inbox-{END}"),
        "table live-orders-sent".to_owned(),
        "table live-customers-outbox".to_owned(),
    ];
    for name in names {
        let is_named = doctor.out.lines().any(|line| line.split("  ").any(|part| part.trim() == name));
        assert!(is_named, "{name}: {}", doctor.out);
    }
    // A restore carries over no stream.
    let line = doctor.out.lines().find(|line| line.contains(&format!("live-orders-outbox-{END}")));
    assert!(line.is_some_and(|line| line.contains("it has no stream")), "{}", doctor.out);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restored_tables_of_no_service_or_no_moment_are_2() {
    let world = World::new("restored-wrong").await;
    for (value, text) in [
        ("payments=20261129t080000z", "payments, which is no service; there are "),
        ("orders=yesterday", "orders=20261129t080000z"),
    ] {
        let said = world.txm(&["outbox", "status", "--restored", value]).await;
        assert_eq!(said.code, Some(2), "{value}: {said:?}");
        assert!(said.err.contains(text), "{value}: {}", said.err);
    }
}
