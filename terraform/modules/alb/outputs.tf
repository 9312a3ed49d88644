output "url" {
  description = "Where the services answer. With a certificate, call the name that it is made out to."
  value       = local.https ? "https://${coalesce(var.domain_name, aws_lb.main.dns_name)}" : "http://${aws_lb.main.dns_name}"
}

output "dns_name" {
  description = "The load balancer's own name, for an alias record of domain_name."
  value       = aws_lb.main.dns_name
}

output "warning" {
  description = "What is wrong with the way callers reach the services; null when nothing is."
  value       = local.https ? null : "The load balancer speaks plain HTTP: everybody on the way can read and change what is sent. Give certificate_arn."
}

output "listener_arn" {
  description = "The listener that services add their rules to."
  value       = one(concat(aws_lb_listener.https[*].arn, local.https ? [] : [aws_lb_listener.http.arn]))
}

output "security_group_id" {
  description = "Group of the load balancer; services let it in."
  value       = aws_security_group.alb.id
}

output "arn_suffix" {
  description = "The load balancer in metrics."
  value       = aws_lb.main.arn_suffix
}
