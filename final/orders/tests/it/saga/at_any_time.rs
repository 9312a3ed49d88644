//! One order's life, in every order in which its messages can come: at each step any message that was sent
//! and not yet delivered may be next, or the customer comes into being, or somebody wants to cancel, or the
//! order's time is over. In every place that such a life reaches, every message that was delivered before is
//! delivered again, once known to the inbox and once forgotten by it, and changes nothing. So no number of
//! duplicates at whatever places leads anywhere else, and no message is ever an error.

use std::collections::BTreeSet;

use orders::domain::State;
use transactional_messaging::{ambient::Ambient, consumer::Handled};
use unit_of_work::MemoryDatabase;

use super::system::{Look, Sent, System};
use crate::desk::{ADA, NOW, ORDER};

const TOTAL: u64 = 60;

/// What can happen next.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    CustomerIsCreated,
    Cancel,
    TimeIsUp,
    Deliver(&'static str),
}

/// The messages that somebody is subscribed to; each is sent at most once in a life.
const KINDS: [&str; 6] = [
    "OrderCreated",
    "OrderCancelled",
    "OrderRejected",
    "CustomerCreditReserved",
    "CustomerCreditReservationFailed",
    "CustomerValidationFailed",
];

/// How a life begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Beginning {
    /// The customer's limit, and whether there is such a customer from the beginning.
    pub(super) limit: u64,
    pub(super) is_known: bool,
    /// Whether it can come into being later.
    pub(super) may_come: bool,
}

/// A place that a life has reached.
pub(super) struct Place<D> {
    pub(super) system: System<D>,
    steps: Vec<Step>,
}

impl<D: Look> Place<D> {
    pub(super) async fn begin(database: D, beginning: Beginning) -> Self {
        let system = System::new(database, Ambient::fixed(NOW));
        if beginning.is_known {
            system.create_customer(ADA, beginning.limit).await;
        }
        system.place(ORDER, ADA, TOTAL).await;
        Self { system, steps: Vec::new() }
    }

    async fn reached_by(database: D, beginning: Beginning, steps: &[Step]) -> Self {
        let mut place = Self::begin(database, beginning).await;
        for step in steps {
            place.take(beginning, step.clone()).await;
        }
        place
    }

    pub(super) async fn take(&mut self, beginning: Beginning, step: Step) {
        match &step {
            Step::CustomerIsCreated => self.system.create_customer(ADA, beginning.limit).await,
            // Refused while the order is pending or when it was rejected; that is no damage.
            Step::Cancel => drop(self.system.cancel(ORDER).await),
            Step::TimeIsUp => drop(self.system.give_up(ORDER).await),
            Step::Deliver(kind) => {
                let message = self.message(kind).await.unwrap();
                let handled = self.system.deliver(&message).await;
                assert!(matches!(handled, Ok(Handled::Done)), "{:?}, then {step:?}: {handled:?}", self.steps);
            }
        }
        self.steps.push(step);
    }

    async fn message(&self, kind: &str) -> Option<Sent> {
        let mut sent: Vec<_> =
            self.system.sent().await.into_iter().filter(|message| message.kind == kind).collect();
        assert!(sent.len() <= 1, "{:?}: {kind} was sent {} times", self.steps, sent.len());
        sent.pop()
    }

    /// Two requests to cancel are enough for one that comes too early and one that does not.
    pub(super) async fn next_steps(&self, beginning: Beginning) -> Vec<Step> {
        let mut next = Vec::new();
        if beginning.may_come && !self.steps.contains(&Step::CustomerIsCreated) {
            next.push(Step::CustomerIsCreated);
        }
        if self.steps.iter().filter(|step| **step == Step::Cancel).count() < 2 {
            next.push(Step::Cancel);
        }
        if !self.steps.contains(&Step::TimeIsUp) {
            next.push(Step::TimeIsUp);
        }
        for kind in KINDS {
            let step = Step::Deliver(kind);
            if !self.steps.contains(&step) && self.message(kind).await.is_some() {
                next.push(step);
            }
        }
        next
    }

