variable "environment" {
  description = "Name of the deployment; every resource name begins with it."
  type        = string
  default     = "test-45d8"

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.environment)) && length(var.environment) <= 11
    error_message = "environment must be lower-case letters, digits and single hyphens, beginning with a letter, at most 11 characters: the load balancer's name has no room for more."
  }

  validation {
    condition     = !contains(["development", "autotest"], var.environment)
    error_message = "environment must not be development or autotest: with these names the programs make resources of their own and take any endpoint."
  }
}

variable "region" {
  description = "AWS region."
  type        = string
  default     = "us-east-1"

  validation {
    condition     = can(regex("^[a-z]{2,}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be the name of an AWS region, such as eu-west-1."
  }
}

variable "account_id" {
  description = "The account to work in; Terraform refuses any other. Null takes the one of the credentials; scripts/deploy asks for it."
  type        = string
  default     = null

  validation {
    condition     = var.account_id == null ? true : can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id must be the 12 digits of an AWS account, in quotes."
  }
}

variable "state_bucket" {
  description = "The bucket of the states, one for each environment, with a lock; scripts/deploy --bootstrap makes it. Null keeps the state on this machine."
  type        = string
  default     = null

  validation {
    condition     = var.state_bucket == null ? true : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.state_bucket))
    error_message = "state_bucket must be the name of an S3 bucket: 3 to 63 lower-case letters, digits, dots and hyphens."
  }
}

variable "release" {
  description = "What the services answer as their version; scripts/deploy makes it of the commit and the time. Null leaves it to them."
  type        = string
  default     = null

  validation {
    condition     = var.release == null ? true : can(regex("^[A-Za-z0-9._-]{1,64}$", var.release))
    error_message = "release must be 1 to 64 letters, digits, dots, hyphens and underscores."
  }
}

variable "images" {
  description = "The container image of each service by digest, such as 111122223333.dkr.ecr.us-east-1.amazonaws.com/live-service-orders@sha256:…; null makes everything but the services, the repositories to push to among it."
  type        = object({ customers = string, orders = string })
  default     = null

  validation {
    condition     = var.images == null ? true : alltrue([for image in values(var.images) : can(regex("@sha256:[0-9a-f]{64}$", image))])
    error_message = "images must be null, or each must end in @sha256: and 64 hexadecimal digits; a tag can be moved to another image behind your back."
  }
}

variable "relay_zip" {
  description = "Path of outbox-relay.zip: a zip with the relay's binary, named bootstrap."
  type        = string

  validation {
    condition     = fileexists(var.relay_zip)
    error_message = "relay_zip must be the path of an existing zip file with the relay's binary in it, named bootstrap."
  }
}

variable "notifications_zip" {
  description = "Path of notifications.zip: a zip with the binary of the notifications service, named bootstrap."
  type        = string

  validation {
    condition     = fileexists(var.notifications_zip)
    error_message = "notifications_zip must be the path of an existing zip file with the binary of the notifications service in it, named bootstrap."
  }
}

variable "mail_from" {
  description = "The address in whose name mails are sent. It, or its domain, must be a verified identity of Amazon SES in the same region, and the account out of the sandbox, or SES sends to verified addresses only."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9._+-]+@[a-z0-9-]+(\\.[a-z0-9-]+)+$", var.mail_from))
    error_message = "mail_from must be one address, such as shop@example.org, with its domain in lower case and without a name beside it."
  }
}

variable "mail_in_doubt" {
  description = "What becomes of a mail when SES was asked to send it and nobody heard the answer: send sends it again, so that it may come twice; ask leaves it to a person, so that it may not come until then."
  type        = string
  default     = "send"

  validation {
    condition     = contains(["send", "ask"], var.mail_in_doubt)
    error_message = "mail_in_doubt must be send (perhaps twice) or ask (perhaps not)."
  }
}

variable "architecture" {
  description = "What images and functions were built for. arm64 costs a fifth less, on Fargate as on Lambda."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "architecture must be x86_64 or arm64."
  }
}

variable "alarm_emails" {
  description = "Who is told when an alarm rings. Each address must confirm a first message from AWS."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for address in var.alarm_emails : can(regex("^[^@\\s]+@[^@\\s]+$", address))])
    error_message = "alarm_emails must be e-mail addresses, such as [\"ops@example.org\"]."
  }
}

variable "certificate_arn" {
  description = "Certificate in ACM, in the same region. Without one the load balancer speaks plain HTTP."
  type        = string
  default     = null
}

variable "domain_name" {
  description = "The name that the certificate is made out to. Make it an alias of the output load_balancer_name."
  type        = string
  default     = null

  validation {
    condition     = var.domain_name == null ? true : can(regex("^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", var.domain_name))
    error_message = "domain_name must be a name such as shop.example.org, without https:// before it."
  }
}

variable "allowed_cidrs" {
  description = "Who may call the load balancer, as IPv4 ranges."
  type        = list(string)
  default     = ["0.0.0.0/0"]
}

