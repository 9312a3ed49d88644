# Where Lambda puts the records of a batch that it gives up on, with their keys. The rows themselves stay pending in the table.
module "failures" {
  source = "../bucket"

  name_prefix    = "${var.environment}-${var.service}-failures-"
  retention_days = var.failure_retention_days
  force_destroy  = !var.deletion_protection
}
