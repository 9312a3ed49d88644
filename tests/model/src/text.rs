//! A path through the model as text that can be read.

use crate::{
    names::Subject,
    protocol::{Action, Fault, Protocol},
    state::State,
    tables::{Decision, Memory},
    work::{Handler, Relay, Run, Step, Work},
};

/// One line for a step from `before` to `after`.
pub(crate) fn describe(model: &Protocol, before: &State, action: Action, after: &State) -> String {
    match action {
        Action::Place(order) => format!("client: places {order}"),
        Action::FinishPlacing(order) => format!("orders: does the second half of placing {order}"),
        Action::Cancel(order) => format!("client: cancels {order}"),
        Action::Wake(subject) => {
            let by = if before.records[subject.index()] != 0 { "a stream record" } else { "the sweeper" };
            let parked = if before.head(subject).parked { ", which is parked" } else { "" };
            let mark = before.head(subject).watermark;
            format!("relay: woken for {subject}{parked} by {by}, reads the watermark {mark}")
        }
        Action::Show(subject, sequence) => {
            let event = before.rows_of(subject)[usize::from(sequence)].event;
            format!("database: {} becomes visible", event.map(|event| event.to_string()).unwrap_or_default())
        }
        Action::Relay(number) => match before.relays[number] {
            Relay::At(run) => relay(before, run, after),
            Relay::Idle => String::new(),
        },
        Action::Receive(message) => format!("{:?}: receives {}", message.consumer, message.event()),
        Action::Handler(number) => handler(model, before, before.handlers[number], after),
        Action::Unpark(subject) => format!("operator: repairs what is wrong and unparks {subject}"),
        Action::Redrive(message) => format!("operator: redrives {message}"),
        Action::Fault(it) => format!("FAULT {}", fault(before, it)),
    }
}

fn relay(before: &State, run: Run, after: &State) -> String {
    let Run { subject, .. } = run;
    let message = |sequence: u8| match before.rows_of(subject)[usize::from(sequence)].event {
        Some(event) => event.to_string(),
        None => "nothing".to_owned(),
    };
    let messages = |rows: u8| {
        let each: Vec<_> = (0..8).filter(|row| rows & (1 << row) != 0).map(message).collect();
        if each.is_empty() { "none".to_owned() } else { each.join(", ") }
    };
    let settled = |head: &State| head.head(subject).watermark;
    match run.step {
        Step::HeadRead => {
            let mut read = 0;
            for relay in after.relays {
                if let Relay::At(now) = relay
                    && now.subject == subject
                    && now.step == Step::Sending
                {
                    read = now.to_send;
                }
            }
            let marked =
                if settled(before) == settled(after) { "" } else { ", and marks them as dispatched" };
            format!("relay: reads the rows of {subject} above {}: {}{marked}", run.seen, messages(read))
        }
        Step::Sending if run.to_send != 0 => {
            let sequence = run.to_send.trailing_zeros() as u8;
            if before.poison == Some((subject, sequence)) {
                return format!("relay: the broker refuses {} for good", message(sequence));
            }
            format!("relay: publishes {}", message(sequence))
        }
        Step::Sending | Step::Failed | Step::Poisoned if run.sent == 0 => {
            format!("relay: has nothing of {subject} to settle")
        }
        Step::Sending | Step::Failed | Step::Poisoned => {
            if settled(before) == settled(after) {
                return format!("relay: was overtaken at {subject}, reads the head again");
            }
            format!(
                "relay: settles {}, watermark {} to {}",
                messages(run.sent),
                settled(before),
                settled(after)
            )
        }
        Step::Parking => format!("relay: parks {subject}"),
        Step::Done | Step::Stuck => format!("relay: is done with {subject}, acknowledges the record"),
    }
}

