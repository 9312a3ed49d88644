//! Exercise 6: a subject whose cause is mended goes on.
#![allow(clippy::unwrap_used)]

use chapter_06::App;
use chapter_06::deploy::deploy;
use chapter_06::orders::place;
use chapter_06::relay::dispatch;
use chapter_06::unit_of_work::UnitOfWork;
use chapter_06::watermark::{head, park, unpark};
use fault_engine::Ambient;
use local_aws::InMemoryAws;

const TABLE: &str = "orders-outbox";

/// An app, and the subject of an order whose event waits in the outbox.
async fn an_order() -> (App, String) {
    let aws = InMemoryAws::new().unwrap().sdk_config();
    deploy(aws.clone()).await.unwrap();
    let app = App::new(Ambient::system(aws));
    let mut work = UnitOfWork::new();
    let order = place(&app, &mut work, app.ambient.id(), 6_100).await.unwrap();
    work.commit(&app).await.unwrap();
    (app, format!("ORDER#{}", order.order_id))
}

#[tokio::test]
async fn a_subject_that_was_parked_is_published_after_it_is_unparked() {
    let (app, subject) = an_order().await;
    park(&app, TABLE, &subject, "the topic was deleted").await.unwrap();
    dispatch(&app, TABLE, &subject).await.unwrap();
    let before = head(&app, TABLE, &subject).await.unwrap();
    assert!(before.parked.is_some());

    unpark(&app, TABLE, &subject).await.unwrap();
    let after = head(&app, TABLE, &subject).await.unwrap();
    assert_eq!(after.parked, None, "the order is still parked");
    dispatch(&app, TABLE, &subject).await.unwrap();
    let after = head(&app, TABLE, &subject).await.unwrap();
    assert!(after.watermark > before.watermark, "nothing was published");
}

#[tokio::test]
async fn a_subject_that_is_not_parked_cannot_be_unparked() {
    let (app, subject) = an_order().await;
    assert!(unpark(&app, TABLE, &subject).await.is_err(), "there was no mark to take away");
    assert!(unpark(&app, TABLE, "ORDER#nobody").await.is_err(), "there is no such subject");
}
