//! The model decides as the tables in the domains of `final/` do, in every state that the model knows.

use customers::domain::{CreditAction, Decision as RealDecision, Money, OrderEvent, credit_action};
use orders::domain::{
    State, Transition as RealTransition, Trigger as RealTrigger, transition as real_transition,
};
use protocol_model::{
    Decision, OrderState,
    decisions::{Release, Reserve, Transition, Trigger, release, reserve, transition},
};

const DECISIONS: [(Decision, Option<RealDecision>); 4] = [
    (Decision::None, None),
    (Decision::Reserved, Some(RealDecision::Reserved(Money::ZERO))),
    (Decision::Refused, Some(RealDecision::Refused)),
    (Decision::Released, Some(RealDecision::Released)),
];
const STATES: [(OrderState, State); 5] = [
    (OrderState::Pending, State::Pending),
    (OrderState::Approved, State::Approved),
    (OrderState::Rejected, State::Rejected),
    (OrderState::TimedOut, State::TimedOut),
    (OrderState::Cancelled, State::Cancelled),
];
const TRIGGERS: [(Trigger, RealTrigger); 4] = [
    (Trigger::CreditReserved, RealTrigger::CreditReserved),
    (Trigger::CreditRefused, RealTrigger::CreditRefused),
    (Trigger::TimeIsUp, RealTrigger::TimeIsUp),
    (Trigger::CancelRequested, RealTrigger::CancelRequested),
];

#[test]
fn orders_answer_alike() {
    for (state, real_state) in STATES {
        for (trigger, real_trigger) in TRIGGERS {
            let same = match (transition(state, trigger), real_transition(real_state, real_trigger)) {
                (Transition::Becomes(model), RealTransition::Becomes(code)) => {
                    STATES.contains(&(model, code))
                }
                (Transition::Already, RealTransition::Already) => true,
                (Transition::TooLate, RealTransition::TooLate) => true,
                (
                    Transition::Refused,
                    RealTransition::Contradiction
                    | RealTransition::StillPending
                    | RealTransition::WasRejected,
                ) => true,
                _ => false,
            };
            assert!(same, "{state:?}, {trigger:?}");
        }
    }
}

#[test]
fn customers_reserve_alike() {
    for (before, real_before) in DECISIONS {
        let decides = credit_action(real_before, OrderEvent::OrderCreated) == CreditAction::Decide;
        for (reserved, limit) in [(0, 1), (1, 1), (0, 2), (1, 2), (2, 2)] {
            let expected = match (decides, reserved < limit) {
                (false, _) => Reserve::AlreadyDecided,
                (true, true) => Reserve::Reserved,
                (true, false) => Reserve::LimitExceeded,
            };
            assert_eq!(reserve(before, reserved, limit), expected, "{before:?}, {reserved} of {limit}");
        }
    }
}

#[test]
fn customers_release_alike() {
    for (before, real_before) in DECISIONS {
        for event in [OrderEvent::OrderCancelled, OrderEvent::OrderRejected] {
            let expected = match credit_action(real_before, event) {
                CreditAction::GiveBack(Money::ZERO) => Release::Released,
                CreditAction::NeverReserve => Release::NothingDecided,
                CreditAction::Nothing => Release::NothingToRelease,
                other => panic!("{before:?}, {event:?}: {other:?}"),
            };
            assert_eq!(release(before), expected, "{before:?}, {event:?}");
        }
    }
}
