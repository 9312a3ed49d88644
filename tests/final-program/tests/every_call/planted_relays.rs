//! A relay in small, with one mistake at a time. Without any nothing is found, so what is found is the
//! mistake.
#![allow(clippy::disallowed_methods, reason = "it does what the real parts must not")]

use std::{collections::HashMap, error::Error, time::Duration};

use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, Get, TransactGetItem},
};
use aws_sdk_sns::types::PublishBatchRequestEntry;
use serde_json::Value;

use crate::{
    emerging,
    relays::judged,
    stored::{OUTBOX, stored},
    trial::{Job, Part},
    world::{Item, Process, World, rename},
};

/// What is wrong with a relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    None,
    /// A row is deleted, and then its message is sent.
    DeletesFirst,
    /// What a Query does not show is taken for sent.
    ProvesByQuery,
    /// All messages of a subject go in one call.
    TwoInABatch,
    /// The mark on what cannot be sent is put on the last row that was read.
    MarksAnother,
    /// A message of which SNS says that its sender is at fault is set aside for good, whatever the code says.
    BlamesByFlag,
}

macro_rules! planted {
    ($name:literal, $calls:literal, $flaw:ident) => {
        Part {
            name: $name,
            calls: $calls,
            prepare: |world, seed| Box::pin(prepare(world, seed, Flaw::$flaw)),
        }
    };
}

pub(crate) const SOUND: Part = planted!("a relay in small", 8, None);
pub(crate) const DELETED_FIRST: Part = planted!("planted: deleted first", 7, DeletesFirst);
pub(crate) const PROVEN_BY_QUERY: Part = planted!("planted: proven by a query", 8, ProvesByQuery);
pub(crate) const TWO_IN_A_BATCH: Part = planted!("planted: a subject in one batch", 4, TwoInABatch);
pub(crate) const MARK_ON_ANOTHER: Part = planted!("planted: mark on another row", 7, MarksAnother);
pub(crate) const BLAMED_BY_FLAG: Part = planted!("planted: blamed by a flag", 7, BlamesByFlag);

/// What a mistake needs to show: rows that become visible one after the other, or one that is damaged with
/// every second seed, and mended when the relay has met it. Without a mistake, both.
async fn prepare(world: &World, seed: u64, flaw: Flaw) -> Job {
    let stored = stored(world, seed).await;
    let is_damaged = seed % 2 == 1 && matches!(flaw, Flaw::None | Flaw::MarksAnother);
    if is_damaged {
        rename(&world.aws.sdk_config(), OUTBOX, stored.key(1), "Topic", "Mislaid").await.unwrap();
    }
    let mut emerging = None;
    if matches!(flaw, Flaw::None | Flaw::ProvesByQuery) {
        emerging = Some(emerging::again(world, &stored, seed).await);
    }
    let of_job = stored.clone();
    let work = move |process: Process| {
        let (stored, mut emerging) = (of_job.clone(), emerging.clone());
        async move {
            let relay = Relay { process, partition: stored.partition(), flaw };
            if let Some(emerging) = &mut emerging {
                relay.send().await.ok();
                emerging.over().await;
            }
            relay.send().await.map_err(|error| error.to_string())?;
            if is_damaged {
                let aws = relay.process.aws();
                rename(aws, OUTBOX, stored.key(1), "Mislaid", "Topic").await.ok();
                rename(aws, OUTBOX, stored.key(1), "Parked", "WasParked").await.ok();
            }
            relay.send().await.map_err(|error| error.to_string())
        }
    };
    judged(work, stored)
}

struct Relay {
    process: Process,
    partition: String,
    flaw: Flaw,
}

type Done<T> = Result<T, Box<dyn Error>>;

impl Relay {
    fn dynamodb(&self) -> Client {
        Client::new(self.process.aws())
    }

    /// Sends what it finds, as far as that may be sent.
    async fn send(&self) -> Done<()> {
        let rows = self.rows().await?;
        let mut ready: Vec<&Item> = Vec::new();
        for row in &rows {
            let follows = ready.last().is_some_and(|last| Some(&last["SK"]) == row.get("Predecessor"));
            let has_its_turn = follows || self.flaw == Flaw::ProvesByQuery || self.has_its_turn(row).await?;
            if !has_its_turn || row.contains_key("Parked") {
                break;
            }
            if !row.contains_key("Topic") {
                self.publish_all(&ready).await?;
                let marked = if self.flaw == Flaw::MarksAnother { rows.last().unwrap_or(row) } else { row };
                return self.park(marked, "it has no topic").await;
            }
            ready.push(row);
        }
        self.publish_all(&ready).await
    }

