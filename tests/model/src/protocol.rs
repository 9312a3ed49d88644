//! The model as the checker sees it: which steps are possible in a state, and what each leads to.

use std::sync::OnceLock;

use stateright::{Model, Property};

use crate::{
    Bounds, Defect,
    names::{Message, Order, Subject},
    properties,
    state::State,
    work::{Handler, Relay, Step},
};

/// The protocol of `final/`, or that protocol with a planted defect.
#[derive(Debug)]
pub struct Protocol {
    /// How much happens.
    pub bounds: Bounds,
    /// What is wrong with it, if anything.
    pub defect: Option<Defect>,
    /// The first state that breaks a property. Only its properties are reported; the checker would report others, found later and further
    /// away, in their place.
    pub(crate) broken: OnceLock<State>,
    /// Which of the things that must be possible were seen.
    pub(crate) seen: properties::Seen,
}

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Somebody places an order.
    Place(Order),
    /// A program with a planted defect does the second half of it.
    FinishPlacing(Order),
    /// Somebody cancels an order.
    Cancel(Order),
    /// A stream record, or the sweeper when there is none, wakes the subject; the relay reads its head.
    Wake(Subject),
    /// A committed row can be seen from now on.
    Show(Subject, u8),
    /// The relay with this number goes on.
    Relay(usize),
    /// A consumer receives the message and reads what it needs first.
    Receive(Message),
    /// The handler with this number goes on.
    Handler(usize),
    /// The operator repairs what kept the subject from being sent, and unparks it.
    Unpark(Subject),
    /// The operator moves a message from the dead-letter queue back to its queue.
    Redrive(Message),
    /// Something goes wrong.
    Fault(Fault),
}

/// Something that goes wrong, or happens later than anybody thought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// While a relay is at work, another wakes this subject: a shard was split or handed over, or the sweeper runs beside the stream.
    SecondRelay(Subject),
    /// The process of the relay with this number dies.
    RelayDies(usize),
    /// The process of the handler with this number dies, or takes longer than the message stays hidden: the message is visible again.
    HandlerDies(usize),
    /// The broker takes the message; its answer is lost.
    AnswerLost(usize),
    /// The broker's answer names the message as not taken.
    EntryRefused(usize),
    /// A stream record is over 24 hours old before it is read, or the mapping was disabled.
    RecordLost(Subject, u8),
    /// A queue delivers a message twice.
    Duplicate(Message),
    /// A consumer does not understand the message, say because of a bad deployment.
    Unreadable(Message),
    /// The broker will not take this row until somebody has repaired something, say a topic.
    Poison(Subject, u8),
    /// The inbox row expires.
    InboxExpires(Message),
    /// The outbox row expires.
    RowExpires(Subject, u8),
}

impl Protocol {
    /// The protocol as it is in `final/`.
    pub fn sound(bounds: Bounds) -> Self {
        Self { bounds, defect: None, broken: OnceLock::new(), seen: properties::Seen::default() }
    }

    /// The protocol with a planted defect, in the smallest bounds in which it shows.
    pub fn with(defect: Defect) -> Self {
        Self { defect: Some(defect), ..Self::sound(defect.bounds()) }
    }

    pub(crate) fn has(&self, defect: Defect) -> bool {
        self.defect == Some(defect)
    }

    pub(crate) fn orders(&self) -> impl Iterator<Item = Order> {
        Order::ALL.into_iter().take(self.bounds.orders)
    }

    /// Nothing is left to do for anybody but clients.
    pub(crate) fn is_quiet(&self, state: &State) -> bool {
        state.dead == [0; Message::COUNT]
            && !state.heads.iter().any(|head| head.parked)
            && self.is_resting(state)
    }

