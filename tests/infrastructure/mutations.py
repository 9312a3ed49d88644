"""Mistakes that people make in such files, planted one at a time. Each must turn the named check red, and for the right reason."""

from typing import NamedTuple


class Mistake(NamedTuple):
    what: str
    file: str
    old: str
    new: str
    # The check that must fail, and words that its complaint must hold.
    check: str
    reason: str


LOG_EVENTS = "agreement with the programs: log events behind alarms"
OUTBOX, SUBSCRIPTION, PAYLOADS = "modules/outbox", "modules/subscription", "modules/payload-bucket"

MISTAKES = [
    Mistake("ReportBatchItemFailures removed", f"{OUTBOX}/main.tf",
            '  function_response_types            = ["ReportBatchItemFailures"]\n', "",
            f"test {OUTBOX}", "takes every failed batch for a success"),
    Mistake("stream filter opened", f"{OUTBOX}/stream-filter.json",
            '"eventName": ["INSERT"]', '"eventName": ["INSERT", "MODIFY"]',
            f"test {OUTBOX}", "costs a second invocation"),
    Mistake("stream filter removed", f"{OUTBOX}/main.tf",
            """  filter_criteria {
    filter {
      pattern = jsonencode(jsondecode(file("${path.module}/stream-filter.json")))
    }
  }
""", "", f"test {OUTBOX}", "There must be one filter"),
    Mistake("stream filter misses its field", f"{OUTBOX}/stream-filter.json",
            '"PK"', '"Pk"', f"test {OUTBOX}", "the pattern must let in all of them"),
    Mistake("start at LATEST", f"{OUTBOX}/main.tf", '"TRIM_HORIZON"', '"LATEST"',
            f"test {OUTBOX}", "LATEST skips"),
    Mistake("start at a word that is none", f"{OUTBOX}/main.tf", '"TRIM_HORIZON"', '"EARLIEST"',
            f"test {OUTBOX}", "is none of"),
    Mistake("failure destination removed", f"{OUTBOX}/main.tf",
            """  destination_config {
    on_failure {
      destination_arn = aws_s3_bucket.failures.arn
    }
  }
""", "", f"test {OUTBOX}", "must go to the failure bucket"),
    Mistake("dead_letter_config that does nothing", f"{OUTBOX}/main.tf",
            "  depends_on = [aws_cloudwatch_log_group.relay,",
            "  dead_letter_config {\n    target_arn = aws_s3_bucket.failures.arn\n  }\n\n  depends_on = [aws_cloudwatch_log_group.relay,",
            f"test {OUTBOX}", "does nothing for a stream"),
    Mistake("alarm without action", f"{OUTBOX}/alarms.tf",
            "  alarm_actions       = [var.alarm_topic_arn]\n", "", f"test {OUTBOX}", "wakes nobody"),
    Mistake("rows of the outbox that expire", f"{OUTBOX}/main.tf", '  range_key                   = "SK"\n',
            '  range_key                   = "SK"\n  ttl {\n    attribute_name = "ExpiresAt"\n    enabled        = true\n  }\n',
            f"test {OUTBOX}", "none may expire"),
    Mistake("wrong attribute for the time to live", f"{OUTBOX}/sent.tf",
            'attribute_name = "ExpiresAt"', 'attribute_name = "expires_at"', f"test {OUTBOX}", "grows for ever"),
    Mistake("relay allowed everything on its table", f"{OUTBOX}/permissions.tf",
            '["dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"]',
            '"dynamodb:*"',
            "policies: no wildcard action", "dynamodb:*"),
    Mistake("logs of the relay kept for ever", f"{OUTBOX}/main.tf",
            "  retention_in_days = var.log_retention_days\n", "", f"test {OUTBOX}", "time that somebody chose"),
    Mistake("public failure bucket", f"{OUTBOX}/failures.tf",
            "  block_public_policy     = true", "  block_public_policy     = false", "checkov", "CKV_AWS_54"),
    Mistake("content deleted before its message", f"{PAYLOADS}/variables.tf",
            "  default     = 90\n", "  default     = 30\n", f"test {PAYLOADS}", "45 or more"),
    Mistake("queue policy without aws:SourceArn", f"{SUBSCRIPTION}/main.tf",
            '        ArnEquals    = { "aws:SourceArn" = var.topic_arn }\n', "", f"test {SUBSCRIPTION}", "aws:SourceArn"),
    Mistake("queue policy without aws:SourceAccount", f"{SUBSCRIPTION}/main.tf",
            '        StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id }\n', "",
            f"test {SUBSCRIPTION}", "aws:SourceAccount"),
    Mistake("redrive of the queue removed", f"{SUBSCRIPTION}/main.tf",
            """  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters.arn
    maxReceiveCount     = var.max_receive_count
  })
""", "", f"test {SUBSCRIPTION}", "must go to the dead-letter queue"),
    Mistake("redrive of the SNS subscription removed", f"{SUBSCRIPTION}/main.tf",
            "  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.undelivered.arn })\n", "",
            f"test {SUBSCRIPTION}", "What SNS cannot deliver must be kept"),
    Mistake("retention left to its default", f"{SUBSCRIPTION}/main.tf",
            'name                      = "${local.name}--dlq"\n  message_retention_seconds = local.dead_letter_retention\n',
            'name                      = "${local.name}--dlq"\n', f"test {SUBSCRIPTION}", "14 days"),
    Mistake("three receives", f"{SUBSCRIPTION}/variables.tf",
            "  default     = 6\n", "  default     = 3\n", f"test {SUBSCRIPTION}", "max_receive_count must be between 6"),
    Mistake("service may publish", "modules/service/permissions.tf",
            '["sqs:SendMessage", "sqs:GetQueueUrl"]', '["sqs:SendMessage", "sqs:GetQueueUrl", "sns:Publish"]',
            "test modules/service", "must not publish"),
    Mistake("call that nothing allows", "live/main.tf",
            'actions = ["dynamodb:GetItem", "dynamodb:PutItem"] }', 'actions = ["dynamodb:PutItem"] }',
            "permissions", "customers calls dynamodb:GetItem"),
    Mistake("permission that nobody uses", f"{OUTBOX}/permissions.tf",
            '"dynamodb:Query", "dynamodb:UpdateItem"]', '"dynamodb:Query", "dynamodb:UpdateItem", "dynamodb:DeleteItem"]',
            "permissions", "orders-relay may dynamodb:DeleteItem"),
    Mistake("sweeper that may not read the table", "modules/sweeper/permissions.tf",
            ' "dynamodb:Scan",', "", "permissions", "customers-sweeper calls dynamodb:Scan"),
    Mistake("sent messages that nobody may keep", f"{OUTBOX}/permissions.tf",
            '    Action   = "dynamodb:BatchWriteItem"', '    Action   = "dynamodb:PutItem"',
            "permissions", "orders-relay calls dynamodb:BatchWriteItem"),
    Mistake("orders that are never found overdue", "live/main.tf",
            'range_key = "DecideBy"', 'range_key = "DueAt"', "agreement with the programs: tables, index, stream, time to live", "DecideBy"),
    Mistake("sweeper that nobody misses", "modules/sweeper/alarms.tf",
            '"breaching"', '"notBreaching"', "test modules/sweeper", "that must ring"),
    Mistake("way out of the private subnets", "modules/network/main.tf",
            "  subnet_id      = aws_subnet.private[count.index].id\n  route_table_id = aws_route_table.private.id",
            "  subnet_id      = aws_subnet.private[count.index].id\n  route_table_id = aws_route_table.public.id",
            "test modules/network", "must not have a route"),
    Mistake("topic renamed on one side", "live/main.tf",
            '"order--created", "order--approved"', '"order--created", "order--accepted"',
            "agreement with the programs: topics and queues", "order--approved"),
    Mistake("variable misspelt", "live/main.tf",
            "    DYNAMODB_INBOX_TABLE_NAME  =", "    DYNAMODB_INBOX_TABLE      =",
            "agreement with the programs: environment variables", "DYNAMODB_INBOX_TABLE_NAME is required"),
    Mistake("two containers on one port of the host", "docker-compose.yml",
            "127.0.0.1:9702:9700", "127.0.0.1:9701:9700", "containers: host ports", "both want port 9701"),
    Mistake("variable of a container misspelt", "docker-compose.yml",
            "      DYNAMODB_ORDERS_TABLE_NAME:", "      DYNAMODB_ORDER_TABLE_NAME:",
            "containers: environment variables", "DYNAMODB_ORDERS_TABLE_NAME is required"),
    Mistake("relay before the queues are subscribed", "docker-compose.yml",
            "x-after-services: &after-services\n  customers:\n    condition: service_healthy\n", "x-after-services: &after-services\n",
            "containers: start order", "a topic without a subscriber forgets"),
    Mistake("containers that call themselves", "docker-compose.yml",
            "  AWS_ENDPOINT_URL: ${AWS_OF_CONTAINERS:-", "  AWS_ENDPOINT_URL: ${AWS_ENDPOINT_URL:-",
            "containers: variables of the shell", "orders is another container"),
    Mistake("local-aws that forgets", "docker-compose.yml", ', "--data", "/data/aws.db"', "",
            "containers: what local-aws holds", "forgets everything"),
    Mistake("local-aws without a volume", "docker-compose.yml", '    volumes: ["aws:/data"]\n', "",
            "containers: what local-aws holds", "which is no volume"),
    Mistake("volume that local-aws may not write to", "Dockerfile", "--chown=10001:10001 ", "",
            "containers: what local-aws holds", "belongs to its user"),
    Mistake("alarm on an event that nobody logs", f"{OUTBOX}/alarms.tf",
            '"{ $.event = \\"subject_parked\\" }"', '"{ $.event = \\"subject_was_parked\\" }"', LOG_EVENTS, "no program logs subject_was_parked"),
    Mistake("errors that ring nowhere", "modules/sweeper/alarms.tf",
            '($.level = \\"error\\")', '($.level = \\"ERROR\\")', LOG_EVENTS, "0 filters count its error lines"),
    Mistake("error left out that has no alarm of its own", "modules/service/alarms.tf",
            '\\"message_moved_to_dead_letter_queue\\"', '\\"panicked\\"', LOG_EVENTS, "panicked is left out of the error lines"),
    Mistake("parked by the sweeper, counted where nobody looks", "modules/sweeper/alarms.tf",
            '"${var.service}-subjects-parked"', '"${var.service}-parked-by-sweeper"', LOG_EVENTS, "orders-parked-by-sweeper"),
    Mistake("container that is root", "Dockerfile",
            'COPY --from=build /images/orders /\nUSER 10001:10001', 'COPY --from=build /images/orders /', "containers: images", "must run as"),
    Mistake("package left out of the build", ".dockerignore", "!chapters\n", "", "containers: build context", "chapters/01-naive is not sent"),
]
