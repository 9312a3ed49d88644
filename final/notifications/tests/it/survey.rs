//! Every AWS call of the handlers and of the sender broken in each way; a second process takes over. The
//! invariant: each decision is mailed once, or told.

use std::{sync::Arc, time::Duration};

use notifications::{
    domain::{Decision, MailId, State},
    provider::Ses,
    sender::CLAIM,
    settings::InDoubt,
};
use support::logs::Lines;

use crate::{
    broken::{Break, Way},
    desk::{Desk, ORDER, created, decided, made, pass},
};

/// What one process does before it dies, or ends.
pub(crate) type Work = for<'a> fn(&'a Desk) -> futures::future::BoxFuture<'a, ()>;

/// What came of one run.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) calls: usize,
    /// For each decision: how many mails arrived, and where its mail stands.
    decisions: Vec<(usize, State)>,
    logs: String,
}

impl Ended {
    /// What is wrong with it, at this setting.
    pub(crate) fn damage(&self, in_doubt: InDoubt) -> Option<String> {
        let told = |what: &str| self.logs.contains(what);
        let wrong = |&(arrived, state): &(usize, State)| match (arrived, state) {
            (1, State::Sent) => false,
            (2, State::Sent) => in_doubt == InDoubt::Ask || !told("mail_perhaps_twice"),
            (0 | 1, State::InDoubt) => in_doubt == InDoubt::Send || !told("mail_in_doubt"),
            _ => true,
        };
        self.decisions.iter().any(wrong).then(|| format!("{:?}", self.decisions))
    }
}

/// The messages, two of them twice, and two looks of the sender; SQS brings again what failed.
pub(crate) fn service(desk: &Desk) -> futures::future::BoxFuture<'_, ()> {
    Box::pin(async move {
        for message in messages() {
            for _ in 0..3 {
                if desk.hear(&message).await.is_ok() {
                    break;
                }
            }
        }
        for _ in 0..2 {
            let _found_again = desk.sender.send_due(|| true).await;
        }
    })
}

fn messages() -> [(&'static str, String); 5] {
    let (approved, cancelled) = (decided(2, Decision::Approved), decided(3, Decision::Cancelled));
    [created(Some("ada@example.com")), approved.clone(), approved, cancelled.clone(), cancelled]
}

/// One run: a process whose call with this number goes wrong, and one after it that meets no fault.
pub(crate) async fn run(work: Work, in_doubt: InDoubt, at: usize, how: Break) -> Ended {
    let (lines, _guard) = Lines::capture();
    let aws = made().await;
    let way = Way::broken(&aws, at, how);
    let config = way.sdk_config();
    let first = Desk::process(&aws, &config, Arc::new(Ses::new(&config)), in_doubt, 1);
    way.live(work(&first)).await;
    let config = aws.sdk_config();
    let second = Desk::process(&aws, &config, Arc::new(Ses::new(&config)), in_doubt, 1_000_000);
    service(&second).await;
    // What was left is due, what is decided about it is done, and once more.
    for _ in 0..3 {
        pass(CLAIM + Duration::from_secs(60)).await;
        second.sender.send_due(|| true).await.unwrap();
    }
    let mut decisions = Vec::new();
    for (decision, subject) in
        [(Decision::Approved, "Your order is approved"), (Decision::Cancelled, "Your order is cancelled")]
    {
        let arrived = second.delivered().iter().filter(|(_, other)| other == subject).count();
        decisions.push((arrived, second.mail(MailId { order: ORDER, decision }).await.state));
    }
    Ended { calls: way.calls(), decisions, logs: lines.text() }
}

/// Breaks each call of the work in each way: how many runs there were, and what damage they did.
pub(crate) async fn survey(work: Work, in_doubt: InDoubt) -> (usize, Vec<String>) {
    let calls = run(work, in_doubt, usize::MAX, Break::RequestLost).await.calls;
    let (mut runs, mut damage) = (0, Vec::new());
    for at in 0..calls {
        for how in Break::ALL {
            let ended = run(work, in_doubt, at, how).await;
            runs += 1;
            damage.extend(ended.damage(in_doubt).map(|what| format!("{how:?}@{at}: {what}")));
        }
    }
    (runs, damage)
}

#[tokio::test(start_paused = true)]
async fn each_decision_is_mailed_once_or_told_whichever_call_goes_wrong() {
    for in_doubt in [InDoubt::Send, InDoubt::Ask] {
        let (runs, damage) = survey(service, in_doubt).await;
        assert!(runs >= 60, "{runs} runs");
        assert!(damage.is_empty(), "{in_doubt:?}, {runs} runs: {damage:#?}");
    }
}

/// The window is there: nobody who promises to close it has looked.
#[tokio::test(start_paused = true)]
async fn an_answer_that_ses_gave_to_nobody_is_the_one_doubt() {
    let (mut twice, mut asked) = (0, 0);
    let calls = run(service, InDoubt::Send, usize::MAX, Break::RequestLost).await.calls;
    for at in 0..calls {
        for how in [Break::CrashAfter, Break::AnswerLost] {
            let sent = run(service, InDoubt::Send, at, how).await;
            twice += usize::from(sent.logs.contains("mail_perhaps_twice"));
            let ended = run(service, InDoubt::Ask, at, how).await;
            asked += usize::from(ended.logs.contains("mail_in_doubt"));
        }
    }
    assert!(twice > 0 && asked > 0, "{twice} {asked}");
}
