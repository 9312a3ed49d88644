//! Queues beside queues: their addresses, and a look at what lies there that takes nothing away.

use std::collections::HashSet;

use aws_sdk_sqs::{
    error::ProvideErrorMetadata as _,
    types::{
        ChangeMessageVisibilityBatchRequestEntry, Message, MessageSystemAttributeName, QueueAttributeName,
    },
};

use transactional_messaging::channels::Channels;

use super::{Letter, Side};
use crate::{
    deployment::{Deployment, Part},
    failure::{Failure, Result},
    outbox::Found,
};

/// For so long what is looked at is hidden from others, so that it comes once; it is given back at once
/// afterwards. After a crash it is there again by itself.
const HIDDEN_SECONDS: i32 = 30;

impl Deployment {
    /// The address of a queue; none where there is no such queue.
    ///
    /// # Errors
    ///
    /// [`Failure::Aws`].
    pub async fn url(&self, queue: &str) -> Result<Option<String>> {
        match self.sqs.get_queue_url().queue_name(queue).send().await {
            Ok(answer) => Ok(answer.queue_url),
            // The first since SQS speaks JSON, the second before.
            Err(error)
                if matches!(
                    error.code(),
                    Some("QueueDoesNotExist" | "AWS.SimpleQueueService.NonExistentQueue")
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(Failure::of(&format!("queue {queue}"), &error)),
        }
    }

    /// The queues beside all queues: service, the queue without prefix, the side, its full name, and its
    /// address if it is there.
    ///
    /// # Errors
    ///
    /// [`Failure::Aws`].
    pub async fn sides(&self) -> Result<Vec<(&Part, &str, Side, String, Option<String>)>> {
        let mut all = Vec::new();
        for part in &self.services {
            for (consumes, subscription) in part.consumes.iter().zip(&part.resources.subscriptions) {
                for side in [Side::Dead, Side::Undelivered] {
                    let name = side.of(&subscription.queue);
                    let url = self.url(&name).await?;
                    all.push((part, consumes.queue.as_str(), side, name, url));
                }
            }
        }
        Ok(all)
    }

    /// How many messages a queue has: visible, and hidden with a receiver.
    ///
    /// # Errors
    ///
    /// [`Failure::Aws`].
    pub async fn counts(&self, url: &str) -> Result<(usize, usize)> {
        let names = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ];
        let request =
            self.sqs.get_queue_attributes().queue_url(url).set_attribute_names(Some(names.to_vec()));
        let answer = request.send().await.map_err(|error| Failure::of(url, &error))?;
        let counts = names.map(|name| answer.attributes()?.get(&name)?.parse().ok());
        Ok((counts[0].unwrap_or_default(), counts[1].unwrap_or_default()))
    }

    /// Receives some messages, hidden for so many seconds. An empty answer of a long poll says that there is
    /// none.
    ///
    /// # Errors
    ///
    /// [`Failure::Aws`].
    pub async fn receive(&self, url: &str, hidden_seconds: i32, wait_seconds: i32) -> Result<Vec<Message>> {
        let request = self.sqs.receive_message().queue_url(url).max_number_of_messages(10);
        let request = request.visibility_timeout(hidden_seconds).wait_time_seconds(wait_seconds);
        let request = request.message_system_attribute_names(MessageSystemAttributeName::All);
        let answer = request.message_attribute_names("All").send().await;
        Ok(answer.map_err(|error| Failure::of(url, &error))?.messages.unwrap_or_default())
    }

    /// Everything that lies in a queue beside a queue, as far as the limit goes. It is hidden from others
    /// meanwhile, for seconds.
    ///
    /// # Errors
    ///
    /// [`Failure::Aws`].
    pub async fn look(&self, url: &str) -> Result<(Vec<Letter>, Found)> {
        let (mut letters, mut seen, mut found) = (Vec::new(), HashSet::new(), Found::default());
        let (expected, _) = self.counts(url).await?;
        if expected == 0 {
            return Ok((letters, found));
        }
        let looked = loop {
            if found.read >= self.common.limit {
                found.is_cut = true;
                break Ok(());
            }
            if let Err(failure) = self.goes_on() {
                break Err(failure);
            }
            // A short poll asks some of SQS's servers only ("Amazon SQS Developer Guide, Short and long
            // polling").
            let wait = i32::from(letters.len() < expected);
            match self.receive(url, HIDDEN_SECONDS, wait).await {
                Ok(messages) if messages.is_empty() => break Ok(()),
                Ok(messages) => {
                    found.read += messages.len();
                    let new =
                        messages.into_iter().filter(|one| seen.insert(one.message_id().map(str::to_owned)));
                    letters.extend(new.map(Letter::of));
                }
                Err(failure) => break Err(failure),
            }
        };
        self.give_back(url, &letters).await?;
        if Channels::of_name(url) == Channels::Fifo && !found.is_cut {
            // While a message is hidden, nobody gets those behind it in its group.
            found.behind = expected.saturating_sub(letters.len());
        }
        looked.map(|()| (letters, found))
    }

    /// Deletes those that are meant, while nobody else has them, and gives the others back.
    ///
    /// # Errors
    ///
    /// [`Failure`]; what was deleted is deleted.
    pub async fn remove(&self, (name, url): (&str, &str), is_meant: impl Fn(&Letter) -> bool) -> Result<()> {
        let (mut others, mut seen) = (Vec::new(), HashSet::new());
        loop {
            self.goes_on()?;
            let messages = self.receive(url, HIDDEN_SECONDS, 1).await?;
            if messages.is_empty() || others.len() >= self.common.limit {
                return self.give_back(url, &others).await;
            }
            for letter in messages.into_iter().map(Letter::of) {
                if !is_meant(&letter) {
                    // One that comes a second time: they have been hidden for as long as they are, and all
                    // were seen.
                    if !seen.insert(letter.message.message_id().map(str::to_owned)) {
                        return self.give_back(url, &others).await;
                    }
                    others.push(letter);
                    continue;
                }
                let handle = letter.message.receipt_handle().unwrap_or_default();
                let deleted = self.sqs.delete_message().queue_url(url).receipt_handle(handle).send().await;
                deleted.map_err(|error| Failure::of(&format!("queue {name}"), &error))?;
            }
        }
    }

    /// Shows messages to others again at once.
    ///
    /// # Errors
    ///
    /// [`Failure::Aws`]; they are there again by themselves soon.
    pub async fn give_back(&self, url: &str, letters: &[Letter]) -> Result<()> {
        for some in letters.chunks(10) {
            let entries = some.iter().enumerate().filter_map(|(number, letter)| {
                let handle = letter.message.receipt_handle()?;
                let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(number.to_string());
                entry.receipt_handle(handle).visibility_timeout(0).build().ok()
            });
            let request = self.sqs.change_message_visibility_batch().queue_url(url);
            let given = request.set_entries(Some(entries.collect())).send().await;
            given.map_err(|error| Failure::of(url, &error))?;
        }
        Ok(())
    }
}