    /// Nothing is left to do for anybody but clients and the operator.
    pub(crate) fn is_resting(&self, state: &State) -> bool {
        state.handlers.iter().all(|handler| *handler == Handler::Idle)
            && state.visible == [0; Message::COUNT]
            && state.relays.iter().all(|relay| match relay {
                Relay::Idle => true,
                Relay::At(run) => run.step == Step::Stuck,
            })
            && state.hidden == [0; 5]
            && !Subject::ALL.into_iter().any(|subject| self.can_wake(state, subject))
            && !self.orders().any(|order| self.can_finish_placing(state, order))
    }

    fn steps(&self, state: &State, actions: &mut Vec<Action>) {
        for order in self.orders() {
            if self.can_finish_placing(state, order) {
                actions.push(Action::FinishPlacing(order));
            }
        }
        for subject in Subject::ALL {
            if state.relays == [Relay::Idle; 2] && self.can_wake(state, subject) {
                actions.push(Action::Wake(subject));
            }
            for sequence in (0..8).filter(|sequence| state.hidden[subject.index()] & (1 << sequence) != 0) {
                actions.push(Action::Show(subject, sequence));
            }
            if state.head(subject).parked {
                actions.push(Action::Unpark(subject));
            }
        }
        for (number, relay) in state.relays.iter().enumerate() {
            if matches!(relay, Relay::At(run) if run.step != Step::Stuck) {
                actions.push(Action::Relay(number));
            }
        }
        for message in Message::all() {
            if state.visible[message.index()] > 0 && self.has_idle_handler(state) {
                actions.push(Action::Receive(message));
            }
            if state.dead[message.index()] > 0 {
                actions.push(Action::Redrive(message));
            }
        }
        for (number, handler) in state.handlers.iter().enumerate() {
            if *handler != Handler::Idle {
                actions.push(Action::Handler(number));
            }
        }
    }

    pub(crate) fn has_idle_handler(&self, state: &State) -> bool {
        state.handlers.iter().filter(|handler| **handler != Handler::Idle).count() < self.bounds.handlers
    }

    fn apply(&self, state: &mut State, action: Action) {
        match action {
            Action::Place(order) => self.place(state, order),
            Action::FinishPlacing(order) => self.finish_placing(state, order),
            Action::Cancel(order) => self.cancel(state, order),
            Action::Wake(subject) => self.wake(state, subject),
            Action::Show(subject, sequence) => {
                state.hidden[subject.index()] &= !(1 << sequence);
                state.records[subject.index()] |= 1 << sequence;
            }
            Action::Relay(number) => self.relay_step(state, number),
            Action::Receive(message) => self.receive(state, message),
            Action::Handler(number) => self.handler_step(state, number),
            Action::Unpark(subject) => self.unpark(state, subject),
            Action::Redrive(message) => {
                state.dead[message.index()] -= 1;
                state.visible[message.index()] += 1;
            }
            Action::Fault(fault) => {
                state.faults_left -= 1;
                self.fault(state, fault);
            }
        }
        // Which relay and which handler is which does not matter: keep them sorted.
        state.relays.sort_unstable();
        state.handlers.sort_unstable();
    }
}

/// The rows of a commit are not visible with the aggregate, but later.
fn hide_new_rows(before: &State, state: &mut State) {
    for subject in Subject::ALL {
        for (sequence, was) in before.rows_of(subject).iter().enumerate() {
            if !was.was_written() && state.rows_of(subject)[sequence].was_written() {
                state.hidden[subject.index()] |= 1 << sequence;
                state.records[subject.index()] &= !(1 << sequence);
            }
        }
    }
}

impl Model for Protocol {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        self.bounds.limits.iter().map(|limit| State::start(*limit, self.bounds.faults)).collect()
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let before = actions.len();
        self.steps(state, actions);
        debug_assert_eq!(self.is_quiet(state), actions.len() == before, "{state:#?}");
        self.client_steps(state, actions);
        if state.faults_left > 0 {
            self.faults(state, actions);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = *last;
        self.apply(&mut state, action);
        if self.has(Defect::ItemByItem) {
            hide_new_rows(last, &mut state);
        }
        (state != *last).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all()
    }
}
