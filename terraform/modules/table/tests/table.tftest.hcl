# What the module must be, the requirements over the whole plan say (tests/infrastructure/requirements.py). Here stands what it refuses,
# each value with what it would do.
mock_provider "aws" {}

variables {
  name          = "test-orders"
  recovery_days = 35
}

run "refuses_a_table_that_cannot_come_back" {
  command = plan
  variables {
    # DynamoDB goes back 35 days.
    recovery_days = 36
  }
  expect_failures = [var.recovery_days]
}

run "a_table_of_copies_need_not_come_back" {
  command = plan
  variables { recovery_days = null }
  assert {
    condition     = length(aws_dynamodb_table.table.point_in_time_recovery) == 0
    error_message = "Null asks for no recovery."
  }
}
