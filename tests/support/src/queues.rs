//! Looking into queues.

use aws_sdk_sqs::{
    Client,
    types::{Message, QueueAttributeName},
};

/// The URL of a queue.
pub async fn url(sqs: &Client, queue: &str) -> String {
    sqs.get_queue_url().queue_name(queue).send().await.unwrap().queue_url.unwrap()
}

/// Puts this into a queue, as it is.
pub async fn send(sqs: &Client, queue: &str, body: &str) {
    sqs.send_message().queue_url(url(sqs, queue).await).message_body(body).send().await.unwrap();
}

/// Takes everything out that is visible.
pub async fn take(sqs: &Client, queue: &str) -> Vec<Message> {
    let url = url(sqs, queue).await;
    let mut taken = Vec::new();
    loop {
        let request = sqs.receive_message().queue_url(&url).max_number_of_messages(10);
        let answer = request.message_attribute_names("All").send().await.unwrap();
        let messages = answer.messages.unwrap_or_default();
        if messages.is_empty() {
            return taken;
        }
        for message in messages {
            let handle = message.receipt_handle().unwrap();
            sqs.delete_message().queue_url(&url).receipt_handle(handle).send().await.unwrap();
            taken.push(message);
        }
    }
}

/// The bodies of everything that is visible.
pub async fn drain(sqs: &Client, queue: &str) -> Vec<String> {
    take(sqs, queue).await.into_iter().filter_map(|message| message.body).collect()
}

/// How many messages are visible, and how many are with a receiver or given back for later.
pub async fn counts(sqs: &Client, queue: &str) -> (usize, usize) {
    let (visible, hidden) = (
        QueueAttributeName::ApproximateNumberOfMessages,
        QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
    );
    let request = sqs.get_queue_attributes().queue_url(url(sqs, queue).await);
    let answer =
        request.attribute_names(visible.clone()).attribute_names(hidden.clone()).send().await.unwrap();
    let count = |name| answer.attributes().unwrap()[&name].parse().unwrap();
    (count(visible), count(hidden))
}
