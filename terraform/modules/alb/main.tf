locals {
  https = var.certificate_arn != null
}

resource "aws_lb" "main" {
  # checkov:skip=CKV2_AWS_20:With a certificate the listener on port 80 redirects; without one there is no HTTPS to redirect to, and a warning says so.
  # checkov:skip=CKV_AWS_91:Access logs are a setting: each service logs every request with its correlation id, and access logs say it again.
  # checkov:skip=CKV2_AWS_28:A WAF is a setting: the example has no public clients, and allowed_cidrs says who may call.
  # checkov:skip=CKV2_AWS_76:The firewall has AWSManagedRulesKnownBadInputsRuleSet; checkov does not look into dynamic blocks.
  # checkov:skip=CKV_AWS_150:Deletion protection follows the variable, which is true unless somebody wants to destroy the deployment.
  name                       = "${var.environment}-transactional-outbox"
  load_balancer_type         = "application"
  internal                   = false
  subnets                    = var.subnet_ids
  security_groups            = [aws_security_group.alb.id]
  drop_invalid_header_fields = true
  idle_timeout               = var.idle_timeout_seconds
  enable_deletion_protection = var.deletion_protection

  dynamic "access_logs" {
    for_each = var.access_logs[*]
    content {
      bucket  = access_logs.value.bucket
      enabled = true
    }
  }
}

resource "aws_security_group" "alb" {
  name        = "${var.environment}-alb"
  description = "The load balancer: HTTP and HTTPS from callers, out to the services only"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "callers" {
  # checkov:skip=CKV_AWS_260:Port 80 redirects to HTTPS when there is a certificate; without one it is the example's only door, and an output warns.
  for_each = {
    for pair in setproduct(var.allowed_cidrs, local.https ? [80, 443] : [80]) : "${pair[0]}:${pair[1]}" => { cidr = pair[0], port = pair[1] }
  }

  security_group_id = aws_security_group.alb.id
  description       = "Callers"
  cidr_ipv4         = each.value.cidr
  ip_protocol       = "tcp"
  from_port         = each.value.port
  to_port           = each.value.port
}

resource "aws_lb_listener" "http" {
  # checkov:skip=CKV_AWS_2:Without a certificate there is nothing to speak HTTPS with; with one this listener only redirects.
  # checkov:skip=CKV_AWS_103:This listener has no TLS to set a version for; the HTTPS listener asks for TLS 1.2 or newer.
  load_balancer_arn = aws_lb.main.arn
  port              = 80
  protocol          = "HTTP"

  default_action {
    type = local.https ? "redirect" : "fixed-response"

    dynamic "redirect" {
      for_each = local.https ? [443] : []
      content {
        port        = redirect.value
        protocol    = "HTTPS"
        status_code = "HTTP_301"
      }
    }

    dynamic "fixed_response" {
      for_each = local.https ? [] : [404]
      content {
        content_type = "application/json"
        message_body = jsonencode({ error = "not found" })
        status_code  = fixed_response.value
      }
    }
  }
}

resource "aws_lb_listener" "https" {
  count = local.https ? 1 : 0

  load_balancer_arn = aws_lb.main.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = var.certificate_arn

  default_action {
    type = "fixed-response"

    fixed_response {
      content_type = "application/json"
      message_body = jsonencode({ error = "not found" })
      status_code  = 404
    }
  }
}
