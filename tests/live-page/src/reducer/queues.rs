//! The way of a message through topics and queues.

use super::Told;
use crate::facts::{Message, What, is_dead_letter_queue};

impl Told<'_> {
    /// A queue may have a message before the publisher hears that the topic took it.
    pub(super) fn delivered(&mut self, queue: &str, body: &str) {
        let topic = topic_in(body);
        let message = self.message(Message::in_body(body), &topic);
        let early = self.reducer.early.change(&message.id, |early| {
            let is_first = early.is_empty() || early.iter().any(|known| known == queue);
            if is_first {
                early.clear();
            }
            early.push(queue.to_owned());
            is_first
        });
        if early {
            self.taken(&topic, &message);
        }
        self.rest(queue, &message, None);
        self.tell(What::Delivered, queue, Some(&message), "");
    }

    pub(super) fn published(&mut self, topic: &str, text: &str, refused: Option<String>) {
        let message = self.message(Message::read(text), topic);
        if let Some(code) = refused {
            self.tell(What::Refused, topic, Some(&message), code);
        } else if self.reducer.early.remove(&message.id).is_none() {
            self.taken(topic, &message);
        }
    }

    fn taken(&mut self, topic: &str, message: &Message) {
        self.reducer.ledger.told(message, self.at_ms, true);
        let again = self.reducer.published.insert(message.id.clone(), ()).is_some();
        let resting = self.reducer.resting.iter().map(|((place, id), _)| (place, id));
        let own = resting.filter(|(place, id)| **id == message.id && !place.contains("--"));
        let outboxes: Vec<_> = own.map(|(place, _)| place.clone()).collect();
        outboxes.iter().for_each(|table| self.leave(table, &message.id));
        self.tell(What::Published, topic, Some(message), if again { "again, with the same id" } else { "" });
    }

    pub(super) fn sent(&mut self, queue: &str, body: &str, reason: Option<String>) {
        let message = self.message(Message::in_body(body), queue);
        self.rest(queue, &message, reason.clone());
        if is_dead_letter_queue(queue) {
            let source = queue.replace("--dlq", "");
            self.reducer.in_hand.insert((source, message.id.clone()), true);
            let reason = reason.unwrap_or_else(|| "without a reason".to_owned());
            self.tell(What::DeadLettered, queue, Some(&message), reason);
        } else {
            self.tell(What::Delivered, queue, Some(&message), "once more");
        }
    }

    pub(super) fn received(&mut self, queue: &str, receipt: String, body: &str, times: u64) {
        let message = self.message(Message::in_body(body), queue);
        let key = (queue.to_owned(), message.id.clone());
        self.reducer.receipts.insert(receipt, key.clone());
        // Whoever reads a dead-letter queue looks at it, or moves it back.
        if is_dead_letter_queue(queue) {
            return;
        }
        self.reducer.in_hand.remove(&key);
        self.reducer.in_hand.insert(key, false);
        let detail = if times > 1 { format!("for the {times}. time") } else { String::new() };
        self.tell(What::Received, queue, Some(&message), detail);
    }

    pub(super) fn deleted(&mut self, receipt: &str) {
        let Some((queue, id)) = self.reducer.receipts.remove(&receipt.to_owned()) else { return };
        self.leave(&queue, &id);
        if is_dead_letter_queue(&queue) {
            return;
        }
        let ended = self.reducer.in_hand.insert((queue.clone(), id.clone()), true);
        if ended == Some(false) {
            let message = self.known(&id);
            self.tell(What::Handled, &queue, message.as_ref(), "nothing was written down that remembers it");
        }
    }

    pub(super) fn hidden(&mut self, receipt: &str, seconds: u64) {
        let Some((queue, id)) = self.reducer.receipts.get(&receipt.to_owned()).cloned() else { return };
        // As long as when it was received: a consumer that needs longer, and goes on.
        if self.reducer.visibility.get(&queue).is_some_and(|usual| *usual == seconds) {
            return;
        }
        let message = self.known(&id);
        self.tell(What::GivenBack, &queue, message.as_ref(), format!("hidden for {seconds} s"));
    }
}

/// The topic that SNS names in what it delivers.
fn topic_in(body: &str) -> String {
    let notification: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    notification["TopicArn"].as_str().and_then(|arn| arn.rsplit(':').next()).unwrap_or_default().to_owned()
}
