//! Why SNS refuses entries of a batch, and for how long.

use local_aws::tap::Entry;

/// Codes of refusals that pass: nothing is wrong with the message. Topics are encrypted, so those of the key
/// service are among them.
pub const PASSING: [&str; 9] = [
    "KMSThrottling",
    "KMSDisabled",
    "KMSAccessDenied",
    "KMSInvalidState",
    "Throttled",
    "ThrottledException",
    "RequestThrottled",
    "AuthorizationError",
    "InternalError",
];

/// Why an entry is not taken. AWS sets the flag that blames the sender beside the code, and not always so
/// that they agree: here the flag follows from the number of the call, and each code comes with it and
/// without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub(crate) code: &'static str,
    sender_fault: bool,
}

impl Refusal {
    /// One of those that pass, with blame on the sender or without.
    pub fn passing(code: usize, sender_fault: bool) -> Self {
        Self { code: PASSING[code % PASSING.len()], sender_fault }
    }

    /// It is taken when it is sent again.
    pub(crate) fn once(call: usize) -> Self {
        Self { code: "InternalError", sender_fault: !call.is_multiple_of(2) }
    }

    /// It is taken when some time has passed.
    pub(crate) fn for_a_while(call: usize) -> Self {
        Self { code: PASSING[call % PASSING.len()], sender_fault: !call.is_multiple_of(2) }
    }

    /// It is never taken; `place` is where the fault was put.
    pub(crate) fn for_ever(place: usize) -> Self {
        Self { code: "InvalidParameter", sender_fault: place.is_multiple_of(2) }
    }
}

impl From<Refusal> for Entry {
    fn from(Refusal { code, sender_fault }: Refusal) -> Self {
        Self::Refused { code, sender_fault }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_sns::types::PublishBatchRequestEntry;
    use local_aws::InMemoryAws;
    use serde_json::json;

    use crate::connector::Faulty;
    use crate::fault::Fault;
    use crate::plan::Plan;
    use crate::raw::Raw;
    use crate::session::Session;

    use super::*;

    /// Publishes two messages in one call under the plan: the ids taken, the ids refused with blame on the
    /// sender, and how many messages arrived.
    async fn publish_two(plan: Plan) -> (Vec<String>, Vec<(String, bool)>, u64) {
        let (taken, refused, arrived) = publish_two_with_codes(plan).await;
        (taken, refused.into_iter().map(|(id, _, blamed)| (id, blamed)).collect(), arrived)
    }

    async fn publish_two_with_codes(plan: Plan) -> (Vec<String>, Vec<(String, String, bool)>, u64) {
        let aws = InMemoryAws::new().unwrap();
        let raw = Raw(aws.clone());
        aws_sdk_sns::Client::new(&aws.sdk_config()).create_topic().name("news").send().await.unwrap();
        raw.listen("readers").await.unwrap();
        let session = Session::new(plan, []);
        let connector = Faulty {
            aws: aws.clone(),
            session,
            component: "relay".into(),
            sabotage: None,
            sends_twice: false,
        };
        let config = aws.sdk_config().into_builder().http_client(connector.client()).build();
        let entry = |id: &str| {
            let message = json!({ "id": id, "type": "News" }).to_string();
            PublishBatchRequestEntry::builder().id(id).message(message).build().unwrap()
        };
        #[expect(clippy::disallowed_methods, reason = "the call under test")]
        let request = aws_sdk_sns::Client::new(&config)
            .publish_batch()
            .topic_arn("arn:aws:sns:us-east-1:000000000000:news");
        let answer = request
            .publish_batch_request_entries(entry("one"))
            .publish_batch_request_entries(entry("two"))
            .send()
            .await
            .unwrap();
        let taken = answer.successful().iter().map(|entry| entry.id().unwrap().to_owned()).collect();
        let refused = answer
            .failed()
            .iter()
            .map(|entry| (entry.id().to_owned(), entry.code().to_owned(), entry.sender_fault()))
            .collect();
        let wanted = json!({ "AttributeNames": ["ApproximateNumberOfMessages"] });
        let answer = raw.sqs("GetQueueAttributes", "readers", wanted).await.unwrap();
        let arrived = answer["Attributes"]["ApproximateNumberOfMessages"].as_str().unwrap().parse().unwrap();
        (taken, refused, arrived)
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_fault_both_arrive() {
        assert_eq!(publish_two(Plan::none()).await, (vec!["one".into(), "two".into()], vec![], 2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_partial_failure_takes_the_second_only() {
        let plan = Plan::one(Fault::PartialBatchFailure, 0);
        assert_eq!(publish_two(plan).await, (vec!["two".into()], vec![("one".into(), false)], 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_message_is_blamed_on_its_sender() {
        let plan = Plan::one(Fault::RefusedMessage, 0);
        assert_eq!(publish_two(plan).await, (vec!["two".into()], vec![("one".into(), true)], 1));
    }

    #[tokio::test(start_paused = true)]
    async fn what_passes_refuses_all_with_a_code_that_blames_nobody() {
        let (taken, refused, arrived) = publish_two_with_codes(Plan::one(Fault::RefusedForAWhile, 0)).await;
        assert!(taken.is_empty() && arrived == 0, "{taken:?}, {arrived}");
        let refused: Vec<_> = refused.iter().map(|(_, code, _)| code.as_str()).collect();
        assert_eq!(refused, ["KMSThrottling", "KMSThrottling"]);
    }

    #[test]
    fn flag_and_code_are_independent() {
        let mut seen: Vec<_> = (0..2 * PASSING.len())
            .map(Refusal::for_a_while)
            .map(|refusal| (refusal.code, refusal.sender_fault))
            .collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 2 * PASSING.len());
    }
}
