variable "name" {
  description = "The table."
  type        = string
}

variable "range_key" {
  description = "The sort key beside the partition key PK, such as SK; null for none."
  type        = string
  default     = null
}

variable "index" {
  description = "A sparse index of what waits for a time, by shard and time; null for none. It holds keys only."
  type        = object({ name = string, shard = string, time = string })
  default     = null
}

variable "expires_at" {
  description = "The attribute with the time at which DynamoDB deletes an item; null where nothing may expire."
  type        = string
  default     = null
}

variable "stream" {
  description = "Whether writes are told on a stream, by their keys."
  type        = bool
  default     = false
}

variable "recovery_days" {
  description = "For how many days back the table can be restored to any second; null for a table that need not come back."
  type        = number

  validation {
    condition     = var.recovery_days == null ? true : var.recovery_days >= 1 && var.recovery_days <= 35 && floor(var.recovery_days) == var.recovery_days
    error_message = "recovery_days must be null or a whole number from 1 to 35, which is as far as DynamoDB can go back."
  }
}

variable "deletion_protection" {
  description = "Whether DynamoDB refuses to delete the table."
  type        = bool
  default     = true
}
