locals {
  keeps_sent     = var.sent_retention_days > 0
  sent_variables = local.keeps_sent ? { SENT_TABLE_NAME = one(aws_dynamodb_table.sent).name, SENT_RETENTION_DAYS = tostring(var.sent_retention_days) } : {}
}

# What was sent, for people who look back or send it again. No program decides anything by it.
resource "aws_dynamodb_table" "sent" {
  # checkov:skip=CKV_AWS_28:A copy that expires after days; what it holds was sent, so losing it loses no message.
  # checkov:skip=CKV_AWS_119:The AWS managed key encrypts the table; a customer managed key adds a cost and a way to lose the data.
  count = local.keeps_sent ? 1 : 0

  name                        = "${var.environment}-${var.service}-sent"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "PK"
  range_key                   = "SK"
  deletion_protection_enabled = var.deletion_protection

  dynamic "attribute" {
    for_each = toset(["PK", "SK"])
    content {
      name = attribute.value
      type = "S"
    }
  }

  ttl {
    attribute_name = "ExpiresAt"
    enabled        = true
  }

  server_side_encryption {
    enabled = true
  }
}
