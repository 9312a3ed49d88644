variable "environment" {
  description = "Name of the deployment; every resource name begins with it."
  type        = string
}

variable "service" {
  description = "The service whose messages lie in this outbox, such as orders."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,11}$", var.service))
    error_message = "service must be 2 to 12 lower-case letters and digits, beginning with a letter: the failure bucket's name has no room for more."
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
  description = "What the binary in the zip was built for."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "architecture must be x86_64 or arm64."
  }
}

variable "topic_arns" {
  description = "The topics that the relay may publish to: those of its service and no other."
  type        = list(string)

  validation {
    condition     = length(var.topic_arns) > 0 && !anytrue([for arn in var.topic_arns : strcontains(arn, "*")])
    error_message = "topic_arns must name at least one topic, each by its full ARN without a wildcard."
  }
}

variable "topic_arn_prefix" {
  description = "What all topic ARNs begin with, such as arn:aws:sns:eu-west-1:111122223333:live-. The relay puts the name of the topic behind it."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:", var.topic_arn_prefix))
    error_message = "topic_arn_prefix must be the beginning of a topic ARN, such as arn:aws:sns:eu-west-1:111122223333:live-."
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

variable "memory_mb" {
  description = "Memory of the relay in MB; its share of CPU grows with it."
  type        = number
  default     = 256

  validation {
    condition     = var.memory_mb >= 128 && var.memory_mb <= 1024
    error_message = "memory_mb must be between 128 and 1024: the program holds one batch of keys, and more memory costs more for each millisecond."
  }
}

variable "timeout_seconds" {
  description = "Time for one batch in seconds. Above 60, the longest that the program waits for one AWS call, so that it can report what failed."
  type        = number
  default     = 120

  validation {
    condition     = var.timeout_seconds > 60 && var.timeout_seconds <= 900
    error_message = "timeout_seconds must be more than 60 (the program's longest AWS call) and at most 900 (Lambda's limit)."
  }
}

variable "batch_size" {
  description = "Most records in one batch."
  type        = number
  default     = 100

  validation {
    condition     = var.batch_size >= 10 && var.batch_size <= 1000
    error_message = "batch_size must be between 10 (below, each message costs an invocation) and 1000 (larger batches do not fit the timeout)."
  }
}

variable "parallelization_factor" {
  description = "Batches of one shard that run at once. Order holds in any case: the relay reads each subject's rows in sequence."
  type        = number
  default     = 1

  validation {
    condition     = var.parallelization_factor >= 1 && var.parallelization_factor <= 10
    error_message = "parallelization_factor must be between 1 and 10."
  }
}

variable "maximum_retry_attempts" {
  description = "How often a failed batch is tried again before its records go to the failure bucket."
  type        = number
  default     = 10

  validation {
    condition     = var.maximum_retry_attempts >= 1 && var.maximum_retry_attempts <= 100
    error_message = "maximum_retry_attempts must be between 1 and 100; Lambda's default of -1 lets one bad record block its shard for a day."
  }
}

variable "maximum_record_age_seconds" {
  description = "How old a record may become before it goes to the failure bucket."
  type        = number
  default     = 21600

  validation {
    condition     = var.maximum_record_age_seconds >= 60 && var.maximum_record_age_seconds <= 43200
    error_message = "maximum_record_age_seconds must be between 60 and 43200 (12 hours): the stream itself forgets after 24 hours."
  }
}

variable "iterator_age_alarm_seconds" {
  description = "How far the relay may be behind before somebody is told."
  type        = number
  default     = 600

  validation {
    condition     = var.iterator_age_alarm_seconds >= 60 && var.iterator_age_alarm_seconds < var.maximum_record_age_seconds
    error_message = "iterator_age_alarm_seconds must be at least 60 and less than maximum_record_age_seconds, or records are given up before anybody is told."
  }
}

variable "failure_retention_days" {
  description = "How long the failure bucket keeps its objects, in days."
  type        = number
  default     = 90

  validation {
    condition     = var.failure_retention_days >= 14
    error_message = "failure_retention_days must be at least 14: as long as a dead-letter queue would keep them."
  }
}

variable "sent_retention_days" {
  description = "How long messages that were sent can be looked up and sent again, in days. 0 keeps none and costs nothing."
  type        = number
  default     = 7

  validation {
    condition     = var.sent_retention_days >= 0 && var.sent_retention_days <= 45 && floor(var.sent_retention_days) == var.sent_retention_days
    error_message = "sent_retention_days must be a whole number from 0 (no table) to 45: what is sent again is on its way for 45 days at most, and inboxes know it for 90."
  }
}

variable "log_retention_days" {
  description = "How long logs are kept, in days."
  type        = number
  default     = 30

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731], var.log_retention_days)
    error_message = "log_retention_days must be one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, which CloudWatch Logs takes."
  }
}

variable "deletion_protection" {
  description = "Whether DynamoDB refuses to delete the table, and S3 a failure bucket that is not empty."
  type        = bool
  default     = true
}

variable "recovery_days" {
  description = "For how many days back outbox and scheduled messages can be restored to any second."
  type        = number
  default     = 35
}

variable "scheduled" {
  description = "Whether the service may send messages later (crate transactional-messaging, module scheduled): a table for what waits."
  type        = bool
  default     = false
}

variable "fifo" {
  description = "Whether topics are FIFO ones, whose names end in .fifo."
  type        = bool
  default     = false
}

variable "log_filter" {
  description = "What the relay and the sweeper log, as RUST_LOG takes it; null leaves it to the program."
  type        = string
  default     = null
}

variable "relay_version" {
  description = "An earlier version of the relay's function, to go back to it or to let the newest take a share only; null is the newest."
  type        = string
  default     = null

  validation {
    condition     = var.relay_version == null ? true : can(regex("^[0-9]+$", var.relay_version))
    error_message = "relay_version must be null or the number of a version of the function, such as \"3\"; the output relay_versions names them."
  }
}

variable "newest_share" {
  description = "While relay_version names an earlier version: the share of batches that the newest takes, such as 0.1."
  type        = number
  default     = 0

  validation {
    condition     = var.newest_share >= 0 && var.newest_share < 1
    error_message = "newest_share must be 0 or more and less than 1; for all of it set relay_version to null."
  }
}

variable "tenant_field" {
  description = "The field of an event's data that names whose message it is, such as customer_id: standard queues are fair by it. null makes no queue fair."
  type        = string
  default     = null

  validation {
    condition     = can(regex("^[A-Za-z0-9_]+$", coalesce(var.tenant_field, "none")))
    error_message = "tenant_field must be the name of a field, such as customer_id, or null."
  }
}

variable "tables_end" {
  description = "What the names of outbox and scheduled messages end in after they were restored, such as -20261129t080000z. The table of sent messages stays what it is: it cannot be restored."
  type        = string
  default     = ""
}

variable "stopped" {
  description = "Whether the relay rests, so that nothing is published or deleted."
  type        = bool
  default     = false
}
