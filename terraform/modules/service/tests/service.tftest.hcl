# What the module must be, the requirements over the whole plan say (tests/infrastructure/requirements.py). Here stands what it refuses,
# each value with what it would do.
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
    name            = "test-q"
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

run "refuses_what_cannot_work" {
  command = plan
  variables {
    # Names have no room for it.
    service = "all orders"
    # May be another image tomorrow.
    image = "orders:latest"
    # Fargate has none.
    architecture = "sparc"
    # Fargate does not take it.
    cpu = 300
    # The program has no right to it.
    port = 80
    # There is no such place.
    listener_priority = 0
    # Begins no path.
    path_pattern = "order*"
    # Would answer nobody.
    min_tasks = 0
    # Kills in the middle of work.
    stop_timeout_seconds = 10
    # Would ring for nobody.
    server_error_alarm_count = 100
    # Wakes nobody.
    alarm_topic_arn = ""
    # Comes after somebody was woken.
    scale_out_age_seconds = 900
    # More than the program does.
    tables = { orders = { arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/test-orders", actions = ["dynamodb:*"] } }
  }
  expect_failures = [var.service, var.image, var.architecture, var.cpu, var.port, var.listener_priority, var.path_pattern, var.min_tasks, var.stop_timeout_seconds, var.server_error_alarm_count, var.alarm_topic_arn, var.scale_out_age_seconds, var.tables]
}

run "refuses_sizes_that_do_not_fit" {
  command = plan
  variables {
    # Fargate gives a quarter of a processor 2048 at most.
    memory_mb = 10240
    # Less than the fewest.
    max_tasks = 1
  }
  expect_failures = [var.memory_mb, var.max_tasks]
}
