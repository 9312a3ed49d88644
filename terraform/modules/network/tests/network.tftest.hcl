mock_provider "aws" {
  mock_data "aws_availability_zones" {
    defaults = { names = ["eu-west-1a", "eu-west-1b", "eu-west-1c"] }
  }
  mock_data "aws_region" {
    defaults = { region = "eu-west-1" }
  }
}

variables {
  environment = "test"
}

run "tasks_have_no_way_out_but_the_endpoints" {
  assert {
    condition     = aws_route.internet.route_table_id == aws_route_table.public.id && length(setintersection(aws_route_table_association.private[*].route_table_id, [aws_route_table.public.id])) == 0
    error_message = "Private subnets must not have a route to the internet."
  }
  assert {
    condition     = alltrue([for subnet in concat(aws_subnet.public, aws_subnet.private) : !coalesce(subnet.map_public_ip_on_launch, false)])
    error_message = "Nothing gets a public address by itself."
  }
  assert {
    condition = toset([for endpoint in concat(values(aws_vpc_endpoint.gateway), values(aws_vpc_endpoint.interface)) : endpoint.service_name]) == toset([
      for name in ["dynamodb", "s3", "ecr.api", "ecr.dkr", "logs", "sqs"] : "com.amazonaws.eu-west-1.${name}"
    ])
    error_message = "A service that the tasks need has no endpoint, or one that they do not need has."
  }
  assert {
    condition     = length(distinct(concat(aws_subnet.public[*].cidr_block, aws_subnet.private[*].cidr_block))) == 4
    error_message = "Subnets must not overlap."
  }
}

run "refuses_a_single_zone" {
  command = plan
  variables { zone_count = 1 }
  expect_failures = [var.zone_count]
}

run "refuses_a_range_that_cannot_be_cut" {
  command = plan
  variables { cidr = "10.0.0.0/24" }
  expect_failures = [var.cidr]
}
