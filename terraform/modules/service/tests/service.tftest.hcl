mock_provider "aws" {
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/mock" }
  }
  mock_resource "aws_lb_target_group" {
    defaults = { arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/test/0" }
  }
  mock_resource "aws_ecs_task_definition" {
    defaults = { arn = "arn:aws:ecs:eu-west-1:111122223333:task-definition/test:1" }
  }
  mock_data "aws_region" {
    defaults = { region = "eu-west-1" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }
}

variables {
  environment    = "test"
  service        = "orders"
  image          = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/test-service-orders@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  repository_arn = "arn:aws:ecr:eu-west-1:111122223333:repository/test-service-orders"
  environment_variables = {
    DYNAMODB_ORDERS_TABLE_NAME = "test-orders"
  }
  tables = {
    orders = { arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/test-orders", actions = ["dynamodb:GetItem", "dynamodb:PutItem"] }
  }
  queues = [{
    arn             = "arn:aws:sqs:eu-west-1:111122223333:test-q"
    dead_letter_arn = "arn:aws:sqs:eu-west-1:111122223333:test-q--dlq"
  }]
  cluster_arn                = "arn:aws:ecs:eu-west-1:111122223333:cluster/test"
  cluster_name               = "test"
  vpc_id                     = "vpc-1"
  subnet_ids                 = ["subnet-1", "subnet-2"]
  alb_security_group_id      = "sg-1"
  alb_arn_suffix             = "app/test/0"
  endpoint_security_group_id = "sg-2"
  gateway_prefix_list_ids    = { dynamodb = "pl-1", s3 = "pl-2" }
  listener_arn               = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/app/test/0/0"
  listener_priority          = 10
  path_pattern               = "/order*"
  alarm_topic_arn            = "arn:aws:sns:eu-west-1:111122223333:alarms"
}

run "the_program_can_do_what_it_does_and_no_more" {
  assert {
    condition = toset(flatten([for statement in jsondecode(aws_iam_role_policy.task.policy).Statement : statement.Action])) == toset([
      "dynamodb:GetItem", "dynamodb:PutItem",
      "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage",
    ])
    error_message = "The task role must allow exactly these actions."
  }
  assert {
    condition     = !anytrue([for action in flatten([for statement in jsondecode(aws_iam_role_policy.task.policy).Statement : statement.Action]) : startswith(action, "sns:")])
    error_message = "A service must not publish: what is not in its outbox cannot be sent."
  }
  assert {
    condition = alltrue([for statement in jsondecode(aws_iam_role_policy.task.policy).Statement :
      !contains(flatten([statement.Action]), "sqs:SendMessage") || jsonencode(flatten([statement.Resource])) == jsonencode(["arn:aws:sqs:eu-west-1:111122223333:test-q--dlq"])
    ])
    error_message = "A service sends to its dead-letter queues only."
  }
  assert {
    condition = alltrue([for statement in jsondecode(aws_iam_role_policy.task.policy).Statement :
      !anytrue([for resource in flatten([statement.Resource]) : strcontains(resource, "*")])
    ])
    error_message = "Every statement must name its resources."
  }
  assert {
    condition = alltrue([for statement in jsondecode(aws_iam_role_policy.execution.policy).Statement :
      jsonencode(statement.Resource) != jsonencode("*") || statement.Action == "ecr:GetAuthorizationToken"
    ])
    error_message = "Only ecr:GetAuthorizationToken has no resource of its own."
  }
}

run "the_container_is_told_what_it_reads_and_locked_down" {
  assert {
    condition = { for variable in jsondecode(aws_ecs_task_definition.service.container_definitions)[0].environment : variable.name => variable.value } == {
      ENVIRONMENT                = "test"
      AWS_REGION                 = "eu-west-1"
      AWS_SNS_TOPIC_PREFIX       = "test-"
      AWS_SQS_QUEUE_NAME_PREFIX  = "test-"
      PORT                       = "9700"
      DYNAMODB_ORDERS_TABLE_NAME = "test-orders"
    }
    error_message = "The program reads exactly these variables."
  }
  assert {
    condition     = jsondecode(aws_ecs_task_definition.service.container_definitions)[0].readonlyRootFilesystem
    error_message = "The root file system must be read-only."
  }
  assert {
    condition     = jsondecode(aws_ecs_task_definition.service.container_definitions)[0].stopTimeout >= 40
    error_message = "The program needs up to 27 seconds after SIGTERM."
  }
  assert {
    condition     = !aws_ecs_service.service.network_configuration[0].assign_public_ip
    error_message = "Tasks must not have public addresses."
  }
}

run "it_stays_up" {
  assert {
    condition     = aws_lb_target_group.service.health_check[0].path == "/orders/health"
    error_message = "The program answers its health check at /<service>/health."
  }
  assert {
    condition     = aws_ecs_service.service.deployment_circuit_breaker[0].rollback && aws_ecs_service.service.deployment_minimum_healthy_percent == 100
    error_message = "A version that does not start must not take the service down."
  }
  assert {
    condition     = aws_appautoscaling_target.service.min_capacity == 2 && aws_appautoscaling_target.service.max_capacity == 6
    error_message = "Two tasks at least, six at most."
  }
  assert {
    condition     = aws_cloudwatch_log_group.service.retention_in_days == 30
    error_message = "Logs must be kept for a time that somebody chose."
  }
}

run "alarms_wake_somebody" {
  assert {
    condition     = toset(keys(aws_cloudwatch_metric_alarm.service)) == toset(["no-healthy-task", "server-errors", "error-lines"])
    error_message = "An alarm is missing."
  }
  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.service : contains(coalesce(alarm.alarm_actions, []), var.alarm_topic_arn)])
    error_message = "An alarm without an action wakes nobody."
  }
  assert {
    condition     = aws_cloudwatch_log_metric_filter.errors.metric_transformation[0].name == aws_cloudwatch_metric_alarm.service["error-lines"].metric_name
    error_message = "The alarm on error lines watches a metric that nobody writes."
  }
}

run "refuses_a_tag" {
  command = plan
  variables { image = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/test-service-orders:latest" }
  expect_failures = [var.image]
}

run "refuses_a_wildcard_action" {
  command = plan
  variables {
    tables = { orders = { arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/test-orders", actions = ["dynamodb:*"] } }
  }
  expect_failures = [var.tables]
}

run "refuses_to_kill_in_the_middle_of_work" {
  command = plan
  variables { stop_timeout_seconds = 10 }
  expect_failures = [var.stop_timeout_seconds]
}
