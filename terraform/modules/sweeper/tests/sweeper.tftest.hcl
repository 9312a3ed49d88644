mock_provider "aws" {}

variables {
  environment       = "test"
  service           = "orders"
  relay_zip         = "main.tf" # any file: nothing is uploaded
  outbox_table_name = "test-orders-outbox"
  outbox_table_arn  = "arn:aws:dynamodb:eu-west-1:111122223333:table/test-orders-outbox"
  topic_arns        = ["arn:aws:sns:eu-west-1:111122223333:test-order--created"]
  sent_table = {
    name      = "test-orders-sent"
    arn       = "arn:aws:dynamodb:eu-west-1:111122223333:table/test-orders-sent"
    variables = { SENT_TABLE_NAME = "test-orders-sent", SENT_RETENTION_DAYS = "7" }
  }
  topic_arn_prefix = "arn:aws:sns:eu-west-1:111122223333:test-"
  alarm_topic_arn  = "arn:aws:sns:eu-west-1:111122223333:alarms"
}

run "sweeps_on_schedule" {
  assert {
    condition     = aws_scheduler_schedule.sweep.schedule_expression == "rate(5 minutes)"
    error_message = "The sweeper must run every five minutes."
  }
  assert {
    condition     = aws_scheduler_schedule.sweep.target[0].input == "{\"sweep\":{\"older_than_seconds\":300}}"
    error_message = "The function expects exactly this event."
  }
  assert {
    condition     = aws_scheduler_schedule.sweep.target[0].arn == aws_lambda_function.sweeper.arn
    error_message = "The schedule must start the sweeper."
  }
  assert {
    condition     = try(aws_scheduler_schedule.sweep.target[0].dead_letter_config[0].arn, "") == aws_sqs_queue.missed.arn
    error_message = "Runs that could not be started must be kept."
  }
  assert {
    condition     = aws_lambda_function.sweeper.timeout < 300
    error_message = "A sweep must be over before the next one begins."
  }
  assert {
    condition     = aws_sqs_queue.missed.message_retention_seconds == 1209600 && aws_sqs_queue.missed.sqs_managed_sse_enabled
    error_message = "The dead-letter queue must keep for 14 days, encrypted."
  }
}

run "the_function_is_told_what_it_reads" {
  assert {
    condition = aws_lambda_function.sweeper.environment[0].variables == tomap({
      ENVIRONMENT                = "test"
      DYNAMODB_OUTBOX_TABLE_NAME = "test-orders-outbox"
      AWS_SNS_TOPIC_ARN_PREFIX   = "arn:aws:sns:eu-west-1:111122223333:test-"
      SENT_TABLE_NAME            = "test-orders-sent"
      SENT_RETENTION_DAYS        = "7"
    })
    error_message = "What the sweeper sends is kept where the relay keeps it, or a replay would miss it."
  }
}

run "alarms_wake_somebody" {
  assert {
    condition     = toset(keys(aws_cloudwatch_metric_alarm.sweeper)) == toset(["old-pending-messages", "errors", "not-running", "missed-runs", "error-lines"])
    error_message = "An alarm is missing."
  }
  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.sweeper : contains(coalesce(alarm.alarm_actions, []), var.alarm_topic_arn)])
    error_message = "An alarm without an action wakes nobody."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.sweeper["not-running"].treat_missing_data == "breaching"
    error_message = "A sweeper that never runs sends no data; that must ring."
  }
  assert {
    condition     = aws_cloudwatch_log_metric_filter.pending.metric_transformation[0].name == aws_cloudwatch_metric_alarm.sweeper["old-pending-messages"].metric_name
    error_message = "The alarm on old messages watches a metric that nobody writes."
  }
  assert {
    condition     = aws_cloudwatch_log_metric_filter.errors.metric_transformation[0].name == aws_cloudwatch_metric_alarm.sweeper["error-lines"].metric_name
    error_message = "The alarm on error lines watches a metric that nobody writes."
  }
}

run "roles_can_do_what_is_done_and_no_more" {
  assert {
    condition = toset(flatten([for statement in jsondecode(aws_iam_role_policy.sweeper.policy).Statement : statement.Action])) == toset([
      "dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan", "dynamodb:UpdateItem",
      "sns:Publish", "logs:CreateLogStream", "logs:PutLogEvents",
    ])
    error_message = "The sweeper's role must allow exactly these actions."
  }
  assert {
    condition = anytrue([for statement in jsondecode(aws_iam_role_policy.sweeper.policy).Statement :
      contains(flatten([statement.Action]), "dynamodb:Scan") && statement.Resource == var.outbox_table_arn
    ])
    error_message = "Without Scan on the outbox the sweeper finds nothing."
  }
  assert {
    condition = alltrue([for statement in jsondecode(aws_iam_role_policy.sweeper.policy).Statement :
      statement.Action == "dynamodb:BatchWriteItem" if statement.Resource == var.sent_table.arn
    ])
    error_message = "The sweeper may add to the table of sent messages and do nothing else with it."
  }
  assert {
    condition     = jsondecode(aws_iam_role.schedule.assume_role_policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == data.aws_caller_identity.current.account_id
    error_message = "Schedules of other accounts must not use the role."
  }
}

run "refuses_a_run_longer_than_lambda_allows" {
  command = plan
  variables { interval_minutes = 30 }
  expect_failures = [var.interval_minutes]
}

run "refuses_to_race_the_stream" {
  command = plan
  variables { older_than_seconds = 1 }
  expect_failures = [var.older_than_seconds]
}
