//! A path through the model as text that can be read.

use crate::{
    action::{Action, Fault, Writer},
    names::{Item, Subject},
    protocol::Protocol,
    state::State,
    tables::{Decision, Memory},
    work::{Handler, Relay, Run, Step, Work, bit},
};

/// One line for a step from `before` to `after`.
pub(crate) fn describe(model: &Protocol, before: &State, action: Action, after: &State) -> String {
    match action {
        Action::Write(writer) => write(model, before, writer, after),
        Action::FinishPlacing(order) => format!("orders: does the second half of placing {order}"),
        Action::Show(Item::Order(order)) => format!("database: {order} can be seen"),
        Action::Show(Item::Customer) => "database: the customer can be seen".to_owned(),
        Action::Show(Item::Decision(order)) => format!("database: the decision on {order} can be seen"),
        Action::Show(Item::Row(subject, row)) => {
            format!("database: the row {} can be seen", message(before, subject, row))
        }
        Action::LetGo(subject, row) => {
            format!("database: the transaction that held {} is cancelled", message(before, subject, row))
        }
        Action::Wake(subject, 0) => format!("relay: the sweep comes to {subject}, begins to read"),
        Action::Wake(subject, records) => {
            let news = messages(before, subject, records);
            format!("relay: woken for {subject} by the stream's {news}, begins to read")
        }
        Action::Read(number, seen) => match before.relays[number] {
            Relay::At(run) => {
                format!("relay: has read {}: {}", run.subject, messages(before, run.subject, seen))
            }
            Relay::Idle => String::new(),
        },
        Action::Relay(number) => match before.relays[number] {
            Relay::At(run) => relay(before, run, after),
            Relay::Idle => String::new(),
        },
        Action::Delete(number, row) => match before.relays[number] {
            Relay::At(run) => format!("relay: deletes {}", message(before, run.subject, row)),
            Relay::Idle => String::new(),
        },
        Action::Receive(message) => format!("{:?}: receives {}", message.consumer, message.event()),
        Action::Unpark(subject) => format!("operator: repairs what is wrong and unparks {subject}"),
        Action::Redrive(message) => format!("operator: redrives {message}"),
        Action::Fault(Fault::ItemByItem(writer)) => {
            format!("FAULT {}: half visible", write(model, before, writer, after))
        }
        Action::Fault(it) => format!("FAULT {}", fault(before, it)),
    }
}

fn write(model: &Protocol, before: &State, writer: Writer, after: &State) -> String {
    match writer {
        Writer::Place(order) => format!("client: places {order}"),
        Writer::Cancel(order) => format!("client: cancels {order}"),
        Writer::GiveUp(order) => format!("orders: gives {order} up"),
        Writer::Handler(number) => handler(model, before, before.handlers[number], after),
    }
}

fn message(state: &State, subject: Subject, sequence: u8) -> String {
    state.event(subject, sequence).map(|event| event.to_string()).unwrap_or_default()
}

fn messages(state: &State, subject: Subject, rows: u8) -> String {
    let each: Vec<_> =
        (0..8).filter(|row| rows & bit(*row) != 0).map(|row| message(state, subject, row)).collect();
    if each.is_empty() { "nothing".to_owned() } else { each.join(", ") }
}

fn relay(before: &State, run: Run, after: &State) -> String {
    let subject = run.subject;
    let next = run.next().unwrap_or_default();
    let row = message(before, subject, next);
    match run.step {
        Step::Asking => {
            let sends = |relay: &Relay| matches!(relay, Relay::At(now) if now.step == Step::Sending && now.seen == run.seen);
            let queries = |relay: &Relay| matches!(relay, Relay::At(now) if now.step == Step::Querying);
            let answer = if after.relays.iter().any(sends) {
                "the one before it is gone, so it is"
            } else if after.relays.iter().any(queries) {
                "the one before it is there, so it reads all of them"
            } else {
                "it is gone"
            };
            format!("relay: asks whether it is the turn of {row}: {answer}")
        }
        Step::Sending if before.poison == Some((subject, next)) => {
            format!("relay: the broker refuses {row} for good")
        }
        Step::Sending => format!("relay: publishes {row}"),
        Step::Parking => format!("relay: parks {row}"),
        _ => format!("relay: is done with {subject}, acknowledges the record"),
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
    for (order, was, is) in [0, 1].map(|i| (["A", "B"][i], before.decisions[i], after.decisions[i])) {
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
        Relay::At(run) => run.next().map(|row| message(before, run.subject, row)).unwrap_or_default(),
        Relay::Idle => String::new(),
    };
    match fault {
        Fault::ItemByItem(_) => String::new(),
        Fault::Held(subject, row) => {
            format!("a transaction that comes too late holds {}", message(before, subject, row))
        }
        Fault::SecondRelay(subject, records) => {
            let news = messages(before, subject, records);
            format!("a second relay is woken for {subject} by the stream's {news}, begins to read")
        }
        Fault::SecondSweep(subject) => format!("the sweep comes to {subject}, begins to read"),
        Fault::RelayDies(number) => match before.relays[number] {
            Relay::At(run) => format!("the relay at {} dies", run.subject),
            Relay::Idle => String::new(),
        },
        Fault::HandlerDies(number) => match before.handlers[number] {
            Handler::At(message, _) => format!("{:?} dies with {}", message.consumer, message.event()),
            Handler::Idle => String::new(),
        },
        Fault::AnswerLost(number) => format!("the broker takes {}, the answer is lost", sending(number)),
        Fault::EntryRefused(number) => format!("the broker does not take {}", sending(number)),
        Fault::Rewind(subject) => format!("the stream records of {subject} come again"),
        Fault::RecordLost(subject, row) => {
            format!("the stream record of {} is lost", message(before, subject, row))
        }
        Fault::Duplicate(message) => format!("the queue doubles {message}"),
        Fault::Unreadable(message) => format!("{:?} cannot read {}", message.consumer, message.event()),
        Fault::Poison(subject, row) => format!("the topic of {} is gone", message(before, subject, row)),
        Fault::InboxExpires(message) => format!("the inbox row of {message} expires"),
        Fault::RowExpires(subject, row) => {
            format!("the outbox row of {} expires", message(before, subject, row))
        }
    }
}
