mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { region = "eu-west-1" }
  }
  mock_data "aws_availability_zones" {
    defaults = { names = ["eu-west-1a", "eu-west-1b", "eu-west-1c"] }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/mock" }
  }
  mock_resource "aws_ecs_task_definition" {
    defaults = { arn = "arn:aws:ecs:eu-west-1:111122223333:task-definition/mock:1" }
  }
  mock_resource "aws_lb" {
    defaults = { arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/mock/0", dns_name = "mock.example.org" }
  }
  mock_resource "aws_lb_listener" {
    defaults = { arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/app/mock/0/0" }
  }
  mock_resource "aws_lb_target_group" {
    defaults = { arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/mock/0" }
  }
}

variables {
  environment     = "test"
  region          = "eu-west-1"
  relay_zip       = "main.tf" # any file: nothing is uploaded
  alarm_emails    = ["ops@example.org"]
  certificate_arn = "arn:aws:acm:eu-west-1:111122223333:certificate/0"
  images = {
    customers = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/test-service-customers@sha256:0000000000000000000000000000000000000000000000000000000000000000"
    orders    = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/test-service-orders@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  }
}

run "whole_system" {
  assert {
    condition     = length(aws_sns_topic.messages) == 8 && length(module.subscription) == 6 && length(module.outbox) == 2 && length(module.sweeper) == 2 && length(module.service) == 2
    error_message = "Eight topics, six queues, two outboxes, two sweepers, two services."
  }
  assert {
    condition     = alltrue([for service in local.services : length(setsubtract(values(service.subscriptions), local.topics)) == 0])
    error_message = "A queue is subscribed to a topic that nobody declares."
  }
  assert {
    condition     = length(flatten([for service in local.services : service.topics])) == length(local.topics)
    error_message = "Each topic belongs to one service."
  }
  assert {
    condition     = alltrue([for table in aws_dynamodb_table.aggregates : table.point_in_time_recovery[0].enabled && table.deletion_protection_enabled && table.server_side_encryption[0].enabled])
    error_message = "Tables must be recoverable, protected and encrypted."
  }
  assert {
    condition = (
      [for index in aws_dynamodb_table.aggregates["orders"].global_secondary_index : index.name] == ["PendingIndex"]
      && length(aws_dynamodb_table.aggregates["customers"].global_secondary_index) == 0
    )
    error_message = "Overdue orders are found by PendingIndex; nothing else needs an index."
  }
  assert {
    condition     = alltrue([for topic in aws_sns_topic.messages : topic.kms_master_key_id == "alias/aws/sns"])
    error_message = "Topics must be encrypted."
  }
  assert {
    condition     = aws_sns_topic.alarms.kms_master_key_id == null
    error_message = "CloudWatch cannot publish to a topic under the AWS managed key: no alarm would arrive."
  }
  assert {
    condition     = alltrue([for repository in aws_ecr_repository.service : repository.image_tag_mutability == "IMMUTABLE"])
    error_message = "A tag must not move to another image."
  }
  assert {
    condition     = output.health_urls == { customers = "https://mock.example.org/customers/health", orders = "https://mock.example.org/orders/health" }
    error_message = "The health URLs are those of the services."
  }
}

run "everything_but_the_services_can_be_made_first" {
  command = plan
  variables { images = null }
  assert {
    condition     = length(module.service) == 0 && length(aws_ecr_repository.service) == 2
    error_message = "Images are pushed to repositories that this makes, so it must work without images."
  }
}

run "plain_http_warns" {
  command = plan
  variables { certificate_arn = null }
  expect_failures = [check.https]
}

run "silent_alarms_warn" {
  command = plan
  variables { alarm_emails = [] }
  expect_failures = [check.alarms_reach_somebody]
}

run "refuses_development" {
  command = plan
  variables { environment = "autotest" }
  expect_failures = [var.environment]
}

run "refuses_a_name_that_does_not_fit" {
  command = plan
  variables { environment = "production-west" }
  expect_failures = [var.environment]
}

run "refuses_a_tag" {
  command = plan
  variables {
    images = { customers = "customers:latest", orders = "orders:latest" }
  }
  expect_failures = [var.images]
}

run "refuses_an_address_for_a_name" {
  command = plan
  variables { domain_name = "https://shop.example.org" }
  expect_failures = [var.domain_name]
}