    async fn rows(&self) -> Done<Vec<Item>> {
        let query = self.dynamodb().query().table_name(OUTBOX).consistent_read(true);
        let query = query.key_condition_expression("PK = :subject");
        let subject = AttributeValue::S(self.partition.clone());
        let rows = query.expression_attribute_values(":subject", subject).send().await?.items;
        Ok(serde_dynamo::from_items(rows.unwrap_or_default())?)
    }

    /// The row is there, and the one before it is known to be gone. What is becoming visible is waited for.
    async fn has_its_turn(&self, row: &Item) -> Done<bool> {
        let Some(predecessor) = row.get("Predecessor") else { return Ok(true) };
        let get = |sequence| {
            let get = Get::builder().table_name(OUTBOX).set_key(Some(self.key(sequence)));
            get.build().map(|get| TransactGetItem::builder().get(get).build())
        };
        for _ in 0..100 {
            let both = self.dynamodb().transact_get_items().transact_items(get(predecessor)?);
            match both.transact_items(get(&row["SK"])?).send().await {
                Ok(answer) => {
                    let found: Vec<_> = answer.responses().iter().map(|one| one.item().is_some()).collect();
                    return Ok(found == [false, true]);
                }
                Err(error)
                    if error
                        .as_service_error()
                        .is_some_and(|error| error.is_transaction_canceled_exception()) =>
                {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err("the commit does not become visible".into())
    }

    fn key(&self, sequence: &Value) -> HashMap<String, AttributeValue> {
        let keys = [("PK", self.partition.as_str()), ("SK", sequence.as_str().unwrap_or_default())];
        keys.map(|(name, text)| (name.to_owned(), AttributeValue::S(text.to_owned()))).into()
    }

    async fn publish_all(&self, rows: &[&Item]) -> Done<()> {
        let same_topic =
            |one: &&Item, next: &&Item| self.flaw == Flaw::TwoInABatch && one["Topic"] == next["Topic"];
        for batch in rows.chunk_by(same_topic) {
            if self.flaw == Flaw::DeletesFirst {
                self.delete(batch).await?;
            }
            let Some(taken) = self.publish(batch).await? else { return Ok(()) };
            if self.flaw != Flaw::DeletesFirst {
                self.delete(&taken).await?;
            }
            if taken.len() < batch.len() {
                return Err("not taken".into());
            }
        }
        Ok(())
    }

    /// Which of them were taken; none when the subject was parked.
    async fn publish<'a>(&self, batch: &[&'a Item]) -> Done<Option<Vec<&'a Item>>> {
        let arn =
            format!("arn:aws:sns:us-east-1:000000000000:{}", batch[0]["Topic"].as_str().unwrap_or_default());
        let mut call = aws_sdk_sns::Client::new(self.process.aws()).publish_batch().topic_arn(arn);
        for (number, row) in batch.iter().enumerate() {
            let entry = PublishBatchRequestEntry::builder().id(number.to_string());
            let entry = entry.message(row["Message"].as_str().unwrap_or_default()).build()?;
            call = call.publish_batch_request_entries(entry);
        }
        let refused = call.send().await?.failed.unwrap_or_default();
        if let Some(one) = refused.iter().find(|one| self.flaw == Flaw::BlamesByFlag && one.sender_fault()) {
            let row = batch[one.id().parse::<usize>()?];
            return self.park(row, one.code()).await.map(|()| None);
        }
        let is_taken = |number: usize| refused.iter().all(|one| one.id() != number.to_string());
        Ok(Some(
            batch.iter().enumerate().filter(|(number, _)| is_taken(*number)).map(|(_, row)| *row).collect(),
        ))
    }

    async fn delete(&self, rows: &[&Item]) -> Done<()> {
        for row in rows {
            self.dynamodb()
                .delete_item()
                .table_name(OUTBOX)
                .set_key(Some(self.key(&row["SK"])))
                .send()
                .await?;
        }
        Ok(())
    }

    async fn park(&self, row: &Item, why: &str) -> Done<()> {
        let park = self.dynamodb().update_item().table_name(OUTBOX).set_key(Some(self.key(&row["SK"])));
        let park = park.condition_expression("attribute_exists(PK)").update_expression("SET Parked = :why");
        park.expression_attribute_values(":why", AttributeValue::S(why.to_owned())).send().await?;
        Ok(())
    }
}
