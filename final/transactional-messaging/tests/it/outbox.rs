//! What publishing in a unit of work stores, and what it refuses.

use serde_json::json;
use trace_context::TraceContext;
use transactional_messaging::{
    consumer::Delivery,
    envelope::DEFAULT_MAX_ENVELOPE_BYTES,
    error::PublishError,
    message::{Context, Place, Sequence},
    outbox::Outbox,
    timestamp,
};
use unit_of_work::{CommitError, MemoryDatabase, UnitOfWork};
use uuid::Uuid;

use crate::{
    bench::{Bench, NOTES, OUTBOX, context, envelope_of, place, sequence, subject, text},
    note::Noted,
    queues,
};

#[tokio::test(start_paused = true)]
async fn a_committed_message_is_a_row_with_everything_that_is_documented() {
    let bench = Bench::new().await;
    let note = bench.noted("hello");
    bench.store(&subject(7), 3, &note).await;

    let row = bench.row(&subject(7), &sequence(3)).await.unwrap();
    let id = note.event_id.to_string();
    let expected = [
        ("PK", "SUBJECT#note/00000000-0000-0000-0000-000000000007"),
        ("SK", "00000000000000000301"),
        ("Predecessor", "00000000000000000201"),
        ("MessageId", &id),
        ("CorrelationId", "00000000-0000-0000-0000-0000000000c0"),
        ("Kind", "Noted"),
        ("Topic", "noted"),
        ("CreatedAt", "2026-01-01T00:00:00+00:00"),
    ];
    for (name, value) in expected {
        assert_eq!(text(&row, name), Some(value), "{name}");
    }
    assert_eq!(row.len(), 9, "and nothing else, least of all a time to live: {row:?}");

    let message: serde_json::Value = serde_json::from_str(text(&row, "Message").unwrap()).unwrap();
    let at = timestamp::format(note.created_at).unwrap();
    assert_eq!(
        message,
        json!({
            "specversion": "1.0", "id": id, "source": "/notes", "type": "Noted",
            "subject": "note/00000000-0000-0000-0000-000000000007", "time": at,
            "datacontenttype": "application/json", "sequence": "00000000000000000301",
            "correlationid": "00000000-0000-0000-0000-0000000000c0",
            "data": {"event_id": id, "created_at": at, "text": "hello"},
        })
    );
    assert_eq!(bench.pending().await, 1);
}

