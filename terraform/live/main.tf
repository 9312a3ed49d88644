# Names of topics, queues and variables are those of the programs; tests/infrastructure compares them with the Rust sources.
locals {
  services = {
    customers = {
      path          = "/customer*"
      priority      = 10
      variable      = "DYNAMODB_CUSTOMERS_TABLE_NAME"
      table_actions = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:ConditionCheckItem"]
      index         = null
      topics        = ["customer--created", "customer--credit-reserved", "customer--credit-reservation-failed", "customer--validation-failed"]
      subscriptions = {
        customer--order-created   = "order--created"
        customer--order-cancelled = "order--cancelled"
        customer--order-rejected  = "order--rejected"
      }
    }
    orders = {
      path          = "/order*"
      priority      = 20
      variable      = "DYNAMODB_ORDERS_TABLE_NAME"
      table_actions = ["dynamodb:GetItem", "dynamodb:PutItem"]
      index         = { name = "PendingIndex", hash_key = "PendingShard", range_key = "DecideBy" }
      topics        = ["order--created", "order--approved", "order--rejected", "order--cancelled"]
      subscriptions = {
        order--customer-credit-reserved           = "customer--credit-reserved"
        order--customer-credit-reservation-failed = "customer--credit-reservation-failed"
        order--customer-validation-failed         = "customer--validation-failed"
      }
    }
  }

  topics        = toset(flatten([for service in local.services : service.topics]))
  subscriptions = merge([for service in local.services : service.subscriptions]...)

  topic_arn_prefix = "arn:${data.aws_partition.current.partition}:sns:${var.region}:${data.aws_caller_identity.current.account_id}:${var.environment}-"
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

# One topic for each kind of message, whoever subscribes to it.
resource "aws_sns_topic" "messages" {
  for_each = local.topics

  name              = "${var.environment}-${each.value}"
  kms_master_key_id = "alias/aws/sns"
}

module "subscription" {
  source   = "../modules/subscription"
  for_each = local.subscriptions

  environment     = var.environment
  queue           = each.key
  topic_arn       = aws_sns_topic.messages[each.value].arn
  alarm_topic_arn = aws_sns_topic.alarms.arn
}

resource "aws_dynamodb_table" "aggregates" {
  # checkov:skip=CKV_AWS_119:The AWS managed key encrypts the table; a customer managed key adds a cost and a way to lose the data.
  for_each = local.services

  name                        = "${var.environment}-${each.key}"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "PK"
  deletion_protection_enabled = var.deletion_protection

  dynamic "attribute" {
    for_each = toset(compact(["PK", try(each.value.index.hash_key, null), try(each.value.index.range_key, null)]))
    content {
      name = attribute.value
      type = "S"
    }
  }

  # Sparse: only an aggregate that waits for a time has these attributes.
  dynamic "global_secondary_index" {
    for_each = each.value.index[*]
    content {
      name            = global_secondary_index.value.name
      hash_key        = global_secondary_index.value.hash_key
      range_key       = global_secondary_index.value.range_key
      projection_type = "KEYS_ONLY"
    }
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled = true
  }
}

module "inbox" {
  source   = "../modules/inbox-table"
  for_each = local.services

  environment         = var.environment
  service             = each.key
  deletion_protection = var.deletion_protection
}

module "outbox" {
  source   = "../modules/outbox"
  for_each = local.services

  environment         = var.environment
  service             = each.key
  relay_zip           = var.relay_zip
  architecture        = var.architecture
  topic_arns          = [for topic in each.value.topics : aws_sns_topic.messages[topic].arn]
  topic_arn_prefix    = local.topic_arn_prefix
  alarm_topic_arn     = aws_sns_topic.alarms.arn
  sent_retention_days = var.sent_retention_days
  log_retention_days  = var.log_retention_days
  deletion_protection = var.deletion_protection

  # A message that is published before its queue is subscribed reaches nobody.
  depends_on = [module.subscription]
}

module "sweeper" {
  source   = "../modules/sweeper"
  for_each = local.services

  environment        = var.environment
  service            = each.key
  relay_zip          = var.relay_zip
  architecture       = var.architecture
  outbox_table_name  = module.outbox[each.key].table_name
  outbox_table_arn   = module.outbox[each.key].table_arn
  sent_table         = module.outbox[each.key].sent_table
  topic_arns         = [for topic in each.value.topics : aws_sns_topic.messages[topic].arn]
  topic_arn_prefix   = local.topic_arn_prefix
  alarm_topic_arn    = aws_sns_topic.alarms.arn
  log_retention_days = var.log_retention_days
}

module "network" {
  source = "../modules/network"

  environment = var.environment
}

module "alb" {
  source = "../modules/alb"

  environment         = var.environment
  vpc_id              = module.network.vpc_id
  subnet_ids          = module.network.public_subnet_ids
  certificate_arn     = var.certificate_arn
  domain_name         = var.domain_name
  allowed_cidrs       = var.allowed_cidrs
  deletion_protection = var.deletion_protection
}

resource "aws_ecs_cluster" "main" {
  name = var.environment

  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

resource "aws_ecr_repository" "service" {
  # checkov:skip=CKV_AWS_136:Images hold no secrets; ECR encrypts them with its own key.
  for_each = local.services

  name                 = "${var.environment}-service-${each.key}"
  image_tag_mutability = "IMMUTABLE"
  force_delete         = !var.deletion_protection

  image_scanning_configuration {
    scan_on_push = true
  }
}

module "service" {
  source   = "../modules/service"
  for_each = { for name, service in local.services : name => service if var.images != null }

  environment    = var.environment
  service        = each.key
  image          = var.images[each.key]
  repository_arn = aws_ecr_repository.service[each.key].arn
  architecture   = var.architecture

  environment_variables = {
    (each.value.variable)      = aws_dynamodb_table.aggregates[each.key].name
    DYNAMODB_INBOX_TABLE_NAME  = module.inbox[each.key].name
    DYNAMODB_OUTBOX_TABLE_NAME = module.outbox[each.key].table_name
  }

  tables = merge({
    aggregates = { arn = aws_dynamodb_table.aggregates[each.key].arn, actions = each.value.table_actions }
    inbox      = { arn = module.inbox[each.key].arn, actions = ["dynamodb:GetItem", "dynamodb:PutItem"] }
    outbox     = { arn = module.outbox[each.key].table_arn, actions = ["dynamodb:PutItem"] }
    }, {
    for index in each.value.index[*] : "index" => { arn = "${aws_dynamodb_table.aggregates[each.key].arn}/index/${index.name}", actions = ["dynamodb:Query"] }
  })

  queues = [for queue in keys(each.value.subscriptions) : {
    arn             = module.subscription[queue].queue_arn
    dead_letter_arn = module.subscription[queue].dead_letter_queue_arn
  }]

  cluster_arn                = aws_ecs_cluster.main.arn
  cluster_name               = aws_ecs_cluster.main.name
  vpc_id                     = module.network.vpc_id
  subnet_ids                 = module.network.private_subnet_ids
  alb_security_group_id      = module.alb.security_group_id
  alb_arn_suffix             = module.alb.arn_suffix
  endpoint_security_group_id = module.network.endpoint_security_group_id
  gateway_prefix_list_ids    = module.network.gateway_prefix_list_ids
  listener_arn               = module.alb.listener_arn
  listener_priority          = each.value.priority
  path_pattern               = each.value.path
  min_tasks                  = var.min_tasks
  max_tasks                  = var.max_tasks
  log_retention_days         = var.log_retention_days
  alarm_topic_arn            = aws_sns_topic.alarms.arn
}
