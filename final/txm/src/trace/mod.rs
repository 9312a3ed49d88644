//! `trace`: every row and every letter about one id, as one timeline. Where no index helps, whole tables are
//! read, and it says how much.

mod events;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use transactional_messaging::relay::operate::StoredRow;
use unit_of_work::{Database as _, Table};
use uuid::Uuid;

pub use events::mentions;
use events::{Event, name_of, of_aggregate, of_row, time_in};

use crate::{
    answer::{Answer, count, json_time, moment, table},
    deployment::{Deployment, Part},
    failure::{Failure, Result},
    letters::Side,
    outbox::scheduled,
};

/// A shorter text stands in too much.
const SHORTEST: usize = 8;

/// What was found so far.
#[derive(Default)]
struct Tracing {
    events: Vec<Event>,
    /// The messages whose memory is looked for in the inboxes.
    messages: BTreeSet<Uuid>,
    read: usize,
    looked: usize,
    behind: usize,
    is_cut: bool,
}

/// Everything about one id.
///
/// # Errors
///
/// [`Failure::Usage`] when nothing is about it.
pub async fn trace(at: &Deployment, id: &str) -> Result<Answer> {
    let id = id.trim().to_ascii_lowercase();
    // Pasted from a log or a table, it may stand behind a kind.
    let id = id.rsplit(['/', '#']).next().unwrap_or_default().to_owned();
    if id.len() < SHORTEST || !id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        return Err(Failure::usage(
            "an id is a uuid, such as 0193c5a0-…, or eight characters of one at least",
        ));
    }
    let mut tracing = Tracing::default();
    tracing.messages.extend(Uuid::parse_str(&id).ok());
    for part in &at.services {
        tracing.tables(at, part, &id).await?;
    }
    tracing.letters(at, &id).await?;
    for part in &at.services {
        tracing.inbox(at, part).await?;
    }
    tracing.answer(&id)
}

impl Tracing {
    async fn tables(&mut self, at: &Deployment, part: &Part, id: &str) -> Result<()> {
        if let Some(name) = &part.resources.aggregate_table {
            let mut events = Vec::new();
            let found = at.items(name, |item| {
                if mentions(&item, id) {
                    events.extend(of_aggregate(name, &item));
                }
            });
            self.note(found.await?);
            self.events.extend(events);
        }
        for (name, is_sent) in [(&part.resources.outbox_table, false), (&part.sent, true)] {
            let Some(name) = name else { continue };
            let mut rows = Vec::new();
            let found = at.items(name, |item| {
                rows.extend(Some(item).filter(|item| mentions(item, id)).and_then(StoredRow::of))
            });
            self.note(found.await?);
            for row in rows {
                self.messages.extend(row.message_id);
                self.events.extend(of_row(name, &row, is_sent));
            }
        }
        let (later, found) = scheduled(at, part).await?;
        self.note(found);
        for (row, time) in later.into_iter().filter(|(row, _)| mentions(row.item(), id)) {
            let place = part.scheduled.clone().unwrap_or_default();
            let what = format!("{} waits for its time", name_of(&row));
            self.events.push(Event { time: Some(time), place, what, correlation: row.correlation_id });
        }
        Ok(())
    }

    async fn letters(&mut self, at: &Deployment, id: &str) -> Result<()> {
        for (_, _, side, name, url) in at.sides().await? {
            let Some(url) = url else { continue };
            let (letters, found) = at.look(&url).await?;
            (self.looked, self.is_cut) = (self.looked + found.read, self.is_cut || found.is_cut);
            self.behind += found.behind;
            for letter in letters.iter().filter(|letter| letter.mentions(id)) {
                let head = letter.envelope.as_ref();
                self.messages.extend(head.map(|head| head.id));
                let name_of = head.map_or_else(
                    || "something without an envelope".to_owned(),
                    |head| format!("{} {}", head.kind, head.id),
                );
                let how = if side == Side::Dead { "could not be handled" } else { "could not be delivered" };
                self.events.push(Event {
                    time: letter.sent_at,
                    place: name.clone(),
                    what: format!("{name_of} {how}: {}", letter.reason),
                    correlation: head.and_then(|head| head.correlationid),
                });
            }
        }
        Ok(())
    }

    /// An inbox is not read: its keys are known.
    async fn inbox(&mut self, at: &Deployment, part: &Part) -> Result<()> {
        let Some(name) = &part.resources.inbox_table else { return Ok(()) };
        let inbox = Table::new(name, "PK");
        for consumes in &part.consumes {
            for message in &self.messages {
                at.goes_on()?;
                let key = inbox.key(format!("MESSAGE#{}#{message}", consumes.queue), None);
                let item = at.database.get(&inbox, key).await;
                self.read += 1;
                if let Some(item) = item.map_err(|error| Failure::of(&format!("table {name}"), &error))? {
                    let what = format!("{} {message} was handled by {}", consumes.kind, consumes.queue);
                    let (time, place) = (time_in(&item, "CreatedAt"), name.clone());
                    self.events.push(Event { time, place, what, correlation: None });
                }
            }
        }
        Ok(())
    }

    fn note(&mut self, found: crate::outbox::Found) {
        (self.read, self.is_cut) = (self.read + found.read, self.is_cut || found.is_cut);
    }

    fn answer(mut self, id: &str) -> Result<Answer> {
        let behind = match self.behind {
            0 => String::new(),
            behind => format!(", {} behind others in FIFO queues not", count(behind, "letter")),
        };
        let read = format!("{} and {} read{behind}", count(self.read, "item"), count(self.looked, "letter"));
        let cut =
            if self.is_cut { "; stopped at the limit, there may be more: --limit N reads on" } else { "" };
        if self.events.is_empty() {
            return Err(Failure::usage(format!(
                "nothing is about {id} ({read}{cut}); what was sent is forgotten after its retention"
            )));
        }
        self.events.sort_by_key(|event| event.time);
        let conversations: BTreeSet<_> = self.events.iter().filter_map(|event| event.correlation).collect();
        let value = self.events.iter().map(|event| {
            json!({
                "time": json_time(event.time), "place": event.place, "what": event.what,
                "correlation_id": event.correlation,
            })
        });
        let value = json!({
            "id": id, "events": value.collect::<Vec<Value>>(), "correlation_ids": conversations,
            "items_read": self.read,
            "letters_read": self.looked, "is_cut": self.is_cut,
        });
        let lines = self.events.into_iter().map(|event| [moment(event.time), event.place, event.what]);
        let mut text = table(["TIME", "WHERE", "WHAT"], lines);
        text += &format!("\n\n{read}{cut}");
        for other in conversations.iter().filter(|other| other.to_string() != id).take(5) {
            text += &format!("\nthe whole conversation: txm trace {other}");
        }
        Ok(Answer::new(value, text))
    }
}
