output "function_name" {
  description = "The function."
  value       = aws_lambda_function.consumer.function_name
}

output "live_version" {
  description = "The version that is called, or called most: what to name in function_versions to come back to it."
  value       = aws_lambda_alias.live.function_version
}

output "newest_version" {
  description = "The version of the zip that was given last."
  value       = aws_lambda_function.consumer.version
}

output "log_group" {
  description = "Where the function logs."
  value       = aws_cloudwatch_log_group.consumer.name
}

output "scheduled_event" {
  description = "What the schedule sends to the function."
  value       = aws_scheduler_schedule.due.target[0].input
}
