# What the module must be, the requirements over the whole plan say (tests/infrastructure/requirements.py). Here stands what it refuses,
# each value with what it would do.
mock_provider "aws" {}

variables {
  environment     = "test"
  queue           = "order--customer-credit-reserved"
  topic_arn       = "arn:aws:sns:eu-west-1:111122223333:test-customer--credit-reserved"
  alarm_topic_arn = "arn:aws:sns:eu-west-1:111122223333:alarms"
}

run "refuses_what_cannot_work" {
  command = plan
  variables {
    # SQS would refuse it.
    queue = "Order Created"
    # Would let any topic in.
    topic_arn = "arn:aws:sns:eu-west-1:111122223333:*"
    # A restart or two would bury good messages.
    max_receive_count = 3
    # Shows messages again that are worked on.
    visibility_timeout_seconds = 0
    # The queue forgets as soon.
    waiting_alarm_seconds = 604800
    # Wakes nobody.
    alarm_topic_arn = ""
  }
  expect_failures = [var.queue, var.topic_arn, var.max_receive_count, var.visibility_timeout_seconds, var.waiting_alarm_seconds, var.alarm_topic_arn]
}

run "refuses_a_fifo_queue_on_a_standard_topic" {
  command = plan
  variables { fifo = true }
  expect_failures = [var.fifo]
}
