//! From calls to facts. Pure: the same calls give the same facts, whoever made them and in whatever process.

mod queues;

use std::collections::VecDeque;

use local_aws::Exchange;

use crate::bounded::Bounded;
use crate::facts::{Fact, Message, What, stem};
use crate::ledger::Ledger;
use crate::wire::{self, Call, Kind, Write};

/// How many facts are kept, and how many messages, rows and receipts.
pub(crate) const MOST: usize = 5_000;

/// What was seen so far, no more than the last [`MOST`] of each kind.
#[derive(Debug)]
pub(crate) struct Reducer {
    seq: u64,
    pub(crate) facts: VecDeque<Fact>,
    pub(crate) messages: Bounded<String, Message>,
    pub(crate) ledger: Ledger,
    /// Where messages are at rest: table or queue, message; since when, and the reason if it lies in a
    /// dead-letter queue.
    pub(crate) resting: Bounded<(String, String), (u64, Option<String>)>,
    /// Outbox rows by their keys: the table and the message.
    rows: Bounded<(String, String), (String, String)>,
    receipts: Bounded<String, (String, String)>,
    /// Queue and message of what was received; whether it has come to an end.
    in_hand: Bounded<(String, String), bool>,
    visibility: Bounded<String, u64>,
    /// What was published already.
    published: Bounded<String, ()>,
    /// The queues that have a message already, while its publisher waits for the answer.
    early: Bounded<String, Vec<String>>,
}

impl Reducer {
    pub(crate) fn new() -> Self {
        Self {
            seq: 0,
            facts: VecDeque::new(),
            messages: Bounded::new(MOST),
            ledger: Ledger::new(),
            resting: Bounded::new(MOST),
            rows: Bounded::new(MOST),
            receipts: Bounded::new(MOST),
            in_hand: Bounded::new(MOST),
            visibility: Bounded::new(MOST),
            published: Bounded::new(MOST),
            early: Bounded::new(MOST),
        }
    }

    /// What a call means.
    pub(crate) fn see(&mut self, exchange: &Exchange) -> Vec<Fact> {
        let Some(call) = wire::read(exchange) else { return Vec::new() };
        let mut told = Told { reducer: self, at_ms: exchange.at_ms, facts: Vec::new() };
        told.call(call);
        told.facts
    }

    /// A fact about the system itself.
    pub(crate) fn note(&mut self, at_ms: u64, place: &str, detail: String) -> Fact {
        let mut told = Told { reducer: self, at_ms, facts: Vec::new() };
        told.tell(What::Note, place, None, detail)
    }
}

/// The facts of one call.
struct Told<'a> {
    reducer: &'a mut Reducer,
    at_ms: u64,
    facts: Vec<Fact>,
}

