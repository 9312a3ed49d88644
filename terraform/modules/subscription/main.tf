locals {
  # A FIFO queue is one by its name, and so must be its dead-letter queues.
  suffix = var.fifo ? ".fifo" : ""
  plain  = "${var.environment}-${var.queue}"
  name   = "${local.plain}${local.suffix}"

  # A week for the consumer to come back. SQS keeps a message's first time when it moves it to the dead-letter queue, so that one must keep
  # longer, or a message that waited long would expire there before anybody saw it. Fourteen days are the longest that SQS keeps.
  queue_retention       = 604800
  dead_letter_retention = 1209600
}

data "aws_caller_identity" "current" {}

# ANCHOR: queue
resource "aws_sqs_queue" "queue" {
  name                       = local.name
  message_retention_seconds  = local.queue_retention
  visibility_timeout_seconds = var.visibility_timeout_seconds
  receive_wait_time_seconds  = 20
  sqs_managed_sse_enabled    = true
  fifo_queue                 = var.fifo ? true : null
  # Each subject has a sequence and a limit of its own.
  deduplication_scope   = var.fifo ? "messageGroup" : null
  fifo_throughput_limit = var.fifo ? "perMessageGroupId" : null

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters.arn
    maxReceiveCount     = var.max_receive_count
  })
}
# ANCHOR_END: queue

# What the consumer could not handle.
resource "aws_sqs_queue" "dead_letters" {
  name                      = "${local.plain}--dlq${local.suffix}"
  message_retention_seconds = local.dead_letter_retention
  sqs_managed_sse_enabled   = true
  fifo_queue                = var.fifo ? true : null
}

resource "aws_sqs_queue_redrive_allow_policy" "dead_letters" {
  queue_url = aws_sqs_queue.dead_letters.id
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.queue.arn]
  })
}

# What SNS could not deliver to the queue.
resource "aws_sqs_queue" "undelivered" {
  name                      = "${local.plain}--undelivered${local.suffix}"
  message_retention_seconds = local.dead_letter_retention
  sqs_managed_sse_enabled   = true
  fifo_queue                = var.fifo ? true : null
}

# ANCHOR: policy
resource "aws_sqs_queue_policy" "from_topic" {
  for_each = { queue = aws_sqs_queue.queue, undelivered = aws_sqs_queue.undelivered }

  queue_url = each.value.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "FromItsTopicOnly"
      Effect    = "Allow"
      Principal = { Service = "sns.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = each.value.arn
      Condition = {
        ArnEquals    = { "aws:SourceArn" = var.topic_arn }
        StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id }
      }
    }]
  })
}
# ANCHOR_END: policy

# ANCHOR: subscription
resource "aws_sns_topic_subscription" "queue" {
  topic_arn = var.topic_arn
  protocol  = "sqs"
  endpoint  = aws_sqs_queue.queue.arn

  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.undelivered.arn })

  # A message that arrives before the policies is refused, and a refused message is not tried again.
  depends_on = [aws_sqs_queue_policy.from_topic]
}
# ANCHOR_END: subscription