    /// Delivers everything again that was delivered before, and gives the order up once more if it was.
    async fn check_duplicates(&self) {
        for step in &self.steps {
            if *step == Step::TimeIsUp {
                assert!(!self.system.give_up(ORDER).await, "{:?}, then given up again", self.steps);
            }
            let Step::Deliver(kind) = step else { continue };
            let message = self.message(kind).await.unwrap();
            let (state, handled) = (self.system.state().await, self.system.handled().await);
            let again = self.system.deliver(&message).await;
            assert!(matches!(again, Ok(Handled::Duplicate)), "{:?}, {kind} again: {again:?}", self.steps);
            self.system.forget(Some(&message)).await;
            assert_ne!(self.system.handled().await, handled, "it was not forgotten");
            let again = self.system.deliver(&message).await;
            assert!(matches!(again, Ok(Handled::Done)), "{:?}, {kind} forgotten: {again:?}", self.steps);
            assert_eq!(self.system.state().await, state, "{:?}, then {kind} again", self.steps);
            assert_eq!(self.system.handled().await, handled);
        }
    }

    /// True at every place.
    async fn check_always(&self) {
        if let Some(ada) = self.system.customer(ADA).await {
            assert!(ada.reserved <= ada.credit_limit, "{:?}", self.steps);
        }
    }

    /// True when nothing is under way any more.
    pub(super) async fn check_end(&self) -> State {
        let (order, steps) = (self.system.order(ORDER).await, &self.steps);
        let reserved = self.system.customer(ADA).await.map_or(0, |ada| ada.reserved.minor_units());
        let expected = if order.state == State::Approved { TOTAL } else { 0 };
        assert_eq!(reserved, expected, "{steps:?} ends {:?}", order.state);
        let mut sent = BTreeSet::new();
        for kind in [KINDS.as_slice(), &["OrderApproved"]].concat() {
            sent.extend(self.message(kind).await.map(|message| message.kind));
        }
        let approved = matches!(order.state, State::Approved | State::Cancelled);
        assert_eq!(sent.contains("OrderApproved"), approved, "{steps:?}");
        assert_eq!(sent.contains("OrderCancelled"), order.state == State::Cancelled, "{steps:?}");
        let rejected = matches!(order.state, State::Rejected | State::TimedOut);
        assert_eq!(sent.contains("OrderRejected"), rejected, "{steps:?}");
        order.state
    }
}

/// Goes through all lives with this beginning, and returns how many places there are, how many lives, and how
/// they end.
async fn explore(beginning: Beginning) -> (usize, usize, BTreeSet<String>) {
    let (mut places, mut lives, mut ends) = (0, 0, BTreeSet::new());
    let mut open = vec![Vec::new()];
    while let Some(steps) = open.pop() {
        let place = Place::reached_by(MemoryDatabase::new(), beginning, &steps).await;
        let next = place.next_steps(beginning).await;
        place.check_always().await;
        if !next.iter().any(|step| matches!(step, Step::Deliver(_) | Step::TimeIsUp)) {
            ends.insert(format!("{:?}", place.check_end().await));
        }
        place.check_duplicates().await;
        places += 1;
        lives += usize::from(next.is_empty());
        open.extend(next.into_iter().map(|step| [steps.as_slice(), &[step]].concat()));
    }
    (places, lives, ends)
}

fn names(states: &[State]) -> BTreeSet<String> {
    states.iter().map(|state| format!("{state:?}")).collect()
}

#[tokio::test]
async fn an_order_within_the_limit_ends_well_in_whatever_order_its_messages_come() {
    let (places, lives, ends) = explore(Beginning { limit: 100, is_known: true, may_come: false }).await;
    assert_eq!(ends, names(&[State::Approved, State::Cancelled, State::TimedOut]));
    assert!(places > lives && lives >= 80, "{places} places, {lives} lives");
}

#[tokio::test]
async fn an_order_over_the_limit_ends_well_in_whatever_order_its_messages_come() {
    let (places, lives, ends) = explore(Beginning { limit: 59, is_known: true, may_come: false }).await;
    assert_eq!(ends, names(&[State::Rejected, State::TimedOut]));
    assert!(places > lives && lives >= 80, "{places} places, {lives} lives");
}

#[tokio::test]
async fn an_order_of_a_customer_that_may_come_into_being_ends_well_in_whatever_order_its_messages_come() {
    let (places, lives, ends) = explore(Beginning { limit: 100, is_known: false, may_come: true }).await;
    assert_eq!(ends, names(&[State::Approved, State::Cancelled, State::Rejected, State::TimedOut]));
    assert!(places > lives && lives >= 600, "{places} places, {lives} lives");
}
