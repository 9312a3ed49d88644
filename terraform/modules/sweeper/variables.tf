variable "environment" {
  description = "Name of the deployment; every resource name begins with it."
  type        = string
}

variable "service" {
  description = "The service whose outbox is swept, such as orders."
  type        = string
}

variable "relay_zip" {
  description = "Path of outbox-relay.zip, the same as for the relay."
  type        = string

  validation {
    condition     = fileexists(var.relay_zip)
    error_message = "relay_zip must be the path of an existing zip file with the relay's binary in it, named bootstrap."
  }
}

variable "architecture" {
  description = "What the binary in the zip was built for."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "architecture must be x86_64 or arm64."
  }
}

variable "outbox_table_name" {
  description = "The outbox table."
  type        = string
}

variable "outbox_table_arn" {
  description = "ARN of the outbox table."
  type        = string
}

variable "variables" {
  description = "The outbox module's output of the same name: the tables and what else both programs are told."
  type        = map(string)
}

variable "sent_table" {
  description = "The outbox module's output of the same name: where messages go that were sent. Null keeps none."
  type        = object({ name = string, arn = string })
  default     = null
}

variable "scheduled_table" {
  description = "The outbox module's output of the same name: where messages wait for their time. Null when there is none."
  type        = object({ name = string, arn = string, index_arn = string })
  default     = null
}

variable "memory_mb" {
  description = "Memory of the sweeper in MB; its share of CPU grows with it."
  type        = number
  default     = 256

  validation {
    condition     = var.memory_mb >= 128 && var.memory_mb <= 1024
    error_message = "memory_mb must be between 128 and 1024: the program holds a page of rows, and more memory costs more for each millisecond."
  }
}

variable "topic_arns" {
  description = "The topics that the sweeper may publish to: those of its service and no other."
  type        = list(string)

  validation {
    condition     = length(var.topic_arns) > 0 && !anytrue([for arn in var.topic_arns : strcontains(arn, "*")])
    error_message = "topic_arns must name at least one topic, each by its full ARN without a wildcard."
  }
}

variable "topic_arn_prefix" {
  description = "What all topic ARNs begin with, such as arn:aws:sns:eu-west-1:111122223333:live-."
  type        = string
}

variable "alarm_topic_arn" {
  description = "The SNS topic that every alarm is sent to."
  type        = string

  validation {
    condition     = length(var.alarm_topic_arn) > 0
    error_message = "alarm_topic_arn must be the ARN of an SNS topic: an alarm without an action wakes nobody."
  }
}

variable "interval_minutes" {
  description = "Minutes between two sweeps. One may take half a minute less."
  type        = number
  default     = 5

  validation {
    condition     = var.interval_minutes >= 2 && var.interval_minutes <= 15 && floor(var.interval_minutes) == var.interval_minutes
    error_message = "interval_minutes must be a whole number from 2 to 15, which is Lambda's longest run."
  }
}

variable "older_than_seconds" {
  description = "Rows younger than this are left to the stream."
  type        = number
  default     = 300

  validation {
    condition     = var.older_than_seconds >= 60 && var.older_than_seconds <= 3600
    error_message = "older_than_seconds must be between 60 (below, the sweeper races the stream) and 3600."
  }
}

variable "log_retention_days" {
  description = "How long logs are kept, in days."
  type        = number
  default     = 30
}

variable "stopped" {
  description = "Whether the sweeper rests."
  type        = bool
  default     = false
}