impl Told<'_> {
    fn tell(
        &mut self,
        what: What,
        place: &str,
        message: Option<&Message>,
        detail: impl Into<String>,
    ) -> Fact {
        let reducer = &mut *self.reducer;
        reducer.seq += 1;
        let known = message.is_none_or(|message| reducer.messages.get(&message.id).is_some());
        let about = message.filter(|_| !known).cloned();
        if let Some(new) = &about {
            reducer.messages.insert(new.id.clone(), new.clone());
        }
        let fact = Fact {
            seq: reducer.seq,
            at_ms: self.at_ms,
            what,
            message: message.map(|message| message.id.clone()),
            conversation: message.map(|message| message.conversation.clone()),
            place: place.to_owned(),
            detail: detail.into(),
            about,
        };
        reducer.facts.push_back(fact.clone());
        if reducer.facts.len() > MOST {
            reducer.facts.pop_front();
        }
        self.facts.push(fact.clone());
        fact
    }

    fn call(&mut self, call: Call) {
        match call {
            Call::Wrote(writes) => self.wrote(&writes),
            Call::Cancelled(writes) => self.cancelled(&writes),
            Call::Known(key) => self.ended(What::Duplicate, &key, "the inbox knows it"),
            Call::Read(keys) => {
                for key in keys {
                    let Some((table, id)) = self.reducer.rows.get(&key).cloned() else { continue };
                    let message = self.known(&id);
                    self.tell(What::Woken, &table, message.as_ref(), "");
                }
            }
            Call::Published { topic, texts } => {
                for (text, refused) in texts {
                    self.published(&topic, &text, refused);
                }
            }
            Call::Delivered { queue, body } => self.delivered(&queue, &body),
            Call::Sent { queue, body, reason } => self.sent(&queue, &body, reason),
            Call::Received { queue, messages } => {
                for (receipt, body, times) in messages {
                    self.received(&queue, receipt, &body, times);
                }
            }
            Call::Deleted(receipts) => receipts.iter().for_each(|receipt| self.deleted(receipt)),
            Call::Hidden(receipt, seconds) => self.hidden(&receipt, seconds),
            Call::Queue(queue, visibility) => {
                self.reducer.visibility.insert(queue, visibility);
            }
        }
    }

    /// What is remembered of it, or it with the cause that the envelope does not name.
    fn message(&mut self, mut message: Message, from: &str) -> Message {
        if let Some(known) = self.known(&message.id) {
            return known;
        }
        if message.source.is_empty() {
            message.source = stem(from).to_owned();
            let of_service = |queue: &str| stem(queue) == message.source;
            let newest = self.reducer.in_hand.newest();
            let mut candidates = newest
                .filter(|((queue, _), ended)| !**ended && of_service(queue))
                .filter_map(|((_, id), _)| self.reducer.messages.get(id));
            let cause = candidates.find(|other| other.conversation == message.conversation);
            message.cause = cause.map(|cause| cause.id.clone()).filter(|cause| *cause != message.id);
        }
        message
    }

    fn known(&self, id: &str) -> Option<Message> {
        self.reducer.messages.get(&id.to_owned()).cloned()
    }

    fn rest(&mut self, place: &str, message: &Message, reason: Option<String>) {
        self.reducer.resting.insert((place.to_owned(), message.id.clone()), (self.at_ms, reason));
    }

    fn leave(&mut self, place: &str, id: &str) {
        self.reducer.resting.remove(&(place.to_owned(), id.to_owned()));
    }

    fn wrote(&mut self, writes: &[Write]) {
        for write in writes.iter().filter(|write| write.kind == Kind::Put) {
            if let Some(key) = inbox_key(write) {
                self.ended(What::Handled, &key, "inbox row and effect in one commit");
            }
        }
        let rows: Vec<_> = writes.iter().filter_map(|write| Some((write, outbox_row(write)?))).collect();
        let rows: Vec<_> =
            rows.into_iter().map(|(write, row)| (write, self.message(row, topic_of(write)))).collect();
        for write in writes {
            let reducer = &mut *self.reducer;
            let unfinished = reducer.in_hand.newest().filter(|(_, ended)| !**ended);
            let in_hand: Vec<_> = unfinished.filter_map(|((_, id), _)| reducer.messages.get(id)).collect();
            let in_hand: Vec<_> = in_hand.into_iter().rev().collect();
            let change = reducer.ledger.write(write, self.at_ms, &in_hand);
            let Some(change) = change else { continue };
            let of_commit = rows.first().map(|(_, message)| message.conversation.clone());
            let mut fact = self.tell(What::Changed, &write.table, None, change.words);
            fact.conversation = of_commit.or(change.order).or(Some(change.customer));
            self.amend(fact);
        }
        for (write, message) in rows {
            let (table, pk, sk) =
                (&write.table, wire::text(&write.item["PK"]), wire::text(&write.item["SK"]));
            let later = write.item["NotBefore"].is_string();
            self.reducer.ledger.told(&message, self.at_ms, false);
            self.reducer.rows.insert((pk, sk), (table.clone(), message.id.clone()));
            self.rest(table, &message, None);
            self.tell(if later { What::Scheduled } else { What::Stored }, table, Some(&message), "");
        }
        for write in writes {
            self.row_changed(write);
        }
    }

    /// Gives the fact that was told last another conversation.
    fn amend(&mut self, fact: Fact) {
        for last in [self.facts.last_mut(), self.reducer.facts.back_mut()].into_iter().flatten() {
            last.conversation.clone_from(&fact.conversation);
        }
    }

    /// A row of an outbox is deleted, marked or not marked any more.
    fn row_changed(&mut self, write: &Write) {
        let key = (wire::text(&write.item["PK"]), wire::text(&write.item["SK"]));
        let Some((table, id)) =
            self.reducer.rows.get(&key).filter(|(table, _)| *table == write.table).cloned()
        else {
            return;
        };
        let message = self.known(&id);
        let (expression, values) = &write.update;
        let parks = expression.contains("Parked");
        let reason = values.as_object().and_then(|values| values.values().find_map(|value| value.as_str()));
        match write.kind {
            Kind::Delete => {
                self.leave(&table, &id);
                self.tell(What::Cleared, &table, message.as_ref(), "");
            }
            Kind::Update if parks && expression.trim_start().starts_with("SET") => {
                self.tell(What::Parked, &table, message.as_ref(), reason.unwrap_or_default());
            }
            Kind::Update if parks => {
                self.tell(What::Unparked, &table, message.as_ref(), "");
            }
            Kind::Update | Kind::Put | Kind::Check => {}
        }
    }

    fn cancelled(&mut self, writes: &[(Write, String)]) {
        let failed: Vec<_> =
            writes.iter().filter(|(_, code)| !matches!(code.as_str(), "" | "None")).collect();
        let known = failed.iter().find_map(|(write, _)| inbox_key(write));
        match (known, failed.first()) {
            (Some(key), _) => self.ended(What::Duplicate, &key, "the inbox knows it: nothing was written"),
            (None, Some((write, code))) if outbox_row(write).is_none() && write.item["SK"].is_null() => {
                self.tell(What::LostRace, &write.table, None, code.clone());
            }
            _ => {}
        }
    }

    /// A consumer has come to an end with a message: the key of its inbox row names both.
    fn ended(&mut self, what: What, key: &str, detail: &str) {
        let Some((queue, id)) = key.strip_prefix("MESSAGE#").and_then(|rest| rest.rsplit_once('#')) else {
            return;
        };
        // The inbox names the consumer: its queue without the deployment's prefix, and without `.fifo`.
        let own = |name: &str| name.trim_end_matches(".fifo").ends_with(queue);
        let mut in_hand = self.reducer.in_hand.newest().map(|(key, _)| key);
        let taken = in_hand.find(|(name, message)| message == id && own(name)).map(|(name, _)| name.clone());
        drop(in_hand);
        let queue = taken.unwrap_or_else(|| queue.to_owned());
        let message = self.known(id);
        self.reducer.in_hand.insert((queue.clone(), id.to_owned()), true);
        self.tell(what, &queue, message.as_ref(), detail);
    }
}

fn inbox_key(write: &Write) -> Option<String> {
    let key = write.item["PK"].as_str().filter(|key| key.starts_with("MESSAGE#"))?;
    // An outbox of chapter 3 has such keys too.
    write.item["Message"].is_null().then(|| key.to_owned())
}

fn topic_of(write: &Write) -> &str {
    write.item["Topic"].as_str().unwrap_or_default()
}

/// The message in a row that is put into an outbox. A row that was sent and is kept is none.
fn outbox_row(write: &Write) -> Option<Message> {
    let item = &write.item;
    let is_row = write.kind == Kind::Put && item["Topic"].is_string() && item["SentAt"].is_null();
    is_row.then(|| item["Message"].as_str().map(Message::read))?
}

#[cfg(test)]
mod tests;
