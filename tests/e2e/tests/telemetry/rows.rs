//! What a trace context costs in the outbox: nothing, because a row with it still is one write unit. A
//! `tracestate` is the caller's, as long as the caller makes it.

use aws_sdk_dynamodb::types::AttributeValue;
use e2e::system::Addresses;

/// DynamoDB counts write units by the kibibyte ("Amazon DynamoDB Developer Guide, Provisioned capacity
/// mode").
const A_UNIT: usize = 1024;

/// The rows as they lay in the outbox, of every message that was sent so far.
pub(crate) async fn check(addresses: &Addresses) {
    let dynamodb = aws_sdk_dynamodb::Client::new(&addresses.sdk);
    let state = format!(r#","tracestate":"{}""#, crate::STATE);
    let (mut traced, mut largest, mut kept, mut with_state) = (0, 0, 0, 0);
    for table in ["orders-sent", "customers-sent"] {
        let sent = dynamodb.scan().table_name(table).consistent_read(true).send().await.unwrap();
        for row in sent.items() {
            // What is kept of a sent message has a time more, and the correlation id that its row had left
            // out.
            let more = |name: &str| matches!(name, "SentAt" | "ExpiresAt" | "CorrelationId");
            let of_row = row.iter().filter(|(name, _)| !more(name));
            let size: usize = of_row.map(|(name, value)| name.len() + bytes(value)).sum();
            let message = row["Message"].as_s().unwrap();
            let has_state = message.contains(&state);
            with_state += usize::from(has_state);
            let foreign = if has_state { state.len() } else { 0 };
            let size = size - foreign;
            assert!(size <= A_UNIT, "{size} bytes: {row:?}");
            traced += usize::from(message.contains("\"traceparent\":\"00-"));
            largest = largest.max(size);
            let of_kept = row.iter().filter(|(name, _)| *name != "ExpiresAt");
            let size: usize = of_kept.map(|(name, value)| name.len() + bytes(value)).sum();
            kept = kept.max(size - foreign);
        }
        assert_eq!(traced, sent.items().len(), "rows without a trace context in {table}");
        traced = 0;
    }
    // Those of the two orders, and of no other: their handling is a trace of its own.
    assert_eq!(with_state, 2, "messages that carry on what their request came with");
    // terraform/README.md says it.
    assert!(
        kept > A_UNIT,
        "what is kept of a sent message with a trace context is one unit, too: {kept} bytes"
    );
    println!("the largest row with a trace context has {largest} bytes, {kept} as it is kept");
}

fn bytes(value: &AttributeValue) -> usize {
    value.as_s().map_or_else(|value| panic!("{value:?} is no text"), String::len)
}
