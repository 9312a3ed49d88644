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
      Principal = { Service = concat(["cloudwatch.amazonaws.com"], var.monthly_budget_dollars == null ? [] : ["budgets.amazonaws.com"]) }
      Action    = "sns:Publish"
      Resource  = aws_sns_topic.alarms.arn
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })
}

# Of the whole account: costs of single resources are known only where somebody has activated their tags for it.
resource "aws_budgets_budget" "month" {
  count = var.monthly_budget_dollars == null ? 0 : 1

  name         = "${var.environment}-month"
  budget_type  = "COST"
  limit_amount = tostring(var.monthly_budget_dollars)
  limit_unit   = "USD"
  time_unit    = "MONTHLY"

  dynamic "notification" {
    for_each = { ACTUAL = 80, FORECASTED = 100 }
    content {
      notification_type         = notification.key
      comparison_operator       = "GREATER_THAN"
      threshold                 = notification.value
      threshold_type            = "PERCENTAGE"
      subscriber_sns_topic_arns = [aws_sns_topic.alarms.arn]
    }
  }

  # Budgets asks for the right to publish when it is told of the topic.
  depends_on = [aws_sns_topic_policy.alarms]
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
