"""Whether the times that are configured in many places fit each other.

One list of inequalities, each with its reason.
"""

import math
import re
from typing import NamedTuple

from deployment import Missing
from configured import COUNTS, UNITS, collected, of_programs


class Rule(NamedTuple):
    # Names of times, or a number with its unit, added with + and multiplied by counts, between <, <= and =.
    chain: str
    reason: str


RULES = [
    # One call.
    Rule("connect < sqs_attempt", "a connection that cannot be made leaves time for the answer"),
    Rule("poll = sqs_longest_poll", "a shorter poll costs requests and brings nothing sooner"),
    Rule("poll = deployed_poll", "whoever else receives from the queue waits as long as the program"),
    Rule("poll < sqs_attempt", "a poll that finds nothing is an answer, not a time-out"),
    Rule("2 * sqs_attempt < sqs_call", "a lost attempt is tried again in full"),
    # A message in work.
    Rule(
        "message_deadline < sqs_longest_visibility",
        "SQS hides a message no longer than that, however often it is extended",
    ),
    Rule(
        "receives * message_deadline < order_timeout",
        "a message that hangs at each receive has rung as a dead letter before its order is given up",
    ),
    Rule("made_visibility = visibility", "development and deployment hide messages for the same time"),
    # Stopping.
    Rule("service_grace = consumer_grace", "requests and messages have the same time to finish"),
    Rule("last_receive < consumer_grace", "what the last receive brings has time to be handled within the grace"),
    Rule(
        "consumer_grace + give_back <= consumer_stop",
        "messages in work and messages to be given back each have their time, one after the other",
    ),
    Rule(
        "consumer_stop + 10 seconds < ecs_stop <= fargate_longest_stop",
        "a task has ended by itself before ECS kills it, even when AWS does not answer",
    ),
    Rule(
        "consumer_stop + 10 seconds < compose_stop",
        "a container has ended by itself before Docker kills it, even when AWS does not answer",
    ),
    Rule("ecs_stop = compose_stop", "both kinds of container get the same time"),
    # Requests.
    Rule(
        "dynamodb_attempt < dynamodb_call < request < balancer_idle < idle",
        "a call says what became of it while its request lives, the request is answered while the balancer listens, and the "
        "balancer closes a connection before the service does",
    ),
    Rule("body < request", "a body that does not come is told from a service that does not answer"),
    Rule("request <= deregistration", "what a task took on is answered before the balancer lets go of it"),
    Rule("request < service_grace", "a request that was taken on ends within the grace"),
    Rule("service_grace + last_words < ecs_stop", "requests that were cut off are logged before the task is killed"),
    Rule("deregistration < ecs_stop", "the load balancer has let go of a task before it is killed"),
    Rule(
        "service_grace < balancer_idle",
        "what a stopping task still answers, the load balancer still waits for",
    ),
    Rule(
        "3 * health_interval + health_timeout < no_healthy_alarm < waiting_alarm",
        "a task that is slow once wakes nobody, and one that is gone is told before messages are old",
    ),
    Rule("health_timeout < health_interval", "one check has ended before the next begins"),
    Rule(
        "2 * health_interval + health_timeout < start",
        "a task that just started has passed two checks before ECS counts them",
    ),
    Rule(
        "2 * health_answer < container_health_timeout",
        "the program says itself that it is not well: connect, then read",
    ),
    Rule(
        "3 * container_health_interval + 3 * container_health_timeout < start",
        "a container that hangs is known before one that starts would be given up",
    ),
    # The relay.
    Rule(
        "2 * relay_chain < relay_run",
        "an invocation has time for a subject that takes as long as one can, and for another after it",
    ),
    Rule("tail_grace + 10 seconds < compose_stop", "the relay as a process has ended before Docker kills it"),
    Rule("relay_run <= lambda_longest_run", "Lambda runs nothing longer"),
    Rule(
        "retries * relay_run < record_age",
        "a record is given up because it failed often, not because it became old meanwhile",
    ),
    Rule(
        "iterator_age_alarm < record_age < stream_keeps",
        "somebody is told before records are given up, and they are given up before they are gone",
    ),
    Rule(
        "2 * iterator_age_alarm < record_age",
        "who is told that the relay is behind has as long again before records are given up",
    ),
    Rule(
        "batch_window + 2 * relay_run <= sweep_age",
        "a batch that Lambda killed and gave again is still the stream's",
    ),
    Rule("sweep_run < sweep_interval", "a sweep is over before the next one begins"),
    Rule(
        "sweep_event_age <= sweep_interval",
        "a sweep that was missed is not made up for when the next one is due",
    ),
    Rule(
        "sweep_age + sweep_interval + sweep_run < order_timeout",
        "a message that the stream missed is sent before its order is given up",
    ),
    Rule("order_check < order_timeout", "an order is given up when its time is over and not much later"),
    Rule("dynamodb_call < order_check", "a look for overdue orders that gets no answer has ended before the next one"),
    Rule(
        "2 * tail_sweep < order_timeout",
        "the same for the relay that reads the stream by itself: the age, then the pause",
    ),
    Rule("not_running_alarm < order_timeout", "somebody is told of a sweeper that is off before orders are given up"),
    Rule("old_messages_alarm < order_timeout", "somebody is told of messages that wait before orders are given up"),
    # A function behind queues.
    Rule(
        "visibility_factor * function_run <= function_visibility",
        "Lambda may try an invocation that was throttled for so long before a message is shown to somebody else",
    ),
    Rule("mail_call < whole_mail", "what the provider answered can be stored"),
    Rule(
        "2 * whole_mail < function_run <= lambda_longest_run",
        "an invocation has time for its batch, and for a whole mail after it",
    ),
    Rule(
        "function_run < claim < not_taken_alarm",
        "a mail is taken up by another sender when nobody can be at it any more, and before somebody is woken",
    ),
    Rule("function_visibility < waiting_alarm", "an invocation that is lost once wakes nobody"),
    Rule(
        "receives * function_visibility < queue",
        "a message that is lost at each receive becomes a dead letter before its queue forgets it",
    ),
    Rule("due_event_age <= due_interval", "a run that was missed is not made up for when the next one is due"),
    Rule(
        "2 * due_interval < idle_function_alarm <= waiting_alarm",
        "a schedule that is late once wakes nobody, and one that is off is told before messages are old",
    ),
    Rule("missed_due = dead_letters", "runs that could not be started are kept as long"),
    Rule("function_logs = service_logs", "one story is told by the logs of all programs"),
    # Messages that wait.
    Rule("2 * scale_age < waiting_alarm", "more tasks are on their way before somebody is woken"),
    Rule(
        "tolerated_outage < waiting_alarm",
        "a task that receives nothing is known not to be ready before messages are old",
    ),
    Rule(
        "waiting_alarm < order_timeout < queue",
        "somebody is told of a consumer that is down before orders are given up, and messages stay longer",
    ),
    Rule(
        "queue + 7 days <= dead_letters <= sqs_longest_retention",
        "SQS keeps a message's first time when it moves it; so what waited long can be seen for a week",
    ),
    Rule("default_inbox <= inbox", "a deployment remembers no less than a program that is told nothing"),
    Rule("default_order_timeout <= order_timeout", "a deployment waits no less than a program that is told nothing"),
    Rule("undelivered = dead_letters", "what SNS could not deliver is kept as long"),
    Rule("missed_sweeps = dead_letters", "sweeps that could not be started are kept as long"),
    Rule("made_queue = queue", "the horizon of the inbox is computed with the number that is deployed"),
    Rule(
        "made_dead_letters = dead_letters",
        "the horizon of the inbox is computed with the number that is deployed",
    ),
    Rule("stream_of_horizon = stream_keeps", "the horizon of the inbox begins with the stream"),
    Rule(
        "2 * horizon <= inbox",
        "the inbox remembers a message on its longest way, and as long again for a person who redrives it",
    ),
    Rule("queue <= sent", "what waits in a queue can be looked up where it was sent"),
    Rule("sent + horizon <= inbox", "a message that is sent again is known to every inbox that has handled it"),
    Rule("dead_letters <= service_logs", "the log of a dead letter is there as long as it is"),
    Rule("relay_logs = service_logs", "one story is told by the logs of all three programs"),
    Rule("sweeper_logs = service_logs", "one story is told by the logs of all three programs"),
    Rule(
        "horizon = payloads_least <= payloads",
        "content lies in the bucket as long as its message can still come",
    ),
    Rule(
        "dead_letters < inbox <= failure_bucket",
        "records that were given up are kept as long as the inbox would know their messages",
    ),
]


