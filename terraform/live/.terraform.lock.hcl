# The provider's version that the checks know (tests/infrastructure/standin). Its checksums are written by the first `terraform init` that
# reaches the registry: commit them then. Until then Terraform trusts the signature that the provider comes with.

provider "registry.terraform.io/hashicorp/aws" {
  version     = "6.66.0"
  constraints = ">= 6.0.0, < 7.0.0"
}
