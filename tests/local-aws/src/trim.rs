//! Stream records leave after 24 hours, as in AWS. dynoxide keeps them for ever; here whoever reads the
//! stream does not see them any more.
//!
//! A stored sequence number is a time in microseconds, or a little more when there were many writes in one.

use dynoxide::Database;
use dynoxide::actions::get_records::GetRecordsRequest;
use dynoxide::actions::get_shard_iterator::{decode_shard_iterator, encode_shard_iterator};
use dynoxide::storage_backend::Clock;

use crate::answer::Failure;

/// "Amazon DynamoDB Developer Guide, Change data capture for DynamoDB Streams".
const KEPT_FOR_S: f64 = 24.0 * 60.0 * 60.0;

/// What the public form of a number adds to the stored one.
const OFFSET: u128 = 100_000_000_000_000_000_000;

const REFUSAL: Failure = Failure::Other(
    "TrimmedDataAccessException",
    "The operation attempted to read past the oldest stream record in a shard.",
);

/// The stored number below which records are gone.
pub(crate) fn horizon(clock: &dyn Clock) -> i64 {
    ((clock.now_unix_secs_f64() - KEPT_FOR_S) * 1_000_000.0) as i64
}

/// Refuses an iterator that begins at a record that is gone.
pub(crate) fn check_number(sequence_number: Option<&str>, horizon: i64) -> Result<(), Failure> {
    let stored = |number: &str| number.parse::<u128>().ok()?.checked_sub(OFFSET);
    let is_gone = |number: u128| number < u128::try_from(horizon).unwrap_or_default();
    if sequence_number.and_then(stored).is_some_and(is_gone) { Err(REFUSAL) } else { Ok(()) }
}

/// Where to read. What begins at the oldest record begins at the oldest that is left; what would have to read
/// one that is gone is refused.
pub(crate) fn reading(
    db: &Database,
    request: GetRecordsRequest,
    horizon: i64,
) -> Result<GetRecordsRequest, Failure> {
    let Some((table, shard, position)) = decode_shard_iterator(&request.shard_iterator) else {
        return Ok(request);
    };
    if position >= horizon {
        return Ok(request);
    }
    let from_horizon = encode_shard_iterator(&table, &shard, horizon - 1);
    if position > 0 {
        let next = GetRecordsRequest { shard_iterator: request.shard_iterator, limit: Some(1) };
        let next = db.get_records(next)?.records;
        check_number(next.first().map(|record| &*record.dynamodb.sequence_number), horizon)?;
    }
    Ok(GetRecordsRequest { shard_iterator: from_horizon, limit: request.limit })
}
