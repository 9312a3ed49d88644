//! The protocol: which steps are possible in a state, and what each leads to.

use crate::{
    Bounds, Defect,
    action::{Action, Writer},
    names::{Message, Order, Subject},
    seen::Seen,
    state::State,
    work::{Handler, Relay, Step, bit},
};

/// The protocol of `final/`, or that protocol with a planted defect.
#[derive(Debug)]
pub struct Protocol {
    /// How much happens.
    pub bounds: Bounds,
    /// What is wrong with it, if anything.
    pub defect: Option<Defect>,
    /// Which of the things that must be possible were seen.
    pub(crate) seen: Seen,
}

impl Protocol {
    /// The protocol as it is in `final/`.
    pub fn sound(bounds: Bounds) -> Self {
        Self { bounds, defect: None, seen: Seen::default() }
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
            && !state.rows.iter().any(|row| row.parked)
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
            && !state.is_half_visible()
            && !Subject::ALL.into_iter().any(|subject| self.can_wake(state, subject))
            && !self.orders().any(|order| self.can_finish_placing(state, order))
    }

    pub(crate) fn steps(&self, state: &State, actions: &mut Vec<Action>) {
        for order in self.orders() {
            if self.can_finish_placing(state, order) {
                actions.push(Action::FinishPlacing(order));
            }
        }
        self.showing(state, actions);
        for subject in Subject::ALL {
            if self.may_begin(state) && self.can_wake(state, subject) {
                actions.extend(state.batches(subject).map(|records| Action::Wake(subject, records)));
            }
            if state.rows_of(subject).iter().any(|row| row.parked) {
                actions.push(Action::Unpark(subject));
            }
        }
        for (number, relay) in state.relays.iter().enumerate() {
            self.relay_steps(relay, number, actions);
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
                actions.push(Action::Write(Writer::Handler(number)));
            }
        }
    }

    fn may_begin(&self, state: &State) -> bool {
        if self.bounds.item_by_item && self.bounds.second_relay {
            state.relays.contains(&Relay::Idle)
        } else {
            state.relays == [Relay::Idle; 2]
        }
    }

    fn relay_steps(&self, relay: &Relay, number: usize, actions: &mut Vec<Action>) {
        let Relay::At(run) = relay else { return };
        match run.step {
            Step::Reading | Step::Querying => {
                actions.extend(Self::readings(run).map(|seen| Action::Read(number, seen)));
            }
            Step::Deleting(_) => {
                let sent = (0..8).filter(|sequence| run.sent & bit(*sequence) != 0);
                actions.extend(sent.map(|sequence| Action::Delete(number, sequence)));
            }
            Step::Stuck => {}
            Step::Asking | Step::Sending | Step::Parking | Step::Done => actions.push(Action::Relay(number)),
        }
    }

    pub(crate) fn has_idle_handler(&self, state: &State) -> bool {
        state.handlers.iter().filter(|handler| **handler != Handler::Idle).count() < self.bounds.handlers
    }

    /// `false` when it is no step of its own.
    pub(crate) fn apply(&self, state: &mut State, action: Action) -> bool {
        let mut happens = true;
        match action {
            Action::Write(writer) => {
                let before = *state;
                self.write(state, writer);
                if self.bounds.item_by_item && state.orders != before.orders {
                    state.hide_since(&before);
                }
            }
            Action::FinishPlacing(order) => self.finish_placing(state, order),
            Action::Show(item) => state.show(item),
            Action::LetGo(subject, sequence) => state.row_mut(subject, sequence).held = false,
            Action::Wake(subject, records) => self.wake(state, subject, records),
            Action::Read(number, seen) => self.end_of_read(state, number, seen),
            Action::Relay(number) => self.relay_step(state, number),
            Action::Delete(number, sequence) => self.delete(state, number, sequence),
            Action::Receive(message) => self.receive(state, message),
            Action::Unpark(subject) => self.unpark(state, subject),
            Action::Redrive(message) => {
                state.dead[message.index()] -= 1;
                state.visible[message.index()] += 1;
            }
            Action::Fault(fault) => {
                state.faults_left -= 1;
                happens = self.fault(state, fault);
            }
        }
        state.widen_reads();
        // Which relay and which handler is which does not matter: keep them sorted.
        state.relays.sort_unstable();
        state.handlers.sort_unstable();
        happens
    }

    pub(crate) fn write(&self, state: &mut State, writer: Writer) {
        match writer {
            Writer::Place(order) => self.place(state, order),
            Writer::Cancel(order) => self.cancel(state, order),
            Writer::GiveUp(order) => self.give_up(state, order),
            Writer::Handler(number) => self.handler_step(state, number),
        }
    }
}