variable "jwt" {
  description = "Whose tokens the load balancer takes, where their keys are, and the scope that they must have, such as { issuer = \"https://id.example.org\", jwks_endpoint = \"https://id.example.org/keys\", scope = \"shop\" }. Null lets in everybody who may call. With audience and keys, the key set as JSON text, the services look at tokens too, and ask for a scope for each operation, such as orders:write; they cannot reach the issuer, so keys that have changed are set here."
  type        = object({ issuer = string, jwks_endpoint = string, scope = string, audience = optional(string), keys = optional(string) })
  default     = null

  validation {
    condition     = var.jwt == null ? true : var.certificate_arn != null
    error_message = "jwt needs certificate_arn: tokens must not go over plain HTTP, and the load balancer looks at none there."
  }

  validation {
    condition     = var.jwt == null ? true : startswith(var.jwt.issuer, "https://") && startswith(var.jwt.jwks_endpoint, "https://") && can(regex("^\\S+$", var.jwt.scope))
    error_message = "jwt: issuer and jwks_endpoint must begin with https://, and scope must be one word."
  }

  validation {
    condition     = var.jwt == null ? true : (var.jwt.audience == null) == (var.jwt.keys == null) && (var.jwt.keys == null ? true : can(length(jsondecode(var.jwt.keys).keys)))
    error_message = "jwt: audience and keys must both be given or neither, and keys must be the text of a JSON Web Key Set."
  }
}

variable "waf_requests_per_minute" {
  description = "Requests a minute that one address may send before a firewall answers 429; null makes no firewall."
  type        = number
  default     = null
}

variable "traffic_log_days" {
  description = "How long logs of network and load balancer are kept, in days; 0 writes none."
  type        = number
  default     = 0

  validation {
    condition     = var.traffic_log_days >= 0 && var.traffic_log_days <= 400 && floor(var.traffic_log_days) == var.traffic_log_days
    error_message = "traffic_log_days must be a whole number from 0 (no logs) to 400."
  }
}

variable "canary" {
  description = "Places an order every minute over the public address, and rings when none is decided. With jwt: where it gets its token; else { }. Null places none."
  type        = object({ token_endpoint = optional(string), client_id = optional(string) })
  default     = null

  validation {
    condition     = var.canary == null ? true : var.certificate_arn != null && var.domain_name != null
    error_message = "canary needs certificate_arn and domain_name: EventBridge calls over HTTPS only."
  }

  validation {
    condition     = var.canary == null || var.jwt == null ? true : alltrue([for value in concat(values(var.canary), [var.canary_client_secret]) : value != null])
    error_message = "canary needs token_endpoint, client_id and canary_client_secret when jwt is given: it is asked for a token, too."
  }
}

variable "canary_client_secret" {
  description = "What the canary gets its token with. Give it as TF_VAR_canary_client_secret; the state holds it."
  type        = string
  default     = null
  sensitive   = true
}

variable "monthly_budget_dollars" {
  description = "What the account may cost in a month before somebody is told, at 80 % spent and when more is foreseen; null asks nobody."
  type        = number
  default     = null

  validation {
    condition     = var.monthly_budget_dollars == null ? true : var.monthly_budget_dollars >= 1
    error_message = "monthly_budget_dollars must be null or 1 or more."
  }
}

variable "fifo" {
  description = "Whether topics and queues are FIFO ones, which keep the order of each subject and cost more. AWS cannot change one into the other: setting it replaces them all, and messages in them are lost."
  type        = bool
  default     = false
}

variable "scheduled" {
  description = "The services that send messages for later: each gets a table for what waits, and the right to put and to cancel."
  type        = set(string)
  default     = []

  validation {
    condition     = length(setsubtract(var.scheduled, [for file in fileset("${path.module}/wiring", "*.json") : trimsuffix(file, ".json") if length(jsondecode(file("${path.module}/wiring/${file}")).publishes) > 0])) == 0
    error_message = "scheduled must name services that publish: customers, orders, or both."
  }
}

variable "order_timeout_seconds" {
  description = "How long an order may be pending before it is rejected."
  type        = number
  default     = 3600

  validation {
    condition     = var.order_timeout_seconds >= 3600 && var.order_timeout_seconds <= 604800 && floor(var.order_timeout_seconds) == var.order_timeout_seconds
    error_message = "order_timeout_seconds must be a whole number from 3600 (below, an order is given up before anybody hears of what holds it up) to 604800 (a week, as long as a queue keeps its messages)."
  }
}

variable "inbox_retention_days" {
  description = "How long a service remembers a message that it has handled. Records that Lambda gave up on are kept as long."
  type        = number
  default     = 90

  validation {
    condition     = var.inbox_retention_days >= 90 && var.inbox_retention_days <= 3650 && floor(var.inbox_retention_days) == var.inbox_retention_days
    error_message = "inbox_retention_days must be a whole number from 90 (twice as long as a message can be on its way, 45 days) to 3650."
  }
}

variable "recovery_days" {
  description = "For how many days back tables can be restored to any second; the price grows with them."
  type        = number
  default     = 35

  validation {
    condition     = var.recovery_days >= 7 && var.recovery_days <= 35 && floor(var.recovery_days) == var.recovery_days
    error_message = "recovery_days must be a whole number from 7 (below, a mistake of last week cannot be undone) to 35, which is as far as DynamoDB can go back."
  }
}

