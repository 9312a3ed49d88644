# As little as possible, for trying things out for a day: plain HTTP, one task each, nothing kept of what was sent, nothing protected.
environment         = "third"
region              = "us-east-1"
mail_from           = "shop@example.org"
allowed_cidrs       = ["203.0.113.7/32"]
min_tasks           = 1
max_tasks           = 2
sent_retention_days = 0
deletion_protection = false
recovery_days       = 7
images_kept         = 5
