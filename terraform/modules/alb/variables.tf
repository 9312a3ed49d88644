variable "environment" {
  description = "Name of the deployment; every resource name begins with it."
  type        = string
}

variable "vpc_id" {
  description = "The VPC."
  type        = string
}

variable "subnet_ids" {
  description = "Public subnets in at least two zones."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "subnet_ids must name subnets in at least two zones; a load balancer needs them."
  }
}

variable "certificate_arn" {
  description = "Certificate in ACM, in the same region. Without one the load balancer speaks plain HTTP."
  type        = string
  default     = null

  validation {
    condition     = var.certificate_arn == null || can(regex("^arn:[a-z-]+:acm:[a-z0-9-]+:[0-9]{12}:certificate/", var.certificate_arn))
    error_message = "certificate_arn must be null or the ARN of a certificate in ACM, such as arn:aws:acm:eu-west-1:111122223333:certificate/ID."
  }
}

variable "allowed_cidrs" {
  description = "Who may call, as IPv4 ranges."
  type        = list(string)
  default     = ["0.0.0.0/0"]

  validation {
    condition     = length(var.allowed_cidrs) > 0 && alltrue([for cidr in var.allowed_cidrs : can(cidrnetmask(cidr))])
    error_message = "allowed_cidrs must be one or more IPv4 ranges, such as 203.0.113.0/24."
  }
}

variable "deletion_protection" {
  description = "Whether AWS refuses to delete the load balancer."
  type        = bool
  default     = true
}

variable "domain_name" {
  description = "The name that the certificate is made out to, by which callers reach the load balancer."
  type        = string
  default     = null
}

variable "idle_timeout_seconds" {
  description = "How long a connection may be silent. Longer than the services take for a request, shorter than they keep a silent connection."
  type        = number
  default     = 25

  validation {
    condition     = var.idle_timeout_seconds > 10 && var.idle_timeout_seconds < 30
    error_message = "idle_timeout_seconds must be more than 10 (the services' longest request; with less, callers get 504 for what was done) and less than 30 (after which the services close a silent connection; with more, the load balancer sends requests into closed ones: 502)."
  }
}

variable "waf_requests_per_minute" {
  description = "Requests a minute that one address may send before a firewall answers 429; null makes no firewall."
  type        = number
  default     = null

  validation {
    condition     = var.waf_requests_per_minute == null ? true : var.waf_requests_per_minute >= 10 && var.waf_requests_per_minute <= 100000
    error_message = "waf_requests_per_minute must be null or between 10 (AWS takes no less) and 100000 (above, it protects from nothing)."
  }
}

variable "access_logs" {
  description = "The bucket for a line on each request; null keeps none."
  type        = object({ bucket = string })
  default     = null
}

variable "own_error_alarm_count" {
  description = "Answers with 5xx a minute by the load balancer itself, for five minutes, before somebody is told."
  type        = number
  default     = 5

  validation {
    condition     = var.own_error_alarm_count >= 0 && var.own_error_alarm_count <= 20
    error_message = "own_error_alarm_count must be between 0 and 20: with more, nobody hears of an outage at night."
  }
}

variable "alarm_topic_arn" {
  description = "The SNS topic that every alarm is sent to."
  type        = string

  validation {
    condition     = length(var.alarm_topic_arn) > 0
    error_message = "alarm_topic_arn must be the ARN of an SNS topic: an alarm without an action wakes nobody."
  }
}
