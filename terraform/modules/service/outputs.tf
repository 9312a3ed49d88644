output "service_name" {
  description = "The ECS service."
  value       = aws_ecs_service.service.name
}

output "log_group" {
  description = "Where the service logs."
  value       = aws_cloudwatch_log_group.service.name
}

output "task_role_arn" {
  description = "Role of the program."
  value       = aws_iam_role.task.arn
}

output "task_definition_arn" {
  description = "What the service should run; after a rollback by ECS it runs another."
  value       = aws_ecs_task_definition.service.arn
}
