locals {
  keeping_sent = [for table in module.sent : {
    Sid      = "KeepWhatWasSent"
    Effect   = "Allow"
    Action   = "dynamodb:BatchWriteItem"
    Resource = table.arn
  }]
}

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
    Statement = concat(local.keeping_sent, [
      {
        # A transaction of reads is allowed by GetItem; a batch of deletes needs its own action and no DeleteItem.
        Sid      = "ReadRowsDeleteWhatWasSentAndPark"
        Effect   = "Allow"
        Action   = ["dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"]
        Resource = module.outbox.arn
      },
      {
        Sid      = "ReadStream"
        Effect   = "Allow"
        Action   = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"]
        Resource = module.outbox.stream_arn
      },
      {
        Sid      = "FindStream"
        Effect   = "Allow"
        Action   = "dynamodb:ListStreams"
        Resource = "${module.outbox.arn}/stream/*"
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
        Resource = "${module.failures.arn}/*"
      },
      {
        Sid      = "FindFailures"
        Effect   = "Allow"
        Action   = "s3:ListBucket"
        Resource = module.failures.arn
      },
      {
        Sid      = "Log"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.relay.arn}:*"
      },
    ])
  })
}
