# A firewall in front of the load balancer: too many requests of one address, and what AWS knows as attacks.
locals {
  waf = var.waf_requests_per_minute != null
}

resource "aws_wafv2_web_acl" "main" {
  # checkov:skip=CKV2_AWS_31:The metrics count what was blocked, and samples show it; logs of every request would cost more than they tell.
  count = local.waf ? 1 : 0

  name        = "${var.environment}-api"
  description = "Blocks addresses that ask too often, and known attacks"
  scope       = "REGIONAL"

  default_action {
    allow {}
  }

  rule {
    name     = "too-many-requests"
    priority = 1

    action {
      block {
        custom_response {
          response_code = 429
        }
      }
    }

    statement {
      rate_based_statement {
        limit                 = var.waf_requests_per_minute
        evaluation_window_sec = 60
        aggregate_key_type    = "IP"
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "${var.environment}-too-many-requests"
      sampled_requests_enabled   = true
    }
  }

  dynamic "rule" {
    for_each = ["AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet"]
    content {
      name     = rule.value
      priority = 2 + rule.key

      override_action {
        none {}
      }

      statement {
        managed_rule_group_statement {
          vendor_name = "AWS"
          name        = rule.value
        }
      }

      visibility_config {
        cloudwatch_metrics_enabled = true
        metric_name                = "${var.environment}-${rule.value}"
        sampled_requests_enabled   = true
      }
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = "${var.environment}-api"
    sampled_requests_enabled   = true
  }
}

resource "aws_wafv2_web_acl_association" "main" {
  count = local.waf ? 1 : 0

  resource_arn = aws_lb.main.arn
  web_acl_arn  = one(aws_wafv2_web_acl.main).arn
}
