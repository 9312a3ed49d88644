//! The conditions of the properties, each on one state.

use crate::{
    names::{Consumer, Event, Kind, Message, Order, Subject},
    protocol::Protocol,
    service::place,
    state::State,
    tables::{Decision, Memory, OrderState, Row, Status},
    work::{Grounds, Handler, Relay, Step, Work},
};

/// Predecessor and row for each relay that asks whose turn it is.
pub(super) fn asked(state: &State) -> impl Iterator<Item = (&Row, &Row)> {
    state.relays.iter().filter_map(|relay| {
        let Relay::At(run) = relay else { return None };
        let row = run.next().filter(|_| run.step == Step::Asking)?;
        let before = state.predecessor(run.subject, row)?;
        Some((state.row(run.subject, before), state.row(run.subject, row)))
    })
}

pub(super) fn exists(state: &State, order: Order) -> bool {
    !matches!(state.order(order).state, OrderState::Absent | OrderState::HalfPlaced)
}

pub(super) fn count(state: &State, wanted: OrderState) -> usize {
    state.orders.iter().filter(|order| order.state == wanted).count()
}

pub(super) fn was_committed(state: &State, event: Event) -> bool {
    state.rows.iter().any(|row| row.event == Some(event))
}

/// The messages of all written rows, one for each queue that they go to.
pub(super) fn subscribed(model: &Protocol, state: &State) -> impl Iterator<Item = Message> {
    let tally = model.bounds.tally;
    Message::all()
        .filter(move |message| tally || message.consumer != Consumer::Tally)
        .filter(|message| was_committed(state, message.event()))
}

pub(super) fn money(state: &State) -> bool {
    let customer = &state.customer;
    let sum = state.decisions.iter().filter(|decision| **decision == Decision::Reserved).count();
    customer.reserved <= customer.limit && usize::from(customer.reserved) == sum
}

pub(super) fn effect_once(state: &State) -> bool {
    let ghost = &state.ghost;
    let once = |counts: &[u8; 2]| counts.iter().all(|count| *count <= 1);
    let reserved_before = (0..2).all(|order| ghost.released[order] <= ghost.reserved[order]);
    once(&ghost.reserved) && once(&ghost.released) && once(&ghost.tallied) && reserved_before
}

pub(super) fn changes_and_rows_agree(state: &State) -> bool {
    Order::ALL.into_iter().all(|order| {
        let version = usize::from(state.order(order).version);
        let is_receipt = |row: &Row| row.event.is_some_and(|event| event.kind == Kind::Receipt);
        let rows = state.rows_of(Subject::Order(order)).iter();
        let written = rows.filter(|row| row.was_written() && !is_receipt(row)).count();
        let last = state.row(Subject::Order(order), place(state.order(order).version));
        let last = last.event.map(|event| event.kind);
        let tells_of_it = match state.order(order).state {
            OrderState::Absent | OrderState::HalfPlaced => return written == 0,
            OrderState::Pending => Kind::Created,
            OrderState::Approved => Kind::Approved,
            OrderState::Rejected => Kind::Rejected,
            OrderState::TimedOut => Kind::GivenUp,
            OrderState::Cancelled => Kind::Cancelled,
        };
        let reserved = state.ghost.reserved[order.index()] > 0;
        written == version + 1
            && last == Some(tells_of_it)
            && was_committed(state, Event::new(Kind::Reserved, order)) == reserved
            && was_committed(state, Event::new(Kind::Refused, order))
                == (state.decision(order) == Decision::Refused)
    })
}

pub(super) fn three_lives(state: &State) -> bool {
    let lives = [
        [Kind::Created, Kind::Approved, Kind::Cancelled].as_slice(),
        [Kind::Created, Kind::Rejected].as_slice(),
        [Kind::Created, Kind::GivenUp].as_slice(),
    ];
    Order::ALL.into_iter().all(|order| {
        let rows = state.rows_of(Subject::Order(order)).iter();
        let life = rows.filter_map(|row| row.event).map(|event| event.kind);
        let life = life.filter(|kind| *kind != Kind::Receipt);
        lives.iter().any(|whole| {
            let mut whole = whole.iter();
            life.clone().all(|kind| whole.next() == Some(&kind))
        })
    })
}

