mock_provider "aws" {
  mock_resource "aws_lb" {
    defaults = { arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/test/0", dns_name = "test.example.org" }
  }
  mock_resource "aws_lb_listener" {
    defaults = { arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/app/test/0/0" }
  }
}

variables {
  environment = "test"
  vpc_id      = "vpc-1"
  subnet_ids  = ["subnet-1", "subnet-2"]
}

run "plain_http_is_possible_and_says_so" {
  assert {
    condition     = length(aws_lb_listener.https) == 0 && aws_lb_listener.http.default_action[0].type == "fixed-response"
    error_message = "Without a certificate port 80 serves."
  }
  assert {
    condition     = strcontains(output.warning, "plain HTTP") && output.url == "http://test.example.org"
    error_message = "Plain HTTP must be visible."
  }
}

run "a_certificate_closes_plain_http" {
  variables { certificate_arn = "arn:aws:acm:eu-west-1:111122223333:certificate/0" }
  assert {
    condition     = aws_lb_listener.http.default_action[0].type == "redirect" && aws_lb_listener.http.default_action[0].redirect[0].protocol == "HTTPS"
    error_message = "With a certificate port 80 only redirects."
  }
  assert {
    condition     = can(regex("TLS13", aws_lb_listener.https[0].ssl_policy))
    error_message = "HTTPS must refuse TLS below 1.2."
  }
  assert {
    condition     = output.warning == null && output.url == "https://test.example.org"
    error_message = "HTTPS needs no warning."
  }
}

run "callers_use_the_name_of_the_certificate" {
  variables {
    certificate_arn = "arn:aws:acm:eu-west-1:111122223333:certificate/0"
    domain_name     = "shop.example.org"
  }
  assert {
    condition     = output.url == "https://shop.example.org" && output.dns_name == "test.example.org"
    error_message = "HTTPS works by the certificate's name only."
  }
}

run "refuses_a_certificate_that_is_none" {
  command = plan
  variables { certificate_arn = "my-certificate" }
  expect_failures = [var.certificate_arn]
}
