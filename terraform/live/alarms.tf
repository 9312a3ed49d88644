resource "aws_sns_topic" "alarms" {
  # checkov:skip=CKV_AWS_26:CloudWatch cannot publish to a topic under the AWS managed key, and an alarm holds names and numbers only.
  name = "${var.environment}-alarms"
}

resource "aws_sns_topic_policy" "alarms" {
  arn = aws_sns_topic.alarms.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "AlarmsOfThisAccount"
      Effect    = "Allow"
      Principal = { Service = "cloudwatch.amazonaws.com" }
      Action    = "sns:Publish"
      Resource  = aws_sns_topic.alarms.arn
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })
}

resource "aws_sns_topic_subscription" "alarms" {
  for_each = var.alarm_emails

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = each.value
}

check "alarms_reach_somebody" {
  assert {
    condition     = length(var.alarm_emails) > 0
    error_message = "Nobody is told when an alarm rings: give alarm_emails, or subscribe something else to the topic ${var.environment}-alarms."
  }
}

check "https" {
  assert {
    condition     = var.certificate_arn != null
    error_message = "The load balancer speaks plain HTTP: everybody on the way can read and change what is sent. Give certificate_arn."
  }
}
