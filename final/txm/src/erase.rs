//! `erase`: what is personal about a customer, where it lies, and its end.
//!
//! Nobody who was erased comes back: in place of the customer an item with the time stays, so that the id
//! never has a second first message (see ARCHITECTURE.md). Orders and decisions name the customer by an id,
//! which then belongs to nobody; they stay, because money was counted by them.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{DeleteRequest, WriteRequest};
use serde_json::json;
use transactional_messaging::{relay::operate::StoredRow, timestamp};
use unit_of_work::{AttributeValue, CommitError, Condition, Item, Put, Table, UnitOfWork, VERSION};
use uuid::Uuid;

use crate::{
    answer::{Answer, count, table},
    deployment::Deployment,
    failure::{Failure, Result},
    outbox::scheduled,
    trace::mentions,
};

/// In place of what was erased.
const ERASED_AT: &str = "ErasedAt";

/// What is about a customer.
#[derive(Default)]
struct About {
    /// The customers themselves: table and item.
    own: Vec<(String, Item)>,
    /// Items of others that name the customer, and those of them that are not decided on.
    others: usize,
    pending: usize,
    /// Rows that were not sent: outboxes and scheduled messages.
    unsent: usize,
    sent: Vec<(String, StoredRow)>,
    /// Where letters lie about the customer: name and address; and how many there are.
    queues: Vec<(String, String)>,
    letters: usize,
    /// Letters that a FIFO queue does not show: they may be about the customer.
    behind: usize,
    is_cut: bool,
}

/// What is personal about this customer; with `yes` it is deleted.
///
/// # Errors
///
/// [`Failure::Usage`] when there is nothing, [`Failure::Partly`] when a part of it was deleted.
pub async fn erase(at: &Deployment, customer: Uuid, yes: bool) -> Result<Answer> {
    let about = find(at, &customer.to_string()).await?;
    if about.own.is_empty() && about.sent.is_empty() && about.letters == 0 && about.unsent == 0 {
        return Err(Failure::usage(format!(
            "nothing is personal about {customer}: there is no such customer, or it was erased"
        )));
    }
    let own: Vec<_> = about.own.iter().map(|(table, _)| table.as_str()).collect();
    let lines = [
        [
            "the customer",
            &own.join(", "),
            &about.own.len().to_string(),
            "becomes an item that says when it was erased",
        ],
        ["sent messages", "tables of sent messages", &about.sent.len().to_string(), "deleted"],
        ["dead letters, undelivered", "queues", &about.letters.to_string(), "deleted"],
        ["not sent yet", "outboxes, scheduled", &about.unsent.to_string(), "must be sent or given up first"],
        [
            "orders, decisions",
            "tables",
            &about.others.to_string(),
            "stay: they hold an id that is then nobody's, and amounts",
        ],
        ["handled messages", "inboxes", "-", "stay: they hold ids of messages only"],
        ["large contents", "payload bucket", "-", "this deployment has none"],
        [
            "backups",
            "point-in-time recovery",
            "-",
            "hold all of it until they are over (35 days at most); erase again after a restore",
        ],
        ["logs", "log groups", "-", "hold ids and no names, until their retention is over"],
    ];
    let text = table(["WHAT", "WHERE", "HOW MANY", "AND THEN"], lines.map(|line| line.map(str::to_owned)));
    let value = json!({
        "customer": customer, "own": own, "sent": about.sent.len(), "letters": about.letters,
        "unsent": about.unsent,
        "others": about.others, "pending": about.pending, "done": false,
    });
    let keeps = match (about.unsent, about.pending, about.is_cut) {
        (0, 0, false) if about.behind > 0 => Some(format!(
            "{} behind others of their groups, where a FIFO queue shows them to nobody: redrive first (txm dlq list)",
            count(about.behind, "dead letter")
        )),
        (0, 0, false) => None,
        (0, 0, true) => Some("the limit was reached, and there may be more: --limit N reads on".to_owned()),
        (0, pending, _) => {
            Some(format!("{} not decided yet: wait, or look at them with txm stuck", count(pending, "order")))
        }
        (unsent, ..) => {
            Some(format!("{} not sent yet: txm trace {customer} shows them", count(unsent, "message")))
        }
    };
    match (keeps, yes) {
        (Some(keeps), _) => {
            Ok(Answer { value, text: format!("{text}\n\nNot to be erased now: {keeps}."), is_wrong: true })
        }
        (None, false) => Ok(Answer::new(value, format!("{text}\n\n--yes erases what is to be deleted"))),
        (None, true) => {
            // The customer last: until then the same command finds what is left.
            delete_sent(at, &about.sent).await?;
            for (name, url) in &about.queues {
                at.remove((name, url), |letter| letter.mentions(&customer.to_string())).await?;
            }
            for (table, item) in &about.own {
                bury(at, table, item).await?;
            }
            let mut value = value;
            value["done"] = json!(true);
            Ok(Answer::new(value, format!("{text}\n\nErased.")))
        }
    }
}

