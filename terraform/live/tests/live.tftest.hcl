# What the system must be, the requirements over the whole plan say (tests/infrastructure/requirements.py). Here stands what it refuses,
# each value with what it would do.
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
  environment       = "test"
  region            = "eu-west-1"
  relay_zip         = "main.tf" # any file: nothing is uploaded
  notifications_zip = "main.tf"
  mail_from         = "shop@example.org"
  alarm_emails      = ["ops@example.org"]
  certificate_arn   = "arn:aws:acm:eu-west-1:111122223333:certificate/0"
  images = {
    customers = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/test-service-customers@sha256:0000000000000000000000000000000000000000000000000000000000000000"
    orders    = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/test-service-orders@sha256:0000000000000000000000000000000000000000000000000000000000000000"
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

run "plain_http_and_silent_alarms_warn" {
  command = plan
  variables {
    certificate_arn = null
    alarm_emails    = []
  }
  expect_failures = [check.https, check.alarms_reach_somebody]
}

run "refuses_what_cannot_work" {
  command = plan
  variables {
    # The load balancer has no room for it.
    environment = "production-west"
    # Is no region.
    region = "Europe"
    # May be other images tomorrow.
    images = { customers = "customers:latest", orders = "orders:latest" }
    # Is no file.
    relay_zip = "no-such.zip"
    # Is no file.
    notifications_zip = "no-such.zip"
    # Has a name beside it.
    mail_from = "Shop <shop@example.org>"
    # Is neither.
    mail_in_doubt = "perhaps"
    # AWS has none.
    architecture = "sparc"
    # Is no account.
    account_id = "1"
    # Is no name of a bucket.
    state_bucket = "States"
    # Has a space.
    release = "a release"
    # Is no address.
    alarm_emails = ["ops"]
    # Is an address and no name.
    domain_name = "https://shop.example.org"
    # Tokens of whoever is on the way.
    jwt = { issuer = "http://id.example.org", jwks_endpoint = "https://id.example.org/keys", scope = "shop" }
    # Is no time.
    traffic_log_days = -1
    # Rings at once.
    monthly_budget_dollars = 0
    # Sends nothing.
    scheduled = ["notifications"]
    # Is no service.
    function_versions = { payments = "1" }
    # Gives orders up before anybody hears of what holds them up.
    order_timeout_seconds = 60
    # Lets in what a person sends again.
    inbox_retention_days = 45
    # Last week is gone.
    recovery_days = 1
    # Gone before the tables themselves forget.
    backups = { days = 1 }
    # Has no tables.
    restored_tables = { payments = "20261129t080000z" }
    # Nothing to go back to.
    images_kept = 1
    # Hides lines that alarms count.
    log_filter = "error"
  }
  expect_failures = [var.environment, var.region, var.account_id, var.state_bucket, var.release, var.images, var.relay_zip, var.notifications_zip, var.mail_from, var.mail_in_doubt, var.architecture, var.alarm_emails, var.domain_name, var.jwt, var.traffic_log_days, var.monthly_budget_dollars, var.scheduled, var.function_versions, var.order_timeout_seconds, var.inbox_retention_days, var.recovery_days, var.backups, var.restored_tables, var.images_kept, var.log_filter]
}

run "refuses_the_names_of_desks_and_tests" {
  command = plan
  variables {
    # The programs would make resources of their own.
    environment = "autotest"
  }
  expect_failures = [var.environment]
}

run "refuses_tokens_over_plain_http" {
  command = plan
  variables {
    certificate_arn = null
    jwt             = { issuer = "https://id.example.org", jwks_endpoint = "https://id.example.org/keys", scope = "shop" }
  }
  expect_failures = [var.jwt, check.https]
}

run "refuses_an_audience_without_keys" {
  command = plan
  variables {
    jwt = { issuer = "https://id.example.org", jwks_endpoint = "https://id.example.org/keys", scope = "shop", audience = "shop" }
  }
  expect_failures = [var.jwt]
}

run "refuses_a_canary_over_plain_http" {
  command = plan
  variables { canary = {} }
  expect_failures = [var.canary]
}

run "refuses_a_canary_without_a_token" {
  command = plan
  variables {
    domain_name = "shop.example.org"
    jwt         = { issuer = "https://id.example.org", jwks_endpoint = "https://id.example.org/keys", scope = "shop" }
    canary      = {}
  }
  expect_failures = [var.canary]
}

run "refuses_backups_at_no_time" {
  command = plan
  variables { backups = { days = 90, schedule = "daily" } }
  expect_failures = [var.backups]
}

run "refuses_a_lock_that_is_final_at_once" {
  command = plan
  variables { backups = { days = 90, lock_after_days = 1 } }
  expect_failures = [var.backups]
}

run "refuses_tables_of_no_moment" {
  command = plan
  variables { restored_tables = { orders = "yesterday" } }
  expect_failures = [var.restored_tables]
}
