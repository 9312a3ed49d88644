variable "environment" {
  description = "Name of the deployment; every resource name begins with it."
  type        = string
}

variable "service" {
  description = "The service that checks content in, such as orders."
  type        = string
}

variable "retention_days" {
  description = "How long content is kept. A message can be on its way for 45 days; the rest is for dead letters that are redriven and for subjects that stay parked."
  type        = number
  default     = 90

  validation {
    condition     = var.retention_days >= 45 && floor(var.retention_days) == var.retention_days
    error_message = "retention_days must be a whole number of 45 or more: stream 1 + SNS retries 23 + queue 7 + dead-letter queue 14. Content that is deleted sooner is missing when its message comes."
  }
}

variable "deletion_protection" {
  description = "Whether terraform refuses to delete the bucket while content lies in it."
  type        = bool
  default     = true
}
