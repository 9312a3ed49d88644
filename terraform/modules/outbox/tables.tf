locals {
  keeps_sent = var.sent_retention_days > 0
  # What a program is told that writes to these tables.
  variables = merge({
    DYNAMODB_OUTBOX_TABLE_NAME = module.outbox.name
    MESSAGING_FIFO             = tostring(var.fifo)
    }, local.keeps_sent ? {
    SENT_TABLE_NAME     = one(module.sent).name
    SENT_RETENTION_DAYS = tostring(var.sent_retention_days)
  } : {}, { for field in var.tenant_field[*] : "TENANT_FIELD" => field }, { for filter in var.log_filter[*] : "RUST_LOG" => filter })
}

# What has not been sent, and nothing else: no index is needed to find it, and nothing in it may expire.
module "outbox" {
  source = "../table"

  name                = "${var.environment}-${var.service}-outbox${var.tables_end}"
  range_key           = "SK"
  stream              = true
  recovery_days       = var.recovery_days
  deletion_protection = var.deletion_protection
}

# What was sent, for people who look back or send it again. No program decides anything by it, so it need not be restored.
module "sent" {
  source = "../table"
  count  = local.keeps_sent ? 1 : 0

  name                = "${var.environment}-${var.service}-sent"
  range_key           = "SK"
  expires_at          = "ExpiresAt"
  recovery_days       = null
  deletion_protection = var.deletion_protection
}

# What is to be sent later. The sweeper moves what is due into the outbox; the service writes here, and may cancel.
module "scheduled" {
  source = "../table"
  count  = var.scheduled ? 1 : 0

  name                = "${var.environment}-${var.service}-scheduled${var.tables_end}"
  index               = { name = "DueIndex", shard = "Shard", time = "NotBefore" }
  recovery_days       = var.recovery_days
  deletion_protection = var.deletion_protection
}
