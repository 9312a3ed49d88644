//! What a relay must be told.

use service::ChannelSettings;
use service_kit::{BaseSettings, Environment, SettingsError};
use time::Duration;
use transactional_messaging::relay::TopicDirectory;

/// Settings of one relay.
#[derive(Clone, Debug)]
pub struct RelaySettings {
    /// What every process of the system is told.
    pub base: BaseSettings,
    /// Names and kind of topics.
    pub channels: ChannelSettings,
    /// The outbox table.
    pub outbox_table: String,
    /// The table of scheduled messages, if there is one.
    pub scheduled_table: Option<String>,
    /// Where topics are looked up.
    pub topics: TopicDirectory,
    /// The table of sent messages, and for how long they are kept there; none when they are not kept.
    pub sent: Option<(String, Duration)>,
    /// Topics to which order means nothing: see
    /// [`Relay::without_order`](transactional_messaging::relay::Relay::without_order).
    pub unordered_topics: Vec<String>,
    /// The field of an event's data that names whose message it is: see
    /// [`SnsPublisher::fair_by`](transactional_messaging::relay::SnsPublisher::fair_by).
    pub tenant_field: Option<String>,
}

impl RelaySettings {
    /// Reads `DYNAMODB_OUTBOX_TABLE_NAME` (required) and `AWS_SNS_TOPIC_ARN_PREFIX`. With the latter, a
    /// topic's ARN is the prefix and the topic's name, which needs no call; without it, topics are found with
    /// `ListTopics` by `AWS_SNS_TOPIC_PREFIX` and name. `SCHEDULED_TABLE_NAME` names the table of scheduled
    /// messages; without it there are none.
    ///
    /// `SENT_TABLE_NAME` names the table in which sent messages are kept, for `SENT_RETENTION_DAYS` (7
    /// unless set; 0, or no name, keeps none). `UNORDERED_TOPICS` are names of topics, separated by commas
    /// and without prefix, to which order means nothing. `TENANT_FIELD` names the field of an event's data
    /// by which standard queues are fair, such as `customer_id`; without it they are not.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] with everything that is missing or malformed. No retry helps.
    pub fn read(mut env: Environment) -> Result<Self, SettingsError> {
        let base = BaseSettings::read(&mut env);
        let channels = ChannelSettings::read(&mut env);
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
        let sent_table = env.maybe("SENT_TABLE_NAME");
        let sent_days = env.within("SENT_RETENTION_DAYS", 7, 0..=3650, "a number of days; 0 keeps nothing");
        let unordered_topics = env.optional("UNORDERED_TOPICS", "");
        let tenant_field = env.maybe("TENANT_FIELD");
        env.finish(|| {
            let (channels, days) = (channels?, sent_days?);
            let keep = |table| (days > 0).then(|| (table, Duration::days(days.into())));
            let names = unordered_topics?;
            let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
            let topics = match arn_prefix? {
                Some(prefix) => TopicDirectory::ArnPrefix(prefix),
                None => TopicDirectory::NamePrefix(channels.topic_prefix.clone()),
            };
            Ok(Self {
                topics,
                outbox_table: outbox_table?,
                scheduled_table: scheduled_table?,
                sent: sent_table?.and_then(keep),
                unordered_topics: names.map(str::to_owned).collect(),
                tenant_field: tenant_field?,
                base: base?,
                channels,
            })
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
    fn sent_messages_are_kept_where_a_table_is_named_for_a_week_unless_told_otherwise() {
        let kept = |more: &[_]| {
            let table = ("DYNAMODB_OUTBOX_TABLE_NAME", "orders-outbox");
            read(&[&[table], more].concat()).unwrap().sent
        };
        let (name, days) = (("SENT_TABLE_NAME", "orders-sent"), |days| ("SENT_RETENTION_DAYS", days));
        let week = Some(("orders-sent".to_owned(), Duration::WEEK));
        assert_eq!((kept(&[]), kept(&[days("7")]), kept(&[name, days("0")])), (None, None, None));
        assert_eq!((kept(&[name]), kept(&[name, days("7")])), (week.clone(), week));
    }

    #[test]
    fn order_is_given_up_for_the_topics_that_are_named_and_for_none_unless_told() {
        let topics = |text| {
            let table = ("DYNAMODB_OUTBOX_TABLE_NAME", "orders-outbox");
            read(&[table, ("UNORDERED_TOPICS", text)]).unwrap().unordered_topics
        };
        assert_eq!((topics(""), topics("a--b, c ,")), (vec![], vec!["a--b".to_owned(), "c".to_owned()]));
    }

    #[test]
    fn queues_are_fair_by_the_field_that_is_named_and_by_none_unless_told() {
        let field = |more: &[_]| {
            let table = ("DYNAMODB_OUTBOX_TABLE_NAME", "orders-outbox");
            read(&[&[table], more].concat()).unwrap().tenant_field
        };
        let named = field(&[("TENANT_FIELD", "customer_id")]);
        assert_eq!((field(&[]), named.as_deref()), (None, Some("customer_id")));
    }

    #[test]
    fn one_error_names_everything_that_is_wrong() {
        let error = read(&[("AWS_SNS_TOPIC_ARN_PREFIX", "live-")]).map(drop).map_err(|e| e.problems().len());
        assert_eq!(error, Err(2));
    }
}
