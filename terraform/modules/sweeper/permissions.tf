locals {
  keeping_sent = [for table in var.sent_table[*] : {
    Sid      = "KeepWhatWasSent"
    Effect   = "Allow"
    Action   = "dynamodb:BatchWriteItem"
    Resource = table.arn
  }]

  # A transaction needs no permission of its own, but that of each action in it.
  moving_scheduled = flatten([for table in var.scheduled_table[*] : [
    { Sid = "FindWhatIsDue", Effect = "Allow", Action = "dynamodb:Query", Resource = table.index_arn },
    { Sid = "TakeWhatIsDue", Effect = "Allow", Action = ["dynamodb:GetItem", "dynamodb:DeleteItem"], Resource = table.arn },
    { Sid = "MoveToOutbox", Effect = "Allow", Action = "dynamodb:PutItem", Resource = var.outbox_table_arn },
  ]])
}

resource "aws_iam_role" "sweeper" {
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

resource "aws_iam_role_policy" "sweeper" {
  name = "sweeper"
  role = aws_iam_role.sweeper.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(local.keeping_sent, local.moving_scheduled, [
      {
        # What is to be sent is found by reading the table: there is nothing else in it.
        Sid      = "FindRowsDeleteWhatWasSentAndPark"
        Effect   = "Allow"
        Action   = ["dynamodb:BatchWriteItem", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan", "dynamodb:UpdateItem"]
        Resource = var.outbox_table_arn
      },
      {
        Sid      = "Publish"
        Effect   = "Allow"
        Action   = "sns:Publish"
        Resource = var.topic_arns
      },
      {
        Sid      = "Log"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.sweeper.arn}:*"
      },
    ])
  })
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
        Resource = aws_lambda_function.sweeper.arn
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
