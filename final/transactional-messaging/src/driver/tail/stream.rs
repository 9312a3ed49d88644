//! Which shards a stream has, and which of them may be read now.

use std::collections::HashSet;

use aws_sdk_dynamodbstreams::{Client as Streams, types::Shard};

use crate::error::BoxError;

/// Why the shards are not known.
#[derive(Debug, thiserror::Error)]
enum Undescribed {
    #[error("the table cannot be described; see that it is there, and that its description may be read")]
    Table(#[source] BoxError),
    #[error("the table has no stream; switch it on, with keys or images")]
    NoStream,
    #[error("the stream cannot be described")]
    Stream(#[source] BoxError),
}

/// A table's current stream.
pub(super) struct Found {
    pub(super) arn: String,
    pub(super) shards: Vec<Shard>,
}

impl Found {
    /// The ids of all shards that the stream still has.
    pub(super) fn listed(&self) -> HashSet<&str> {
        ids(&self.shards)
    }
}

fn ids(shards: &[Shard]) -> HashSet<&str> {
    shards.iter().filter_map(|shard| shard.shard_id()).collect()
}

pub(super) async fn shards_of(
    dynamodb: &aws_sdk_dynamodb::Client,
    streams: &Streams,
    table: &str,
) -> Result<Found, BoxError> {
    let described = dynamodb.describe_table().table_name(table).send().await;
    let described = described.map_err(|error| Undescribed::Table(error.into()))?;
    let arn = described.table.and_then(|table| table.latest_stream_arn).ok_or(Undescribed::NoStream)?;
    let mut shards: Vec<Shard> = Vec::new();
    let mut last = None;
    loop {
        let request = streams.describe_stream().stream_arn(&arn).set_exclusive_start_shard_id(last.take());
        let answer = request.send().await.map_err(|error| Undescribed::Stream(error.into()))?;
        let Some(description) = answer.stream_description else { break };
        shards.extend(description.shards.unwrap_or_default());
        last = description.last_evaluated_shard_id;
        if last.is_none() {
            break;
        }
    }
    Ok(Found { arn, shards })
}

/// Shards that are neither being read nor finished, and whose parent is read to its end. A parent that is not
/// listed any more was trimmed: nothing of it is left to wait for.
pub(super) fn ready(shards: &[Shard], reading: &HashSet<String>, finished: &HashSet<String>) -> Vec<String> {
    let listed = ids(shards);
    let parent_is_done = |shard: &&Shard| match shard.parent_shard_id() {
        Some(parent) => finished.contains(parent) || !listed.contains(parent) && !reading.contains(parent),
        None => true,
    };
    let open = shards.iter().filter(parent_is_done).filter_map(|shard| shard.shard_id());
    open.filter(|shard| !reading.contains(*shard) && !finished.contains(*shard)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard(id: &str, parent: Option<&str>) -> Shard {
        Shard::builder().shard_id(id).set_parent_shard_id(parent.map(str::to_owned)).build()
    }

    fn set(ids: &[&str]) -> HashSet<String> {
        ids.iter().map(|&id| id.to_owned()).collect()
    }

    #[test]
    fn a_child_waits_for_its_parent() {
        let shards = [shard("a", None), shard("b", Some("a")), shard("c", Some("a"))];
        assert_eq!(ready(&shards, &set(&[]), &set(&[])), ["a"]);
        assert!(ready(&shards, &set(&["a"]), &set(&[])).is_empty());
        assert_eq!(ready(&shards, &set(&["a"]), &set(&["a"])), ["b", "c"]);
        assert_eq!(ready(&shards, &set(&["a", "b"]), &set(&["a"])), ["c"]);
    }

    #[test]
    fn a_trimmed_parent_is_not_waited_for() {
        assert_eq!(ready(&[shard("b", Some("gone"))], &set(&[]), &set(&[])), ["b"]);
    }
}
