locals {
  by_function      = { FunctionName = aws_lambda_function.consumer.function_name }
  metric_namespace = "TransactionalMessaging/${var.environment}"
  error_metric     = "${var.service}-function-error-lines"

  # What a message that fails does to its queue rings by the alarms of the queue.
  alarms = merge({
    errors = {
      namespace   = "AWS/Lambda"
      metric      = "Errors"
      dimensions  = local.by_function
      comparison  = "GreaterThanThreshold"
      threshold   = 0
      periods     = 2
      missing     = "notBreaching"
      description = "The function crashes, does not start, or runs into its timeout: its messages come again when their queues show them again."
    }
    throttles = {
      namespace   = "AWS/Lambda"
      metric      = "Throttles"
      dimensions  = local.by_function
      comparison  = "GreaterThanThreshold"
      threshold   = 0
      periods     = 3
      missing     = "notBreaching"
      description = "Lambda has no free concurrency for the function: the account's limit is used up by others."
    }
    not-running = {
      namespace   = "AWS/Lambda"
      metric      = "Invocations"
      dimensions  = local.by_function
      comparison  = "LessThanThreshold"
      threshold   = 1
      periods     = 2
      missing     = "breaching"
      description = "Nobody calls the function, not even its schedule: it is off or may not invoke it."
    }
    error-lines = {
      namespace   = local.metric_namespace
      metric      = local.error_metric
      dimensions  = {}
      comparison  = "GreaterThanThreshold"
      threshold   = 0
      periods     = 1
      missing     = "notBreaching"
      description = "The function wrote a log line at level error, which means that somebody must act. The line says what to do."
    }
    missed-runs = {
      namespace   = "AWS/SQS"
      metric      = "ApproximateNumberOfMessagesVisible"
      dimensions  = { QueueName = aws_sqs_queue.missed.name }
      comparison  = "GreaterThanThreshold"
      threshold   = 0
      periods     = 1
      missing     = "notBreaching"
      description = "EventBridge Scheduler could not hand a run to Lambda. The message's attributes say why; delete it afterwards."
    }
    }, {
    for name, one in var.lasting_events : name => {
      namespace   = local.metric_namespace
      metric      = "${var.service}-${name}"
      dimensions  = {}
      comparison  = "GreaterThanThreshold"
      threshold   = 0
      periods     = 3
      missing     = "notBreaching"
      description = one.description
    }
  })
}

resource "aws_cloudwatch_metric_alarm" "consumer" {
  for_each = local.alarms

  alarm_name          = "${local.function_name}--${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = "Sum"
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  period              = 300
  evaluation_periods  = each.value.periods
  treat_missing_data  = each.value.missing
  alarm_actions       = [var.alarm_topic_arn]
  ok_actions          = [var.alarm_topic_arn]
}

# Whatever the program logs as an error rings, so a new event needs no new alarm. A dead letter rings by its queue's own alarm.
resource "aws_cloudwatch_log_metric_filter" "errors" {
  name           = "${local.function_name}--errors"
  log_group_name = aws_cloudwatch_log_group.consumer.name
  pattern        = "{ ($.level = \"error\") && ($.event != \"message_moved_to_dead_letter_queue\") }"

  metric_transformation {
    namespace = local.metric_namespace
    name      = local.error_metric
    value     = "1"
  }
}

resource "aws_cloudwatch_log_metric_filter" "lasting" {
  for_each = var.lasting_events

  name           = "${local.function_name}--${each.key}"
  log_group_name = aws_cloudwatch_log_group.consumer.name
  pattern        = "{ $.event = \"${each.value.event}\" }"

  metric_transformation {
    namespace = local.metric_namespace
    name      = "${var.service}-${each.key}"
    value     = "1"
  }
}
