mock_provider "aws" {}

variables {
  environment      = "test"
  service          = "orders"
  relay_zip        = "main.tf" # any file: nothing is uploaded
  topic_arns       = ["arn:aws:sns:eu-west-1:111122223333:test-order--created"]
  topic_arn_prefix = "arn:aws:sns:eu-west-1:111122223333:test-"
  alarm_topic_arn  = "arn:aws:sns:eu-west-1:111122223333:alarms"
}

run "table_is_what_the_program_expects" {
  assert {
    condition     = aws_dynamodb_table.outbox.hash_key == "PK" && aws_dynamodb_table.outbox.range_key == "SK"
    error_message = "Rows are keyed by subject (PK) and sequence (SK)."
  }
  assert {
    condition     = !anytrue([for ttl in aws_dynamodb_table.outbox.ttl : coalesce(ttl.enabled, true)])
    error_message = "Every row of the outbox waits to be sent: none may expire."
  }
  assert {
    condition     = aws_dynamodb_table.outbox.stream_enabled && aws_dynamodb_table.outbox.stream_view_type == "KEYS_ONLY"
    error_message = "The relay is woken by a stream of keys."
  }
  assert {
    condition     = length(aws_dynamodb_table.outbox.global_secondary_index) == 0
    error_message = "The sweeper reads the table itself; an index would cost a write unit a message, and its throttling would refuse business transactions."
  }
  assert {
    condition     = aws_dynamodb_table.outbox.point_in_time_recovery[0].enabled && aws_dynamodb_table.outbox.deletion_protection_enabled
    error_message = "Committed and unsent messages must survive accidents."
  }
  assert {
    condition     = aws_dynamodb_table.outbox.server_side_encryption[0].enabled
    error_message = "Messages must be encrypted at rest."
  }
}

run "no_record_is_missed_or_forgotten" {
  assert {
    condition     = aws_lambda_event_source_mapping.stream.starting_position == "TRIM_HORIZON"
    error_message = "LATEST skips what was written while the mapping was made."
  }
  assert {
    condition     = try(contains(aws_lambda_event_source_mapping.stream.function_response_types, "ReportBatchItemFailures"), false)
    error_message = "Without ReportBatchItemFailures Lambda takes every failed batch for a success."
  }
  assert {
    condition     = try(aws_lambda_event_source_mapping.stream.destination_config[0].on_failure[0].destination_arn, "") == aws_s3_bucket.failures.arn
    error_message = "Records that are given up must go to the failure bucket."
  }
  assert {
    condition     = coalesce(aws_lambda_event_source_mapping.stream.bisect_batch_on_function_error, false)
    error_message = "Without bisecting, one record that kills the function takes its whole batch with it."
  }
  assert {
    condition     = aws_lambda_event_source_mapping.stream.maximum_retry_attempts == 10 && aws_lambda_event_source_mapping.stream.maximum_record_age_in_seconds == 21600
    error_message = "Unbounded attempts let one bad record block its shard for a day."
  }
  assert {
    condition     = length(aws_lambda_function.relay.dead_letter_config) == 0
    error_message = "dead_letter_config does nothing for a stream and looks as if it did."
  }
}

run "only_new_messages_wake_the_relay" {
  assert {
    condition     = try(length(aws_lambda_event_source_mapping.stream.filter_criteria[0].filter), 0) == 1
    error_message = "There must be one filter. Without any, deleting a row wakes the relay; filters are alternatives, so a second one lets in what the first keeps out."
  }
  assert {
    condition = try(alltrue([for filter in aws_lambda_event_source_mapping.stream.filter_criteria[0].filter :
      jsonencode(jsondecode(filter.pattern).eventName) == jsonencode(["INSERT"])
    ]), false)
    error_message = "Deleting a row is a REMOVE record; without the filter every message costs a second invocation."
  }
  assert {
    condition = try(alltrue([for filter in aws_lambda_event_source_mapping.stream.filter_criteria[0].filter :
      jsonencode(jsondecode(filter.pattern).dynamodb.Keys.PK.S) == jsonencode([{ "prefix" = "SUBJECT#" }])
    ]), false)
    error_message = "Rows of messages have a PK that begins with SUBJECT#; the pattern must let in all of them and nothing else."
  }
}

run "the_function_is_told_what_it_reads" {
  assert {
    condition = aws_lambda_function.relay.environment[0].variables == tomap({
      ENVIRONMENT                = "test"
      DYNAMODB_OUTBOX_TABLE_NAME = "test-orders-outbox"
      AWS_SNS_TOPIC_ARN_PREFIX   = "arn:aws:sns:eu-west-1:111122223333:test-"
      SENT_TABLE_NAME            = "test-orders-sent"
      SENT_RETENTION_DAYS        = "7"
    })
    error_message = "The relay reads exactly these variables."
  }
  assert {
    condition     = aws_lambda_function.relay.runtime == "provided.al2023" && aws_lambda_function.relay.timeout > 60
    error_message = "The relay is a binary for provided.al2023 and must outlive its own longest AWS call."
  }
  assert {
    condition     = aws_cloudwatch_log_group.relay.retention_in_days == 30
    error_message = "Logs must be kept for a time that somebody chose."
  }
}

