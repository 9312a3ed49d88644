output "name" {
  description = "What programs are told."
  value       = aws_dynamodb_table.table.name
}

output "arn" {
  description = "For roles."
  value       = aws_dynamodb_table.table.arn
}

output "stream_arn" {
  description = "The stream, where there is one."
  value       = aws_dynamodb_table.table.stream_arn
}

output "index_arn" {
  description = "The index, for roles that query it; null where there is none."
  value       = var.index == null ? null : "${aws_dynamodb_table.table.arn}/index/${var.index.name}"
}
