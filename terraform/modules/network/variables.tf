variable "environment" {
  description = "Name of the deployment; every resource name begins with it."
  type        = string
}

variable "cidr" {
  description = "Addresses of the VPC."
  type        = string
  default     = "10.42.0.0/16"

  validation {
    condition     = can(cidrnetmask(var.cidr)) && try(tonumber(split("/", var.cidr)[1]), 0) >= 16 && try(tonumber(split("/", var.cidr)[1]), 32) <= 22
    error_message = "cidr must be an IPv4 range between /16 and /22, such as 10.42.0.0/16: it is cut into sixteen subnets."
  }
}

variable "zone_count" {
  description = "In how many availability zones the system runs."
  type        = number
  default     = 2

  validation {
    condition     = var.zone_count >= 2 && var.zone_count <= 3
    error_message = "zone_count must be 2 or 3: a load balancer needs two zones, and one zone alone may fail."
  }
}

variable "flow_logs" {
  description = "The bucket for flow logs of the network; null keeps none."
  type        = object({ bucket_arn = string })
  default     = null
}
