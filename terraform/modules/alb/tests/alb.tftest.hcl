# What the module must be, the requirements over the whole plan say (tests/infrastructure/requirements.py). Here stands what it refuses,
# each value with what it would do.
mock_provider "aws" {
  mock_resource "aws_lb" {
    defaults = { arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/test/0", dns_name = "test.example.org" }
  }
  mock_resource "aws_lb_listener" {
    defaults = { arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/app/test/0/0" }
  }
}

variables {
  environment     = "test"
  vpc_id          = "vpc-1"
  subnet_ids      = ["subnet-1", "subnet-2"]
  alarm_topic_arn = "arn:aws:sns:eu-west-1:111122223333:alarms"
}

run "plain_http_says_so" {
  assert {
    condition     = strcontains(output.warning, "plain HTTP") && output.url == "http://test.example.org"
    error_message = "Plain HTTP must be visible."
  }
}

run "callers_use_the_name_of_the_certificate" {
  variables {
    certificate_arn = "arn:aws:acm:eu-west-1:111122223333:certificate/0"
    domain_name     = "shop.example.org"
  }
  assert {
    condition     = output.url == "https://shop.example.org" && output.dns_name == "test.example.org" && output.warning == null
    error_message = "HTTPS works by the certificate's name only."
  }
}

run "refuses_what_cannot_work" {
  command = plan
  variables {
    # Is no certificate.
    certificate_arn = "my-certificate"
    # One zone may fail.
    subnet_ids = ["subnet-1"]
    # Is no range.
    allowed_cidrs = ["everybody"]
    # The services close a silent connection after 30.
    idle_timeout_seconds = 60
    # AWS takes no less than 10.
    waf_requests_per_minute = 1
    # Would ring for nobody.
    own_error_alarm_count = 100
    # Wakes nobody.
    alarm_topic_arn = ""
  }
  expect_failures = [var.certificate_arn, var.subnet_ids, var.allowed_cidrs, var.idle_timeout_seconds, var.waf_requests_per_minute, var.own_error_alarm_count, var.alarm_topic_arn]
}
