//! What keeps the service from starting.

use orders::use_cases::Orders;
use transactional_messaging::ambient::Ambient;
use unit_of_work::MemoryDatabase;

use crate::desk::{NOW, settings};

#[test]
fn it_refuses_to_start_with_an_inbox_that_forgets_before_the_last_duplicate_can_come() {
    let start = |days| {
        let mut settings = settings();
        settings.inbox_retention_days = days;
        Orders::new(MemoryDatabase::new(), &settings, Ambient::fixed(NOW))
    };
    assert_eq!(settings().inbox_retention_days, 90);
    assert!(start(38).is_ok());
    let error = start(37).unwrap_err().to_string();
    assert!(error.contains("stream 1 + sns retries 23 + queue 14 = 38 days"), "{error}");
}
