resource "aws_dynamodb_table" "inbox" {
  # checkov:skip=CKV_AWS_119:The AWS managed key encrypts the table; a customer managed key adds a cost and a way to lose the data.
  name                        = "${var.environment}-${var.service}-inbox"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "PK"
  deletion_protection_enabled = var.deletion_protection

  attribute {
    name = "PK"
    type = "S"
  }

  ttl {
    attribute_name = "ExpiresAt"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled = true
  }
}
