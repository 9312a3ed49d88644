//! What keeps the service from starting.

use orders::service::{Settings, use_cases};
use service_kit::Environment;
use transactional_messaging::ambient::Ambient;
use unit_of_work::MemoryDatabase;

use crate::desk::{NOW, settings};

#[test]
fn it_refuses_to_start_with_an_inbox_that_forgets_before_the_last_duplicate_can_come() {
    let start = |days| {
        let mut settings = settings();
        settings.messaging.inbox_retention_days = days;
        use_cases(MemoryDatabase::new(), &settings, Ambient::fixed(NOW))
    };
    assert_eq!(settings().messaging.inbox_retention_days, 90);
    assert!(start(45).is_ok());
    let error = start(44).unwrap_err().to_string();
    assert!(
        error.contains("stream 1 + sns retries 23 + queue 7 + dead-letter queue 14 = 45 days"),
        "{error}"
    );
}

#[test]
fn orders_may_be_pending_for_an_hour_which_is_looked_at_every_minute_unless_it_is_set() {
    let read = |name: &'static str, seconds: Option<&'static str>| {
        let names = [
            "AWS_REGION",
            "DYNAMODB_ORDERS_TABLE_NAME",
            "DYNAMODB_INBOX_TABLE_NAME",
            "DYNAMODB_OUTBOX_TABLE_NAME",
        ];
        let all = names.into_iter().map(|name| (name, "x")).chain([("ENVIRONMENT", "autotest")]);
        let all = all.chain(seconds.map(|seconds| (name, seconds)));
        let settings = all.collect::<Environment>().read(Settings::read);
        settings.map(|settings| [settings.order_timeout, settings.timeout_check].map(|time| time.as_secs()))
    };
    let (timeout, check) = ("ORDER_TIMEOUT_SECONDS", "ORDER_TIMEOUT_CHECK_SECONDS");
    assert_eq!(read(timeout, None), Ok([3_600, 60]));
    assert_eq!(read(timeout, Some("90")), Ok([90, 60]));
    assert_eq!(read(check, Some("90")), Ok([3_600, 90]));
    for name in [timeout, check] {
        for wrong in ["0", "-1", "soon", "99999999999"] {
            let error = read(name, Some(wrong)).unwrap_err();
            assert!(error.problems()[0].starts_with(name), "{error}");
        }
    }
}
