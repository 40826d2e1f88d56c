# What runs sgproof needs, in the account that it reads from: its own account, the list of the organization's, and the role in each.
# Written by scripts/make-roles from docs/iam-policy.json.
terraform {
  required_version = ">= 1.3"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "role_name" {
  type        = string
  description = "the role of every account that is read"
  default     = "sgproof"
}

data "aws_partition" "current" {}

resource "aws_iam_policy" "reader" {
  name        = "sgproof-reader"
  description = "Reads by sgproof, which changes nothing"
  policy = templatefile("${path.module}/policy.json.tftpl", {
    partition = data.aws_partition.current.partition
    role_name = var.role_name
  })
}

output "policy_arn" {
  value = aws_iam_policy.reader.arn
}
