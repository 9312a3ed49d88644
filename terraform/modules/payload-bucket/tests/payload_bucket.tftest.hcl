mock_provider "aws" {
  mock_resource "aws_s3_bucket" {
    defaults = {
      arn = "arn:aws:s3:::test-orders-payloads"
    }
  }
}

variables {
  environment = "test"
  service     = "orders"
}

run "content_outlives_every_message" {
  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.payloads.rule[0].status == "Enabled" && aws_s3_bucket_lifecycle_configuration.payloads.rule[0].expiration[0].days == 90
    error_message = "Content is kept for 90 days: longer than a message can be on its way, and not for ever."
  }
}

run "a_rule_that_forgets_too_soon_is_refused" {
  command = plan

  variables {
    retention_days = 44
  }

  expect_failures = [var.retention_days]
}

run "nobody_else_reads_it" {
  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.payloads.block_public_acls,
      aws_s3_bucket_public_access_block.payloads.block_public_policy,
      aws_s3_bucket_public_access_block.payloads.ignore_public_acls,
      aws_s3_bucket_public_access_block.payloads.restrict_public_buckets,
    ])
    error_message = "The bucket must not be public."
  }
  assert {
    condition     = strcontains(aws_s3_bucket_policy.payloads.policy, "aws:SecureTransport")
    error_message = "The bucket must refuse requests without TLS."
  }
  assert {
    condition     = !aws_s3_bucket.payloads.force_destroy
    error_message = "Deletion protection must be on unless somebody turned it off."
  }
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
