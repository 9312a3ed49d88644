variable "name_prefix" {
  description = "What the bucket's name begins with; AWS adds the rest, so that it is the only one in the world."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,35}-$", var.name_prefix))
    error_message = "name_prefix must be at most 37 lower-case letters, digits and hyphens, beginning with a letter and ending in a hyphen: S3 takes no more before what AWS adds."
  }
}

variable "retention_days" {
  description = "After how many days an object is deleted."
  type        = number

  validation {
    condition     = var.retention_days >= 1 && floor(var.retention_days) == var.retention_days
    error_message = "retention_days must be a whole number of 1 or more."
  }
}

variable "force_destroy" {
  description = "Whether the bucket may be destroyed while something lies in it."
  type        = bool
  default     = false
}

variable "log_writers" {
  description = "Services of AWS that store logs here for this account, and what each may do: s3:PutObject on objects, or an action on the bucket."
  type        = list(object({ sid = string, service = string, action = string, account = string }))
  default     = []
}
