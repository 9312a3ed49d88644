output "table_name" {
  description = "Value for DYNAMODB_OUTBOX_TABLE_NAME."
  value       = module.outbox.name
}

output "table_arn" {
  description = "For the roles of the service and of the sweeper."
  value       = module.outbox.arn
}

output "variables" {
  description = "What a program is told that empties this outbox: its tables, the kind of its topics, its log filter."
  value       = local.variables
}

output "sent_table" {
  description = "The table of sent messages: name and ARN; null when none is kept."
  value       = one([for table in module.sent : { name = table.name, arn = table.arn }])
}

output "scheduled_table" {
  description = "The table of scheduled messages: name, ARN and ARN of its index; null when there is none."
  value       = one([for table in module.scheduled : { name = table.name, arn = table.arn, index_arn = table.index_arn }])
}

output "relay_function_name" {
  description = "The relay."
  value       = aws_lambda_function.relay.function_name
}

output "relay_version" {
  description = "The version of the relay that takes the records, or most of them: what to name in relay_versions to come back to it."
  value       = aws_lambda_alias.live.function_version
}

output "newest_relay_version" {
  description = "The version of the zip that was given last."
  value       = aws_lambda_function.relay.version
}

output "relay_log_group" {
  description = "Where the relay logs."
  value       = aws_cloudwatch_log_group.relay.name
}

output "failure_bucket" {
  description = "Where records lie that Lambda gave up on."
  value       = module.failures.name
}
