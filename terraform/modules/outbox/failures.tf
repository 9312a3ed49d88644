# Where Lambda puts the records of a batch that it gives up on, with their keys. The rows themselves stay pending in the table.
resource "aws_s3_bucket" "failures" {
  # checkov:skip=CKV_AWS_18:Only Lambda writes here and only operators read; CloudTrail tells who did.
  # checkov:skip=CKV_AWS_21:Lambda gives each object a name of its own and overwrites none.
  # checkov:skip=CKV_AWS_144:The table is the record of what is pending, so a copy in another region would protect nothing.
  # checkov:skip=CKV_AWS_145:The objects hold keys of rows and no bodies; S3 encrypts them with its own key.
  # checkov:skip=CKV2_AWS_62:The alarm on OnFailureDestinationDeliveredEventCount tells about new objects.
  bucket_prefix = "${var.environment}-${var.service}-failures-"
  force_destroy = !var.deletion_protection
}

resource "aws_s3_bucket_public_access_block" "failures" {
  bucket                  = aws_s3_bucket.failures.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "failures" {
  bucket = aws_s3_bucket.failures.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "failures" {
  bucket = aws_s3_bucket.failures.id

  rule {
    id     = "expire"
    status = "Enabled"

    filter {}

    expiration {
      days = var.failure_retention_days
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }
}

resource "aws_s3_bucket_policy" "failures" {
  bucket = aws_s3_bucket.failures.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OnlyOverTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [aws_s3_bucket.failures.arn, "${aws_s3_bucket.failures.arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  depends_on = [aws_s3_bucket_public_access_block.failures]
}
