//! Buckets, objects and lifecycle rules.

use aws_sdk_s3::types::{
    BucketLifecycleConfiguration, ExpirationStatus, LifecycleExpiration, LifecycleRule, LifecycleRuleFilter,
};
use aws_sdk_s3::{Client, error::ProvideErrorMetadata};
use aws_types::SdkConfig;

fn client(config: &SdkConfig) -> Client {
    Client::from_conf(aws_sdk_s3::config::Builder::from(config).force_path_style(true).build())
}

pub(crate) async fn an_object_comes_back_as_it_was_stored_until_it_is_deleted(config: &SdkConfig) {
    let s3 = client(config);
    s3.create_bucket().bucket("payloads").send().await.unwrap();
    let content: Vec<u8> = (0..300_000u32).map(|n| n.to_le_bytes()[0]).collect();
    let put = s3.put_object().bucket("payloads").key("kind/ä b.json");
    put.body(content.clone().into()).send().await.unwrap();
    let get = || s3.get_object().bucket("payloads").key("kind/ä b.json").send();
    let object = get().await.unwrap();
    assert_eq!(object.content_length(), Some(300_000));
    assert_eq!(object.body.collect().await.unwrap().to_vec(), content);
    let list = s3.list_objects_v2().bucket("payloads").send().await.unwrap();
    assert_eq!(list.contents()[0].key(), Some("kind/ä b.json"));
    s3.delete_object().bucket("payloads").key("kind/ä b.json").send().await.unwrap();
    assert!(get().await.unwrap_err().as_service_error().unwrap().is_no_such_key());
}

pub(crate) async fn a_lifecycle_rule_is_kept_and_a_bucket_without_one_says_so(config: &SdkConfig) {
    let s3 = client(config);
    s3.create_bucket().bucket("payloads").send().await.unwrap();
    let get = || s3.get_bucket_lifecycle_configuration().bucket("payloads").send();
    assert_eq!(get().await.unwrap_err().code(), Some("NoSuchLifecycleConfiguration"));
    let rule = LifecycleRule::builder()
        .id("expire")
        .status(ExpirationStatus::Enabled)
        .filter(LifecycleRuleFilter::builder().prefix("").build())
        .expiration(LifecycleExpiration::builder().days(90).build());
    let rules = BucketLifecycleConfiguration::builder().rules(rule.build().unwrap()).build().unwrap();
    let put = s3.put_bucket_lifecycle_configuration().bucket("payloads");
    put.lifecycle_configuration(rules).send().await.unwrap();
    assert_eq!(get().await.unwrap().rules()[0].expiration().unwrap().days(), Some(90));
}
