output "name" {
  description = "The bucket, for PayloadBucket::open."
  value       = module.bucket.name
}

output "sender_statements" {
  description = "Statements for the task role of a service that checks content in."
  value = [
    { Sid = "CheckIn", Effect = "Allow", Action = ["s3:PutObject"], Resource = "${module.bucket.arn}/*" },
    { Sid = "ReadRules", Effect = "Allow", Action = ["s3:GetLifecycleConfiguration"], Resource = module.bucket.arn },
  ]
}

output "receiver_statements" {
  description = "Statements for the task role of a service that redeems claims. ListBucket makes S3 say that an object is missing, where it would say that access is denied."
  value = [
    { Sid = "Redeem", Effect = "Allow", Action = ["s3:GetObject"], Resource = "${module.bucket.arn}/*" },
    { Sid = "ReadRulesAndTellMissing", Effect = "Allow", Action = ["s3:GetLifecycleConfiguration", "s3:ListBucket"], Resource = module.bucket.arn },
  ]
}
