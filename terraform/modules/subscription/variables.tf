variable "environment" {
  description = "Name of the deployment; every resource name begins with it."
  type        = string
}

variable "queue" {
  description = "Name of the queue without the environment, such as order--customer-credit-reserved. It is also the consumer's name in the inbox."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,48}$", var.queue))
    error_message = "queue must be lower-case letters, digits and hyphens, at most 49 of them: SQS takes names of 80 characters, with the environment, --undelivered and .fifo."
  }
}

variable "topic_arn" {
  description = "The topic whose messages the queue gets."
  type        = string

  validation {
    condition     = !strcontains(var.topic_arn, "*")
    error_message = "topic_arn must be the full ARN of one topic, without a wildcard."
  }
}

variable "max_receive_count" {
  description = "After this many receives SQS moves a message to the dead-letter queue. A receive that dies with its process counts too. A consumer gives up one receive earlier, and stores the reason."
  type        = number
  default     = 6

  validation {
    condition     = var.max_receive_count >= 6 && var.max_receive_count <= 1000
    error_message = "max_receive_count must be between 6 and 1000; with less, a restart or two buries good messages."
  }
}

variable "visibility_timeout_seconds" {
  description = "How long a message that was received is hidden. A process extends it by itself while it works; a function cannot, so its queues hide messages for six times its timeout."
  type        = number
  default     = 30

  validation {
    condition     = var.visibility_timeout_seconds >= 30 && var.visibility_timeout_seconds <= 5400
    error_message = "visibility_timeout_seconds must be between 30 (with less, messages that are worked on are shown again) and 5400, six times Lambda's longest run."
  }
}

variable "waiting_alarm_seconds" {
  description = "How old the oldest message may become before somebody is told."
  type        = number
  default     = 600

  validation {
    condition     = var.waiting_alarm_seconds >= 60 && var.waiting_alarm_seconds <= 86400
    error_message = "waiting_alarm_seconds must be between 60 and 86400 (a day): the queue forgets after 7 days."
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

variable "fifo" {
  description = "Whether the queue, its dead-letter queues and its topic are FIFO ones, whose names end in .fifo."
  type        = bool
  default     = false

  validation {
    condition     = var.fifo == endswith(var.topic_arn, ".fifo")
    error_message = "fifo must be true exactly when topic_arn ends in .fifo: SNS delivers from a FIFO topic to FIFO queues only, and the program looks for one kind."
  }
}
