//! The embedded AWS as the real SDK sees it: each scenario over TCP and in memory under a paused clock.

mod blueprint;
mod clock;
mod dynamodb;
mod flat;
mod freeze;
mod item_by_item;
mod messaging;
mod refusals;
mod restart;
mod s3;
mod tcp;

use local_aws::{InMemoryAws, LocalAws};

/// One scenario, two tests.
macro_rules! both_ways {
    ($($module:ident::$scenario:ident),+ $(,)?) => {
        mod over_tcp {
            $(#[tokio::test]
            async fn $scenario() {
                let aws = super::LocalAws::start().await.unwrap();
                super::$module::$scenario(&aws.sdk_config()).await;
            })+
        }

        mod in_memory {
            $(#[tokio::test(start_paused = true)]
            async fn $scenario() {
                let aws = super::InMemoryAws::new().unwrap();
                super::$module::$scenario(&aws.sdk_config()).await;
            })+
        }
    };
}

both_ways!(
    dynamodb::a_transaction_writes_all_or_nothing,
    dynamodb::a_cancelled_transaction_names_its_reasons,
    dynamodb::a_request_token_makes_a_transaction_idempotent,
    dynamodb::a_keys_only_stream_has_no_images,
    dynamodb::a_new_image_stream_has_the_new_image_only,
    dynamodb::latest_sees_later_writes_only_and_trim_horizon_sees_all,
    dynamodb::arns_name_a_region_of_aws,
    dynamodb::a_refused_request_says_what_is_wrong,
    item_by_item::until_an_item_is_visible_everybody_sees_what_was_before,
    item_by_item::who_touches_an_item_that_is_not_visible_is_told_of_a_conflict,
    item_by_item::at_last_all_is_as_after_any_transaction,
    item_by_item::a_decided_transaction_goes_on_without_its_caller,
    item_by_item::a_condition_that_does_not_hold_cancels_all_of_it,
    messaging::sns_delivers_an_envelope_with_attributes,
    messaging::a_filter_policy_keeps_messages_out,
    messaging::a_redrive_policy_may_be_written_as_aws_takes_it,
    messaging::receive_limits_are_those_of_aws,
    messaging::a_queue_is_found_again_by_name,
    messaging::a_standard_topic_hands_groups_on_to_a_standard_queue,
    messaging::a_standard_queue_takes_groups_and_shows_them_to_those_who_ask,
    refusals::a_message_that_sqs_refuses_is_refused,
    refusals::a_batch_that_sqs_refuses_is_refused,
    refusals::a_receipt_handle_out_of_thin_air_is_refused,
    refusals::a_redrive_policy_names_a_queue_that_exists,
    refusals::a_binary_attribute_comes_out_as_it_went_in,
    refusals::a_publication_that_sns_refuses_is_refused,
    refusals::a_subscription_that_would_never_match_is_refused,
    s3::an_object_comes_back_as_it_was_stored_until_it_is_deleted,
    s3::a_lifecycle_rule_is_kept_and_a_bucket_without_one_says_so,
);