def shown(name, time):
    seconds = time.seconds
    if name in COUNTS:
        return f"{seconds:g}"
    for unit in "dhm":
        if seconds >= UNITS[unit] and seconds % UNITS[unit] == 0:
            return f"{seconds / UNITS[unit]:g} {unit if unit != 'm' else 'min'}"
    return f"{seconds:g} s"


def names_in(rule):
    return [name for name in re.findall(r"[a-z]\w*", rule.chain) if name not in UNITS]


def value(expression, times):
    total = 0
    for term in expression.split("+"):
        if literal := re.fullmatch(r"(\d+) (\w+)", term.strip()):
            total += int(literal[1]) * UNITS[literal[2]]
            continue
        factors = [factor.strip() for factor in term.split("*")]
        total += math.prod(int(factor) if factor.isdigit() else times[factor].seconds for factor in factors)
    return total


def holds(rule, times):
    parts = [part.strip() for part in re.split(r"(<=|<|=)", rule.chain)]
    judge = {"<": lambda a, b: a < b, "<=": lambda a, b: a <= b, "=": lambda a, b: a == b}
    return all(
        judge[sign](value(a, times), value(b, times))
        for a, sign, b in zip(parts[::2], parts[1::2], parts[2::2])
    )


def told(rule, times):
    """The chain with its numbers and where each is configured."""
    return re.sub(
        r"[a-z]\w*",
        lambda name: f"{name[0]} {shown(name[0], times[name[0]])}" if name[0] in times else name[0],
        rule.chain,
    )


