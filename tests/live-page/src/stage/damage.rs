//! What breaks, and what mends.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use local_aws::{ACCOUNT_ID, REGION};

use super::Stage;
use crate::facts::is_dead_letter_queue;
use crate::gate::Point;
use crate::wiring::plain;

/// How long a call may be waited for.
const PATIENCE: Duration = Duration::from_secs(12);

/// How long a part is away after it died.
const AWAY: Duration = Duration::from_millis(1_500);

/// How many messages of a dead-letter queue are moved at once, at most.
const MOVED: usize = 500;

impl Stage {
    pub(super) async fn crash(&self, name: &str) -> Result<String, String> {
        let part = self.crashable().find(|part| part.name == name).ok_or("there is no such part")?;
        let hit = part.arm(Point::Write).ok_or_else(|| format!("{name} does not run: resume it first"))?;
        let customer = self.hub.newest_customer();
        if customer.is_none() {
            // The customer's own commit is the next one.
            drop(tokio::time::timeout(PATIENCE, self.create()).await);
        }
        let died = async {
            let hit = tokio::time::timeout(PATIENCE, hit).await;
            part.kill();
            hit
        };
        let placing =
            async { if customer.is_some() { self.place().await } else { Err("no answer".to_owned()) } };
        let (operation, placed) = tokio::join!(died, tokio::time::timeout(PATIENCE, placing));
        tokio::time::sleep(AWAY).await;
        part.start().map_err(|error| format!("{name} cannot be started again: {error}"))?;
        let Ok(Ok(operation)) = operation else {
            return Err(format!("{name} wrote nothing within {} s; it was started anew", PATIENCE.as_secs()));
        };
        let client = match placed {
            Ok(Ok(order)) => format!("order {order} was taken before"),
            _ => "the client got no answer".to_owned(),
        };
        let words = format!("{name} died right after {operation} was done; {client}. It runs again.");
        self.hub.note(name, words.clone());
        Ok(words)
    }

    pub(super) async fn crash_relay(&self) -> Result<String, String> {
        let relay = self.relay().ok_or("there is no relay")?;
        let hit = relay.arm(Point::Publish).ok_or("the relay does not run: resume it first")?;
        let order = self.place().await?;
        let operation = tokio::time::timeout(PATIENCE, hit).await;
        relay.kill();
        let Ok(Ok(operation)) = operation else {
            return Err("the relay published nothing; it is dead all the same: resume it".to_owned());
        };
        let words = format!(
            "{} died right after {operation} of order {order}; its row is still there. Resume it: the message \
             goes out again.",
            relay.name
        );
        self.hub.note(&relay.name, words.clone());
        Ok(words)
    }

    pub(super) async fn refuse(&self) -> Result<String, String> {
        let relay = self.relay().ok_or("there is no relay")?;
        let hit = relay.arm(Point::Refusal).ok_or("the relay does not run: resume it first")?;
        let order = self.place().await;
        let refused = tokio::time::timeout(PATIENCE, hit).await;
        relay.disarm();
        match (order, refused) {
            (Ok(order), Ok(Ok(_))) => Ok(format!("SNS refused the message of order {order}")),
            (Err(error), _) => Err(error),
            _ => Err("no message came to SNS in time".to_owned()),
        }
    }

    pub(super) async fn deliver_twice(&self) -> Result<String, String> {
        let (queue, body) =
            self.hub.newest_delivery().ok_or("nothing was delivered yet: place an order first")?;
        let send = self.aws.sqs.send_message().queue_url(self.url(&queue).await?).message_body(body);
        send.send().await.map_err(|error| format!("SQS did not take it: {error}"))?;
        Ok(format!("the newest message is in {queue} once more"))
    }

    pub(super) async fn poison(&self) -> Result<String, String> {
        let heard = self.wiring.queues.iter().filter_map(|(_, topic)| topic.as_deref());
        let topic = heard.min_by_key(|topic| *topic != "order--created").ok_or("nobody hears any topic")?;
        let text = format!("{{\"poison\": {}", self.number());
        #[expect(
            clippy::disallowed_methods,
            reason = "it stands for a foreign publisher whose text nobody can read"
        )]
        let publish = self.aws.sns.publish().topic_arn(format!("arn:aws:sns:{REGION}:{ACCOUNT_ID}:{topic}"));
        publish.message(text).send().await.map_err(|error| format!("SNS did not take it: {error}"))?;
        Ok(format!("a text that nobody can read was published to {topic}"))
    }

    pub(super) async fn redrive(&self) -> Result<String, String> {
        let mut moved = 0;
        for (dead, _) in self.wiring.queues.iter().filter(|(queue, _)| is_dead_letter_queue(queue)) {
            moved += self.move_back(dead).await?;
        }
        Ok(format!("{moved} messages were moved back to their queues"))
    }

    /// Sent first and deleted then: what happens in between leaves a message in both queues, never in none.
    async fn move_back(&self, dead: &str) -> Result<usize, String> {
        let (from, to) = (self.url(dead).await?, self.url(&dead.replacen("--dlq", "", 1)).await?);
        let failed = |error: &dyn std::fmt::Display| format!("{dead} cannot be redriven: {error}");
        let mut moved = 0;
        while moved < MOVED {
            let receive = self.aws.sqs.receive_message().queue_url(&from).max_number_of_messages(10);
            let messages = receive.send().await.map_err(|error| failed(&error))?.messages.unwrap_or_default();
            if messages.is_empty() {
                break;
            }
            for message in messages {
                let send = self.aws.sqs.send_message().queue_url(&to).set_message_body(message.body);
                send.send().await.map_err(|error| failed(&error))?;
                let delete = self.aws.sqs.delete_message().queue_url(&from);
                let delete = delete.set_receipt_handle(message.receipt_handle).send();
                delete.await.map_err(|error| failed(&error))?;
                moved += 1;
            }
        }
        Ok(moved)
    }

    pub(super) async fn unpark(&self) -> Result<String, String> {
        let mut unparked = 0;
        for table in self.wiring.tables.iter().filter(|table| table.ends_with("-outbox")) {
            let scan =
                self.aws.dynamodb.scan().table_name(table).filter_expression("attribute_exists(Parked)");
            let answer = scan.send().await.map_err(|error| format!("{table} cannot be read: {error}"))?;
            for item in answer.items() {
                let key = |name: &str| item.get(name).cloned().unwrap_or(AttributeValue::Null(true));
                let partition = plain(&key("PK"));
                match self.host.unpark(table, partition.as_str().unwrap_or_default()) {
                    Some(own) => own.await?,
                    None => self.take_mark(table, key("PK"), key("SK")).await?,
                }
                unparked += 1;
            }
        }
        Ok(format!("{unparked} messages are not parked any more; the relay tries them with its next look"))
    }

    async fn take_mark(&self, table: &str, pk: AttributeValue, sk: AttributeValue) -> Result<(), String> {
        #[expect(clippy::disallowed_methods, reason = "it takes a mark off a row, as an operator does")]
        let update = self.aws.dynamodb.update_item().table_name(table).key("PK", pk).key("SK", sk);
        let update = update.update_expression("REMOVE Parked").condition_expression("attribute_exists(PK)");
        update.send().await.map(drop).map_err(|error| format!("the mark could not be taken off: {error}"))
    }

    async fn url(&self, queue: &str) -> Result<String, String> {
        self.aws.url(queue).await.map_err(|error| format!("there is no queue {queue}: {error}"))
    }
}
