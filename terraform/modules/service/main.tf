locals {
  name = "${var.environment}-service-${var.service}"
}

data "aws_region" "current" {}

resource "aws_ecs_task_definition" "service" {
  family                   = local.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.cpu
  memory                   = var.memory_mb
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.task.arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = upper(var.architecture)
  }

  container_definitions = jsonencode([{
    name                   = var.service
    image                  = var.image
    essential              = true
    user                   = "10001:10001"
    readonlyRootFilesystem = true
    stopTimeout            = var.stop_timeout_seconds
    portMappings           = [{ containerPort = var.port, protocol = "tcp" }]
    linuxParameters        = { capabilities = { drop = ["ALL"] } }
    environment            = [for name in sort(keys(local.environment_variables)) : { name = name, value = local.environment_variables[name] }]

    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.service.name
        awslogs-region        = data.aws_region.current.region
        awslogs-stream-prefix = var.service
      }
    }
  }])
}

locals {
  environment_variables = merge(var.environment_variables, { for filter in var.log_filter[*] : "RUST_LOG" => filter }, {
    ENVIRONMENT               = var.environment
    AWS_REGION                = data.aws_region.current.region
    AWS_SNS_TOPIC_PREFIX      = "${var.environment}-"
    AWS_SQS_QUEUE_NAME_PREFIX = "${var.environment}-"
    PORT                      = tostring(var.port)
  })
}

resource "aws_ecs_service" "service" {
  name                               = "service-${var.service}"
  cluster                            = var.cluster_arn
  task_definition                    = aws_ecs_task_definition.service.arn
  launch_type                        = "FARGATE"
  desired_count                      = var.min_tasks
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  health_check_grace_period_seconds  = 60
  enable_execute_command             = false
  propagate_tags                     = "SERVICE"

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = [aws_security_group.service.id]
    assign_public_ip = false
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.service.arn
    container_name   = var.service
    container_port   = var.port
  }

  lifecycle {
    # Autoscaling decides.
    ignore_changes = [desired_count]
  }

  depends_on = [aws_lb_listener_rule.service, aws_iam_role_policy.task, aws_iam_role_policy.execution]
}

resource "aws_appautoscaling_target" "service" {
  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/${var.cluster_name}/${aws_ecs_service.service.name}"
  min_capacity       = var.stopped ? 0 : var.min_tasks
  max_capacity       = var.stopped ? 0 : var.max_tasks
}

resource "aws_appautoscaling_policy" "cpu" {
  name               = "${local.name}-cpu"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.service.service_namespace
  scalable_dimension = aws_appautoscaling_target.service.scalable_dimension
  resource_id        = aws_appautoscaling_target.service.resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = 60
    scale_in_cooldown  = 300
    scale_out_cooldown = 60

    predefined_metric_specification {
      predefined_metric_type = "ECSServiceAverageCPUUtilization"
    }
  }
}

# Messages that wait ask for tasks, too: a service that waits for AWS is slow without being busy. Tasks go when neither policy needs them.
resource "aws_appautoscaling_policy" "queues" {
  name               = "${local.name}-queues"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.service.service_namespace
  scalable_dimension = aws_appautoscaling_target.service.scalable_dimension
  resource_id        = aws_appautoscaling_target.service.resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = var.scale_out_age_seconds
    scale_in_cooldown  = 300
    scale_out_cooldown = 60

    customized_metric_specification {
      metrics {
        id          = "oldest"
        label       = "Age of the oldest message in any queue of ${var.service}"
        expression  = "MAX([${join(", ", [for place in range(length(var.queues)) : "age${place}"])}])"
        return_data = true
      }

      dynamic "metrics" {
        for_each = var.queues
        content {
          id          = "age${metrics.key}"
          return_data = false

          metric_stat {
            stat = "Maximum"

            metric {
              namespace   = "AWS/SQS"
              metric_name = "ApproximateAgeOfOldestMessage"

              dimensions {
                name  = "QueueName"
                value = metrics.value.name
              }
            }
          }
        }
      }
    }
  }
}

resource "aws_cloudwatch_log_group" "service" {
  # checkov:skip=CKV_AWS_158:The log holds ids, no names of customers and no bodies; CloudWatch encrypts it with its own key.
  # checkov:skip=CKV_AWS_338:Logs serve operation, not audit; how long they are kept is a variable.
  name              = "/ecs/${local.name}"
  retention_in_days = var.log_retention_days
}