async fn find(at: &Deployment, id: &str) -> Result<About> {
    let mut about = About::default();
    for part in &at.services {
        if let Some(name) = &part.resources.aggregate_table {
            let own = format!("#{id}");
            let found = at.items(name, |item| {
                let key = item.get("PK").and_then(|key| key.as_s().ok());
                // `CUSTOMER#id`, and no decision beside it.
                let is_own = key.is_some_and(|key| key.ends_with(&own) && key.matches('#').count() == 1);
                if is_own && !item.contains_key(ERASED_AT) {
                    about.own.push((name.clone(), item));
                } else if !is_own && mentions(&item, id) {
                    about.others += 1;
                    about.pending += usize::from(
                        item.get("State").is_some_and(|state| state.as_s().is_ok_and(|s| s == "PENDING")),
                    );
                }
            });
            about.is_cut |= found.await?.is_cut;
        }
        if let Some(name) = &part.resources.outbox_table {
            let found = at.items(name, |item| about.unsent += usize::from(mentions(&item, id)));
            about.is_cut |= found.await?.is_cut;
        }
        if let Some(name) = &part.sent {
            let found = at.items(name, |item| {
                let row = Some(item).filter(|item| mentions(item, id)).and_then(StoredRow::of);
                about.sent.extend(row.map(|row| (name.clone(), row)));
            });
            about.is_cut |= found.await?.is_cut;
        }
        let (later, found) = scheduled(at, part).await?;
        about.unsent += later.iter().filter(|(row, _)| mentions(row.item(), id)).count();
        about.is_cut |= found.is_cut;
    }
    for (_, _, _, name, url) in at.sides().await? {
        let Some(url) = url else { continue };
        let (letters, found) = at.look(&url).await?;
        about.is_cut |= found.is_cut;
        about.behind += found.behind;
        let meant = letters.iter().filter(|letter| letter.mentions(id)).count();
        about.letters += meant;
        about.queues.extend((meant > 0).then_some((name, url)));
    }
    Ok(about)
}

async fn delete_sent(at: &Deployment, rows: &[(String, StoredRow)]) -> Result<()> {
    for some in rows.chunks(25) {
        let mut asked: HashMap<String, Vec<WriteRequest>> = HashMap::new();
        for (table, row) in some {
            let key = row.item().iter().filter(|(name, _)| ["PK", "SK"].contains(&name.as_str()));
            let key = key.map(|(name, value)| (name.clone(), value.clone())).collect();
            let delete = DeleteRequest::builder().set_key(Some(key)).build();
            let delete = delete.map_err(|error| Failure::of(&format!("table {table}"), &error))?;
            asked
                .entry(table.clone())
                .or_default()
                .push(WriteRequest::builder().delete_request(delete).build());
        }
        let answer = at.database.client().batch_write_item().set_request_items(Some(asked)).send().await;
        let answer = answer.map_err(|error| Failure::of("sent messages", &error))?;
        if answer.unprocessed_items().is_some_and(|left| !left.is_empty()) {
            return Err(Failure::Partly(
                "dynamodb deleted a part of the sent messages only; run it again".to_owned(),
            ));
        }
    }
    Ok(())
}

/// Puts what says so into its place, if it is as it was read.
async fn bury(at: &Deployment, name: &str, item: &Item) -> Result<()> {
    let (table, now) = (Table::new(name, "PK"), timestamp::format(at.ambient.now()));
    let now = now.map_err(|error| Failure::of("the clock", &error))?;
    let key = item.get("PK").cloned();
    let buried = key
        .map(|key| ("PK".to_owned(), key))
        .into_iter()
        .chain([(ERASED_AT.to_owned(), AttributeValue::S(now))]);
    let is_same = match item.get(VERSION) {
        Some(version) => Condition::equals(VERSION, version.clone()),
        None => Condition::not_exists(VERSION),
    };
    let put =
        Put::item(&table, buried.collect()).map_err(|error| Failure::of(&format!("table {name}"), &error))?;
    let mut work: UnitOfWork<std::convert::Infallible> = UnitOfWork::new(at.ambient.id());
    work.add(put.when(is_same));
    match work.commit(&at.database).await {
        Ok(()) => Ok(()),
        Err(CommitError::ConditionFailed { .. }) => Err(Failure::Partly(
            "the customer was changed meanwhile, and is still there; run it again".to_owned(),
        )),
        Err(error) => Err(Failure::of(&format!("table {name}"), &error)),
    }
}
