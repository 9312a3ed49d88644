locals {
  function_name = "${var.environment}-outbox-dynamodb-streams--${var.service}"
}

# What has not been sent, and nothing else: no index is needed to find it, and nothing in it may expire.

resource "aws_dynamodb_table" "outbox" {
  # checkov:skip=CKV_AWS_119:The AWS managed key encrypts the table; a customer managed key adds a cost and a way to lose the data.
  name                        = "${var.environment}-${var.service}-outbox"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "PK"
  range_key                   = "SK"
  deletion_protection_enabled = var.deletion_protection

  # A record only wakes the relay, which reads the rows itself.
  stream_enabled   = true
  stream_view_type = "KEYS_ONLY"

  dynamic "attribute" {
    for_each = toset(["PK", "SK"])
    content {
      name = attribute.value
      type = "S"
    }
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled = true
  }
}

resource "aws_lambda_function" "relay" {
  # checkov:skip=CKV_AWS_50:The program records no traces, so X-Ray would show one empty segment per batch.
  # checkov:skip=CKV_AWS_115:The stream bounds concurrency to its shards times parallelization_factor; a reservation would take from others.
  # checkov:skip=CKV_AWS_116:dead_letter_config acts on asynchronous invocations only; a stream uses the mapping's failure destination.
  # checkov:skip=CKV_AWS_117:It talks to DynamoDB, SNS and S3 over TLS with its own role; a VPC would add endpoints and no protection.
  # checkov:skip=CKV_AWS_173:The variables are names, not secrets, and Lambda encrypts them with its own key.
  # checkov:skip=CKV_AWS_272:The zip is built and uploaded in one step by scripts/deploy; there is no hand-over to sign for.
  function_name    = local.function_name
  description      = "Publishes the rows of ${aws_dynamodb_table.outbox.name}"
  role             = aws_iam_role.relay.arn
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = [var.architecture]
  filename         = var.relay_zip
  source_code_hash = filebase64sha256(var.relay_zip)
  memory_size      = var.memory_mb
  timeout          = var.timeout_seconds

  environment {
    variables = merge(local.sent_variables, {
      ENVIRONMENT                = var.environment
      DYNAMODB_OUTBOX_TABLE_NAME = aws_dynamodb_table.outbox.name
      AWS_SNS_TOPIC_ARN_PREFIX   = var.topic_arn_prefix
    })
  }

  depends_on = [aws_cloudwatch_log_group.relay, aws_iam_role_policy.relay]
}

# ANCHOR: mapping
resource "aws_lambda_event_source_mapping" "stream" {
  event_source_arn                   = aws_dynamodb_table.outbox.stream_arn
  function_name                      = aws_lambda_function.relay.arn
  starting_position                  = "TRIM_HORIZON"
  batch_size                         = var.batch_size
  parallelization_factor             = var.parallelization_factor
  function_response_types            = ["ReportBatchItemFailures"]
  bisect_batch_on_function_error     = true
  maximum_retry_attempts             = var.maximum_retry_attempts
  maximum_record_age_in_seconds      = var.maximum_record_age_seconds
  maximum_batching_window_in_seconds = 0

  filter_criteria {
    filter {
      pattern = jsonencode(jsondecode(file("${path.module}/stream-filter.json")))
    }
  }

  destination_config {
    on_failure {
      destination_arn = aws_s3_bucket.failures.arn
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
