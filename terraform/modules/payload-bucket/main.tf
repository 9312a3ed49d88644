# The content of messages that are too large for SNS: crate claim-check.
resource "aws_s3_bucket" "payloads" {
  # checkov:skip=CKV_AWS_18:Only the services read and write here; CloudTrail tells who did.
  # checkov:skip=CKV_AWS_21:An object's name is the hash of its content, so no object is ever overwritten by another.
  # checkov:skip=CKV_AWS_144:The messages that point here live in one region, so a copy in another would serve nobody.
  # checkov:skip=CKV_AWS_145:S3 encrypts with its own key, as SNS and SQS do with the messages that point here.
  # checkov:skip=CKV2_AWS_62:Nobody waits for an object; the message that points to it is the event.
  bucket_prefix = "${var.environment}-${var.service}-payloads-"
  force_destroy = !var.deletion_protection
}

resource "aws_s3_bucket_public_access_block" "payloads" {
  bucket                  = aws_s3_bucket.payloads.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "payloads" {
  bucket = aws_s3_bucket.payloads.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "payloads" {
  bucket = aws_s3_bucket.payloads.id

  rule {
    id     = "expire"
    status = "Enabled"

    filter {}

    expiration {
      days = var.retention_days
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }
}

resource "aws_s3_bucket_policy" "payloads" {
  bucket = aws_s3_bucket.payloads.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OnlyOverTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [aws_s3_bucket.payloads.arn, "${aws_s3_bucket.payloads.arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  depends_on = [aws_s3_bucket_public_access_block.payloads]
}
