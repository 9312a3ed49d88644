//! The protocol as the checker sees it.

use stateright::{Model, Property};

use crate::{action::Action, properties, protocol::Protocol, state::State};

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
        self.outer_steps(state, |writer| actions.push(Action::Write(writer)));
        if state.faults_left > 0 {
            self.faults(state, actions);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = *last;
        (self.apply(&mut state, action) && state != *last).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all()
    }
}
