# What a service publishes and consumes stands in wiring/, as its program prints it; what else it needs, here.
locals {
  # Those that answer requests: tasks behind the load balancer, each with an outbox.
  services = {
    customers = {
      path          = "/customer*"
      priority      = 10
      table_actions = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:ConditionCheckItem"]
      index         = null
      variables     = {}
    }
    orders = {
      path          = "/order*"
      priority      = 20
      table_actions = ["dynamodb:GetItem", "dynamodb:PutItem"]
      index         = { name = "PendingIndex", shard = "PendingShard", time = "DecideBy" }
      variables     = { ORDER_TIMEOUT_SECONDS = tostring(var.order_timeout_seconds) }
    }
  }

  # Those that only consume: a function behind their queues.
  functions = {
    notifications = {
      zip             = var.notifications_zip
      timeout_seconds = 60
      table_actions   = ["dynamodb:GetItem", "dynamodb:PutItem"]
      index           = { name = "DueIndex", shard = "DueShard", time = "DueAt" }
      variables       = { MAIL_FROM = var.mail_from, MAIL_IN_DOUBT = var.mail_in_doubt }
      mail_from       = var.mail_from
      scheduled_event = jsonencode({ send = {} })
      lasting_events = {
        mails-not-taken = {
          event       = "mail_not_taken"
          description = "For a quarter of an hour, Amazon SES has taken mails of ${var.mail_from} not at all or too slowly. They are tried again; the log says what SES answers."
        }
        mails-without-answer = {
          event       = "mail_not_answered"
          description = "For a quarter of an hour, Amazon SES was asked to send mails and did not answer: they may have been sent. The log says which."
        }
      }
    }
  }

  indexes       = { for name, one in merge(local.services, local.functions) : name => one.index }
  wiring        = { for name in keys(local.indexes) : name => jsondecode(file("${path.module}/wiring/${name}.json")) }
  topics        = toset(flatten([for service in local.wiring : service.publishes]))
  subscriptions = merge([for service in local.wiring : { for one in service.consumes : one.queue => one.topic }]...)
  # Six times as long as the function may run: a message is shown to nobody else before Lambda has given it up.
  hidden_for_functions = merge([for name, one in local.functions : { for from in local.wiring[name].consumes : from.queue => 6 * one.timeout_seconds }]...)

  # What the names of a service's tables end in.
  ends = { for name in keys(local.indexes) : name => try("-${var.restored_tables[name]}", "") }

  # What the load balancer has verified already, and the scope of each operation, which it cannot know.
  auth = try(var.jwt.keys, null) == null ? { AUTH = "off" } : {
    AUTH         = "jwt"
    JWT_ISSUER   = var.jwt.issuer
    JWT_AUDIENCE = var.jwt.audience
    JWT_JWKS     = var.jwt.keys
  }

  topic_arn_prefix = "arn:${data.aws_partition.current.partition}:sns:${var.region}:${data.aws_caller_identity.current.account_id}:${var.environment}-"
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

# One topic for each kind of message, whoever subscribes to it.
resource "aws_sns_topic" "messages" {
  for_each = local.topics

  name              = "${var.environment}-${each.value}${var.fifo ? ".fifo" : ""}"
  kms_master_key_id = "alias/aws/sns"
  fifo_topic        = var.fifo ? true : null
  # Each subject has a sequence and a limit of its own.
  fifo_throughput_scope = var.fifo ? "MessageGroup" : null
}

module "subscription" {
  source   = "../modules/subscription"
  for_each = local.subscriptions

  environment     = var.environment
  queue           = each.key
  topic_arn       = aws_sns_topic.messages[each.value].arn
  fifo            = var.fifo
  alarm_topic_arn = aws_sns_topic.alarms.arn

  visibility_timeout_seconds = lookup(local.hidden_for_functions, each.key, 30)
}

# Customers, orders, mails: what a service keeps.
module "aggregates" {
  source   = "../modules/table"
  for_each = local.indexes

  name                = "${var.environment}-${each.key}${local.ends[each.key]}"
  index               = each.value
  recovery_days       = var.recovery_days
  deletion_protection = var.deletion_protection
}

# The messages that a service has handled. A row is written in the same transaction as the effect of its message.
module "inbox" {
  source   = "../modules/table"
  for_each = local.indexes

  name                = "${var.environment}-${each.key}-inbox${local.ends[each.key]}"
  expires_at          = "ExpiresAt"
  recovery_days       = var.recovery_days
  deletion_protection = var.deletion_protection
}

module "outbox" {
  source   = "../modules/outbox"
  for_each = local.services

  environment         = var.environment
  service             = each.key
  relay_zip           = var.relay_zip
  architecture        = var.architecture
  topic_arns          = [for topic in local.wiring[each.key].publishes : aws_sns_topic.messages[topic].arn]
  topic_arn_prefix    = local.topic_arn_prefix
  alarm_topic_arn     = aws_sns_topic.alarms.arn
  sent_retention_days = var.sent_retention_days
  scheduled           = contains(var.scheduled, each.key)
  recovery_days       = var.recovery_days
  tables_end          = local.ends[each.key]
  stopped             = var.stopped
  # As long as an inbox would know the messages of what was given up.
  failure_retention_days = var.inbox_retention_days
  fifo                   = var.fifo
  # Every event names its customer; one who orders a great deal makes nobody else wait.
  tenant_field        = "customer_id"
  relay_version       = try(var.function_versions[each.key], null)
  newest_share        = var.newest_function_share
  memory_mb           = var.relay_memory_mb
  log_filter          = var.log_filter
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
  variables          = module.outbox[each.key].variables
  sent_table         = module.outbox[each.key].sent_table
  scheduled_table    = module.outbox[each.key].scheduled_table
  memory_mb          = var.relay_memory_mb
  topic_arns         = [for topic in local.wiring[each.key].publishes : aws_sns_topic.messages[topic].arn]
  topic_arn_prefix   = local.topic_arn_prefix
  alarm_topic_arn    = aws_sns_topic.alarms.arn
  log_retention_days = var.log_retention_days
  stopped            = var.stopped
}

module "consumer" {
  source   = "../modules/lambda-consumer"
  for_each = local.functions

  environment        = var.environment
  service            = each.key
  zip                = each.value.zip
  architecture       = var.architecture
  timeout_seconds    = each.value.timeout_seconds
  memory_mb          = var.notifications_memory_mb
  mail_from          = each.value.mail_from
  scheduled_event    = each.value.scheduled_event
  lasting_events     = each.value.lasting_events
  function_version   = try(var.function_versions[each.key], null)
  newest_share       = var.newest_function_share
  log_filter         = var.log_filter
  log_retention_days = var.log_retention_days
  alarm_topic_arn    = aws_sns_topic.alarms.arn
  stopped            = var.stopped

  variables = merge(each.value.variables, {
    "DYNAMODB_${upper(each.key)}_TABLE_NAME" = module.aggregates[each.key].name
    DYNAMODB_INBOX_TABLE_NAME                = module.inbox[each.key].name
    INBOX_RETENTION_DAYS                     = tostring(var.inbox_retention_days)
    MESSAGING_FIFO                           = tostring(var.fifo)
  })

  tables = {
    aggregates = { arn = module.aggregates[each.key].arn, actions = each.value.table_actions }
    index      = { arn = module.aggregates[each.key].index_arn, actions = ["dynamodb:Query"] }
    inbox      = { arn = module.inbox[each.key].arn, actions = ["dynamodb:PutItem"] }
  }

  queues = { for one in local.wiring[each.key].consumes : one.queue => {
    arn                        = module.subscription[one.queue].queue_arn
    dead_letter_arn            = module.subscription[one.queue].dead_letter_queue_arn
    visibility_timeout_seconds = local.hidden_for_functions[one.queue]
  } }
}

module "network" {
  source = "../modules/network"

  environment = var.environment
  flow_logs   = one([for bucket in module.logs : { bucket_arn = bucket.arn }])
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
  alarm_topic_arn     = aws_sns_topic.alarms.arn
  access_logs         = one([for bucket in module.logs : { bucket = bucket.name }])

  waf_requests_per_minute = var.waf_requests_per_minute
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

# Enough to go back to; older images cost and serve nobody.
resource "aws_ecr_lifecycle_policy" "service" {
  for_each = aws_ecr_repository.service

  repository = each.value.name
  policy = jsonencode({
    rules = [{
      rulePriority = 1
      description  = "Keep the newest"
      selection    = { tagStatus = "any", countType = "imageCountMoreThan", countNumber = var.images_kept }
      action       = { type = "expire" }
    }]
  })
}

module "service" {
  source   = "../modules/service"
  for_each = { for name, service in local.services : name => service if var.images != null }

  environment    = var.environment
  service        = each.key
  image          = var.images[each.key]
  repository_arn = aws_ecr_repository.service[each.key].arn
  architecture   = var.architecture

  environment_variables = merge(each.value.variables, local.auth, { for release in var.release[*] : "RELEASE" => release }, {
    "DYNAMODB_${upper(each.key)}_TABLE_NAME" = module.aggregates[each.key].name
    DYNAMODB_INBOX_TABLE_NAME                = module.inbox[each.key].name
    DYNAMODB_OUTBOX_TABLE_NAME               = module.outbox[each.key].table_name
    INBOX_RETENTION_DAYS                     = tostring(var.inbox_retention_days)
    MESSAGING_FIFO                           = tostring(var.fifo)
  })

  tables = merge({
    aggregates = { arn = module.aggregates[each.key].arn, actions = each.value.table_actions }
    inbox      = { arn = module.inbox[each.key].arn, actions = ["dynamodb:GetItem", "dynamodb:PutItem"] }
    outbox     = { arn = module.outbox[each.key].table_arn, actions = ["dynamodb:PutItem"] }
    }, {
    for arn in module.aggregates[each.key].index_arn[*] : "index" => { arn = arn, actions = ["dynamodb:Query"] }
    }, {
    # Messages for later are put there, and deleted when they are cancelled.
    for table in module.outbox[each.key].scheduled_table[*] : "scheduled" => { arn = table.arn, actions = ["dynamodb:PutItem", "dynamodb:DeleteItem"] }
  })

  queues = [for one in local.wiring[each.key].consumes : {
    name            = module.subscription[one.queue].queue_name
    arn             = module.subscription[one.queue].queue_arn
    dead_letter_arn = module.subscription[one.queue].dead_letter_queue_arn
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
  jwt                        = var.jwt
  cpu                        = var.task_cpu
  memory_mb                  = var.task_memory_mb
  log_filter                 = var.log_filter
  min_tasks                  = var.min_tasks
  max_tasks                  = var.max_tasks
  stopped                    = var.stopped
  log_retention_days         = var.log_retention_days
  alarm_topic_arn            = aws_sns_topic.alarms.arn
}
