"""Other numbers for all times at once, to see that each is read from where it is configured."""

from configured import UNITS

# File (of a module unless it has no folder), text, changed text, and what must be read then.
PLANTED = r"""
subscription/main.tf | queue_retention       = 604800 | queue_retention       = 345600 | queue 4 days
subscription/main.tf | dead_letter_retention = 1209600 | dead_letter_retention = 864000 | dead_letters 10 days
subscription/main.tf | timeout_seconds = 30 | timeout_seconds = 31 | visibility 31 seconds
subscription/main.tf | wait_time_seconds  = 20 | wait_time_seconds  = 1 | deployed_poll 1 seconds
subscription/variables.tf | default     = 600 | default     = 4000 | waiting_alarm 4300 seconds
outbox/variables.tf | default     = 120 | default     = 200 | relay_run 200 seconds
outbox/variables.tf | default     = 21600 | default     = 1800 | record_age 1800 seconds
outbox/variables.tf | default     = 10\n | default     = 99\n | retries 99 seconds
subscription/variables.tf | default     = 6\n | default     = 50\n | receives 50 seconds
payload-bucket/variables.tf | retention_days >= 45 | retention_days >= 30 | payloads_least 30 days
payload-bucket/variables.tf | default     = 90 | default     = 20 | payloads 20 days
outbox/main.tf | window_in_seconds = 0 | window_in_seconds = 9 | batch_window 9 seconds
outbox/variables.tf | default     = 600 | default     = 1500 | iterator_age_alarm 2100 seconds
outbox/variables.tf | default     = 90 | default     = 14 | failure_bucket 14 days
live/variables.tf | default     = 7\n | default     = 3\n | sent 3 days
live/variables.tf | default     = 30 | default     = 7 | service_logs 7 days
sweeper/variables.tf | default     = 5 | default     = 15 | sweep_interval 900 seconds
sweeper/variables.tf | default     = 300 | default     = 200 | sweep_age 200 seconds
sweeper/main.tf | timeout = local.interval - 30 | timeout = local.interval | sweep_run 900 seconds
sweeper/main.tf | _age_in_seconds = local.interval | _age_in_seconds = 86400 | sweep_event_age 1 days
sweeper/main.tf | retention_seconds = 1209600 | retention_seconds = 60 | missed_sweeps 60 seconds
service/variables.tf | default     = 45 | default     = 40 | ecs_stop 40 seconds
service/main.tf | grace_period_seconds  = 60 | grace_period_seconds  = 20 | start 20 seconds
service/traffic.tf | deregistration_delay = 15 | deregistration_delay = 300 | deregistration 300 seconds
service/traffic.tf | interval            = 10 | interval            = 5 | health_interval 5 seconds
service/traffic.tf | timeout             = 5 | timeout             = 6 | health_timeout 6 seconds
alb/variables.tf | default     = 25 | default     = 11 | balancer_idle 11 seconds
docker-compose.yml |   stop_grace_period: 45s\n |  | compose_stop 10 seconds
Dockerfile | --interval=10s | --interval=7s | container_health_interval 7 seconds
Dockerfile | --timeout=8s | --timeout=5s | container_health_timeout 5 seconds
"""


def planted():
    """File, old text, new text, name and seconds of each."""
    for line in PLANTED.strip().splitlines():
        path, old, new, read = (part.replace("\\n", "\n") for part in line.split(" | "))
        name, count, unit = read.split()
        folder = "terraform" if path.startswith("live/") else "terraform/modules" if "/" in path else "."
        yield f"{folder}/{path}", old, new, name, int(count) * UNITS[unit]


def plant(root):
    """Changes the numbers in a copy; what the copy does not hold is told."""
    problems = []
    for path, old, new, *_ in planted():
        file = root / path
        text = file.read_text()
        if old not in text:
            problems.append(
                f"{path} does not hold the text to change any more: {old}; adapt planted_times.py"
            )
        file.write_text(text.replace(old, new))
    return problems


def unread(times):
    """Planted numbers that were not read."""
    return [
        f"{name} is {times[name].seconds} s, planted were {seconds} s in {path}"
        for path, _, _, name, seconds in planted()
        if times[name].seconds != seconds
    ]
