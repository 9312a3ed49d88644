mock_provider "aws" {}

variables {
  environment     = "test"
  queue           = "order--customer-credit-reserved"
  topic_arn       = "arn:aws:sns:eu-west-1:111122223333:test-customer--credit-reserved"
  alarm_topic_arn = "arn:aws:sns:eu-west-1:111122223333:alarms"
}

run "names_are_those_the_program_looks_for" {
  assert {
    condition     = aws_sqs_queue.queue.name == "test-order--customer-credit-reserved" && aws_sqs_queue.dead_letters.name == "test-order--customer-credit-reserved--dlq"
    error_message = "The program opens <environment>-<queue>."
  }
}

run "nothing_is_lost_on_the_way" {
  assert {
    condition     = try(jsondecode(aws_sqs_queue.queue.redrive_policy).deadLetterTargetArn, "") == aws_sqs_queue.dead_letters.arn
    error_message = "What cannot be handled must go to the dead-letter queue."
  }
  assert {
    condition     = try(jsondecode(aws_sqs_queue.queue.redrive_policy).maxReceiveCount, 0) == 6
    error_message = "Six receives: fewer bury good messages."
  }
  assert {
    condition     = try(jsondecode(aws_sns_topic_subscription.queue.redrive_policy).deadLetterTargetArn, "") == aws_sqs_queue.undelivered.arn
    error_message = "What SNS cannot deliver must be kept."
  }
  assert {
    condition = alltrue([for queue in [aws_sqs_queue.dead_letters, aws_sqs_queue.undelivered] :
      coalesce(queue.message_retention_seconds, 345600) == 1209600
    ])
    error_message = "What nobody handled must be kept for 14 days."
  }
  assert {
    condition     = coalesce(aws_sqs_queue.queue.message_retention_seconds, 345600) == 604800
    error_message = "The queue must keep messages for 7 days: longer loses dead letters, which keep their first time; shorter loses messages in an outage."
  }
  assert {
    condition     = alltrue([for queue in [aws_sqs_queue.queue, aws_sqs_queue.dead_letters, aws_sqs_queue.undelivered] : queue.sqs_managed_sse_enabled])
    error_message = "All three queues must be encrypted."
  }
}

run "nobody_but_the_topic_may_send" {
  assert {
    condition     = alltrue([for policy in aws_sqs_queue_policy.from_topic : length(jsondecode(policy.policy).Statement) == 1])
    error_message = "One statement allows the topic; another one would allow somebody else."
  }
  assert {
    condition = alltrue([for policy in aws_sqs_queue_policy.from_topic :
      try(jsondecode(policy.policy).Statement[0].Condition.ArnEquals["aws:SourceArn"], "") == var.topic_arn
    ])
    error_message = "Only this topic may send: the policy needs aws:SourceArn."
  }
  assert {
    condition = alltrue([for policy in aws_sqs_queue_policy.from_topic :
      try(jsondecode(policy.policy).Statement[0].Condition.StringEquals["aws:SourceAccount"], "") == data.aws_caller_identity.current.account_id
    ])
    error_message = "Only this account may send: the policy needs aws:SourceAccount."
  }
  assert {
    condition = alltrue([for policy in aws_sqs_queue_policy.from_topic :
      jsonencode(jsondecode(policy.policy).Statement[0].Principal) == jsonencode({ Service = "sns.amazonaws.com" })
      && jsondecode(policy.policy).Statement[0].Action == "sqs:SendMessage"
    ])
    error_message = "SNS may send, nobody else, and nothing but send."
  }
  assert {
    condition = (jsondecode(aws_sqs_queue_redrive_allow_policy.dead_letters.redrive_allow_policy).redrivePermission == "byQueue"
    && jsondecode(aws_sqs_queue_redrive_allow_policy.dead_letters.redrive_allow_policy).sourceQueueArns == [aws_sqs_queue.queue.arn])
    error_message = "No other queue may use this dead-letter queue."
  }
}

run "alarms_wake_somebody" {
  assert {
    condition     = toset(keys(aws_cloudwatch_metric_alarm.queue)) == toset(["dead-letters", "undelivered", "waiting"])
    error_message = "An alarm is missing."
  }
  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.queue : contains(coalesce(alarm.alarm_actions, []), var.alarm_topic_arn)])
    error_message = "An alarm without an action wakes nobody."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.queue["dead-letters"].dimensions.QueueName == aws_sqs_queue.dead_letters.name && aws_cloudwatch_metric_alarm.queue["dead-letters"].threshold == 0
    error_message = "One dead letter must ring."
  }
}

run "refuses_few_receives" {
  command = plan
  variables { max_receive_count = 3 }
  expect_failures = [var.max_receive_count]
}

run "refuses_a_wildcard_topic" {
  command = plan
  variables { topic_arn = "arn:aws:sns:eu-west-1:111122223333:*" }
  expect_failures = [var.topic_arn]
}

run "refuses_a_name_that_sqs_would_refuse" {
  command = plan
  variables { queue = "Order Created" }
  expect_failures = [var.queue]
}
