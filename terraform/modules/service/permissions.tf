locals {
  trust_of_tasks = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })
}

data "aws_caller_identity" "current" {}

# What the program may do.
resource "aws_iam_role" "task" {
  name               = "role-${local.name}"
  assume_role_policy = local.trust_of_tasks
}

resource "aws_iam_role_policy" "task" {
  name = "task"
  role = aws_iam_role.task.id
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
      [
        {
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
      ],
    )
  })
}

# What ECS may do to start the program.
resource "aws_iam_role" "execution" {
  name               = "role-${local.name}--execution"
  assume_role_policy = local.trust_of_tasks
}

resource "aws_iam_role_policy" "execution" {
  name = "execution"
  role = aws_iam_role.execution.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # AWS offers no resource for this action.
        Sid      = "LogInToRegistry"
        Effect   = "Allow"
        Action   = "ecr:GetAuthorizationToken"
        Resource = "*"
      },
      {
        Sid      = "PullImage"
        Effect   = "Allow"
        Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        Resource = var.repository_arn
      },
      {
        Sid      = "Log"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.service.arn}:*"
      },
    ]
  })
}
