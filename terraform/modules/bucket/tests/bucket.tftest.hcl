# What the module must be, the requirements over the whole plan say (tests/infrastructure/requirements.py). Here stands what it refuses,
# each value with what it would do.
mock_provider "aws" {}

variables {
  name_prefix    = "test-orders-failures-"
  retention_days = 90
}

run "refuses_what_cannot_work" {
  command = plan
  variables {
    # S3 takes lower-case letters, digits and hyphens.
    name_prefix = "Test Failures"
    # Would delete at once.
    retention_days = 0
  }
  expect_failures = [var.name_prefix, var.retention_days]
}
