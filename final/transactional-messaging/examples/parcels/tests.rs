//! The day goes as told, and the service is as short as it claims to be.

use super::*;

#[tokio::test]
async fn a_parcel_is_released_once_however_often_its_payment_is_heard_of() {
    let aws = InMemoryAws::new().unwrap();
    let limit = std::time::Duration::from_secs(30);
    let heard = tokio::time::timeout(limit, day(&aws.sdk_config())).await.expect("in time").unwrap();
    assert_eq!(heard, ["\"ParcelHandedIn\" {\"grams\":1200}", "\"ParcelReleased\" {}"]);
    let database = aws_sdk_dynamodb::Client::new(&aws.sdk_config());
    let rows = database.scan().table_name("parcels-inbox").send().await.unwrap();
    assert_eq!(rows.count(), 1, "the second payment was known");
}

#[test]
fn the_service_has_at_most_45_lines_of_code() {
    let lines = include_str!("parcels.rs").lines().map(str::trim);
    let code = lines.filter(|line| !line.is_empty() && !line.starts_with("//")).count();
    assert!(code <= 45, "{code} lines");
}
