# An order every minute, of a customer that does not exist: it is placed over the public address, goes through both services and both
# relays, is rejected, and leaves credit and customers alone. Whether it comes through is seen by the orders that are decided, so that
# orders of real customers are as good a sign of life.
locals {
  canary      = var.canary == null ? [] : ["order"]
  canary_name = "${var.environment}-canary"
}

resource "aws_cloudwatch_event_connection" "canary" {
  for_each = toset(local.canary)

  name               = local.canary_name
  description        = "Who the canary says that it is"
  authorization_type = var.jwt == null ? "API_KEY" : "OAUTH_CLIENT_CREDENTIALS"

  auth_parameters {
    # EventBridge wants a key. Nobody looks at it.
    dynamic "api_key" {
      for_each = var.jwt == null ? ["X-Canary"] : []
      content {
        key   = api_key.value
        value = var.environment
      }
    }

    dynamic "oauth" {
      for_each = var.jwt == null ? [] : [var.canary]
      content {
        authorization_endpoint = oauth.value.token_endpoint
        http_method            = "POST"

        client_parameters {
          client_id     = oauth.value.client_id
          client_secret = var.canary_client_secret
        }

        oauth_http_parameters {
          body {
            key   = "grant_type"
            value = "client_credentials"
          }

          body {
            key   = "scope"
            value = var.jwt.keys == null ? var.jwt.scope : "${var.jwt.scope} orders:write"
          }
        }
      }
    }
  }
}

resource "aws_cloudwatch_event_api_destination" "canary" {
  for_each = toset(local.canary)

  name                             = local.canary_name
  description                      = "Places an order"
  connection_arn                   = aws_cloudwatch_event_connection.canary[each.key].arn
  invocation_endpoint              = "${module.alb.url}/orders"
  http_method                      = "POST"
  invocation_rate_limit_per_second = 1
}

resource "aws_cloudwatch_event_rule" "canary" {
  for_each = toset(local.canary)

  name                = local.canary_name
  description         = "Places an order every minute"
  schedule_expression = "rate(1 minute)"
  state               = var.stopped ? "DISABLED" : "ENABLED"
}

resource "aws_cloudwatch_event_target" "canary" {
  for_each = toset(local.canary)

  rule     = aws_cloudwatch_event_rule.canary[each.key].name
  arn      = aws_cloudwatch_event_api_destination.canary[each.key].arn
  role_arn = aws_iam_role.canary[each.key].arn
  input    = jsonencode({ customer_id = "00000000-0000-4000-8000-000000000000", order_total = 1 })

  # The next one is due in a minute, and a canary that is late says nothing.
  retry_policy {
    maximum_event_age_in_seconds = 60
    maximum_retry_attempts       = 0
  }
}

resource "aws_iam_role" "canary" {
  for_each = toset(local.canary)

  name = "role-${local.canary_name}"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "canary" {
  for_each = toset(local.canary)

  name = "canary"
  role = aws_iam_role.canary[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "PlaceOrder"
      Effect   = "Allow"
      Action   = "events:InvokeApiDestination"
      Resource = aws_cloudwatch_event_api_destination.canary[each.key].arn
    }]
  })
}

resource "aws_cloudwatch_log_metric_filter" "decided" {
  for_each = var.images == null ? toset([]) : toset(local.canary)

  name           = "${local.canary_name}--decided"
  log_group_name = module.service["orders"].log_group
  pattern        = "{ $.event = \"order_decided\" }"

  metric_transformation {
    namespace = "TransactionalMessaging/${var.environment}"
    name      = "orders-decided"
    value     = "1"
  }
}

resource "aws_cloudwatch_metric_alarm" "canary" {
  for_each = var.images == null ? toset([]) : toset(local.canary)

  alarm_name          = "${local.canary_name}--no-order-decided"
  alarm_description   = "An order is placed every minute, and for five minutes none was decided: something on its way is broken. The other alarms say what."
  namespace           = "TransactionalMessaging/${var.environment}"
  metric_name         = "orders-decided"
  statistic           = "Sum"
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  period              = 60
  evaluation_periods  = 5
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}
