//! A planted mistake must be found: a sender that sends before it has stored that it does.

use std::convert::Infallible;

use notifications::{
    domain::{Address, Decision, Letter, MailId, State},
    provider::{Provider as _, Ses},
    settings::InDoubt,
};
use unit_of_work::UnitOfWork;
use uuid::Uuid;

use crate::{
    desk::{Desk, ORDER, created, decided},
    survey::survey,
};

/// It reads, sends, and stores *sent*: fewer writes, and right as long as nobody dies.
fn hasty(desk: &Desk) -> futures::future::BoxFuture<'_, ()> {
    Box::pin(async move {
        let messages = [
            created(Some("ada@example.com")),
            decided(2, Decision::Approved),
            decided(3, Decision::Cancelled),
        ];
        for message in messages {
            for _ in 0..3 {
                if desk.hear(&message).await.is_ok() {
                    break;
                }
            }
        }
        for decision in [Decision::Approved, Decision::Cancelled] {
            let _found_again = send_hastily(desk, MailId { order: ORDER, decision }).await;
        }
    })
}

async fn send_hastily(desk: &Desk, id: MailId) -> Result<(), Box<dyn std::error::Error>> {
    let ses = Ses::new(&desk.config);
    let Some(mail) = desk.store.mail(id).await?.filter(|mail| mail.state == State::Wanted) else {
        return Ok(());
    };
    ses.send(&Letter::about(id, "shop@example.com".to_owned(), Address::new("ada@example.com"))).await?;
    let mut work: UnitOfWork<Infallible> = UnitOfWork::new(Uuid::new_v4());
    work.add(desk.store.update(&mail.becomes(State::Sent, desk.aws.clock().now().into(), None))?);
    Ok(work.commit(desk.store.database()).await?)
}

#[tokio::test(start_paused = true)]
async fn a_sender_that_sends_before_it_stores_is_found_at_either_setting() {
    for in_doubt in [InDoubt::Send, InDoubt::Ask] {
        let (runs, damage) = survey(hasty, in_doubt).await;
        assert!(!damage.is_empty(), "{in_doubt:?}: {runs} runs, and it was not found");
        assert!(damage.len() < runs / 2, "{in_doubt:?}: not the fault is seen: {damage:#?}");
    }
}
