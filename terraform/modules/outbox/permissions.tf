resource "aws_iam_role" "relay" {
  name = "role-${local.function_name}"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "relay" {
  name = "relay"
  role = aws_iam_role.relay.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "ReadAndSettleRows"
        Effect   = "Allow"
        Action   = ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"]
        Resource = aws_dynamodb_table.outbox.arn
      },
      {
        Sid      = "ReadStream"
        Effect   = "Allow"
        Action   = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"]
        Resource = aws_dynamodb_table.outbox.stream_arn
      },
      {
        Sid      = "FindStream"
        Effect   = "Allow"
        Action   = "dynamodb:ListStreams"
        Resource = "${aws_dynamodb_table.outbox.arn}/stream/*"
      },
      {
        Sid      = "Publish"
        Effect   = "Allow"
        Action   = "sns:Publish"
        Resource = var.topic_arns
      },
      {
        Sid      = "KeepFailures"
        Effect   = "Allow"
        Action   = "s3:PutObject"
        Resource = "${aws_s3_bucket.failures.arn}/*"
      },
      {
        Sid      = "FindFailures"
        Effect   = "Allow"
        Action   = "s3:ListBucket"
        Resource = aws_s3_bucket.failures.arn
      },
      {
        Sid      = "Log"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.relay.arn}:*"
      },
    ]
  })
}
