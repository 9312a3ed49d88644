# What may pass the endpoints: only what this deployment owns. Otherwise a program that was taken over, with credentials of another account
# in its hands, could carry data out through S3, DynamoDB or SQS of that account.
locals {
  region    = data.aws_region.current.region
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition

  owned = {
    dynamodb = ["arn:${local.partition}:dynamodb:${local.region}:${local.account}:table/${var.environment}-*"]
    sqs      = ["arn:${local.partition}:sqs:${local.region}:${local.account}:${var.environment}-*"]
    logs     = ["arn:${local.partition}:logs:${local.region}:${local.account}:log-group:/ecs/${var.environment}-*"]
    ecr      = ["arn:${local.partition}:ecr:${local.region}:${local.account}:repository/${var.environment}-*"]
    # Where ECR keeps the layers of images, for every account ("Amazon ECR User Guide, Interface VPC endpoints").
    layers = ["arn:${local.partition}:s3:::prod-${local.region}-starport-layer-bucket/*"]
  }

  pulling = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
  ours    = { StringEquals = { "aws:PrincipalAccount" = local.account } }

  statements = {
    dynamodb = [{ Sid = "OwnTables", Action = ["dynamodb:*"], Resource = local.owned.dynamodb, Condition = local.ours }]
    sqs      = [{ Sid = "OwnQueues", Action = ["sqs:*"], Resource = local.owned.sqs, Condition = local.ours }]
    logs     = [{ Sid = "OwnLogs", Action = ["logs:CreateLogStream", "logs:PutLogEvents"], Resource = local.owned.logs, Condition = local.ours }]
    # A layer is fetched by an address that ECR signed, not by a principal of this account.
    s3        = [{ Sid = "LayersOfImages", Action = ["s3:GetObject"], Resource = local.owned.layers }]
    "ecr.dkr" = [{ Sid = "OwnImages", Action = local.pulling, Resource = local.owned.ecr, Condition = local.ours }]
    "ecr.api" = [
      { Sid = "OwnImages", Action = local.pulling, Resource = local.owned.ecr, Condition = local.ours },
      # AWS offers no resource for this action.
      { Sid = "LogInToRegistry", Action = ["ecr:GetAuthorizationToken"], Resource = ["*"], Condition = local.ours },
    ]
  }

  policies = { for name, statements in local.statements : name => jsonencode({
    Version   = "2012-10-17"
    Statement = [for statement in statements : merge(statement, { Effect = "Allow", Principal = "*" })]
  }) }
}
