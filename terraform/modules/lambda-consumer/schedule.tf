# What waits for a time is in no queue: the function is called for it.
resource "aws_scheduler_schedule" "due" {
  # checkov:skip=CKV_AWS_297:The event says what is asked for and nothing else; there is nothing to encrypt.
  name                = local.function_name
  description         = "Calls ${local.function_name} for what is due"
  schedule_expression = "rate(${var.interval_minutes} ${var.interval_minutes == 1 ? "minute" : "minutes"})"
  state               = var.stopped ? "DISABLED" : "ENABLED"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_alias.live.arn
    role_arn = aws_iam_role.schedule.arn
    input    = var.scheduled_event

    # The next run does what this one would have done.
    retry_policy {
      maximum_event_age_in_seconds = local.interval
      maximum_retry_attempts       = 1
    }

    dead_letter_config {
      arn = aws_sqs_queue.missed.arn
    }
  }
}

# Runs that EventBridge Scheduler could not hand to Lambda.
resource "aws_sqs_queue" "missed" {
  name                      = "${local.function_name}--dlq"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
}

resource "aws_iam_role" "schedule" {
  name = "role-${local.function_name}--schedule"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "scheduler.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEquals = {
          "aws:SourceAccount" = local.account
          "aws:SourceArn"     = "arn:${data.aws_partition.current.partition}:scheduler:${data.aws_region.current.region}:${local.account}:schedule-group/default"
        }
      }
    }]
  })
}

resource "aws_iam_role_policy" "schedule" {
  name = "schedule"
  role = aws_iam_role.schedule.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Start"
        Effect   = "Allow"
        Action   = "lambda:InvokeFunction"
        Resource = aws_lambda_alias.live.arn
      },
      {
        Sid      = "KeepMissedRuns"
        Effect   = "Allow"
        Action   = "sqs:SendMessage"
        Resource = aws_sqs_queue.missed.arn
      },
    ]
  })
}
