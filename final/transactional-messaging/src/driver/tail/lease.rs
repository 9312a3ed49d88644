//! Of several tailers of one table one works and the others wait.
//!
//! The lease is an item of the outbox table itself (`PK` = `#TAILER`, `SK` = `lease`). Who holds it counts
//! its `Version` up again and again; who waits takes it when nobody holds it, or when the version has stood
//! still for the whole length of a lease by the waiting process's own monotonic clock. So no two clocks are
//! ever compared. Nothing but economy rests on it: two that work at once lose nothing and break no order,
//! they send many messages twice.
//!
//! With each renewal the holder notes how far it has read ([`Positions`]), so that whoever comes next goes on
//! from there.

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::{
    Client,
    error::ProvideErrorMetadata as _,
    operation::update_item::builders::UpdateItemFluentBuilder,
    types::AttributeValue::{self, M, N, S},
};
use tokio::time::Instant;
use uuid::Uuid;
use waiting::{Deadline, Outage, in_time};

use super::{LONGEST_WAIT_FOR_TABLE, positions::Positions};
use crate::driver::with_causes;

/// How often a tailer that waits looks at the lease, in a lease's length.
const LOOKS: u32 = 6;
/// How often the lease is renewed in its length: two renewals may fail before it is lost.
const RENEWALS: u32 = 3;

/// One tailer's claim to the lease of its table.
pub(super) struct Lease {
    dynamodb: Client,
    table: String,
    owner: Uuid,
    length: Duration,
}

/// What is stored.
struct Note {
    owner: Option<String>,
    version: Option<String>,
    positions: HashMap<String, String>,
}

impl Lease {
    pub(super) fn new(dynamodb: &Client, table: &str, owner: Uuid, length: Duration) -> Self {
        Self { dynamodb: dynamodb.clone(), table: table.to_owned(), owner, length }
    }

    /// Waits until the lease is this tailer's, also for the table to be there. Returns how far the one before
    /// it has read.
    pub(super) async fn acquired(&self) -> Positions {
        let pause = self.length / LOOKS;
        let mut outage =
            Outage::new("lease_out_of_reach", &*self.table, self.owner, pause, LONGEST_WAIT_FOR_TABLE);
        let mut seen: Option<(Option<String>, Instant)> = None;
        loop {
            let pause = match self.look(&mut seen).await {
                Ok(Some(positions)) => return Positions::since(positions),
                Ok(None) => {
                    outage.over();
                    pause
                }
                Err(error) => outage.failed(error),
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Renews the lease until it is lost: taken by another, or not renewed for its length.
    pub(super) async fn kept(&self, positions: &Positions) {
        let mut outage = Outage::new("lease_not_renewed", &*self.table, self.owner, self.length, self.length);
        let mut renewed = Instant::now();
        while renewed.elapsed() < self.length {
            tokio::time::sleep(self.length / RENEWALS).await;
            let begun = Instant::now();
            match self.noted(self.update("SET Positions = :positions ADD Version :one"), positions).await {
                Ok(true) => {
                    renewed = begun;
                    outage.over();
                }
                Ok(false) => break,
                // The next try comes with the next renewal.
                Err(error) => drop(outage.failed(error)),
            }
        }
        tracing::warn!(table = self.table, "lease_lost");
    }

    /// Gives the lease up, so that whoever waits need not wait for its end.
    pub(super) async fn given_up(&self, positions: &Positions) {
        let update = self.update("SET Positions = :positions REMOVE Holder ADD Version :one");
        if let Err(error) = self.noted(update, positions).await {
            tracing::warn!(table = self.table, error, "lease_not_given_up");
        }
    }

    /// Takes the lease if it is free or has run out, and returns the positions that it came with.
    async fn look(
        &self,
        seen: &mut Option<(Option<String>, Instant)>,
    ) -> Result<Option<HashMap<String, String>>, String> {
        let note = self.in_time(self.read()).await?;
        let me = self.owner.to_string();
        if note.owner.as_ref() == Some(&me) {
            // An answer to this tailer was lost.
            return Ok(Some(note.positions));
        }
        if seen.as_ref().is_none_or(|(version, _)| *version != note.version) {
            if seen.is_none() && note.owner.is_some() {
                tracing::info!(table = self.table, "another_tailer_holds_the_lease");
            }
            *seen = Some((note.version.clone(), Instant::now()));
        }
        let ran_out = seen.as_ref().is_some_and(|(_, since)| since.elapsed() >= self.length);
        if note.owner.is_some() && !ran_out {
            return Ok(None);
        }
        let take = self.update("SET Holder = :me ADD Version :one").expression_attribute_values(":me", S(me));
        let take = match note.version {
            Some(version) => {
                take.condition_expression("Version = :seen").expression_attribute_values(":seen", N(version))
            }
            None => take.condition_expression("attribute_not_exists(Version)"),
        };
        let taken = self.in_time(applied(take)).await?;
        if taken {
            tracing::info!(table = self.table, ran_out, "lease_taken");
        }
        Ok(taken.then_some(note.positions))
    }

    async fn read(&self) -> Result<Note, String> {
        let request = self.dynamodb.get_item().table_name(&self.table).consistent_read(true);
        let request = request.key("PK", S(super::NOTES.to_owned())).key("SK", S("lease".to_owned()));
        let item = request.send().await.map_err(|error| with_causes(&error))?.item.unwrap_or_default();
        let text = |value: &AttributeValue| value.as_s().ok().cloned();
        let positions = item.get("Positions").and_then(|value| value.as_m().ok()).into_iter().flatten();
        Ok(Note {
            owner: item.get("Holder").and_then(text),
            version: item.get("Version").and_then(|value| value.as_n().ok()).cloned(),
            positions: positions.filter_map(|(shard, at)| Some((shard.clone(), text(at)?))).collect(),
        })
    }

    /// Stores how far was read, if the lease is still this tailer's.
    async fn noted(&self, update: UpdateItemFluentBuilder, positions: &Positions) -> Result<bool, String> {
        let read = positions.to_note().into_iter().map(|(shard, at)| (shard, S(at))).collect();
        let update = update
            .condition_expression("Holder = :me")
            .expression_attribute_values(":me", S(self.owner.to_string()))
            .expression_attribute_values(":positions", M(read));
        self.in_time(applied(update)).await
    }

    fn update(&self, expression: &str) -> UpdateItemFluentBuilder {
        #[expect(
            clippy::disallowed_methods,
            reason = "a note of the tailer's own, with which no message goes"
        )]
        let update = self.dynamodb.update_item().table_name(&self.table);
        let update = update.key("PK", S(super::NOTES.to_owned())).key("SK", S("lease".to_owned()));
        update.update_expression(expression).expression_attribute_values(":one", N("1".to_owned()))
    }

    /// A call that takes as long as the pause between two renewals has come too late.
    async fn in_time<T>(&self, call: impl Future<Output = Result<T, String>>) -> Result<T, String> {
        let late = |_| Err("no answer in time".to_owned());
        Deadline::after(self.length / RENEWALS).scope(in_time(call)).await.unwrap_or_else(late)
    }
}

/// Whether the condition held.
async fn applied(update: UpdateItemFluentBuilder) -> Result<bool, String> {
    match update.send().await {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(false),
        Err(error) => Err(with_causes(&error)),
    }
}
