output "function_name" {
  description = "The sweeper. Invoke it to sweep at once."
  value       = aws_lambda_function.sweeper.function_name
}

output "event" {
  description = "What the schedule sends to the function."
  value       = aws_scheduler_schedule.sweep.target[0].input
}
