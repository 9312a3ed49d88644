locals {
  metric_namespace = "TransactionalMessaging/${var.environment}"
  error_metric     = "${var.service}-service-error-lines"
  by_target        = { LoadBalancer = var.alb_arn_suffix, TargetGroup = aws_lb_target_group.service.arn_suffix }

  alarms = {
    no-healthy-task = {
      namespace   = "AWS/ApplicationELB"
      dimensions  = local.by_target
      metric      = "HealthyHostCount"
      statistic   = "Minimum"
      comparison  = "LessThanThreshold"
      threshold   = 1
      periods     = 3
      missing     = "breaching"
      description = "No task of ${var.service} answers its health check: requests fail and messages wait in the queues."
    }
    server-errors = {
      namespace   = "AWS/ApplicationELB"
      dimensions  = local.by_target
      metric      = "HTTPCode_Target_5XX_Count"
      statistic   = "Sum"
      comparison  = "GreaterThanThreshold"
      threshold   = var.server_error_alarm_count
      periods     = 5
      missing     = "notBreaching"
      description = "${var.service} answers many requests with 5xx. Its log lines say why."
    }
    error-lines = {
      namespace   = local.metric_namespace
      dimensions  = {}
      metric      = local.error_metric
      statistic   = "Sum"
      comparison  = "GreaterThanThreshold"
      threshold   = 0
      periods     = 1
      missing     = "notBreaching"
      description = "${var.service} wrote a log line at level error, which means that somebody must act. The line says what to do."
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "service" {
  for_each = local.alarms

  alarm_name          = "${local.name}--${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  period              = 60
  evaluation_periods  = each.value.periods
  treat_missing_data  = each.value.missing
  alarm_actions       = [var.alarm_topic_arn]
  ok_actions          = [var.alarm_topic_arn]
}

# Whatever the program logs as an error rings, so a new event needs no new alarm. A dead letter rings by its queue's own alarm.
resource "aws_cloudwatch_log_metric_filter" "errors" {
  name           = "${local.name}--errors"
  log_group_name = aws_cloudwatch_log_group.service.name
  pattern        = "{ ($.level = \"error\") && ($.event != \"message_moved_to_dead_letter_queue\") }"

  metric_transformation {
    namespace = local.metric_namespace
    name      = local.error_metric
    value     = "1"
  }
}
