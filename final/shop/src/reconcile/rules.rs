//! What is to be done about an order and its customer's decision: one table, without any thought of tables or
//! messages.

use customers::domain::Decision;
use orders::domain::State;

/// What is to be done about the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Duty {
    /// They agree, or nothing depends on it.
    Nothing,
    /// The order has to be told again.
    TellOrder,
    /// The decision has to be told again.
    TellDecision,
    /// The order ends as one on which nobody decided in time.
    GiveUp,
    /// The order is cancelled.
    Cancel,
    /// The total is reserved, if the credit suffices.
    Reserve,
    /// What is reserved is given back: there is no such order, or it has ended.
    Release,
    /// Nobody but a person can say what is right.
    Person,
}

/// The whole table; none stands for what is not there.
pub(super) const fn duty(order: Option<State>, decision: Option<Decision>) -> Duty {
    use Decision::{Refused, Released, Reserved};
    use State::{Approved, Cancelled, Pending, Rejected, TimedOut};
    match (order, decision) {
        (None | Some(Rejected | TimedOut | Cancelled), Some(Reserved(_))) => Duty::Release,
        (Some(Pending), None) => Duty::TellOrder,
        (Some(Pending), Some(Reserved(_) | Refused)) => Duty::TellDecision,
        (Some(Pending), Some(Released)) => Duty::GiveUp,
        (Some(Approved), None) => Duty::Reserve,
        (Some(Approved), Some(Released)) => Duty::Cancel,
        (Some(Rejected | TimedOut | Cancelled), None) => Duty::TellOrder,
        (Some(Approved | Cancelled), Some(Refused)) => Duty::Person,
        (None, None | Some(Refused | Released))
        | (Some(Approved), Some(Reserved(_)))
        | (Some(Rejected | TimedOut), Some(Refused | Released))
        | (Some(Cancelled), Some(Released)) => Duty::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use customers::domain::{CreditAction, Money, OrderEvent, credit_action};
    use orders::domain::{Transition, Trigger, transition};

    use super::*;

    /// What each service makes of what it hears, until both have heard everything: whether they agree then.
    fn comes_to_rest(order: State, decision: Option<Decision>) -> Option<(State, Option<Decision>)> {
        let reserved = Decision::Reserved(Money::new(5).unwrap());
        let event = match order {
            State::Pending => OrderEvent::OrderCreated,
            State::Cancelled => OrderEvent::OrderCancelled,
            State::Rejected | State::TimedOut => OrderEvent::OrderRejected,
            State::Approved => return None,
        };
        let decision = match credit_action(decision, event) {
            CreditAction::Decide => Some(reserved),
            CreditAction::GiveBack(_) | CreditAction::NeverReserve => Some(Decision::Released),
            CreditAction::Nothing => decision,
        };
        let trigger = match decision {
            Some(Decision::Reserved(_)) => Trigger::CreditReserved,
            _ => return Some((order, decision)),
        };
        match transition(order, trigger) {
            Transition::Becomes(state) => Some((state, decision)),
            _ => Some((order, decision)),
        }
    }

    #[test]
    fn what_is_told_again_leads_to_where_nothing_is_to_be_done() {
        let reserved = Decision::Reserved(Money::new(5).unwrap());
        let decisions = [None, Some(reserved), Some(Decision::Refused), Some(Decision::Released)];
        let mut told = 0;
        for order in State::ALL {
            for decision in decisions {
                if duty(Some(order), decision) == Duty::TellOrder {
                    let (order, decision) = comes_to_rest(order, decision).unwrap();
                    assert_eq!(duty(Some(order), decision), Duty::Nothing, "{order:?} {decision:?}");
                    told += 1;
                }
            }
        }
        assert_eq!(told, 4);
    }

    #[test]
    fn what_is_given_back_is_so_for_good() {
        let reserved = Decision::Reserved(Money::new(5).unwrap());
        for order in [None, Some(State::Rejected), Some(State::TimedOut), Some(State::Cancelled)] {
            assert_eq!(duty(order, Some(reserved)), Duty::Release);
            assert_eq!(duty(order, Some(Decision::Released)), Duty::Nothing);
        }
    }

    #[test]
    fn what_is_led_on_or_told_by_the_customer_ends_where_nothing_is_to_be_done() {
        let reserved = Decision::Reserved(Money::new(5).unwrap());
        let cases = [
            (State::Pending, reserved, Trigger::CreditReserved, Duty::TellDecision),
            (State::Pending, Decision::Refused, Trigger::CreditRefused, Duty::TellDecision),
            (State::Pending, Decision::Released, Trigger::TimeIsUp, Duty::GiveUp),
            (State::Approved, Decision::Released, Trigger::CancelRequested, Duty::Cancel),
        ];
        for (order, decision, trigger, expected) in cases {
            assert_eq!(duty(Some(order), Some(decision)), expected);
            let Transition::Becomes(state) = transition(order, trigger) else { panic!("{order:?} stays") };
            assert_eq!(duty(Some(state), Some(decision)), Duty::Nothing);
        }
    }
}
