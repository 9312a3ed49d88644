//! What a relay must be told.

use service_kit::{BaseSettings, Environment, SettingsError};
use transactional_messaging::relay::TopicDirectory;

/// Settings of one relay.
#[derive(Clone, Debug)]
pub struct RelaySettings {
    /// What every process of the system is told.
    pub base: BaseSettings,
    /// The outbox table.
    pub outbox_table: String,
    /// The table of scheduled messages, if there is one.
    pub scheduled_table: Option<String>,
    /// Where topics are looked up.
    pub topics: TopicDirectory,
}

impl RelaySettings {
    /// Reads `DYNAMODB_OUTBOX_TABLE_NAME` (required) and `AWS_SNS_TOPIC_ARN_PREFIX`. With the latter, a topic's ARN is the prefix and the
    /// topic's name, which needs no call; without it, topics are found with `ListTopics` by `AWS_SNS_TOPIC_PREFIX` and name.
    /// `SCHEDULED_TABLE_NAME` names the table of scheduled messages; without it there are none.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] with everything that is missing or malformed. No retry helps.
    pub fn read(mut env: Environment) -> Result<Self, SettingsError> {
        let base = BaseSettings::read(&mut env);
        let outbox_table =
            env.required("DYNAMODB_OUTBOX_TABLE_NAME", "the name of the outbox table, such as orders-outbox");
        let scheduled_table = env.maybe("SCHEDULED_TABLE_NAME");
        let arn_prefix = env.maybe("AWS_SNS_TOPIC_ARN_PREFIX");
        if let Ok(Some(prefix)) = &arn_prefix
            && !is_topic_arn_prefix(prefix)
        {
            env.reject(
                "AWS_SNS_TOPIC_ARN_PREFIX",
                "is no beginning of a topic arn such as arn:aws:sns:eu-west-1:111122223333:live-",
            );
        }
        env.finish(|| {
            let base = base?;
            let topics = match arn_prefix? {
                Some(prefix) => TopicDirectory::ArnPrefix(prefix),
                None => TopicDirectory::NamePrefix(base.topic_prefix.clone()),
            };
            Ok(Self { base, outbox_table: outbox_table?, scheduled_table: scheduled_table?, topics })
        })
    }
}

fn is_topic_arn_prefix(prefix: &str) -> bool {
    let parts: Vec<_> = prefix.split(':').collect();
    parts.len() == 6 && parts[0] == "arn" && parts[2] == "sns" && !parts[3].is_empty() && !parts[4].is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(more: &[(&str, &str)]) -> Result<RelaySettings, SettingsError> {
        let base = [("ENVIRONMENT", "development"), ("AWS_REGION", "eu-west-1")];
        RelaySettings::read(base.iter().chain(more).copied().collect())
    }

    #[test]
    fn topics_are_found_by_arn_prefix_or_else_by_name() {
        let table = ("DYNAMODB_OUTBOX_TABLE_NAME", "orders-outbox");
        let by_arn = read(&[table, ("AWS_SNS_TOPIC_ARN_PREFIX", "arn:aws:sns:eu-west-1:1:live-")]);
        assert!(
            matches!(by_arn.map(|s| s.topics), Ok(TopicDirectory::ArnPrefix(p)) if p == "arn:aws:sns:eu-west-1:1:live-")
        );
        let by_name = read(&[table, ("AWS_SNS_TOPIC_PREFIX", "live-")]);
        assert!(matches!(by_name.map(|s| s.topics), Ok(TopicDirectory::NamePrefix(p)) if p == "live-"));
    }

    #[test]
    fn one_error_names_everything_that_is_wrong() {
        let error = read(&[("AWS_SNS_TOPIC_ARN_PREFIX", "live-")]).map(drop).map_err(|e| e.problems().len());
        assert_eq!(error, Err(2));
    }
}
