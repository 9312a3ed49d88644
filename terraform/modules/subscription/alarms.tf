locals {
  alarms = {
    dead-letters = {
      queue       = aws_sqs_queue.dead_letters.name
      metric      = "ApproximateNumberOfMessagesVisible"
      threshold   = 0
      description = "The consumer could not handle a message. Its attribute reason says why; without one it was received too often."
    }
    undelivered = {
      queue       = aws_sqs_queue.undelivered.name
      metric      = "ApproximateNumberOfMessagesVisible"
      threshold   = 0
      description = "SNS could not deliver a message to the queue: look at the queue's policy, then send the message on by hand."
    }
    waiting = {
      queue       = aws_sqs_queue.queue.name
      metric      = "ApproximateAgeOfOldestMessage"
      threshold   = var.waiting_alarm_seconds
      description = "Messages wait: the consumer is down, too slow, or gives the same message back again and again."
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "queue" {
  for_each = local.alarms

  alarm_name          = "${local.plain}--${each.key}"
  alarm_description   = each.value.description
  namespace           = "AWS/SQS"
  metric_name         = each.value.metric
  dimensions          = { QueueName = each.value.queue }
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  period              = 300
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alarm_topic_arn]
  ok_actions          = [var.alarm_topic_arn]
}
