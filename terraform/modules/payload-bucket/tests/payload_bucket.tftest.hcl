# What the module must be, the requirements over the whole plan say (tests/infrastructure/requirements.py). Here stands what it refuses,
# each value with what it would do.
mock_provider "aws" {
  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::test-orders-payloads" }
  }
}

variables {
  environment = "test"
  service     = "orders"
}

run "content_outlives_every_message" {
  command = plan
  variables {
    # A message can be on its way for 45 days.
    retention_days = 44
  }
  expect_failures = [var.retention_days]
}

run "services_may_do_what_they_do_and_no_more" {
  assert {
    condition     = toset(flatten(output.sender_statements[*].Action)) == toset(["s3:GetLifecycleConfiguration", "s3:PutObject"])
    error_message = "A sender stores content and reads the lifecycle rules."
  }
  assert {
    condition     = toset(flatten(output.receiver_statements[*].Action)) == toset(["s3:GetLifecycleConfiguration", "s3:GetObject", "s3:ListBucket"])
    error_message = "A receiver reads content and the lifecycle rules, and deletes nothing."
  }
}
