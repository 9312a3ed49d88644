output "table_name" {
  description = "Value for DYNAMODB_OUTBOX_TABLE_NAME."
  value       = aws_dynamodb_table.outbox.name
}

output "table_arn" {
  description = "For the roles of the service and of the sweeper."
  value       = aws_dynamodb_table.outbox.arn
}

output "sent_table" {
  description = "The table of sent messages: its name, its ARN, and the variables of a program that writes to it; null when none is kept."
  value = local.keeps_sent ? {
    name      = one(aws_dynamodb_table.sent).name
    arn       = one(aws_dynamodb_table.sent).arn
    variables = local.sent_variables
  } : null
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
