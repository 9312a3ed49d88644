# What the module must be, the requirements over the whole plan say (tests/infrastructure/requirements.py). Here stands what it refuses,
# each value with what it would do.
mock_provider "aws" {}

variables {
  environment       = "test"
  service           = "orders"
  relay_zip         = "main.tf" # any file: nothing is uploaded
  outbox_table_name = "test-orders-outbox"
  outbox_table_arn  = "arn:aws:dynamodb:eu-west-1:111122223333:table/test-orders-outbox"
  variables         = { DYNAMODB_OUTBOX_TABLE_NAME = "test-orders-outbox" }
  topic_arns        = ["arn:aws:sns:eu-west-1:111122223333:test-order--created"]
  topic_arn_prefix  = "arn:aws:sns:eu-west-1:111122223333:test-"
  alarm_topic_arn   = "arn:aws:sns:eu-west-1:111122223333:alarms"
}

run "refuses_what_cannot_work" {
  command = plan
  variables {
    # Is no file.
    relay_zip = "no-such.zip"
    # Lambda has none.
    architecture = "sparc"
    # Costs more and brings nothing.
    memory_mb = 2560
    # Could send nothing.
    topic_arns = []
    # Wakes nobody.
    alarm_topic_arn = ""
    # Lambda runs nothing so long.
    interval_minutes = 30
    # Races the stream.
    older_than_seconds = 1
  }
  expect_failures = [var.relay_zip, var.architecture, var.memory_mb, var.topic_arns, var.alarm_topic_arn, var.interval_minutes, var.older_than_seconds]
}
