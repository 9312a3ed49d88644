output "url" {
  description = "Where the services answer."
  value       = module.alb.url
}

output "load_balancer_name" {
  description = "What domain_name must be an alias of."
  value       = module.alb.dns_name
}

output "health_urls" {
  description = "Health check of each service."
  value       = { for name in keys(local.services) : name => "${module.alb.url}/${name}/health" }
}

output "warning" {
  description = "What is wrong with the way callers reach the services; null when nothing is."
  value       = module.alb.warning
}

output "repository_urls" {
  description = "Where to push the images."
  value       = { for name, repository in aws_ecr_repository.service : name => repository.repository_url }
}

output "log_groups" {
  description = "Where to read what happened."
  value = {
    for name in keys(local.services) : name => { service = try(module.service[name].log_group, null), relay = module.outbox[name].relay_log_group }
  }
}

output "outbox_tables" {
  description = "The outbox tables."
  value       = { for name, outbox in module.outbox : name => outbox.table_name }
}

output "sent_tables" {
  description = "The tables of sent messages; null where none are kept."
  value       = { for name, outbox in module.outbox : name => try(outbox.sent_table.name, null) }
}

output "failure_buckets" {
  description = "Where records lie that Lambda gave up on."
  value       = { for name, outbox in module.outbox : name => outbox.failure_bucket }
}

output "dead_letter_queue_urls" {
  description = "What consumers could not handle, by queue."
  value       = { for name, subscription in module.subscription : name => subscription.dead_letter_queue_url }
}

output "sweepers" {
  description = "Functions to invoke for a sweep at once, and with which event."
  value       = { for name, sweeper in module.sweeper : name => { function = sweeper.function_name, event = sweeper.event } }
}

output "alarm_topic_arn" {
  description = "Subscribe here what is to hear of alarms."
  value       = aws_sns_topic.alarms.arn
}
