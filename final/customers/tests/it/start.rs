//! What keeps the service from starting.

use customers::service::use_cases;
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
