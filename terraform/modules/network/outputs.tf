output "vpc_id" {
  description = "The VPC."
  value       = aws_vpc.main.id
}

output "public_subnet_ids" {
  description = "For the load balancer."
  value       = aws_subnet.public[*].id
}

output "private_subnet_ids" {
  description = "For the tasks."
  value       = aws_subnet.private[*].id

  # A task that starts before the endpoints can neither pull its image nor log.
  depends_on = [aws_vpc_endpoint.interface, aws_vpc_endpoint.gateway, aws_vpc_security_group_ingress_rule.endpoints]
}

output "endpoint_security_group_id" {
  description = "Where tasks reach SQS, ECR and CloudWatch Logs."
  value       = aws_security_group.endpoints.id
}

output "gateway_prefix_list_ids" {
  description = "Addresses of DynamoDB and S3, for the security groups of the tasks."
  value       = { for name, endpoint in aws_vpc_endpoint.gateway : name => endpoint.prefix_list_id }
}
