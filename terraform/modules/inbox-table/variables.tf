variable "environment" {
  description = "Name of the deployment; every resource name begins with it."
  type        = string
}

variable "service" {
  description = "The service that remembers handled messages here, such as orders."
  type        = string
}

variable "deletion_protection" {
  description = "Whether DynamoDB refuses to delete the table."
  type        = bool
  default     = true
}
