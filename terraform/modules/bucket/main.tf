# A bucket that nobody but its writers and operators reaches, and in which nothing stays for ever.
resource "aws_s3_bucket" "bucket" {
  # checkov:skip=CKV_AWS_18:Only programs of this deployment write here and only operators read; CloudTrail tells who did.
  # checkov:skip=CKV_AWS_21:Every object has a name of its own and overwrites none.
  # checkov:skip=CKV_AWS_144:What lies here serves one region only, so a copy in another would protect nothing.
  # checkov:skip=CKV_AWS_145:S3 encrypts with its own key, as SNS and SQS do with messages.
  # checkov:skip=CKV2_AWS_62:Nobody waits for an object; what matters has an alarm on a metric of its own.
  bucket_prefix = var.name_prefix
  force_destroy = var.force_destroy
}

resource "aws_s3_bucket_public_access_block" "bucket" {
  bucket                  = aws_s3_bucket.bucket.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "bucket" {
  bucket = aws_s3_bucket.bucket.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "bucket" {
  bucket = aws_s3_bucket.bucket.id

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

resource "aws_s3_bucket_policy" "bucket" {
  bucket = aws_s3_bucket.bucket.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([{
      Sid       = "OnlyOverTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [aws_s3_bucket.bucket.arn, "${aws_s3_bucket.bucket.arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }], [for writer in var.log_writers : {
      Sid       = writer.sid
      Effect    = "Allow"
      Principal = { Service = writer.service }
      Action    = writer.action
      Resource  = writer.action == "s3:PutObject" ? "${aws_s3_bucket.bucket.arn}/*" : aws_s3_bucket.bucket.arn
      Condition = { StringEquals = { "aws:SourceAccount" = writer.account } }
    }])
  })

  depends_on = [aws_s3_bucket_public_access_block.bucket]
}
