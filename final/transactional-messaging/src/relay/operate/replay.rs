//! Sending again what was sent: same ids, same bytes, in the sequence of each subject.
//!
//! A FIFO topic or queue takes a message whose deduplication id it has seen within five minutes, and passes
//! nothing on ("Amazon SNS Developer Guide, Message deduplication for FIFO topics"): what had just been sent
//! would be swallowed. So a replay gives each message a deduplication id of its own. It is the same whenever
//! this replay sends it, so that what an interrupted call may have sent is not sent twice.

use std::{
    collections::{HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use time::OffsetDateTime;
use unit_of_work::ReadError;
use uuid::Uuid;
use waiting::{Backoff, Deadline};

use super::{OutboxView, StoredRow};
use crate::{
    ambient::Ambient,
    message::Subject,
    outbox::{OutboxRow, RowKey},
    relay::broker::{Broker, Verdict},
};

/// How often messages are handed to the broker before somebody else has to look; the pauses come to half a
/// minute at most.
const ATTEMPTS: u32 = 8;

/// The longest that one call to the broker may take.
const LONGEST_CALL: Duration = Duration::from_secs(10);

/// Which messages.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Of this subject only.
    pub subject: Option<Subject>,
    /// Sent at this time or later.
    pub since: Option<OffsetDateTime>,
    /// Sent before this time: what is sent while the replay runs is not sent again by it.
    pub until: OffsetDateTime,
    /// To this topic only, without the prefix of a deployment.
    pub topic: Option<String>,
}

/// Why a replay did not go on. What it had sent before is sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The table of sent messages could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The broker did not take messages.
    #[error("the broker did not take the message ({code}); go on later")]
    Publish {
        /// The broker's code.
        code: String,
    },
}

/// A table of sent messages that is gone through once. Consumers that handled a message know it by their
/// inbox, as long as that remembers.
#[derive(Debug)]
pub struct Replay {
    sent: OutboxView,
    broker: Arc<dyn Broker>,
    ambient: Ambient,
    wanted: Wanted,
    ready: VecDeque<OutboxRow>,
    behind: Option<RowKey>,
    is_read: bool,
    /// Rows that cannot be sent as they are kept.
    pub damaged: u64,
}

impl Replay {
    /// A replay of this table to this broker, from its beginning, or behind the row that an earlier one has
    /// sent last.
    pub fn new(
        sent: OutboxView,
        broker: Arc<dyn Broker>,
        ambient: Ambient,
        wanted: Wanted,
        behind: Option<RowKey>,
    ) -> Self {
        Self { sent, broker, ambient, wanted, ready: VecDeque::new(), behind, is_read: false, damaged: 0 }
    }

    /// The next messages, as many as one call takes, at most `at_most`, and none twice of one subject: SNS
    /// may take a call in part, and nobody may overtake another. None at the end.
    ///
    /// # Errors
    ///
    /// [`ReadError`]; the same call again goes on.
    pub async fn next(&mut self, at_most: usize) -> Result<Vec<OutboxRow>, ReadError> {
        while self.ready.is_empty() && !self.is_read {
            self.read().await?;
        }
        let (limits, mut subjects, mut bytes) = (self.broker.limits(), HashSet::new(), 0);
        let mut batch: Vec<OutboxRow> = Vec::new();
        while let Some(row) = self.ready.front() {
            bytes += row.message.len();
            let is_other = batch.first().is_some_and(|first| first.topic != row.topic);
            let is_full = batch.len() >= limits.entries.min(at_most.max(1)) || bytes > limits.bytes;
            if !batch.is_empty() && (is_other || is_full || subjects.contains(&row.partition)) {
                break;
            }
            subjects.insert(row.partition.clone());
            batch.extend(self.ready.pop_front());
        }
        Ok(batch)
    }

    /// Sends them. What the broker does not take is sent again, with pauses, and only that.
    ///
    /// # Errors
    ///
    /// [`ReplayError::Publish`] when it still does not take one. Others may have been sent.
    pub async fn send(&self, batch: &[OutboxRow]) -> Result<(), ReplayError> {
        let pauses =
            Backoff::new(self.ambient.id(), ATTEMPTS, Duration::from_millis(50), Duration::from_secs(8));
        let (mut left, mut attempts): (Vec<&OutboxRow>, u32) = (batch.iter().collect(), 0);
        while let Some(first) = left.first() {
            let call = self.broker.publish(&first.topic, &left);
            let verdicts = Deadline::after(LONGEST_CALL).scope(call).await;
            let mut code = String::new();
            let mut judged = verdicts.into_iter().chain(std::iter::repeat(Verdict::Silent));
            left.retain(|_| match judged.next() {
                Some(Verdict::Sent) | None => false,
                Some(other) => {
                    code = code_of(other);
                    true
                }
            });
            attempts += 1;
            if !left.is_empty() {
                let pause = pauses.delay_after(attempts).ok_or(ReplayError::Publish { code })?;
                tokio::time::sleep(pause).await;
            }
        }
        Ok(())
    }

    async fn read(&mut self) -> Result<(), ReadError> {
        let rows = match &self.wanted.subject {
            Some(subject) => {
                self.is_read = true;
                let behind = self.behind.take();
                let rows = self.sent.subject(subject).await?;
                rows.into_iter().filter(|row| behind.as_ref().is_none_or(|last| row.key > *last)).collect()
            }
            None => {
                let (rows, next) = self.sent.page(self.behind.as_ref()).await?;
                (self.is_read, self.behind) = (next.is_none(), next);
                rows
            }
        };
        for row in rows.iter().filter(|row| self.wanted.wants(row)) {
            match row.sendable() {
                Ok(row) => self.ready.push_back(self.wanted.again(row)),
                Err(_) => self.damaged += 1,
            }
        }
        Ok(())
    }
}

impl Wanted {
    /// The row as this replay sends it. Brokers take the row's id for the deduplication id; consumers know a
    /// message by the id in its envelope, which stays.
    fn again(&self, mut row: OutboxRow) -> OutboxRow {
        let replay = self.until.unix_timestamp_nanos().to_be_bytes();
        row.message_id = Uuid::new_v5(&row.message_id, &replay);
        row
    }

    /// Whether it is one of them.
    pub fn wants(&self, row: &StoredRow) -> bool {
        let is_in_time =
            row.sent_at.is_none_or(|sent| sent < self.until && self.since.is_none_or(|since| sent >= since));
        let is_of = self.subject.as_ref().is_none_or(|subject| row.key.subject == *subject);
        is_in_time && is_of && self.topic.as_ref().is_none_or(|topic| row.topic.as_ref() == Some(topic))
    }
}

fn code_of(verdict: Verdict) -> String {
    match verdict {
        Verdict::Again(code) | Verdict::Poison(code) => code,
        Verdict::NoTopic => "there is no such topic".to_owned(),
        Verdict::Silent | Verdict::Sent => "no answer in time".to_owned(),
    }
}
