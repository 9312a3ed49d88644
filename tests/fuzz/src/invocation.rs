//! What Lambda invokes the relay with.

use outbox_relay::lambda::{Invocation, Record};
use serde_json::Value;

pub(crate) fn target(data: &[u8]) {
    match serde_json::from_slice::<Invocation>(data) {
        Ok(Invocation::Sweep { sweep }) => {
            let asked = &value(data)["sweep"]["older_than_seconds"];
            assert_eq!(asked.as_u64(), Some(sweep.older_than_seconds.into()), "swept otherwise than asked");
        }
        Ok(Invocation::Stream(batch)) => {
            let value = value(data);
            assert!(value.get("sweep").is_none(), "a sweep was taken for a batch");
            // An acknowledged batch never comes again: all of it must have been understood.
            let records = value["Records"].as_array().map(Vec::len);
            assert_eq!(records, Some(batch.records.len()), "not all records were read");
            let read = value["Records"].as_array().into_iter().flatten().map(Record::from);
            assert!(read.eq(batch.records), "a record was read otherwise than by itself");
        }
        Err(_) => {}
    }
}

fn value(data: &[u8]) -> Value {
    serde_json::from_slice(data).expect("what was read is JSON")
}
