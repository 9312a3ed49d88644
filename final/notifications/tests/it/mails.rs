//! What becomes of a mail when everything works, and when something about it is wrong.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use notifications::{
    domain::{Decision, MailId, State},
    sender::{CLAIM, Verdict},
    settings::InDoubt,
};
use support::logs::Lines;
use transactional_messaging::consumer::Handled;

use crate::desk::{APPROVED, Desk, ORDER, created, decided, pass};

#[tokio::test(start_paused = true)]
async fn each_decision_is_mailed_once_however_often_it_is_heard_of() {
    let desk = Desk::new().await;
    desk.hear(&created(Some("ada@example.com"))).await.unwrap();
    for (number, decision) in [(2, Decision::Approved), (3, Decision::Cancelled)] {
        assert_eq!(desk.hear(&decided(number, decision)).await.unwrap(), Handled::Done);
        assert_eq!(desk.hear(&decided(number, decision)).await.unwrap(), Handled::Duplicate);
        // Another message about the same decision.
        assert_eq!(desk.hear(&decided(number + 10, decision)).await.unwrap(), Handled::Duplicate);
    }
    desk.send_for(2).await;
    let ada = |subject: &str| ("ada@example.com".to_owned(), subject.to_owned());
    let mut delivered = desk.delivered();
    delivered.sort();
    assert_eq!(delivered, [ada("Your order is approved"), ada("Your order is cancelled")]);
    let mail = desk.mail(APPROVED).await;
    assert_eq!((mail.state, mail.due, mail.version), (State::Sent, None, 2));
}

