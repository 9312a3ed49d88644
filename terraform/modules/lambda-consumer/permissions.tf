locals {
  identities = "arn:${data.aws_partition.current.partition}:ses:${data.aws_region.current.region}:${local.account}:identity"

  # The verified identity is the address itself or its domain: SES asks for whichever it finds. The condition holds for both.
  mailing = [for address in var.mail_from[*] : {
    Sid       = "Mail"
    Effect    = "Allow"
    Action    = "ses:SendEmail"
    Resource  = ["${local.identities}/${address}", "${local.identities}/${split("@", address)[1]}"]
    Condition = { StringEquals = { "ses:FromAddress" = address } }
  }]
}

resource "aws_iam_role" "consumer" {
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

resource "aws_iam_role_policy" "consumer" {
  name = "consumer"
  role = aws_iam_role.consumer.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      # A transaction needs no permission of its own, but that of each action in it.
      [for name in sort(keys(var.tables)) : {
        Sid      = "Table${title(name)}"
        Effect   = "Allow"
        Action   = var.tables[name].actions
        Resource = var.tables[name].arn
      }],
      local.mailing,
      [
        {
          # Lambda receives and deletes under this role; the program hides what must come again.
          Sid    = "Consume"
          Effect = "Allow"
          Action = [
            "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes", "sqs:GetQueueUrl",
          ]
          Resource = [for queue in var.queues : queue.arn]
        },
        {
          Sid      = "SetAside"
          Effect   = "Allow"
          Action   = ["sqs:SendMessage", "sqs:GetQueueUrl"]
          Resource = [for queue in var.queues : queue.dead_letter_arn]
        },
        {
          Sid      = "Log"
          Effect   = "Allow"
          Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
          Resource = "${aws_cloudwatch_log_group.consumer.arn}:*"
        },
      ],
    )
  })
}
