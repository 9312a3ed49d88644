output "name" {
  description = "The bucket."
  value       = aws_s3_bucket.bucket.bucket

  # Who is told the name may write at once, so the policy must be there.
  depends_on = [aws_s3_bucket_policy.bucket]
}

output "arn" {
  description = "For roles."
  value       = aws_s3_bucket.bucket.arn
}