def sources(rule, times):
    return "; ".join(f"{name} from {times[name].source}" for name in dict.fromkeys(names_in(rule)))


def broken(times):
    return [rule for rule in RULES if not holds(rule, times)]


def complaints(times):
    unknown = {name for rule in RULES for name in names_in(rule)} - set(times)
    if unknown:
        return [f"no such time: {', '.join(sorted(unknown))}"]
    return [
        f"{told(rule, times)}: must be so and is not, for {rule.reason} ({sources(rule, times)})"
        for rule in broken(times)
    ]


def told_of(collect):
    """The complaints about what is collected; what cannot be read is one."""
    try:
        found, problems = collect()
    except Missing as missing:
        return [str(missing)]
    return problems or complaints(found)


def unbound(times):
    """Times that may be changed, once to nothing and once to a hundred times as much, and no rule turns red."""
    problems = []
    for name, time in times.items():
        changed = [
            {**times, name: time._replace(seconds=seconds)} for seconds in (0, 100 * time.seconds + 1000)
        ]
        if not any(name in names_in(rule) for one in changed for rule in broken(one)):
            problems.append(f"{name} ({time.source}) may be anything: no rule turns red")
    return problems


def report(report, system, containers):
    """Prints every time with its source, and every chain with its numbers."""
    try:
        times, problems = collected(system, containers, of_programs(containers.repository))
    except LookupError as unreadable:
        report.add("times: read from where they are configured", [str(unreadable)])
        return
    if not report.add(f"times: {len(times)} read from where they are configured", problems):
        return
    for name, time in times.items():
        print(f"        {name} {shown(name, time)}: {time.source}", flush=True)
    report.add(f"times: {len(RULES)} rules hold", complaints(times))
    for rule in RULES:
        print(f"        {told(rule, times)}: {rule.reason}", flush=True)
    report.add("times: each of them, changed, turns a rule red", unbound(times))