pub(super) fn orders_and_decisions_agree(state: &State) -> bool {
    Order::ALL.into_iter().all(|order| match (state.order(order).state, state.decision(order)) {
        (OrderState::Absent | OrderState::HalfPlaced, decision) => decision == Decision::None,
        (OrderState::Pending, decision) => decision != Decision::Released,
        // Nobody waits for the decision any more.
        (OrderState::TimedOut, _) => true,
        (OrderState::Approved, decision) => decision == Decision::Reserved,
        (OrderState::Rejected, decision) => decision == Decision::Refused,
        (OrderState::Cancelled, decision) => matches!(decision, Decision::Reserved | Decision::Released),
    })
}

pub(super) fn inbox_and_effects_agree(state: &State) -> bool {
    Message::all().all(|message| {
        let order = state.order(message.order).state;
        let effect = match message.consumer {
            // Whichever comes first leaves a decision, and the other finds it.
            Consumer::ReserveCredit | Consumer::GiveBack if order == OrderState::TimedOut => {
                return state.memory(message) == Memory::Unknown
                    || state.decision(message.order) != Decision::None;
            }
            Consumer::ReleaseCredit if order == OrderState::TimedOut => false,
            Consumer::ReserveCredit => state.decision(message.order) != Decision::None,
            Consumer::ReleaseCredit => state.decision(message.order) == Decision::Released,
            Consumer::GiveBack => false,
            Consumer::Approve | Consumer::Reject if order == OrderState::TimedOut => return true,
            Consumer::Approve => matches!(order, OrderState::Approved | OrderState::Cancelled),
            Consumer::Reject => order == OrderState::Rejected,
            Consumer::Tally => state.ghost.tallied[message.order.index()] > 0,
        };
        effect == (state.memory(message) != Memory::Unknown)
    })
}

pub(super) fn no_phantom(state: &State) -> bool {
    Message::all().all(|message| {
        let copies = state.visible[message.index()] + state.dead[message.index()];
        was_committed(state, message.event()) || copies == 0 && !state.in_work(message)
    })
}

pub(super) fn nothing_vanishes(model: &Protocol, state: &State) -> bool {
    let was_sent =
        |message: &Message| state.rows.iter().any(|row| row.published && row.event == Some(message.event()));
    subscribed(model, state).filter(was_sent).all(|message| {
        state.visible[message.index()] > 0
            || state.dead[message.index()] > 0
            || state.in_work(message)
            || state.memory(message) != Memory::Unknown
    })
}

pub(super) fn published_in_order(state: &State) -> bool {
    Subject::ALL.into_iter().all(|subject| {
        let mut sent = state.rows_of(subject).iter().filter(|row| row.was_written()).map(|row| row.published);
        sent.by_ref().find(|sent| !sent);
        !sent.any(|sent| sent)
    })
}

pub(super) fn gone_was_sent(row: &Row) -> bool {
    row.status != Status::Gone || row.published
}

pub(super) fn marks_are_on_the_first(state: &State) -> bool {
    Subject::ALL.into_iter().all(|subject| {
        let rows = state.rows_of(subject);
        let before = |marked: usize| rows[..marked].iter().all(|row| row.published || !row.was_written());
        rows.iter().enumerate().all(|(sequence, row)| !row.parked || before(sequence))
    })
}

pub(super) fn all_stands_behind_a_mark(state: &State) -> bool {
    Subject::ALL.into_iter().all(|subject| {
        (0u8..).zip(state.rows_of(subject)).all(|(sequence, row)| {
            let sent = row.published || !row.was_written();
            sent || state.is_kept_back(subject, sequence)
        })
    })
}

pub(super) fn is_stale(state: &State, handler: &Handler) -> bool {
    match handler {
        Handler::At(_, Work::Ready(Grounds::Customer(_, version, _))) => *version != state.customer.version,
        _ => false,
    }
}
