//! What a service is told: everything that is wrong is said at once.

use service::ServiceSettings;
use service_kit::{Environment, SettingsError};
use transactional_messaging::channels::Channels;

const NAMES: [(&str, &str); 6] = [
    ("AUTH", "off"),
    ("ENVIRONMENT", "production"),
    ("AWS_REGION", "eu-west-1"),
    ("TABLE", "t"),
    ("DYNAMODB_INBOX_TABLE_NAME", "i"),
    ("DYNAMODB_OUTBOX_TABLE_NAME", "o"),
];

fn read(variables: &[(&str, &str)]) -> Result<ServiceSettings, SettingsError> {
    let environment = Environment::from_iter(variables.iter().copied());
    environment.read(|env| ServiceSettings::read(env, "TABLE"))
}

#[test]
fn topics_and_queues_have_no_prefix_and_are_standard_ones_unless_it_is_set() {
    let channels = |more: &[_]| read(&[&NAMES, more].concat()).unwrap().messaging.channels;
    let plain = channels(&[]);
    assert_eq!(
        (plain.topic("a"), plain.queue("b"), plain.kind),
        ("a".into(), "b".into(), Channels::Standard)
    );
    let named = channels(&[
        ("AWS_SNS_TOPIC_PREFIX", "blue--"),
        ("aws_sqs_queue_name_prefix", "green--"),
        ("MESSAGING_FIFO", "true"),
    ]);
    assert_eq!((named.topic("a"), named.queue("b")), ("blue--a.fifo".into(), "green--b.fifo".into()));
}

#[test]
fn one_error_names_everything_that_is_wrong() {
    let error = read(&[("MESSAGING_FIFO", "perhaps"), ("INBOX_RETENTION_DAYS", "0")]).unwrap_err();
    let names: Vec<_> = error.problems().iter().map(|problem| problem.split(' ').next().unwrap()).collect();
    assert_eq!(
        names,
        [
            "ENVIRONMENT",
            "AWS_REGION",
            "TABLE",
            "DYNAMODB_OUTBOX_TABLE_NAME",
            "MESSAGING_FIFO",
            "DYNAMODB_INBOX_TABLE_NAME",
            "INBOX_RETENTION_DAYS"
        ]
    );
}

#[test]
fn a_number_that_would_leave_its_bounds_is_refused_at_the_start_and_not_met_by_the_first_message() {
    let days = |days| read(&[&NAMES[..], &[("INBOX_RETENTION_DAYS", days)]].concat());
    assert_eq!(days("3650").map(|settings| settings.messaging.inbox_retention_days), Ok(3650));
    for wrong in ["0", "3651", "4294967295", "4294967296", "-1"] {
        let error = days(wrong).unwrap_err();
        assert!(error.problems()[0].starts_with("INBOX_RETENTION_DAYS "), "{wrong}: {error}");
    }
}
