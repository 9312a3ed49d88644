locals {
  function_name = "${var.environment}-consumer--${var.service}"
  account       = data.aws_caller_identity.current.account_id
  interval      = var.interval_minutes * 60
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

resource "aws_lambda_function" "consumer" {
  # checkov:skip=CKV_AWS_50:The program records no traces, so X-Ray would show one empty segment per batch.
  # checkov:skip=CKV_AWS_115:maximum_concurrency bounds what the queues start; a reservation would take as much from others, also while nothing waits.
  # checkov:skip=CKV_AWS_116:The queues have dead-letter queues of their own, and what a run of the schedule left is found by the next one.
  # checkov:skip=CKV_AWS_117:It talks to DynamoDB, SQS and SES over TLS with its own role; a VPC would add endpoints and no protection.
  # checkov:skip=CKV_AWS_173:The variables are names and an address, not secrets, and Lambda encrypts them with its own key.
  # checkov:skip=CKV_AWS_272:The zip is built and uploaded in one step by scripts/deploy; there is no hand-over to sign for.
  function_name    = local.function_name
  description      = "Consumes the queues of ${var.service}"
  role             = aws_iam_role.consumer.arn
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = [var.architecture]
  filename         = var.zip
  source_code_hash = filebase64sha256(var.zip)
  memory_size      = var.memory_mb
  timeout          = var.timeout_seconds
  # Each change is a version that can be gone back to; what is called is the alias.
  publish = true

  environment {
    variables = merge(var.variables, { for filter in var.log_filter[*] : "RUST_LOG" => filter }, {
      ENVIRONMENT               = var.environment
      AWS_SQS_QUEUE_NAME_PREFIX = "${var.environment}-"
      # Lambda tells a function when an invocation ends, and not before the first.
      FUNCTION_TIMEOUT_SECONDS = tostring(var.timeout_seconds)
    })
  }

  depends_on = [aws_cloudwatch_log_group.consumer, aws_iam_role_policy.consumer]
}

# Which version is called: the newest, unless an older one is named, beside which the newest may take a share.
resource "aws_lambda_alias" "live" {
  name             = "live"
  description      = "What queues and schedule call"
  function_name    = aws_lambda_function.consumer.function_name
  function_version = coalesce(var.function_version, aws_lambda_function.consumer.version)

  dynamic "routing_config" {
    for_each = var.function_version != null && var.newest_share > 0 ? [var.newest_share] : []
    content {
      additional_version_weights = { (aws_lambda_function.consumer.version) = routing_config.value }
    }
  }
}

# ANCHOR: mapping
resource "aws_lambda_event_source_mapping" "queue" {
  for_each = var.queues

  event_source_arn        = each.value.arn
  function_name           = aws_lambda_alias.live.arn
  batch_size              = var.batch_size
  function_response_types = ["ReportBatchItemFailures"]
  enabled                 = !var.stopped

  scaling_config {
    maximum_concurrency = var.maximum_concurrency
  }
}
# ANCHOR_END: mapping

resource "aws_cloudwatch_log_group" "consumer" {
  # checkov:skip=CKV_AWS_158:The log holds ids, no addresses and no bodies; CloudWatch encrypts it with its own key.
  # checkov:skip=CKV_AWS_338:Logs serve operation, not audit; how long they are kept is a variable.
  name              = "/aws/lambda/${local.function_name}"
  retention_in_days = var.log_retention_days
}
