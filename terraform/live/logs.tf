# Where network and load balancer log, if they do: one bucket, each under a folder of its own.
module "logs" {
  source = "../modules/bucket"
  count  = var.traffic_log_days == 0 ? 0 : 1

  name_prefix    = "${var.environment}-traffic-logs-"
  retention_days = var.traffic_log_days
  force_destroy  = !var.deletion_protection

  log_writers = [for sid, writer in {
    BalancerLogs = { service = "logdelivery.elasticloadbalancing.amazonaws.com", action = "s3:PutObject" }
    FlowLogs     = { service = "delivery.logs.amazonaws.com", action = "s3:PutObject" }
    FindBucket   = { service = "delivery.logs.amazonaws.com", action = "s3:GetBucketAcl" }
  } : merge(writer, { sid = sid, account = data.aws_caller_identity.current.account_id })]
}