#[tokio::test(start_paused = true)]
async fn two_senders_send_one_mail() {
    let desk = Desk::new().await;
    desk.hear(&created(Some("ada@example.com"))).await.unwrap();
    desk.hear(&decided(2, Decision::Approved)).await.unwrap();
    let other = desk.sender.clone();
    let (one, two) = tokio::join!(desk.sender.send_due(|| true), other.send_due(|| true));
    assert_eq!((one.unwrap(), two.unwrap()), (1, 1));
    assert_eq!(desk.delivered().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_mail_waits_for_the_address_of_its_customer_and_that_is_told_less_and_less() {
    let (lines, _guard) = Lines::capture();
    let desk = Desk::new().await;
    desk.hear(&decided(2, Decision::Rejected)).await.unwrap();
    desk.send_for(2).await;
    let id = MailId { order: ORDER, decision: Decision::Rejected };
    assert_eq!((desk.mail(id).await.state, desk.delivered().len()), (State::Wanted, 0));
    let told = lines.text().lines().filter(|line| line.contains("mail_waits_for_address")).count();
    assert!((3..=6).contains(&told), "{told}");

    desk.hear(&created(Some("ada@example.com"))).await.unwrap();
    desk.send_for(1).await;
    assert_eq!((desk.mail(id).await.state, desk.delivered().len()), (State::Sent, 1));
}

#[tokio::test(start_paused = true)]
async fn a_customer_without_an_address_gets_no_mail_and_that_is_told() {
    let (lines, _guard) = Lines::capture();
    let desk = Desk::new().await;
    desk.hear(&created(None)).await.unwrap();
    desk.hear(&decided(2, Decision::Approved)).await.unwrap();
    desk.send_for(1).await;
    assert_eq!((desk.mail(APPROVED).await.state, desk.delivered().len()), (State::NoAddress, 0));
    assert!(lines.text().contains("mail_without_address"), "{}", lines.text());
}

#[tokio::test(start_paused = true)]
async fn an_address_that_ses_refuses_ends_its_mail_is_told_without_it_and_can_be_tried_again() {
    let (lines, _guard) = Lines::capture();
    let desk = Desk::new().await;
    desk.hear(&created(Some("ada@-example.com"))).await.unwrap();
    desk.hear(&decided(2, Decision::Approved)).await.unwrap();
    desk.send_for(1).await;
    let mail = desk.mail(APPROVED).await;
    assert_eq!((mail.state, mail.due, desk.delivered().len()), (State::Refused, None, 0));
    let text = lines.text();
    assert!(text.contains("ERROR") && text.contains("mail_refused"), "{text}");
    assert!(text.contains("Domain contains illegal character"), "{text}");
    assert!(!text.contains("ada@") && !text.contains("-example"), "{text}");

    assert!(desk.sender.settle(APPROVED, Verdict::SendAgain).await.unwrap());
    desk.send_for(1).await;
    assert_eq!(desk.mail(APPROVED).await.state, State::Refused);
}

/// A process that died between the two writes, at each of the settings.
#[tokio::test(start_paused = true)]
async fn what_stays_in_sending_is_decided_by_the_setting_and_told() {
    for (in_doubt, told, left, mails) in [
        (InDoubt::Send, "mail_perhaps_twice", State::Sent, 1),
        (InDoubt::Ask, "mail_in_doubt", State::InDoubt, 0),
    ] {
        let (lines, _guard) = Lines::capture();
        let desk = Desk::deciding(in_doubt).await;
        desk.hear(&created(Some("ada@example.com"))).await.unwrap();
        desk.hear(&decided(2, Decision::Approved)).await.unwrap();
        leave_in_sending(&desk).await;
        desk.sender.send_due(|| true).await.unwrap();
        assert_eq!(desk.mail(APPROVED).await.state, State::Sending, "{in_doubt:?}: somebody else has it");
        desk.send_for(1).await;
        assert_eq!((desk.mail(APPROVED).await.state, desk.delivered().len()), (left, mails), "{in_doubt:?}");
        assert!(lines.text().contains(told), "{in_doubt:?}: {}", lines.text());
    }
}

#[tokio::test(start_paused = true)]
async fn a_person_ends_a_doubt_either_way_and_nothing_else() {
    for (verdict, mails) in [(Verdict::HasArrived, 0), (Verdict::SendAgain, 1)] {
        let desk = Desk::deciding(InDoubt::Ask).await;
        desk.hear(&created(Some("ada@example.com"))).await.unwrap();
        desk.hear(&decided(2, Decision::Approved)).await.unwrap();
        assert!(!desk.sender.settle(APPROVED, verdict).await.unwrap(), "it is on its way");
        leave_in_sending(&desk).await;
        desk.send_for(1).await;
        assert!(desk.sender.settle(APPROVED, verdict).await.unwrap(), "{verdict:?}");
        desk.send_for(1).await;
        assert_eq!((desk.mail(APPROVED).await.state, desk.delivered().len()), (State::Sent, mails));
        assert!(!desk.sender.settle(APPROVED, verdict).await.unwrap(), "it was sent");
    }
}

/// As a sender that is killed leaves it.
async fn leave_in_sending(desk: &Desk) {
    let mail = desk.mail(APPROVED).await;
    let now = desk.aws.clock().now().into();
    let mut work: unit_of_work::UnitOfWork<()> = unit_of_work::UnitOfWork::new(uuid::Uuid::new_v4());
    work.add(desk.store.update(&mail.becomes(State::Sending, now, Some(CLAIM))).unwrap());
    work.commit(desk.store.database()).await.unwrap();
    pass(Duration::from_secs(1)).await;
}

#[tokio::test(start_paused = true)]
async fn a_damaged_mail_is_told_of_and_keeps_no_other_back() {
    let (lines, _guard) = Lines::capture();
    let desk = Desk::new().await;
    desk.hear(&created(Some("ada@example.com"))).await.unwrap();
    desk.hear(&decided(2, Decision::Approved)).await.unwrap();
    desk.hear(&decided(3, Decision::Cancelled)).await.unwrap();
    let dynamodb = aws_sdk_dynamodb::Client::new(&desk.aws.sdk_config());
    let damage = dynamodb.update_item().table_name("notifications");
    let damage = damage.key("PK", AttributeValue::S(format!("MAIL#{APPROVED}")));
    let damage = damage.update_expression("SET #s = :x").expression_attribute_names("#s", "State");
    damage.expression_attribute_values(":x", AttributeValue::S("LOST".to_owned())).send().await.unwrap();
    desk.send_for(1).await;
    assert_eq!(desk.delivered().len(), 1);
    assert!(lines.text().contains("mail_cannot_be_read"), "{}", lines.text());
}
