resource "aws_lb_target_group" "service" {
  # checkov:skip=CKV_AWS_378:TLS ends at the load balancer; behind it a security group lets only the load balancer in.
  name                 = "${var.environment}-${var.service}"
  vpc_id               = var.vpc_id
  target_type          = "ip"
  protocol             = "HTTP"
  port                 = var.port
  deregistration_delay = 15

  health_check {
    path                = "/${var.service}/health"
    matcher             = "200"
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 3
  }
}

resource "aws_lb_listener_rule" "service" {
  listener_arn = var.listener_arn
  priority     = var.listener_priority

  # Who has no valid token with the scope gets 401 from the load balancer, before any task hears of it.
  dynamic "action" {
    for_each = var.jwt[*]
    content {
      type  = "jwt-validation"
      order = 1

      jwt_validation {
        issuer        = action.value.issuer
        jwks_endpoint = action.value.jwks_endpoint

        additional_claim {
          name   = "scope"
          format = "space-separated-values"
          values = [action.value.scope]
        }
      }
    }
  }

  action {
    type             = "forward"
    order            = 2
    target_group_arn = aws_lb_target_group.service.arn
  }

  condition {
    path_pattern {
      values = [var.path_pattern]
    }
  }
}

# The one path that anybody may ask for without a token.
resource "aws_lb_listener_rule" "health" {
  count = var.jwt == null ? 0 : 1

  listener_arn = var.listener_arn
  priority     = var.listener_priority - 1

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.service.arn
  }

  condition {
    path_pattern {
      values = ["/${var.service}/health"]
    }
  }
}

resource "aws_security_group" "service" {
  name        = local.name
  description = "Tasks of ${var.service}: in from the load balancer, out to AWS services only"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "from_alb" {
  security_group_id            = aws_security_group.service.id
  description                  = "Requests"
  referenced_security_group_id = var.alb_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = var.port
  to_port                      = var.port
}

resource "aws_vpc_security_group_egress_rule" "alb_to_service" {
  security_group_id            = var.alb_security_group_id
  description                  = "Requests to ${var.service}"
  referenced_security_group_id = aws_security_group.service.id
  ip_protocol                  = "tcp"
  from_port                    = var.port
  to_port                      = var.port
}

resource "aws_vpc_security_group_egress_rule" "to_endpoints" {
  security_group_id            = aws_security_group.service.id
  description                  = "SQS, ECR and CloudWatch Logs"
  referenced_security_group_id = var.endpoint_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

resource "aws_vpc_security_group_egress_rule" "to_gateways" {
  for_each = var.gateway_prefix_list_ids

  security_group_id = aws_security_group.service.id
  description       = "Gateway endpoint of ${each.key}"
  prefix_list_id    = each.value
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}
