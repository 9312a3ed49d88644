locals {
  function_name = "${var.environment}-outbox-dynamodb-streams--${var.service}"
}

resource "aws_lambda_function" "relay" {
  # checkov:skip=CKV_AWS_50:The program records no traces, so X-Ray would show one empty segment per batch.
  # checkov:skip=CKV_AWS_115:The stream bounds concurrency to its shards times parallelization_factor; a reservation would take from others.
  # checkov:skip=CKV_AWS_116:dead_letter_config acts on asynchronous invocations only; a stream uses the mapping's failure destination.
  # checkov:skip=CKV_AWS_117:It talks to DynamoDB, SNS and S3 over TLS with its own role; a VPC would add endpoints and no protection.
  # checkov:skip=CKV_AWS_173:The variables are names, not secrets, and Lambda encrypts them with its own key.
  # checkov:skip=CKV_AWS_272:The zip is built and uploaded in one step by scripts/deploy; there is no hand-over to sign for.
  function_name    = local.function_name
  description      = "Publishes the rows of ${module.outbox.name}"
  role             = aws_iam_role.relay.arn
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = [var.architecture]
  filename         = var.relay_zip
  source_code_hash = filebase64sha256(var.relay_zip)
  memory_size      = var.memory_mb
  timeout          = var.timeout_seconds
  # Each change is a version that can be gone back to; what is called is the alias.
  publish = true

  environment {
    variables = merge(local.variables, {
      ENVIRONMENT              = var.environment
      AWS_SNS_TOPIC_ARN_PREFIX = var.topic_arn_prefix
    })
  }

  depends_on = [aws_cloudwatch_log_group.relay, aws_iam_role_policy.relay]
}

# Which version the stream wakes: the newest, unless an older one is named, beside which the newest may take a share.
resource "aws_lambda_alias" "live" {
  name             = "live"
  description      = "What the stream wakes"
  function_name    = aws_lambda_function.relay.function_name
  function_version = coalesce(var.relay_version, aws_lambda_function.relay.version)

  dynamic "routing_config" {
    for_each = var.relay_version != null && var.newest_share > 0 ? [var.newest_share] : []
    content {
      additional_version_weights = { (aws_lambda_function.relay.version) = routing_config.value }
    }
  }
}

# ANCHOR: mapping
resource "aws_lambda_event_source_mapping" "stream" {
  event_source_arn                   = module.outbox.stream_arn
  function_name                      = aws_lambda_alias.live.arn
  starting_position                  = "TRIM_HORIZON"
  batch_size                         = var.batch_size
  parallelization_factor             = var.parallelization_factor
  function_response_types            = ["ReportBatchItemFailures"]
  bisect_batch_on_function_error     = true
  maximum_retry_attempts             = var.maximum_retry_attempts
  maximum_record_age_in_seconds      = var.maximum_record_age_seconds
  maximum_batching_window_in_seconds = 0
  enabled                            = !var.stopped

  filter_criteria {
    filter {
      pattern = jsonencode(jsondecode(file("${path.module}/stream-filter.json")))
    }
  }

  destination_config {
    on_failure {
      destination_arn = module.failures.arn
    }
  }

  metrics_config {
    metrics = ["EventCount"]
  }
}
# ANCHOR_END: mapping

resource "aws_cloudwatch_log_group" "relay" {
  # checkov:skip=CKV_AWS_158:The log holds ids and names of topics, no bodies and no personal data; CloudWatch encrypts it with its own key.
  # checkov:skip=CKV_AWS_338:Logs serve operation, not audit; how long they are kept is a variable.
  name              = "/aws/lambda/${local.function_name}"
  retention_in_days = var.log_retention_days
}
