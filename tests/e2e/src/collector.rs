//! Empties queues in the background and keeps what was in them, so that scenarios that run beside each other
//! never take each other's messages.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use aws_sdk_sqs::{Client, types::Message};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use crate::eventually::DEADLINE;

/// Everything that was ever in some queues.
#[derive(Debug)]
pub struct Collector<T> {
    seen: watch::Receiver<Vec<T>>,
    _tasks: Vec<AbortOnDropHandle<()>>,
}

impl<T: Send + Sync + 'static> Collector<T> {
    /// Begins to empty the queues with these names and addresses.
    pub fn start(
        sqs: &Client,
        queues: Vec<(String, String)>,
        read: impl Fn(&str, &Message) -> T + Clone + Send + Sync + 'static,
    ) -> Self {
        let (sender, seen) = watch::channel(Vec::new());
        let sender = Arc::new(sender);
        let empty = |(name, url): (String, String)| {
            let (sqs, sender, read) = (sqs.clone(), sender.clone(), read.clone());
            tokio::spawn(async move {
                loop {
                    let keep = |message: &Message| sender.send_modify(|all| all.push(read(&name, message)));
                    if let Err(error) = empty_once(&sqs, &url, keep).await {
                        tracing::warn!(queue = name, error = format!("{error:#}"), "collector_failed");
                        tokio::time::sleep(Duration::from_secs(1)).await;
                    }
                }
            })
        };
        Self { seen, _tasks: queues.into_iter().map(empty).map(AbortOnDropHandle::new).collect() }
    }

    /// Waits until `find` finds what it wants among all that was seen.
    ///
    /// # Errors
    ///
    /// After the deadline, with `what` was waited for.
    pub async fn wait_for<R>(&self, what: &str, find: impl Fn(&[T]) -> Option<R>) -> anyhow::Result<R> {
        let mut seen = self.seen.clone();
        let found = tokio::time::timeout(DEADLINE, seen.wait_for(|all| find(all).is_some())).await;
        let all = found.with_context(|| format!("there was no {what} within {} s", DEADLINE.as_secs()))?;
        find(&all.context("the collector has ended")?).context("what was seen was forgotten")
    }

    /// Looks at all that was seen so far.
    pub fn look<R>(&self, look: impl FnOnce(&[T]) -> R) -> R {
        look(&self.seen.borrow())
    }
}

async fn empty_once(sqs: &Client, url: &str, keep: impl Fn(&Message)) -> anyhow::Result<()> {
    let request = sqs.receive_message().queue_url(url).max_number_of_messages(10).wait_time_seconds(10);
    let answer = request.message_attribute_names("All").send().await?;
    for message in answer.messages() {
        keep(message);
        let handle = message.receipt_handle().unwrap_or_default();
        sqs.delete_message().queue_url(url).receipt_handle(handle).send().await?;
    }
    Ok(())
}