variable "backups" {
  description = "Copies of all tables in a vault of AWS Backup, beside what recovery_days keeps: days says how long one is kept, and schedule when it is made, in UTC. With lock_after_days nobody deletes one sooner: 0 leaves the lock to whoever may change the vault; from 3 on it is final after so many days, and costs what it keeps until then. Null makes none."
  type        = object({ days = number, schedule = optional(string, "cron(0 3 * * ? *)"), lock_after_days = optional(number) })
  default     = null

  validation {
    condition     = var.backups == null ? true : var.backups.days >= 7 && var.backups.days <= 3650 && floor(var.backups.days) == var.backups.days
    error_message = "backups: days must be a whole number from 7 (below, recovery_days keeps more) to 3650."
  }

  validation {
    condition     = var.backups == null ? true : can(regex("^cron\\((\\S+ ){5}\\S+\\)$", var.backups.schedule))
    error_message = "backups: schedule must be cron(...) with six fields, such as cron(0 3 * * ? *) for every day at three."
  }

  validation {
    condition     = try(var.backups.lock_after_days, null) == null ? true : contains(concat([0], range(3, 366)), var.backups.lock_after_days)
    error_message = "backups: lock_after_days must be null (no lock), 0 (a lock that can be lifted) or a whole number from 3 (sooner AWS makes none final) to 365."
  }
}

variable "restored_tables" {
  description = "The services that work on tables which scripts/restore has made, each with the end of their names, such as { orders = \"20261129t080000z\" }. Only scripts/restore takes such a table in; set here alone, Terraform would make an empty one, which scripts/deploy refuses."
  type        = map(string)
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.restored_tables), [for file in fileset("${path.module}/wiring", "*.json") : trimsuffix(file, ".json")])) == 0
    error_message = "restored_tables must name services: customers, orders, notifications, or some of them."
  }

  validation {
    condition     = alltrue([for end in values(var.restored_tables) : can(regex("^[0-9]{8}t[0-9]{6}z$", end))])
    error_message = "restored_tables: each must be the moment that its tables were restored to, such as 20261129t080000z, as scripts/restore prints it."
  }
}

variable "stopped" {
  description = "Whether nothing works on the tables: no task, no relay, no sweeper, no function. scripts/restore sets it."
  type        = bool
  default     = false
}

variable "task_cpu" {
  description = "CPU units of a task; 1024 are one processor."
  type        = number
  default     = 256
}

variable "task_memory_mb" {
  description = "Memory of a task in MB: from twice to eight times task_cpu."
  type        = number
  default     = 512
}

variable "relay_memory_mb" {
  description = "Memory of relay and sweeper in MB; their share of a processor grows with it."
  type        = number
  default     = 256
}

variable "notifications_memory_mb" {
  description = "Memory of the notifications function in MB; its share of a processor grows with it."
  type        = number
  default     = 256
}

variable "function_versions" {
  description = "Versions of the functions to go back to, by service: the relay of a service that publishes, and notifications itself, such as { orders = \"3\", customers = \"3\", notifications = \"2\" }; the output function_versions names them. What is not named runs the newest."
  type        = map(string)
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.function_versions), [for file in fileset("${path.module}/wiring", "*.json") : trimsuffix(file, ".json")])) == 0
    error_message = "function_versions must name services: customers, orders, notifications, or some of them."
  }
}

variable "newest_function_share" {
  description = "While function_versions names earlier ones: the share of batches that the newest takes, such as 0.1."
  type        = number
  default     = 0
}

variable "min_tasks" {
  description = "Fewest tasks of each service."
  type        = number
  default     = 2
}

variable "max_tasks" {
  description = "Most tasks of each service."
  type        = number
  default     = 6
}

variable "images_kept" {
  description = "How many images of each service are kept, to go back to."
  type        = number
  default     = 20

  validation {
    condition     = var.images_kept >= 5 && var.images_kept <= 100 && floor(var.images_kept) == var.images_kept
    error_message = "images_kept must be a whole number from 5 (fewer leave nothing to go back to) to 100."
  }
}

variable "sent_retention_days" {
  description = "How long messages that were sent can be looked up and sent again, in days. 0 keeps none and costs nothing."
  type        = number
  default     = 7
}

variable "log_filter" {
  description = "What the programs log, as RUST_LOG takes it, such as info,orders=debug; null leaves it to them."
  type        = string
  default     = null

  validation {
    condition     = var.log_filter == null ? true : can(regex("^(info|debug|trace)(,[a-z0-9_:]+=(off|error|warn|info|debug|trace))*$", var.log_filter))
    error_message = "log_filter must begin with info, debug or trace, and may go on as in info,orders=debug,hyper=warn: alarms count lines at info and at error."
  }
}

variable "log_retention_days" {
  description = "How long logs are kept, in days."
  type        = number
  default     = 30
}

variable "deletion_protection" {
  description = "Whether AWS refuses to delete tables, load balancer and failure buckets. Set it to false and apply before you destroy."
  type        = bool
  default     = true
}
