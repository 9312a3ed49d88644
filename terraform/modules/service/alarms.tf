locals {
  alarms = {
    no-healthy-task = {
      metric      = "HealthyHostCount"
      statistic   = "Minimum"
      comparison  = "LessThanThreshold"
      threshold   = 1
      periods     = 3
      missing     = "breaching"
      description = "No task of ${var.service} answers its health check: requests fail and messages wait in the queues."
    }
    server-errors = {
      metric      = "HTTPCode_Target_5XX_Count"
      statistic   = "Sum"
      comparison  = "GreaterThanThreshold"
      threshold   = var.server_error_alarm_count
      periods     = 5
      missing     = "notBreaching"
      description = "${var.service} answers many requests with 5xx. The log lines at level error say why."
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "service" {
  for_each = local.alarms

  alarm_name          = "${local.name}--${each.key}"
  alarm_description   = each.value.description
  namespace           = "AWS/ApplicationELB"
  metric_name         = each.value.metric
  dimensions          = { LoadBalancer = var.alb_arn_suffix, TargetGroup = aws_lb_target_group.service.arn_suffix }
  statistic           = each.value.statistic
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  period              = 60
  evaluation_periods  = each.value.periods
  treat_missing_data  = each.value.missing
  alarm_actions       = [var.alarm_topic_arn]
  ok_actions          = [var.alarm_topic_arn]
}
