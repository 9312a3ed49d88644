//! What a service publishes and consumes, as one value: what it says of itself, and what it does with
//! messages.

use tokio_util::sync::CancellationToken;
use transactional_messaging::{
    consumed,
    consumer::{ConsumerGroup, ConsumerSettings, Delivery, Handled, HandlerError},
    provision::{ServiceResources, ensure_service, until_usable},
    wiring::{Description, Queue, Wiring},
};

use crate::{
    bench::{Bench, NOTES},
    note::{Astray, Noted},
    queues,
    worker::{Seen, seconds},
};

consumed! {
    /// Somebody read a note.
    NoteRead on "note--read" {}
}
const READ: Queue<NoteRead> = Queue::new("notes--read");

/// A service that notes what it sees.
#[derive(Clone, Default)]
struct Notes(Seen);

impl Notes {
    async fn take(self, delivery: Delivery<Noted>) -> Result<Handled, HandlerError> {
        self.0.note(&format!("{} from {}", delivery.message.text, delivery.consumer));
        Ok(Handled::Done)
    }

    async fn count(self, _: Delivery<NoteRead>) -> Result<Handled, HandlerError> {
        Ok(Handled::Duplicate)
    }
}

#[test]
fn a_wiring_describes_itself_sorted_and_the_description_comes_back_from_its_json() {
    let wiring = Wiring::new().publishes::<Noted>().publishes::<Astray>().publishes::<Noted>();
    let wiring = wiring.consumes(READ, Notes::count).consumes(NOTES, Notes::take);
    let description = wiring.description();
    let json = serde_json::to_string(&description).unwrap();
    assert_eq!(
        json,
        r#"{"publishes":["noted","nowhere"],"consumes":[{"queue":"notes","topic":"noted","type":"Noted"},"#
            .to_owned()
            + r#"{"queue":"notes--read","topic":"note--read","type":"NoteRead"}]}"#
    );
    assert_eq!(serde_json::from_str::<Description>(&json).unwrap(), description);
}

#[tokio::test(start_paused = true)]
async fn each_queue_reaches_its_handler_which_learns_the_name_of_the_queue_without_its_prefix() {
    let bench = Bench::new().await;
    bench.send("x").await;
    let (stop, notes) = (CancellationToken::new(), Notes::default());
    let mut group = ConsumerGroup::new(bench.sqs.clone(), "no", ConsumerSettings::default(), stop.clone());
    let wiring = Wiring::new().consumes(Queue::new("tes"), Notes::take);
    wiring.start(&mut group, &notes).await.unwrap();
    seconds(1).await;
    assert_eq!(notes.0.texts(), ["x from tes"]);
    stop.cancel();
    group.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn a_queue_with_two_handlers_is_refused_before_any_queue_is_opened() {
    let bench = Bench::new().await;
    let sqs = aws_sdk_sqs::Client::new(&bench.wire.sdk_config());
    let mut group = ConsumerGroup::new(sqs, "", ConsumerSettings::default(), CancellationToken::new());
    let wiring = Wiring::new().consumes(NOTES, Notes::take).consumes(NOTES, Notes::take);
    let error = wiring.start(&mut group, &Notes::default()).await.unwrap_err();
    assert_eq!(error.queue, "notes");
    assert_eq!(bench.wire.count("GetQueueUrl"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_single_message_goes_to_the_handler_of_its_queue_and_what_is_none_of_it_is_refused() {
    let bench = Bench::new().await;
    let notes = Notes::default();
    let wiring = Wiring::new().consumes(NOTES, Notes::take).consumes(READ, Notes::count);
    let body = bench.body("x");
    assert_eq!(wiring.handle("notes", &notes, &body).await.unwrap(), Handled::Done);
    assert_eq!(notes.0.texts(), ["x from notes"]);
    let other = wiring.handle("notes--read", &notes, &body).await.unwrap_err();
    assert!(matches!(other, HandlerError::Terminal { .. }), "{other}");
    let unwired = wiring.handle("elsewhere", &notes, &body).await.unwrap_err();
    assert!(unwired.is_retryable(), "the message is whole, and must not be given up");
}

#[tokio::test(start_paused = true)]
async fn a_service_that_only_consumes_gets_its_queue_and_its_inbox_and_no_other_table() {
    let bench = Bench::new().await;
    let wiring = Wiring::<Notes>::new().publishes::<Astray>().consumes(READ, Notes::count).description();
    let needed = ServiceResources {
        inbox_table: Some("reader-inbox".to_owned()),
        ..ServiceResources::wired(&wiring, "live-", "eu-")
    };
    let tables = async || bench.dynamodb.list_tables().send().await.unwrap().table_names.unwrap();
    let before = tables().await.len();
    ensure_service(&bench.dynamodb, &bench.sns, &bench.sqs, &needed).await.unwrap();
    assert_eq!(tables().await.len(), before + 1);
    assert_eq!(needed.topics, ["live-nowhere"]);
    let [subscription] = needed.subscriptions.as_slice() else { panic!("one queue") };
    assert_eq!((&*subscription.topic, &*subscription.queue), ("live-note--read", "eu-notes--read"));
    assert_eq!(queues::counts(&bench.sqs, "eu-notes--read").await, (0, 0));
    let stop = CancellationToken::new();
    until_usable(&bench.database(), &bench.sqs, &needed, uuid::Uuid::nil(), &stop).await.unwrap();
    bench.dynamodb.delete_table().table_name("reader-inbox").send().await.unwrap();
    let error =
        until_usable(&bench.database(), &bench.sqs, &needed, uuid::Uuid::nil(), &stop).await.unwrap_err();
    assert_eq!(error.problems.len(), 1, "{error}");
}

/// What a macro names must not depend on what its caller calls so.
mod macros_need_nothing_of_their_caller {
    #![allow(dead_code, non_camel_case_types)]

    use transactional_messaging::{consumed, published};

    mod serde {}
    mod time {}
    mod uuid {}
    mod std {}
    mod core {}
    struct Option;
    struct Some;

    published! {
        of Box as "box" { sides: u8 };
        BoxMade on "box--made" { sides: u8 }
    }
    consumed! { BoxSeen on "box--seen" from "/boxes" { sides: u8 } about |message, _| message.sides > 0 }
}