#[tokio::test(start_paused = true)]
async fn cause_and_trace_travel_with_the_message() {
    let bench = Bench::new().await;
    let context = Context {
        correlation_id: Uuid::from_u128(1),
        causation_id: Some(Uuid::from_u128(2)),
        trace: TraceContext::new(
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            Some("rojo=00f067aa0ba902b7"),
        ),
    };
    let mut work: UnitOfWork<()> = UnitOfWork::new(bench.ambient.id());
    let note = bench.noted("x");
    bench.outbox.publish(&mut work, Place::only(subject(1)), &context, &note).unwrap();
    work.commit(&bench.database()).await.unwrap();
    let row = bench.row(&subject(1), &sequence(0)).await.unwrap();
    assert_eq!(text(&row, "CorrelationId"), None, "the envelope of a message with a trace context has it");
    bench.wake(&subject(1)).await.unwrap();
    let envelope = bench.delivered().await.remove(0);
    assert_eq!(
        (envelope.correlationid, envelope.causationid),
        (context.correlation_id, context.causation_id)
    );
    let effects = envelope.context_for_effects();
    assert_eq!((effects.causation_id, &effects.trace), (Some(note.event_id), &context.trace));
    assert_eq!(envelope.tracestate.as_deref(), Some("rojo=00f067aa0ba902b7"));
    assert_eq!(effects.correlation_id, context.correlation_id);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_was_not_committed_is_never_sent() {
    let bench = Bench::new().await;
    let mut work: UnitOfWork<()> = UnitOfWork::new(bench.ambient.id());
    let place = Place::only(subject(1));
    bench.outbox.publish(&mut work, &place, &context(), &bench.noted("x")).unwrap();
    drop(work);
    bench.wake(&subject(1)).await.unwrap();
    assert_eq!((bench.pending().await, bench.delivered().await.len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_place_is_given_once() {
    let bench = Bench::new().await;
    bench.store(&subject(1), 0, &bench.noted("first")).await;
    let mut work: UnitOfWork<()> = UnitOfWork::new(bench.ambient.id());
    let place = Place::only(subject(1));
    bench.outbox.publish(&mut work, &place, &context(), &bench.noted("second")).unwrap();
    assert!(matches!(work.commit(&bench.database()).await, Err(CommitError::ConditionFailed { action: 0 })));
}

/// It could never be sent, nor could anything behind it.
#[test]
fn a_place_behind_itself_or_behind_a_later_message_is_refused() {
    let note = note(String::new());
    for before in [1, 2] {
        let place = Place::after(subject(1), Sequence::of(1, 0), Sequence::of(before, 0));
        let mut work: UnitOfWork<()> = UnitOfWork::new(Uuid::nil());
        let refused = Outbox::new(OUTBOX, "/notes").publish(&mut work, &place, &context(), &note);
        assert!(matches!(refused, Err(PublishError::Misplaced)) && work.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_over_the_limit_is_refused_before_the_commit_and_one_at_the_limit_is_not() {
    let database = MemoryDatabase::new();
    let note = |length: usize| Noted {
        event_id: Uuid::nil(),
        created_at: time::OffsetDateTime::UNIX_EPOCH,
        text: "x".repeat(length),
    };
    let publish = |outbox: &Outbox, length| {
        let mut work: UnitOfWork<()> = UnitOfWork::new(Uuid::from_u128(length as u128));
        outbox.publish(&mut work, Place::only(subject(1)), &context(), &note(length)).map(|()| work)
    };
    let outbox = Outbox::new(OUTBOX, "/notes").with_max_envelope_bytes(1000);
    let Err(PublishError::TooLarge { kind, bytes, max_bytes: 1000 }) = publish(&outbox, 1000).map(drop)
    else {
        panic!("not refused")
    };
    assert_eq!(kind, "Noted");
    // Without its text the envelope has `bytes - 1000`; this length makes it exactly as large as allowed.
    let fits = 2000 - bytes;
    assert!(matches!(publish(&outbox, fits + 1), Err(PublishError::TooLarge { bytes: 1001, .. })));
    publish(&outbox, fits).unwrap().commit(&database).await.unwrap();
    assert_eq!(text(&database.items(outbox.table())[0], "Message").unwrap().len(), 1000);
}

/// Each quotation mark costs one more byte in the envelope, and two more when SNS wraps the envelope for the
/// queue. The default limit must hold for the worst text, or SNS drops the message after the commit.
#[tokio::test(start_paused = true)]
async fn the_largest_message_arrives_whatever_it_consists_of() {
    for (number, worst) in ["\"", "\\", "\u{1}", "ß", "\u{FFFE}", "x"].into_iter().enumerate() {
        let bench = Bench::new().await;
        let size = |times: usize| {
            let mut work: UnitOfWork<()> = UnitOfWork::new(Uuid::nil());
            let place = Place::only(subject(1));
            bench.outbox.publish(&mut work, &place, &context(), &bench.noted(&worst.repeat(times)))
        };
        let limit = DEFAULT_MAX_ENVELOPE_BYTES;
        let largest = (0..limit).collect::<Vec<_>>().partition_point(|times| size(*times).is_ok()) - 1;
        let note = bench.noted(&worst.repeat(largest));
        bench.store(&subject(1), number as u64, &note).await;
        bench.wake(&subject(1)).await.unwrap();
        let bodies = queues::drain(&bench.sqs, "notes").await;
        assert_eq!(bodies.len(), 1, "{worst:?}");
        assert!(envelope_of(&bodies[0]).data.get().len() > limit / 2);
        assert_eq!(Delivery::parse(NOTES, &bodies[0]).unwrap().message, note);
    }
}

fn stored(outbox: &Outbox, note: &Noted) -> Result<(), PublishError> {
    let mut work: UnitOfWork<&str> = UnitOfWork::new(Uuid::nil());
    outbox.publish(&mut work, place(&subject(1), 1), &context(), note)
}

fn note(text: String) -> Noted {
    Noted { event_id: Uuid::from_u128(1), created_at: time::OffsetDateTime::UNIX_EPOCH, text }
}

/// How many bytes the envelope of this note has: the limit that it is just refused by, and one more.
fn enveloped(note: &Noted) -> usize {
    let Err(PublishError::TooLarge { bytes, .. }) =
        stored(&Outbox::new(OUTBOX, "/notes").with_max_envelope_bytes(1), note)
    else {
        panic!("everything is larger than one byte")
    };
    bytes
}

proptest::proptest! {
    #[test]
    fn an_envelope_one_byte_below_at_and_one_above_the_limit_set(text: String) {
        let note = note(text);
        let bytes = enveloped(&note);
        for limit in [bytes - 1, bytes, bytes + 1] {
            let outcome = stored(&Outbox::new(OUTBOX, "/notes").with_max_envelope_bytes(limit), &note);
            match outcome {
                Ok(()) => proptest::prop_assert!(bytes <= limit),
                Err(PublishError::TooLarge { bytes: told, max_bytes, .. }) => {
                    proptest::prop_assert!(bytes > limit);
                    proptest::prop_assert_eq!((told, max_bytes), (bytes, limit));
                }
                Err(other) => proptest::prop_assert!(false, "{:?}", other),
            }
        }
    }
}

/// 262,144 bytes with the attributes `type` and `correlationid`, each a `String`.
#[test]
fn no_setting_lets_a_message_through_that_the_broker_refuses_with_its_attributes() {
    let attributes = "typeStringNoted".len() + "correlationidString".len() + 36;
    let outbox = Outbox::new(OUTBOX, "/notes").with_max_envelope_bytes(usize::MAX);
    let frame = enveloped(&note(String::new()));
    for over in [-1_isize, 0, 1] {
        let envelope = (256 * 1024 - attributes).checked_add_signed(over).unwrap();
        let outcome = stored(&outbox, &note("x".repeat(envelope - frame)));
        assert_eq!(outcome.is_err(), over > 0, "{over}: {outcome:?}");
    }
}
