# What the module must be, the requirements over the whole plan say (tests/infrastructure/requirements.py). Here stands what it refuses,
# each value with what it would do.
mock_provider "aws" {}

variables {
  environment      = "test"
  service          = "orders"
  relay_zip        = "main.tf" # any file: nothing is uploaded
  topic_arns       = ["arn:aws:sns:eu-west-1:111122223333:test-order--created"]
  topic_arn_prefix = "arn:aws:sns:eu-west-1:111122223333:test-"
  alarm_topic_arn  = "arn:aws:sns:eu-west-1:111122223333:alarms"
}

run "refuses_what_cannot_work" {
  command = plan
  variables {
    # Names have no room for it.
    service = "all orders"
    # Is no file.
    relay_zip = "no-such.zip"
    # Lambda has none.
    architecture = "sparc"
    # Would let it publish anything.
    topic_arns = ["arn:aws:sns:eu-west-1:111122223333:*"]
    # Begins no ARN.
    topic_arn_prefix = "test-"
    # Wakes nobody.
    alarm_topic_arn = ""
    # Costs more and brings nothing.
    memory_mb = 2560
    # Ends before the program has said what failed.
    timeout_seconds = 60
    # Costs an invocation a message.
    batch_size = 1
    # Lambda takes 10.
    parallelization_factor = 11
    # Blocks a shard for a day.
    maximum_retry_attempts = -1
    # As long as the stream itself.
    maximum_record_age_seconds = 86400
    # Shorter than a dead-letter queue.
    failure_retention_days = 7
    # Is no number of days.
    sent_retention_days = 0.5
    # CloudWatch Logs does not take it.
    log_retention_days = 31
    # Is no version.
    relay_version = "newest"
    # Is all of it.
    newest_share = 1
    # Is no name of a field.
    tenant_field = "data.customer_id"
  }
  expect_failures = [var.service, var.relay_zip, var.architecture, var.topic_arns, var.topic_arn_prefix, var.alarm_topic_arn, var.memory_mb, var.timeout_seconds, var.batch_size, var.parallelization_factor, var.maximum_retry_attempts, var.maximum_record_age_seconds, var.failure_retention_days, var.sent_retention_days, var.log_retention_days, var.relay_version, var.newest_share, var.tenant_field]
}

run "refuses_an_alarm_that_comes_too_late" {
  command = plan
  variables {
    # As long as records live.
    iterator_age_alarm_seconds = 21600
  }
  expect_failures = [var.iterator_age_alarm_seconds]
}
