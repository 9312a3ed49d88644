# The provider's version that the checks know (tests/infrastructure/standin). The checksums of its zips are missing here: they can be had
# from HashiCorp's registry only, which was out of reach where this was written. scripts/deploy refuses to work without them, since Terraform
# would take whatever comes under this name. From the root of the repository, once:
#
#   terraform -chdir=terraform/live get
#   terraform -chdir=terraform/live providers lock -platform=linux_amd64 -platform=linux_arm64 -platform=darwin_amd64 -platform=darwin_arm64
#
# Terraform checks the signature of what it fetches, writes the checksums into this file, and takes these words out. Look at it, and commit.

provider "registry.terraform.io/hashicorp/aws" {
  version     = "6.66.0"
  constraints = ">= 6.0.0, < 7.0.0"
}
