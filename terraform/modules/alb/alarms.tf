# What the load balancer answers itself because no service did: no healthy task, a task that hung up, a request that took too long. The
# services' own alarms count their answers, and see none of these.
resource "aws_cloudwatch_metric_alarm" "own_errors" {
  alarm_name          = "${aws_lb.main.name}--own-errors"
  alarm_description   = "The load balancer answers with 5xx in the name of services that do not: look whether tasks are healthy, and how long they take."
  namespace           = "AWS/ApplicationELB"
  metric_name         = "HTTPCode_ELB_5XX_Count"
  dimensions          = { LoadBalancer = aws_lb.main.arn_suffix }
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.own_error_alarm_count
  period              = 60
  evaluation_periods  = 5
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alarm_topic_arn]
  ok_actions          = [var.alarm_topic_arn]
}
