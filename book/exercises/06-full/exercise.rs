//! Exercise 6: a row whose cause is mended goes on its way.
#![allow(clippy::unwrap_used)]

use chapter_06::App;
use chapter_06::deploy::deploy;
use chapter_06::orders::place;
use chapter_06::outbox::{Row, delete, park, unpark};
use chapter_06::relay::dispatch;
use chapter_06::unit_of_work::UnitOfWork;
use fault_engine::Ambient;
use local_aws::InMemoryAws;

const TABLE: &str = "orders-outbox";

/// An app, and the row of an order's event, which waits in the outbox.
async fn an_order() -> (App, Row) {
    let aws = InMemoryAws::new().unwrap().sdk_config();
    deploy(aws.clone()).await.unwrap();
    let app = App::new(Ambient::system(aws));
    let mut work = UnitOfWork::new();
    place(&app, &mut work, app.ambient.id(), 6_100).await.unwrap();
    work.commit(&app).await.unwrap();
    let row = waiting(&app).await.remove(0);
    (app, row)
}

/// What was not sent.
async fn waiting(app: &App) -> Vec<Row> {
    let answer = app.dynamodb.scan().table_name(TABLE).consistent_read(true).send().await.unwrap();
    serde_dynamo::from_items(answer.items.unwrap()).unwrap()
}

#[tokio::test]
async fn a_row_that_was_parked_is_published_after_it_is_unparked() {
    let (app, row) = an_order().await;
    park(&app, TABLE, &row, "the topic was deleted").await.unwrap();
    dispatch(&app, TABLE, &row.subject).await.unwrap();
    assert!(waiting(&app).await[0].parked.is_some());

    unpark(&app, TABLE, &row).await.unwrap();
    assert_eq!(waiting(&app).await[0].parked, None, "the row is still parked");
    dispatch(&app, TABLE, &row.subject).await.unwrap();
    assert!(waiting(&app).await.is_empty(), "nothing was published");
}

#[tokio::test]
async fn a_row_that_is_not_parked_cannot_be_unparked() {
    let (app, row) = an_order().await;
    assert!(unpark(&app, TABLE, &row).await.is_err(), "there was no mark to take away");
    delete(&app, TABLE, &row).await.unwrap();
    assert!(unpark(&app, TABLE, &row).await.is_err(), "there is no such row");
    assert!(waiting(&app).await.is_empty(), "a row was made of a mark");
}
