output "name" {
  description = "Value for DYNAMODB_INBOX_TABLE_NAME."
  value       = aws_dynamodb_table.inbox.name
}

output "arn" {
  description = "For the task role of the service."
  value       = aws_dynamodb_table.inbox.arn
}
