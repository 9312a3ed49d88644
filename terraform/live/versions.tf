terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.0, < 7.0"
    }
  }
}

provider "aws" {
  region = var.region
  # With credentials of another account, nothing is even planned.
  allowed_account_ids = var.account_id[*]

  default_tags {
    tags = {
      Environment = var.environment
      Project     = "transactional-messaging"
    }
  }
}
