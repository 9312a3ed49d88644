variable "environment" {
  description = "Name of the deployment; every resource name begins with it."
  type        = string
}

variable "service" {
  description = "The service that consumes, such as notifications."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,19}$", var.service))
    error_message = "service must be 2 to 20 lower-case letters and digits, beginning with a letter: the function's role has no room for more."
  }
}

variable "zip" {
  description = "Path of a zip with the service's binary, named bootstrap."
  type        = string

  validation {
    condition     = fileexists(var.zip)
    error_message = "zip must be the path of an existing zip file with the service's binary in it, named bootstrap."
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

variable "queues" {
  description = "The queues that the function consumes, by name, with their dead-letter queues and the seconds for which they hide a message that was received."
  type        = map(object({ arn = string, dead_letter_arn = string, visibility_timeout_seconds = number }))

  validation {
    condition     = length(var.queues) > 0 && !anytrue([for queue in var.queues : strcontains("${queue.arn}${queue.dead_letter_arn}", "*")])
    error_message = "queues must name at least one queue, each with its dead-letter queue by full ARNs without a wildcard."
  }

  validation {
    condition     = alltrue([for queue in var.queues : queue.visibility_timeout_seconds >= 6 * var.timeout_seconds])
    error_message = "queues must each hide messages for at least six times timeout_seconds: Lambda may try an invocation that was throttled for so long, and the program does not start with less."
  }
}

variable "timeout_seconds" {
  description = "Time for one batch in seconds, and for what follows from it."
  type        = number
  default     = 60

  validation {
    condition     = var.timeout_seconds >= 30 && var.timeout_seconds <= 900
    error_message = "timeout_seconds must be between 30 (with less, the program does not begin what it could not end) and 900 (Lambda's limit)."
  }
}

variable "batch_size" {
  description = "Most messages in one batch."
  type        = number
  default     = 10

  validation {
    condition     = var.batch_size >= 1 && var.batch_size <= 10
    error_message = "batch_size must be between 1 and 10: a FIFO queue takes no more, and the program handles as many at once."
  }
}

variable "maximum_concurrency" {
  description = "How many batches of one queue are handled at once."
  type        = number
  default     = 5

  validation {
    condition     = var.maximum_concurrency >= 2 && var.maximum_concurrency <= 50
    error_message = "maximum_concurrency must be between 2 (Lambda takes no less) and 50: with more, a full queue uses up what the account has for all functions."
  }
}

variable "memory_mb" {
  description = "Memory of the function in MB; its share of CPU grows with it."
  type        = number
  default     = 256

  validation {
    condition     = var.memory_mb >= 128 && var.memory_mb <= 1024
    error_message = "memory_mb must be between 128 and 1024: the program holds one batch of messages, and more memory costs more for each millisecond."
  }
}

variable "variables" {
  description = "What the program is told beside the names of the deployment: its tables, and settings of its own."
  type        = map(string)
}

variable "tables" {
  description = "Tables and indexes that the program may use, and the actions that it needs on each."
  type        = map(object({ arn = string, actions = list(string) }))
}

variable "mail_from" {
  description = "The address in whose name the program may send mails; null for none."
  type        = string
  default     = null

  validation {
    condition     = var.mail_from == null ? true : can(regex("^[^@\\s*?]+@[^@\\s*?]+$", var.mail_from))
    error_message = "mail_from must be one address, such as shop@example.org, without a name beside it and without a wildcard."
  }
}

variable "scheduled_event" {
  description = "What the schedule invokes the function with, as JSON, for what waits for a time."
  type        = string

  validation {
    condition     = can(keys(jsondecode(var.scheduled_event)))
    error_message = "scheduled_event must be a JSON object, such as the text of { \"send\": {} }."
  }
}

variable "interval_minutes" {
  description = "Minutes between two runs of the schedule."
  type        = number
  default     = 1

  validation {
    condition     = var.interval_minutes >= 1 && var.interval_minutes <= 4 && floor(var.interval_minutes) == var.interval_minutes
    error_message = "interval_minutes must be a whole number from 1 to 4: an alarm looks whether there was a run in five."
  }
}

variable "lasting_events" {
  description = "Log events that are no error once, and wake somebody when they go on for a quarter of an hour, by the name of the alarm."
  type        = map(object({ event = string, description = string }))
  default     = {}
}

variable "function_version" {
  description = "An earlier version of the function, to go back to it or to let the newest take a share only; null is the newest."
  type        = string
  default     = null

  validation {
    condition     = var.function_version == null ? true : can(regex("^[0-9]+$", var.function_version))
    error_message = "function_version must be null or the number of a version of the function, such as \"3\"; the output live_version names them."
  }
}

variable "newest_share" {
  description = "While function_version names an earlier version: the share of batches that the newest takes, such as 0.1."
  type        = number
  default     = 0

  validation {
    condition     = var.newest_share >= 0 && var.newest_share < 1
    error_message = "newest_share must be 0 or more and less than 1; for all of it set function_version to null."
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
  description = "What the function logs, as RUST_LOG takes it; null leaves it to the program."
  type        = string
  default     = null
}

variable "log_retention_days" {
  description = "How long logs are kept, in days."
  type        = number
  default     = 30
}

variable "stopped" {
  description = "Whether the function rests: neither its queues nor its schedule call it."
  type        = bool
  default     = false
}
