# What the module must be, the requirements over the whole plan say (tests/infrastructure/requirements.py). Here stands what it refuses,
# each value with what it would do.
mock_provider "aws" {
  mock_data "aws_availability_zones" {
    defaults = { names = ["eu-west-1a", "eu-west-1b", "eu-west-1c"] }
  }
}

variables {
  environment = "test"
}

run "refuses_what_cannot_work" {
  command = plan
  variables {
    # One zone may fail.
    zone_count = 1
    # Cannot be cut into sixteen subnets.
    cidr = "10.0.0.0/24"
  }
  expect_failures = [var.zone_count, var.cidr]
}
