# The content of messages that are too large for SNS: crate claim-check. An object's name is the hash of its content.
module "bucket" {
  source = "../bucket"

  name_prefix    = "${var.environment}-${var.service}-payloads-"
  retention_days = var.retention_days
  force_destroy  = !var.deletion_protection
}
