# What all tables of the system have in common: paid by the request, encrypted, and not deleted by mistake.
locals {
  keys = compact([var.range_key == null ? null : var.range_key, try(var.index.shard, null), try(var.index.time, null), "PK"])
}

resource "aws_dynamodb_table" "table" {
  # checkov:skip=CKV_AWS_28:Recovery is a setting, and null only for copies that expire by themselves.
  # checkov:skip=CKV_AWS_119:The AWS managed key encrypts the table; a customer managed key adds a cost and a way to lose the data.
  name                        = var.name
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "PK"
  range_key                   = var.range_key
  deletion_protection_enabled = var.deletion_protection

  # A record only wakes whoever reads the rows.
  stream_enabled   = var.stream
  stream_view_type = var.stream ? "KEYS_ONLY" : null

  dynamic "attribute" {
    for_each = toset(local.keys)
    content {
      name = attribute.value
      type = "S"
    }
  }

  # Sparse: only an item that waits for a time has these attributes.
  dynamic "global_secondary_index" {
    for_each = var.index[*]
    content {
      name            = global_secondary_index.value.name
      projection_type = "KEYS_ONLY"

      key_schema {
        attribute_name = global_secondary_index.value.shard
        key_type       = "HASH"
      }

      key_schema {
        attribute_name = global_secondary_index.value.time
        key_type       = "RANGE"
      }
    }
  }

  dynamic "ttl" {
    for_each = var.expires_at[*]
    content {
      attribute_name = ttl.value
      enabled        = true
    }
  }

  dynamic "point_in_time_recovery" {
    for_each = var.recovery_days[*]
    content {
      enabled                 = true
      recovery_period_in_days = point_in_time_recovery.value
    }
  }

  server_side_encryption {
    enabled = true
  }
}
