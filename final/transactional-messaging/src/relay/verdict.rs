//! What an answer of SNS means for a message: it was sent, it may be sent later, or it can never be sent.

/// What became of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Sent,
    /// Sending it again may help; the code says why it was not taken.
    Again(String),
    /// SNS has not answered in time. Whatever else goes to the topic would wait as long.
    Silent,
    /// There was no time left to send it.
    Late,
    /// Its topic does not exist. Topics come back, so it is sent again.
    NoTopic,
    /// Sending it again as it is cannot help.
    Poison(String),
}

// ANCHOR: judge
/// The only judge of a code, wherever it stands: in the refusal of a whole call or in one entry of an answer. `SenderFault` is not
/// asked: SNS sets it for a throttled key of KMS, too.
///
/// Only codes that blame the message itself set it aside. Everything else passes (a throttle), is mended by somebody (a permission, a
/// key, a topic), or is unknown, and is tried again. ("Amazon SNS API Reference, `PublishBatch`", and its common errors.)
pub(super) fn judge(code: &str, message: Option<&str>) -> Verdict {
    match code.strip_suffix("Exception").unwrap_or(code) {
        "NotFound" => Verdict::NoTopic,
        // A topic's name that SNS cannot read is a fault of the settings, not of the message.
        _ if message.is_some_and(|message| message.contains("TopicArn")) => Verdict::Again(code.to_owned()),
        "InvalidParameter"
        | "InvalidParameterValue"
        | "ParameterValueInvalid"
        | "Validation"
        | "ValidationError"
        | "BatchRequestTooLong" => Verdict::Poison(code.to_owned()),
        _ => Verdict::Again(code.to_owned()),
    }
}
// ANCHOR_END: judge

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_codes_that_blame_the_message_set_it_aside() {
        for code in [
            "InvalidParameter",
            "InvalidParameterValue",
            "ParameterValueInvalid",
            "ValidationException",
            "ValidationError",
            "BatchRequestTooLong",
            "BatchRequestTooLongException",
        ] {
            assert_eq!(judge(code, None), Verdict::Poison(code.to_owned()));
        }
        for code in ["KMSThrottling", "KMSNotFound", "Throttled", "AuthorizationError", "NobodyKnowsThis", ""]
        {
            assert_eq!(judge(code, None), Verdict::Again(code.to_owned()));
        }
        assert_eq!(judge("NotFound", None), Verdict::NoTopic);
    }

    #[test]
    fn a_topic_s_name_that_cannot_be_read_is_no_fault_of_the_message() {
        let message = Some("Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements");
        assert_eq!(judge("InvalidParameter", message), Verdict::Again("InvalidParameter".to_owned()));
    }
}
