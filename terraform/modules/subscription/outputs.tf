output "queue_name" {
  description = "The queue in metrics."
  value       = aws_sqs_queue.queue.name
}

output "queue_arn" {
  description = "For the task role of the consumer."
  value       = aws_sqs_queue.queue.arn
}

output "dead_letter_queue_arn" {
  description = "For the task role of the consumer, which moves here what it cannot read."
  value       = aws_sqs_queue.dead_letters.arn
}

output "queue_url" {
  description = "The queue."
  value       = aws_sqs_queue.queue.id
}

output "dead_letter_queue_url" {
  description = "What the consumer could not handle."
  value       = aws_sqs_queue.dead_letters.id
}

output "undelivered_queue_url" {
  description = "What SNS could not deliver."
  value       = aws_sqs_queue.undelivered.id
}

output "dead_letter_queue_name" {
  description = "The dead-letter queue in metrics."
  value       = aws_sqs_queue.dead_letters.name
}
