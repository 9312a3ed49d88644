//! The conditions of the properties, each on one state.

use crate::{
    names::{Consumer, Event, Kind, Message, Order, Subject},
    protocol::Protocol,
    state::State,
    tables::{Decision, Memory, OrderState, Row},
    work::{Grounds, Handler, Work},
};

/// All written rows: sequence, watermark of the subject, row.
pub(super) fn rows(state: &State) -> impl Iterator<Item = (u8, u8, &Row)> {
    Subject::ALL
        .into_iter()
        .flat_map(move |subject| {
            let mark = state.head(subject).watermark;
            (0u8..).zip(state.rows_of(subject)).map(move |(sequence, row)| (sequence, mark, row))
        })
        .filter(|(_, _, row)| row.was_written())
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
    let sum = customer.decisions.iter().filter(|decision| **decision == Decision::Reserved).count();
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
        let written = state.rows_of(Subject::Order(order)).iter().filter(|row| row.was_written()).count();
        let last = state.rows_of(Subject::Order(order))[version].event.map(|event| event.kind);
        let tells_of_it = match state.order(order).state {
            OrderState::Absent | OrderState::HalfPlaced => return written == 0,
            OrderState::Pending => Kind::Created,
            OrderState::Approved => Kind::Approved,
            OrderState::Rejected => Kind::Rejected,
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

pub(super) fn two_lives(state: &State) -> bool {
    let lives = [
        [Kind::Created, Kind::Approved, Kind::Cancelled].as_slice(),
        [Kind::Created, Kind::Rejected].as_slice(),
    ];
    Order::ALL.into_iter().all(|order| {
        let rows = state.rows_of(Subject::Order(order)).iter();
        let life = rows.filter_map(|row| row.event).map(|event| event.kind);
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
        (OrderState::Approved, decision) => decision == Decision::Reserved,
        (OrderState::Rejected, decision) => decision == Decision::Refused,
        (OrderState::Cancelled, decision) => matches!(decision, Decision::Reserved | Decision::Released),
    })
}

pub(super) fn inbox_and_effects_agree(state: &State) -> bool {
    Message::all().all(|message| {
        let order = state.order(message.order).state;
        let effect = match message.consumer {
            Consumer::ReserveCredit => state.decision(message.order) != Decision::None,
            Consumer::ReleaseCredit => state.decision(message.order) == Decision::Released,
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

pub(super) fn watermarks_never_fall(state: &State) -> bool {
    state.heads.iter().zip(&state.ghost.highest).all(|(head, highest)| head.watermark == *highest)
}

pub(super) fn others_are_published(state: &State) -> bool {
    Subject::ALL
        .into_iter()
        .filter(|subject| !state.head(*subject).parked)
        .all(|subject| state.rows_of(subject).iter().all(|row| row.published || !row.was_written()))
}

pub(super) fn is_stale(state: &State, handler: &Handler) -> bool {
    match handler {
        Handler::At(_, Work::Ready(Grounds::Customer(_, version, _))) => *version != state.customer.version,
        _ => false,
    }
}
