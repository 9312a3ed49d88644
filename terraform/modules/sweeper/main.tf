locals {
  function_name = "${var.environment}-outbox-sweeper--${var.service}"
  account       = data.aws_caller_identity.current.account_id
  interval      = var.interval_minutes * 60
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

resource "aws_lambda_function" "sweeper" {
  # checkov:skip=CKV_AWS_50:The program records no traces, so X-Ray would show one empty segment per run.
  # checkov:skip=CKV_AWS_115:Runs that overlap are harmless: a row that both send is the same message twice, and never out of its sequence.
  # checkov:skip=CKV_AWS_116:A run that failed is made up for by the next one, and an alarm counts failed runs; the event itself says nothing.
  # checkov:skip=CKV_AWS_117:It talks to DynamoDB and SNS over TLS with its own role; a VPC would add endpoints and no protection.
  # checkov:skip=CKV_AWS_173:The variables are names, not secrets, and Lambda encrypts them with its own key.
  # checkov:skip=CKV_AWS_272:The zip is built and uploaded in one step by scripts/deploy; there is no hand-over to sign for.
  function_name    = local.function_name
  description      = "Sends what no stream record of ${var.outbox_table_name} reached"
  role             = aws_iam_role.sweeper.arn
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = [var.architecture]
  filename         = var.relay_zip
  source_code_hash = filebase64sha256(var.relay_zip)
  memory_size      = var.memory_mb
  # Over before the next run begins.
  timeout = local.interval - 30

  environment {
    variables = merge(var.variables, { for table in var.scheduled_table[*] : "SCHEDULED_TABLE_NAME" => table.name }, {
      ENVIRONMENT              = var.environment
      AWS_SNS_TOPIC_ARN_PREFIX = var.topic_arn_prefix
    })
  }

  depends_on = [aws_cloudwatch_log_group.sweeper, aws_iam_role_policy.sweeper]
}

resource "aws_scheduler_schedule" "sweep" {
  # checkov:skip=CKV_AWS_297:The event is one number; there is nothing to encrypt.
  name                = local.function_name
  description         = "Starts the sweeper of ${var.outbox_table_name}"
  schedule_expression = "rate(${var.interval_minutes} minutes)"
  state               = var.stopped ? "DISABLED" : "ENABLED"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_function.sweeper.arn
    role_arn = aws_iam_role.schedule.arn
    input    = jsonencode({ sweep = { older_than_seconds = var.older_than_seconds } })

    retry_policy {
      maximum_event_age_in_seconds = local.interval
      maximum_retry_attempts       = 3
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

resource "aws_cloudwatch_log_group" "sweeper" {
  # checkov:skip=CKV_AWS_158:The log holds ids and names of topics, no bodies and no personal data; CloudWatch encrypts it with its own key.
  # checkov:skip=CKV_AWS_338:Logs serve operation, not audit; how long they are kept is a variable.
  name              = "/aws/lambda/${local.function_name}"
  retention_in_days = var.log_retention_days
}