run "failure_bucket_is_closed_and_kept" {
  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.failures.block_public_acls, aws_s3_bucket_public_access_block.failures.block_public_policy,
      aws_s3_bucket_public_access_block.failures.ignore_public_acls, aws_s3_bucket_public_access_block.failures.restrict_public_buckets,
    ])
    error_message = "The failure bucket must not be public."
  }
  assert {
    condition     = alltrue([for rule in aws_s3_bucket_lifecycle_configuration.failures.rule : rule.expiration[0].days == 90])
    error_message = "Failures must be kept for 90 days and no longer."
  }
  assert {
    condition     = alltrue([for rule in aws_s3_bucket_server_side_encryption_configuration.failures.rule : rule.apply_server_side_encryption_by_default[0].sse_algorithm == "AES256"])
    error_message = "Failures must be encrypted at rest."
  }
  assert {
    condition     = !aws_s3_bucket.failures.force_destroy
    error_message = "A failure bucket that is not empty must not be destroyed with the rest."
  }
}

run "alarms_wake_somebody_in_time" {
  assert {
    condition = toset(keys(aws_cloudwatch_metric_alarm.relay)) == toset([
      "iterator-age", "errors", "throttles", "failing-records", "given-up", "dropped", "parked", "error-lines",
    ])
    error_message = "An alarm is missing."
  }
  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.relay : contains(coalesce(alarm.alarm_actions, []), var.alarm_topic_arn)])
    error_message = "An alarm without an action wakes nobody."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.relay["iterator-age"].threshold <= 6 * 3600 * 1000
    error_message = "The stream forgets after 24 hours; the alarm must leave time to act."
  }
  assert {
    condition     = try(contains(aws_lambda_event_source_mapping.stream.metrics_config[0].metrics, "EventCount"), false)
    error_message = "Without EventCount the alarms on given up and dropped records have no data."
  }
  assert {
    condition     = aws_cloudwatch_log_metric_filter.parked.metric_transformation[0].name == aws_cloudwatch_metric_alarm.relay["parked"].metric_name
    error_message = "The alarm on parked subjects watches a metric that nobody writes."
  }
  assert {
    condition     = aws_cloudwatch_log_metric_filter.errors.metric_transformation[0].name == aws_cloudwatch_metric_alarm.relay["error-lines"].metric_name
    error_message = "The alarm on error lines watches a metric that nobody writes."
  }
}

run "sent_messages_can_be_looked_up_for_a_bounded_time" {
  assert {
    condition     = one(aws_dynamodb_table.sent).hash_key == "PK" && one(aws_dynamodb_table.sent).range_key == "SK"
    error_message = "Sent messages lie under the keys that they had in the outbox."
  }
  assert {
    condition     = one(aws_dynamodb_table.sent).ttl[0].attribute_name == "ExpiresAt" && one(aws_dynamodb_table.sent).ttl[0].enabled
    error_message = "The relay writes the time to live of sent messages into ExpiresAt; under any other name the table grows for ever."
  }
  assert {
    condition     = one(aws_dynamodb_table.sent).server_side_encryption[0].enabled && one(aws_dynamodb_table.sent).deletion_protection_enabled
    error_message = "Sent messages must be encrypted at rest, and not deleted by mistake."
  }
}

run "without_days_no_sent_message_is_kept" {
  variables { sent_retention_days = 0 }
  assert {
    condition     = length(aws_dynamodb_table.sent) == 0 && output.sent_table == null
    error_message = "With 0 days there must be no table of sent messages."
  }
  assert {
    condition     = alltrue([for name in keys(aws_lambda_function.relay.environment[0].variables) : !startswith(name, "SENT_")])
    error_message = "With 0 days the relay must be told of no table of sent messages."
  }
  assert {
    condition     = alltrue([for statement in jsondecode(aws_iam_role_policy.relay.policy).Statement : statement.Sid != "KeepWhatWasSent"])
    error_message = "With 0 days there is nothing that the relay may write to but its outbox."
  }
}

run "the_role_can_do_what_the_relay_does_and_no_more" {
  assert {
    condition = toset(flatten([for statement in jsondecode(aws_iam_role_policy.relay.policy).Statement : statement.Action])) == toset([
      "dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem",
      "dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams",
      "sns:Publish", "s3:PutObject", "s3:ListBucket", "logs:CreateLogStream", "logs:PutLogEvents",
    ])
    error_message = "The relay's role must allow exactly these actions."
  }
  assert {
    condition = alltrue([for statement in jsondecode(aws_iam_role_policy.relay.policy).Statement :
      alltrue([for resource in flatten([statement.Resource]) : resource != "*"])
    ])
    error_message = "Every statement must name its resources."
  }
}

run "refuses_unbounded_attempts" {
  command = plan
  variables { maximum_retry_attempts = -1 }
  expect_failures = [var.maximum_retry_attempts]
}

run "refuses_an_alarm_that_comes_too_late" {
  command = plan
  variables { iterator_age_alarm_seconds = 21600 }
  expect_failures = [var.iterator_age_alarm_seconds]
}

run "refuses_a_part_of_a_day" {
  command = plan
  variables { sent_retention_days = 0.5 }
  expect_failures = [var.sent_retention_days]
}

run "refuses_a_missing_zip" {
  command = plan
  variables { relay_zip = "no-such.zip" }
  expect_failures = [var.relay_zip]
}

run "refuses_a_wildcard_topic" {
  command = plan
  variables { topic_arns = ["arn:aws:sns:eu-west-1:111122223333:*"] }
  expect_failures = [var.topic_arns]
}
