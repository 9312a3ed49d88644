output "table_name" {
  description = "Value for DYNAMODB_OUTBOX_TABLE_NAME."
  value       = aws_dynamodb_table.outbox.name
}

output "table_arn" {
  description = "For the roles of the service and of the sweeper."
  value       = aws_dynamodb_table.outbox.arn
}

output "relay_function_name" {
  description = "The relay."
  value       = aws_lambda_function.relay.function_name
}

output "relay_log_group" {
  description = "Where the relay logs."
  value       = aws_cloudwatch_log_group.relay.name
}

output "failure_bucket" {
  description = "Where records lie that Lambda gave up on."
  value       = aws_s3_bucket.failures.bucket
}
