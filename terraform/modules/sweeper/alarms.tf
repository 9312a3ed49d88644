locals {
  by_function      = { FunctionName = aws_lambda_function.sweeper.function_name }
  metric_namespace = "TransactionalMessaging/${var.environment}"
  pending_metric   = "${var.service}-sweeps-with-pending-messages"
  error_metric     = "${var.service}-sweeper-error-lines"
  period           = var.interval_minutes * 60

  alarms = {
    old-pending-messages = {
      namespace   = local.metric_namespace
      metric      = local.pending_metric
      dimensions  = {}
      comparison  = "GreaterThanThreshold"
      threshold   = 0
      periods     = 3
      missing     = "notBreaching"
      description = "Three sweeps in a row found messages that should be out long since: the relay is not working, or a subject is parked."
    }
    errors = {
      namespace   = "AWS/Lambda"
      metric      = "Errors"
      dimensions  = local.by_function
      comparison  = "GreaterThanThreshold"
      threshold   = 0
      periods     = 2
      missing     = "notBreaching"
      description = "The sweeper fails: what the stream missed stays where it is."
    }
    not-running = {
      namespace   = "AWS/Lambda"
      metric      = "Invocations"
      dimensions  = local.by_function
      comparison  = "LessThanThreshold"
      threshold   = 1
      periods     = 3
      missing     = "breaching"
      description = "Nobody starts the sweeper: the schedule is off or may not invoke it."
    }
    error-lines = {
      namespace   = local.metric_namespace
      metric      = local.error_metric
      dimensions  = {}
      comparison  = "GreaterThanThreshold"
      threshold   = 0
      periods     = 1
      missing     = "notBreaching"
      description = "The sweeper wrote a log line at level error, which means that somebody must act. The line says what to do."
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
  }
}

resource "aws_cloudwatch_metric_alarm" "sweeper" {
  for_each = local.alarms

  alarm_name          = "${local.function_name}--${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = "Sum"
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  period              = local.period
  evaluation_periods  = each.value.periods
  treat_missing_data  = each.value.missing
  alarm_actions       = [var.alarm_topic_arn]
  ok_actions          = [var.alarm_topic_arn]
}

resource "aws_cloudwatch_log_metric_filter" "pending" {
  name           = "${local.function_name}--pending"
  log_group_name = aws_cloudwatch_log_group.sweeper.name
  pattern        = "{ $.event = \"sweeper_found_pending_messages\" }"

  metric_transformation {
    namespace = local.metric_namespace
    name      = local.pending_metric
    value     = "1"
  }
}

# The sweeper parks subjects as well. They count into the metric behind the relay's alarm `parked`.
resource "aws_cloudwatch_log_metric_filter" "parked" {
  name           = "${local.function_name}--parked"
  log_group_name = aws_cloudwatch_log_group.sweeper.name
  pattern        = "{ $.event = \"subject_parked\" }"

  metric_transformation {
    namespace = local.metric_namespace
    name      = "${var.service}-subjects-parked"
    value     = "1"
  }
}

# Whatever the program logs as an error rings, so a new event needs no new alarm. What has an alarm of its own is left out.
resource "aws_cloudwatch_log_metric_filter" "errors" {
  name           = "${local.function_name}--errors"
  log_group_name = aws_cloudwatch_log_group.sweeper.name
  pattern        = "{ ($.level = \"error\") && ($.event != \"subject_parked\") }"

  metric_transformation {
    namespace = local.metric_namespace
    name      = local.error_metric
    value     = "1"
  }
}
