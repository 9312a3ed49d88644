# What somebody looks at who was woken: is it answered, do messages move, and what rings.
locals {
  by_balancer = ["LoadBalancer", module.alb.arn_suffix]
  queue_names = { for name, subscription in module.subscription : name => subscription.queue_name }

  graphs = [
    {
      title = "Requests, and answers with 5xx by services and by the load balancer itself"
      stat  = "Sum"
      lines = [for metric in ["RequestCount", "HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count"] : concat(["AWS/ApplicationELB", metric], local.by_balancer)]
    },
    {
      title = "Time until an answer, seconds (99 of 100 are faster)"
      stat  = "p99"
      lines = [concat(["AWS/ApplicationELB", "TargetResponseTime"], local.by_balancer)]
    },
    {
      title = "Age of the oldest message in each queue, seconds"
      stat  = "Maximum"
      lines = [for name in values(local.queue_names) : ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", name]]
    },
    {
      title = "Dead letters"
      stat  = "Maximum"
      lines = [for subscription in module.subscription : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", subscription.dead_letter_queue_name]]
    },
    {
      title = "How far each relay is behind, milliseconds"
      stat  = "Maximum"
      lines = [for outbox in module.outbox : ["AWS/Lambda", "IteratorAge", "FunctionName", outbox.relay_function_name]]
    },
    {
      title = "Processor of each service, percent"
      stat  = "Average"
      lines = [for name in keys(local.services) : ["AWS/ECS", "CPUUtilization", "ClusterName", aws_ecs_cluster.main.name, "ServiceName", "service-${name}"]]
    },
  ]
}

# What the programs count themselves, made from their table of metrics (final/service/src/telemetry/table.rs).
locals {
  counted = jsondecode(replace(file("${path.module}/../dashboards/cloudwatch.json"), "ENVIRONMENT", var.environment))
  shown = concat(local.graphs, [for graph in local.counted : {
    title = graph.title
    stat  = "Sum"
    lines = [[{ expression = graph.expression }]]
  }])
}

resource "aws_cloudwatch_dashboard" "main" {
  dashboard_name = var.environment
  dashboard_body = jsonencode({
    widgets = [for place, graph in local.shown : {
      type   = "metric"
      width  = 12
      height = 6
      x      = place % 2 * 12
      y      = floor(place / 2) * 6
      properties = {
        title   = graph.title
        region  = var.region
        view    = "timeSeries"
        stat    = graph.stat
        period  = 60
        metrics = graph.lines
      }
    }]
  })
}
