locals {
  by_function = { FunctionName = aws_lambda_function.relay.function_name }
  # Lambda's Errors metric does not see a batch that the function reported as failed, the metrics of the mapping do.
  by_mapping = { EventSourceMappingUUID = aws_lambda_event_source_mapping.stream.uuid }

  alarms = {
    iterator-age = {
      metric      = "IteratorAge"
      statistic   = "Maximum"
      threshold   = var.iterator_age_alarm_seconds * 1000
      periods     = 2
      dimensions  = local.by_function
      description = "The relay is behind. Records leave the stream after 24 hours; from then on only the sweeper delivers."
    }
    errors = {
      metric      = "Errors"
      statistic   = "Sum"
      threshold   = 0
      periods     = 2
      dimensions  = local.by_function
      description = "The relay crashes or runs into its timeout."
    }
    throttles = {
      metric      = "Throttles"
      statistic   = "Sum"
      threshold   = 0
      periods     = 3
      dimensions  = local.by_function
      description = "Lambda has no free concurrency for the relay: the account's limit is used up by others."
    }
    failing-records = {
      metric      = "FailedInvokeEventCount"
      statistic   = "Sum"
      threshold   = 0
      periods     = 3
      dimensions  = local.by_mapping
      description = "Messages of some subjects cannot be published for a quarter of an hour; SNS or DynamoDB refuses the relay."
    }
    given-up = {
      metric      = "OnFailureDestinationDeliveredEventCount"
      statistic   = "Sum"
      threshold   = 0
      periods     = 1
      dimensions  = local.by_mapping
      description = "Lambda gave up on records and put them into the failure bucket. Their rows are pending: the sweeper must deliver them."
    }
    dropped = {
      metric      = "DroppedEventCount"
      statistic   = "Sum"
      threshold   = 0
      periods     = 1
      dimensions  = local.by_mapping
      description = "Lambda gave up on records and could not even store them. Their rows are pending: the sweeper must deliver them."
    }
    parked = {
      namespace   = local.metric_namespace
      metric      = local.parked_metric
      statistic   = "Sum"
      threshold   = 0
      periods     = 1
      dimensions  = {}
      description = "A subject was parked: its next message can never be sent, and those behind it wait. The log line names it and says why."
    }
    error-lines = {
      namespace   = local.metric_namespace
      metric      = local.error_metric
      statistic   = "Sum"
      threshold   = 0
      periods     = 1
      dimensions  = {}
      description = "The relay wrote a log line at level error, which means that somebody must act. The line says what to do."
    }
  }

  metric_namespace = "TransactionalMessaging/${var.environment}"
  parked_metric    = "${var.service}-subjects-parked"
  error_metric     = "${var.service}-relay-error-lines"
}

resource "aws_cloudwatch_metric_alarm" "relay" {
  for_each = local.alarms

  alarm_name          = "${local.function_name}--${each.key}"
  alarm_description   = each.value.description
  namespace           = try(each.value.namespace, "AWS/Lambda")
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  period              = 300
  evaluation_periods  = each.value.periods
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alarm_topic_arn]
  ok_actions          = [var.alarm_topic_arn]
}

resource "aws_cloudwatch_log_metric_filter" "parked" {
  name           = "${local.function_name}--parked"
  log_group_name = aws_cloudwatch_log_group.relay.name
  pattern        = "{ $.event = \"subject_parked\" }"

  metric_transformation {
    namespace = local.metric_namespace
    name      = local.parked_metric
    value     = "1"
  }
}

# Whatever the program logs as an error rings, so a new event needs no new alarm. What has an alarm of its own is left out.
resource "aws_cloudwatch_log_metric_filter" "errors" {
  name           = "${local.function_name}--errors"
  log_group_name = aws_cloudwatch_log_group.relay.name
  pattern        = "{ ($.level = \"error\") && ($.event != \"subject_parked\") }"

  metric_transformation {
    namespace = local.metric_namespace
    name      = local.error_metric
    value     = "1"
  }
}
