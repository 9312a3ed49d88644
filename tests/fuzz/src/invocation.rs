//! What Lambda invokes the relay with.

use aws_lambda_events::event::dynamodb::Event;
use outbox_relay::lambda::Invocation;
use serde_json::Value;

pub(crate) fn target(data: &[u8]) {
    match serde_json::from_slice::<Invocation>(data) {
        Ok(Invocation::Sweep { sweep }) => {
            let asked = &value(data)["sweep"]["older_than_seconds"];
            assert_eq!(asked.as_u64(), Some(sweep.older_than_seconds.into()), "swept otherwise than asked");
        }
        Ok(Invocation::Stream(event)) => {
            let value = value(data);
            assert!(value.get("sweep").is_none(), "a sweep was taken for a batch");
            // An acknowledged batch never comes again: all of it must have been understood.
            let records = value["Records"].as_array().map(Vec::len);
            assert_eq!(records, Some(event.records.len()), "not all records were read");
            comes_back(&event);
        }
        Err(_) => {}
    }
}

fn value(data: &[u8]) -> Value {
    serde_json::from_slice(data).expect("what was read is JSON")
}

/// What the relay reads of a record is the same when it is written and read again.
fn comes_back(event: &Event) {
    let text = serde_json::to_string(event).expect("what was read can be written");
    let again: Event = serde_json::from_str(&text).expect("what was written can be read");
    for (record, again) in event.records.iter().zip(&again.records) {
        assert_eq!(record.event_name, again.event_name);
        assert_eq!(record.change.sequence_number, again.change.sequence_number);
        assert_eq!(record.change.keys, again.change.keys);
    }
}
