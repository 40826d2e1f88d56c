# The role by which sgproof reads an account: read-only, for one reader, who has to know the external id.
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

variable "reader_arn" {
  type        = string
  description = "ARN of the role or user that runs sgproof"
  validation {
    condition     = can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/.+$", var.reader_arn))
    error_message = "Expected the ARN of a role or user."
  }
}

variable "external_id" {
  type        = string
  description = "what the reader gives with --external-id"
  validation {
    condition     = can(regex("^[A-Za-z0-9_+=,.@:/-]{2,1224}$", var.external_id))
    error_message = "Expected 2 to 1224 letters, digits and _+=,.@:/-"
  }
}

variable "role_name" {
  type        = string
  description = "what the reader gives with --role-name"
  default     = "sgproof"
}

resource "aws_iam_role" "sgproof" {
  name                 = var.role_name
  description          = "Read by sgproof, which changes nothing"
  max_session_duration = 3600
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = var.reader_arn }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "sts:ExternalId" = var.external_id } }
    }]
  })
}

resource "aws_iam_role_policy" "read" {
  name   = "sgproof-read"
  role   = aws_iam_role.sgproof.id
  policy = file("${path.module}/policy.json")
}

output "role_arn" {
  value = aws_iam_role.sgproof.arn
}
