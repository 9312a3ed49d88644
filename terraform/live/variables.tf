variable "environment" {
  description = "Name of the deployment; every resource name begins with it."
  type        = string
  default     = "test-45d8"

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.environment)) && length(var.environment) <= 11
    error_message = "environment must be lower-case letters, digits and single hyphens, beginning with a letter, at most 11 characters: the load balancer's name has no room for more."
  }

  validation {
    condition     = !contains(["development", "autotest"], var.environment)
    error_message = "environment must not be development or autotest: with these names the programs make resources of their own and take any endpoint."
  }
}

variable "region" {
  description = "AWS region."
  type        = string
  default     = "us-east-1"

  validation {
    condition     = can(regex("^[a-z]{2,}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be the name of an AWS region, such as eu-west-1."
  }
}

variable "images" {
  description = "The container image of each service by digest, such as 111122223333.dkr.ecr.us-east-1.amazonaws.com/live-service-orders@sha256:…; null makes everything but the services, the repositories to push to among it."
  type        = object({ customers = string, orders = string })
  default     = null

  validation {
    condition     = var.images == null ? true : alltrue([for image in values(var.images) : can(regex("@sha256:[0-9a-f]{64}$", image))])
    error_message = "images must be null, or each must end in @sha256: and 64 hexadecimal digits; a tag can be moved to another image behind your back."
  }
}

variable "relay_zip" {
  description = "Path of outbox-relay.zip: a zip with the relay's binary, named bootstrap."
  type        = string

  validation {
    condition     = fileexists(var.relay_zip)
    error_message = "relay_zip must be the path of an existing zip file with the relay's binary in it, named bootstrap."
  }
}

variable "architecture" {
  description = "What the images and the relay were built for."
  type        = string
  default     = "x86_64"

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "architecture must be x86_64 or arm64."
  }
}

variable "alarm_emails" {
  description = "Who is told when an alarm rings. Each address must confirm a first message from AWS."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for address in var.alarm_emails : can(regex("^[^@\\s]+@[^@\\s]+$", address))])
    error_message = "alarm_emails must be e-mail addresses, such as [\"ops@example.org\"]."
  }
}

variable "certificate_arn" {
  description = "Certificate in ACM, in the same region. Without one the load balancer speaks plain HTTP."
  type        = string
  default     = null
}

variable "domain_name" {
  description = "The name that the certificate is made out to. Make it an alias of the output load_balancer_name."
  type        = string
  default     = null

  validation {
    condition     = var.domain_name == null ? true : can(regex("^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", var.domain_name))
    error_message = "domain_name must be a name such as shop.example.org, without https:// before it."
  }
}

variable "allowed_cidrs" {
  description = "Who may call the load balancer, as IPv4 ranges."
  type        = list(string)
  default     = ["0.0.0.0/0"]
}

variable "min_tasks" {
  description = "Fewest tasks of each service."
  type        = number
  default     = 2
}

variable "max_tasks" {
  description = "Most tasks of each service."
  type        = number
  default     = 6
}

variable "sent_retention_days" {
  description = "How long messages that were sent can be looked up and sent again, in days. 0 keeps none and costs nothing."
  type        = number
  default     = 7
}

variable "log_retention_days" {
  description = "How long logs are kept, in days."
  type        = number
  default     = 30
}

variable "deletion_protection" {
  description = "Whether AWS refuses to delete tables, load balancer and failure buckets. Set it to false and apply before you destroy."
  type        = bool
  default     = true
}