fn handler(model: &Protocol, before: &State, handler: Handler, after: &State) -> String {
    let Handler::At(message, work) = handler else { return String::new() };
    let (consumer, event) = (message.consumer, message.event());
    let effects = effects(before, after);
    match work {
        Work::DecisionRead(_) => {
            let customer = &before.customer;
            format!(
                "{consumer:?}: reads the customer: version {}, {} of {} reserved",
                customer.version, customer.reserved, customer.limit
            )
        }
        Work::Ready(_) if !effects.is_empty() => format!("{consumer:?}: commits {event}: {effects}"),
        Work::Ready(_) if before.memory(message) == Memory::Remembered => {
            format!("{consumer:?}: finds that {event} was handled before")
        }
        Work::Ready(_) => {
            let buried = after.ghost.wrongly_buried && !before.ghost.wrongly_buried;
            if buried {
                format!("{consumer:?}: calls {event} impossible")
            } else if after.handlers.contains(&Handler::At(message, Work::Handled)) {
                format!("{consumer:?}: takes {event} for a duplicate")
            } else {
                format!("{consumer:?}: loses the race for {event}, decides anew")
            }
        }
        Work::Half(_) => format!("{consumer:?}: commits the second half of {event}: {effects}"),
        Work::Handled => format!("{consumer:?}: deletes {event}"),
        Work::Burying if model.has(crate::Defect::DeadLetterDropped) => {
            format!("{consumer:?}: deletes {event} as useless")
        }
        Work::Burying => format!("{consumer:?}: sends {event} to the dead-letter queue"),
        Work::Buried => format!("{consumer:?}: deletes {event} from its queue"),
    }
}

/// What a commit has changed.
fn effects(before: &State, after: &State) -> String {
    let mut effects = Vec::new();
    for (order, was, is) in [0, 1].map(|i| (["A", "B"][i], before.orders[i].state, after.orders[i].state)) {
        if was != is {
            effects.push(format!("order {order} is {is:?}"));
        }
    }
    for (order, was, is) in
        [0, 1].map(|i| (["A", "B"][i], before.customer.decisions[i], after.customer.decisions[i]))
    {
        if was != is && is != Decision::None {
            effects.push(format!("order {order} is {is:?}"));
        }
    }
    if before.customer.version != after.customer.version {
        effects.push(format!("{} reserved, version {}", after.customer.reserved, after.customer.version));
    }
    for subject in Subject::ALL {
        for (was, is) in before.rows_of(subject).iter().zip(after.rows_of(subject)) {
            if let (false, Some(event)) = (was.was_written(), is.event) {
                effects.push(format!("outbox row {event}"));
            }
        }
    }
    if before.ghost.tallied != after.ghost.tallied {
        effects.push("counted".to_owned());
    }
    if before.inbox.iter().zip(&after.inbox).any(|(was, is)| was != is && *is == Memory::Remembered) {
        effects.push("inbox row".to_owned());
    }
    effects.join(", ")
}

fn fault(before: &State, fault: Fault) -> String {
    let sending = |number: usize| match before.relays[number] {
        Relay::At(run) => {
            let event = run.next().and_then(|row| before.rows_of(run.subject)[usize::from(row)].event);
            event.map(|event| event.to_string()).unwrap_or_default()
        }
        Relay::Idle => String::new(),
    };
    let row = |subject: Subject, row: u8| {
        let event = before.rows_of(subject)[usize::from(row)].event;
        event.map(|event| event.to_string()).unwrap_or_default()
    };
    match fault {
        Fault::SecondRelay(subject) => format!("a second relay is woken for {subject}"),
        Fault::RelayDies(number) => match before.relays[number] {
            Relay::At(run) => format!("the relay at {} dies", run.subject),
            Relay::Idle => String::new(),
        },
        Fault::HandlerDies(number) => match before.handlers[number] {
            Handler::At(message, _) => format!("{:?} dies with {}", message.consumer, message.event()),
            Handler::Idle => String::new(),
        },
        Fault::AnswerLost(number) => {
            format!("the broker takes {}, the answer is lost", sending(number))
        }
        Fault::EntryRefused(number) => format!("the broker does not take {}", sending(number)),
        Fault::RecordLost(subject, sequence) => {
            format!("the stream record of {} is lost", row(subject, sequence))
        }
        Fault::Duplicate(message) => format!("the queue doubles {message}"),
        Fault::Unreadable(message) => format!("{:?} cannot read {}", message.consumer, message.event()),
        Fault::Poison(subject, sequence) => format!("the topic of {} is gone", row(subject, sequence)),
        Fault::InboxExpires(message) => format!("the inbox row of {message} expires"),
        Fault::RowExpires(subject, sequence) => {
            format!("the outbox row of {} expires", row(subject, sequence))
        }
    }
}
