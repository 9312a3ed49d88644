# Copies of the tables in a vault of their own, where they outlive the tables, and whoever may delete these. Tables are copied one after the
# other, so that what comes back from here disagrees by minutes until it is reconciled; to one second brings only point-in-time recovery.
locals {
  backups = var.backups[*]
  # What is worth coming back: as with recovery_days, all but the messages that were sent.
  backed_up = concat(
    [for table in module.aggregates : table.arn],
    [for table in module.inbox : table.arn],
    [for outbox in module.outbox : outbox.table_arn],
    flatten([for outbox in module.outbox : outbox.scheduled_table[*].arn]),
  )
}

resource "aws_backup_vault" "tables" {
  # checkov:skip=CKV_AWS_166:AWS Backup encrypts with a key of its own; a customer managed key adds a cost and a way to lose what is kept.
  count = length(local.backups)

  name          = "${var.environment}-tables"
  force_destroy = !var.deletion_protection
}

# Nobody deletes a copy before its time. Without changeable_for_days who may change the vault can lift it; with it, once these days are
# over, nobody can, AWS included.
resource "aws_backup_vault_lock_configuration" "tables" {
  count = try(var.backups.lock_after_days, null) == null ? 0 : 1

  backup_vault_name   = aws_backup_vault.tables[0].name
  min_retention_days  = var.backups.days
  changeable_for_days = var.backups.lock_after_days == 0 ? null : var.backups.lock_after_days
}

resource "aws_backup_plan" "tables" {
  count = length(local.backups)

  name = "${var.environment}-tables"

  rule {
    rule_name         = "tables"
    target_vault_name = aws_backup_vault.tables[0].name
    schedule          = local.backups[count.index].schedule
    # One that has not begun after an hour is given up, and rings.
    start_window      = 60
    completion_window = 720

    lifecycle {
      delete_after = local.backups[count.index].days
    }
  }
}

resource "aws_backup_selection" "tables" {
  count = length(local.backups)

  name         = "${var.environment}-tables"
  plan_id      = aws_backup_plan.tables[0].id
  iam_role_arn = aws_iam_role.backups[0].arn
  resources    = local.backed_up

  # A first run without rights fails.
  depends_on = [aws_iam_role_policy.backups]
}

resource "aws_iam_role" "backups" {
  count = length(local.backups)

  name = "role-${var.environment}-backups"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "backup.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })
}

# What the AWS managed policy AWSBackupServiceRolePolicyForBackup allows for DynamoDB, on these tables and on this vault only. It may make
# copies and delete what is over, and bring nothing back: for that a person uses a role of their own.
resource "aws_iam_role_policy" "backups" {
  count = length(local.backups)

  name = "backups"
  role = aws_iam_role.backups[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "CopyTables"
        Effect   = "Allow"
        Action   = ["dynamodb:DescribeTable", "dynamodb:CreateBackup", "dynamodb:StartAwsBackupJob", "dynamodb:ListTagsOfResource"]
        Resource = local.backed_up
      },
      {
        Sid      = "DeleteWhatIsOver"
        Effect   = "Allow"
        Action   = ["dynamodb:DescribeBackup", "dynamodb:DeleteBackup"]
        Resource = [for arn in local.backed_up : "${arn}/backup/*"]
      },
      {
        Sid      = "PutIntoVault"
        Effect   = "Allow"
        Action   = ["backup:DescribeBackupVault", "backup:CopyIntoBackupVault"]
        Resource = aws_backup_vault.tables[0].arn
      },
    ]
  })
}

resource "aws_cloudwatch_metric_alarm" "backups" {
  for_each = length(local.backups) == 0 ? {} : {
    failed  = "A table was not copied into the vault: AWS Backup says why at its job. The copies before it are still there."
    expired = "A table was not copied into the vault, because the copy did not begin within an hour. The next one comes by itself."
  }

  alarm_name          = "${var.environment}-backups--${each.key}"
  alarm_description   = each.value
  namespace           = "AWS/Backup"
  metric_name         = "NumberOfBackupJobs${title(each.key)}"
  dimensions          = { BackupVaultName = aws_backup_vault.tables[0].name }
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 300
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}
