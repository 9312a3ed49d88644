mock_provider "aws" {}

variables {
  environment = "test"
  service     = "orders"
}

run "remembers_for_a_bounded_time" {
  assert {
    condition     = aws_dynamodb_table.inbox.ttl[0].attribute_name == "ExpiresAt" && aws_dynamodb_table.inbox.ttl[0].enabled
    error_message = "The program writes the time to live into ExpiresAt; under any other name the inbox grows for ever."
  }
  assert {
    condition     = aws_dynamodb_table.inbox.hash_key == "PK" && aws_dynamodb_table.inbox.range_key == null
    error_message = "The program's key of an inbox row is PK alone."
  }
}

run "survives_accidents" {
  assert {
    condition     = aws_dynamodb_table.inbox.point_in_time_recovery[0].enabled
    error_message = "A lost inbox lets every late duplicate in; it must be recoverable."
  }
  assert {
    condition     = aws_dynamodb_table.inbox.server_side_encryption[0].enabled
    error_message = "The inbox must be encrypted at rest."
  }
  assert {
    condition     = aws_dynamodb_table.inbox.deletion_protection_enabled
    error_message = "Deletion protection must be on unless somebody turned it off."
  }
}
