variable "environment" {
  description = "Name of the deployment; every resource name begins with it. It is also ENVIRONMENT and the prefix of topics and queues."
  type        = string
}

variable "service" {
  description = "The service, such as orders. Its health check is /<service>/health."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,11}$", var.service))
    error_message = "service must be 2 to 12 lower-case letters and digits, beginning with a letter: names of target groups have no room for more."
  }
}

variable "image" {
  description = "The container image by digest."
  type        = string

  validation {
    condition     = can(regex("@sha256:[0-9a-f]{64}$", var.image))
    error_message = "image must end in @sha256: and 64 hexadecimal digits; a tag can be moved to another image behind your back."
  }
}

variable "repository_arn" {
  description = "The ECR repository that the image lies in."
  type        = string
}

variable "architecture" {
  description = "What the image was built for."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "architecture must be x86_64 or arm64."
  }
}

variable "cpu" {
  description = "CPU units of a task; 1024 are one processor."
  type        = number
  default     = 256

  validation {
    condition     = contains([256, 512, 1024, 2048, 4096], var.cpu)
    error_message = "cpu must be 256, 512, 1024, 2048 or 4096, which Fargate takes."
  }
}

variable "memory_mb" {
  description = "Memory of a task in MB."
  type        = number
  default     = 512

  validation {
    condition     = var.memory_mb >= 2 * var.cpu && var.memory_mb <= 8 * var.cpu && var.memory_mb % 512 == 0
    error_message = "memory_mb must be a multiple of 512 between two and eight times cpu, which Fargate takes."
  }
}

variable "port" {
  description = "Port that the program listens on."
  type        = number
  default     = 9700

  validation {
    condition     = var.port > 1023 && var.port < 65536
    error_message = "port must be between 1024 and 65535: the program has no right to lower ones."
  }
}

variable "environment_variables" {
  description = "Variables of this service: the names of its tables."
  type        = map(string)
}

variable "tables" {
  description = "The tables that the program uses, and the actions on each."
  type        = map(object({ arn = string, actions = list(string) }))

  validation {
    condition     = alltrue(flatten([for table in var.tables : [for action in table.actions : can(regex("^dynamodb:[A-Za-z]+$", action))]]))
    error_message = "tables: actions must be DynamoDB actions by their full names, such as dynamodb:GetItem; no wildcards."
  }
}

variable "queues" {
  description = "The queues that the program consumes, with their dead-letter queues."
  type        = list(object({ name = string, arn = string, dead_letter_arn = string }))
}

variable "cluster_arn" {
  description = "The ECS cluster."
  type        = string
}

variable "cluster_name" {
  description = "Name of the ECS cluster."
  type        = string
}

variable "vpc_id" {
  description = "The VPC."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets."
  type        = list(string)
}

variable "alb_security_group_id" {
  description = "Group of the load balancer."
  type        = string
}

variable "alb_arn_suffix" {
  description = "The load balancer in metrics."
  type        = string
}

variable "endpoint_security_group_id" {
  description = "Group of the VPC endpoints."
  type        = string
}

variable "gateway_prefix_list_ids" {
  description = "Prefix lists of the gateway endpoints, by service."
  type        = map(string)
}

variable "listener_arn" {
  description = "The listener of the load balancer."
  type        = string
}

variable "listener_priority" {
  description = "Place among the listener's rules, and with jwt the place before it; each service needs its own."
  type        = number

  validation {
    condition     = var.listener_priority >= 2 && var.listener_priority <= 50000
    error_message = "listener_priority must be between 2 and 50000."
  }
}

variable "path_pattern" {
  description = "Paths that go to this service, such as /order*."
  type        = string

  validation {
    condition     = startswith(var.path_pattern, "/")
    error_message = "path_pattern must begin with a slash."
  }
}

variable "min_tasks" {
  description = "Fewest tasks."
  type        = number
  default     = 2

  validation {
    condition     = var.min_tasks >= 1
    error_message = "min_tasks must be at least 1; with 2 the loss of a zone does not stop the service."
  }
}

variable "max_tasks" {
  description = "Most tasks."
  type        = number
  default     = 6

  validation {
    condition     = var.max_tasks >= var.min_tasks && var.max_tasks <= 50
    error_message = "max_tasks must not be less than min_tasks, nor more than 50: each task costs, and reads every queue."
  }
}

variable "stop_timeout_seconds" {
  description = "Time between SIGTERM and SIGKILL. The program has ended after 27 seconds, also when AWS does not answer."
  type        = number
  default     = 45

  validation {
    condition     = var.stop_timeout_seconds >= 40 && var.stop_timeout_seconds <= 120
    error_message = "stop_timeout_seconds must be between 40 (the program needs up to 27 to finish) and 120 (Fargate's limit)."
  }
}

variable "server_error_alarm_count" {
  description = "Answers with 5xx a minute, for five minutes, before somebody is told."
  type        = number
  default     = 5

  validation {
    condition     = var.server_error_alarm_count >= 0 && var.server_error_alarm_count <= 20
    error_message = "server_error_alarm_count must be between 0 and 20: with more, nobody hears of an outage at night."
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

variable "log_filter" {
  description = "What the program logs, as RUST_LOG takes it; null leaves it to the program."
  type        = string
  default     = null
}

variable "scale_out_age_seconds" {
  description = "How old the oldest message in one of the queues may become before there are more tasks."
  type        = number
  default     = 60

  validation {
    condition     = var.scale_out_age_seconds >= 10 && var.scale_out_age_seconds <= 300
    error_message = "scale_out_age_seconds must be between 10 and 300: less is noise, and with more somebody is woken before help has come."
  }
}

variable "jwt" {
  description = "Whose tokens the load balancer takes, and the scope that they must have; null lets everybody in who reaches it. The health check asks for none."
  type        = object({ issuer = string, jwks_endpoint = string, scope = string })
  default     = null
}

variable "log_retention_days" {
  description = "How long logs are kept, in days."
  type        = number
  default     = 30
}

variable "stopped" {
  description = "Whether there may be no task at all. Who stops the tasks sets the count of the ECS service to 0: Terraform leaves it alone."
  type        = bool
  default     = false
}
