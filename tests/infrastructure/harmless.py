"""Mistakes of the generator that turn no requirement red, and why none has to. Each line is a place, what was done there, and the reason; one
that nothing needs any more is a mistake."""

LISTED = [
    (r".*\.(alarm_)?description|.*\.title|.*\.label", "exchanged|removed", "words for people: no machine reads them, and no rule can tell a good sentence from a wrong one"),
    (r".*\.tags\.Name", "exchanged|removed", "a name for people in the console; everything is found by its id"),
    (r".*\.Statement\.Sid", "exchanged|removed", "a label within a policy, which AWS neither needs nor reads"),
    (r"aws_(iam_role_policy|cloudwatch_log_metric_filter|appautoscaling_policy)\.\w+\.name", "exchanged",
     "a name that nothing refers to; two of one name in one place AWS refuses itself"),
    (r"aws_(backup_(plan|selection)|budgets_budget|wafv2_web_acl|cloudwatch_event_api_destination|cloudwatch_event_connection)\.\w+\.name", "exchanged",
     "a name that nothing refers to: the ARN or the id is used"),
    (r"aws_backup_plan\.tables\.rule\.rule_name", "exchanged", "the name of the only rule"),
    (r"aws_wafv2_web_acl\.main\.visibility_config\.metric_name", "exchanged", "no alarm and no graph reads the sum of all rules"),
    (r"aws_s3_bucket_lifecycle_configuration\.bucket\.rule\.id", "exchanged", "the name of the only rule"),
    (r"aws_cloudwatch_metric_alarm\.(own_errors|service)\.threshold", "divided by ten", "rings at the first error instead of the fifth in a minute: too early harms nobody but who is woken"),
    (r"aws_cloudwatch_metric_alarm\.(sweeper|consumer)\.statistic", "exchanged", "the number of messages in a queue is one figure a minute: its sum and its maximum are both above nothing"),
    (r"aws_lb_listener_rule\.(health|service)\.priority", "divided by ten|times ten", "rules of different paths may stand in any sequence; that the health check stands before the rest, a rule sees to"),
    (r"aws_lb_listener_rule\.service\.action\.order", "divided by ten|times ten", "the sequence stays the same; that tokens are looked at first, a rule sees to"),
    (r"compose\.local-aws\.volumes\.volume", "removed", "options that nobody sets"),
    (r"compose\.[\w-]+\.ports\.mode", "exchanged|removed", "means something to a swarm only, and there is none"),
    (r"Dockerfile: \|\| exit 1; \\", "times ten", "any code but 0 ends the build"),
]
