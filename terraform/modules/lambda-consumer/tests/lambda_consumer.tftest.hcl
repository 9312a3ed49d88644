# What the module must be, the requirements over the whole plan say (tests/infrastructure/requirements.py). Here stands what it refuses,
# each value with what it would do.
mock_provider "aws" {}

variables {
  environment = "test"
  service     = "notifications"
  zip         = "main.tf" # any file: nothing is uploaded
  queues = {
    notification--order-approved = {
      arn                        = "arn:aws:sqs:eu-west-1:111122223333:test-notification--order-approved"
      dead_letter_arn            = "arn:aws:sqs:eu-west-1:111122223333:test-notification--order-approved--dlq"
      visibility_timeout_seconds = 360
    }
  }
  variables       = { DYNAMODB_NOTIFICATIONS_TABLE_NAME = "test-notifications" }
  tables          = {}
  mail_from       = "shop@example.org"
  scheduled_event = "{\"send\": {}}"
  alarm_topic_arn = "arn:aws:sns:eu-west-1:111122223333:alarms"
}

run "refuses_what_cannot_work" {
  command = plan
  variables {
    # Names have no room for it.
    service = "all notifications"
    # Is no file.
    zip = "no-such.zip"
    # Lambda has none.
    architecture = "sparc"
    # Is over before one mail is led to its end.
    timeout_seconds = 10
    # A FIFO queue takes 10.
    batch_size = 100
    # Lambda takes no less than 2.
    maximum_concurrency = 1
    # Costs more and brings nothing.
    memory_mb = 2560
    # Would let it write in the name of anybody there.
    mail_from = "*@example.org"
    # Is no object.
    scheduled_event = "send"
    # The alarm on runs would ring.
    interval_minutes = 10
    # Is no version.
    function_version = "newest"
    # Is all of it.
    newest_share = 1
    # Wakes nobody.
    alarm_topic_arn = ""
  }
  expect_failures = [var.service, var.zip, var.architecture, var.timeout_seconds, var.batch_size, var.maximum_concurrency, var.memory_mb, var.mail_from, var.scheduled_event, var.interval_minutes, var.function_version, var.newest_share, var.alarm_topic_arn]
}

run "refuses_to_consume_nothing" {
  command = plan
  variables {
    # Would never be called for a message.
    queues = {}
  }
  expect_failures = [var.queues]
}

run "refuses_queues_that_show_a_message_again_too_soon" {
  command = plan
  variables {
    # Six times a minute and a second are more than 360 seconds.
    timeout_seconds = 61
  }
  expect_failures = [var.queues]
}
