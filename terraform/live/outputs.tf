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
  value = merge({
    for name in keys(local.services) : name => { service = try(module.service[name].log_group, null), relay = module.outbox[name].relay_log_group }
    }, {
    for name, consumer in module.consumer : name => { function = consumer.log_group }
  })
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

output "function_versions" {
  description = "The version of each function that is called: what to give as function_versions to come back to it."
  value       = { for name, one in local.called : name => one.live }
}

output "images" {
  description = "What runs: the image of each service by digest, to come back to it."
  value       = var.images
}

output "scheduled_tables" {
  description = "The tables of messages for later; null where there is none."
  value       = { for name, outbox in module.outbox : name => try(outbox.scheduled_table.name, null) }
}

output "traffic_log_bucket" {
  description = "Where network and load balancer log; null when they do not."
  value       = one(module.logs[*].name)
}

output "release" {
  description = "What was deployed last."
  value       = var.release
}

output "services" {
  description = "Where to see whether the tasks of a release run: the cluster, the service, and the task definition that it should run."
  value = {
    for name, service in module.service : name => { cluster = aws_ecs_cluster.main.name, service = service.service_name, task_definition = service.task_definition_arn }
  }
}

# By service: its relay, or the service itself where it is a function.
locals {
  called = merge({
    for name, outbox in module.outbox : name => { function = outbox.relay_function_name, live = outbox.relay_version, newest = outbox.newest_relay_version }
    }, {
    for name, consumer in module.consumer : name => { function = consumer.function_name, live = consumer.live_version, newest = consumer.newest_version }
  })
}

output "functions" {
  description = "The function of each service, the version that is called, and the newest one."
  value       = local.called
}

output "consumers" {
  description = "Functions to invoke for what is due at once, and with which event."
  value       = { for name, consumer in module.consumer : name => { function = consumer.function_name, event = consumer.scheduled_event } }
}

output "stopped" {
  description = "Whether everything that works on the tables rests; scripts/restore start lets it go on."
  value       = var.stopped
}

output "backup_vault" {
  description = "Where copies of the tables lie; null when none are made."
  value       = one(aws_backup_vault.tables[*].name)
}

output "restored_tables" {
  description = "The services that work on restored tables, each with the end of their names."
  value       = var.restored_tables
}
