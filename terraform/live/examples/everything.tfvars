# Every setting that is off or small by default, turned on: the second deployment that the checks plan and apply to their stand-in.
environment     = "second"
region          = "eu-west-1"
account_id      = "111122223333"
state_bucket    = "second-states"
alarm_emails    = ["ops@example.org"]
mail_from       = "shop@mails.example.org"
certificate_arn = "arn:aws:acm:eu-west-1:111122223333:certificate/0"
domain_name     = "shop.example.org"
allowed_cidrs   = ["203.0.113.0/24", "198.51.100.0/24"]

# Who may do what, and how often
waf_requests_per_minute = 600
jwt = {
  issuer        = "https://id.example.org"
  jwks_endpoint = "https://id.example.org/keys"
  scope         = "shop"
  audience      = "shop"
  keys          = "{\"keys\": [{\"kty\": \"EC\", \"crv\": \"P-256\", \"x\": \"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\", \"y\": \"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}"
}

# What is seen, and who hears of it
traffic_log_days       = 30
log_filter             = "info,orders=debug"
log_retention_days     = 90
monthly_budget_dollars = 300
canary = {
  token_endpoint = "https://id.example.org/token"
  client_id      = "canary"
}
# From a secret store as TF_VAR_canary_client_secret, not from a file.
canary_client_secret = "none"

# How messages go, and how long they are known
fifo                  = true
scheduled             = ["orders"]
order_timeout_seconds = 86400
inbox_retention_days  = 120
sent_retention_days   = 14
recovery_days         = 14
backups               = { days = 90, schedule = "cron(0 3 * * ? *)", lock_after_days = 30 }
restored_tables       = { orders = "20261129t080000z" }

# Mails
mail_in_doubt = "ask"

# Sizes
architecture            = "x86_64"
task_cpu                = 512
task_memory_mb          = 1024
relay_memory_mb         = 512
notifications_memory_mb = 512
min_tasks               = 3
max_tasks               = 12
images_kept             = 30

# New functions that take a tenth of the batches beside the old ones
function_versions     = { customers = "3", orders = "3", notifications = "3" }
newest_function_share = 0.1
