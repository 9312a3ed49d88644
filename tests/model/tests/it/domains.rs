//! The model decides as the tables in the domains of `final/` do, in every state that the model knows.

use protocol_model::{
    Decision, OrderState,
    code::{
        Money,
        decision::{Decision as RealDecision, Duty, News, duty},
        life::{Answer as RealAnswer, Happening as RealHappening, State, answer as real_answer},
    },
    decisions::{Answer, Happening, Release, Reserve, answer, release, reserve},
};

const DECISIONS: [(Decision, Option<RealDecision>); 4] = [
    (Decision::None, None),
    (Decision::Reserved, Some(RealDecision::Reserved(Money(1)))),
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
const HAPPENINGS: [(Happening, RealHappening); 4] = [
    (Happening::CreditReserved, RealHappening::CreditReserved),
    (Happening::CreditRefused, RealHappening::CreditRefused),
    (Happening::TimeIsUp, RealHappening::TimeIsUp),
    (Happening::CancelRequested, RealHappening::CancelRequested),
];

#[test]
fn orders_answer_alike() {
    for (state, real_state) in STATES {
        for (happening, real_happening) in HAPPENINGS {
            let same = match (answer(state, happening), real_answer(real_state, real_happening)) {
                (Answer::Becomes(model), RealAnswer::Becomes(code)) => STATES.contains(&(model, code)),
                (Answer::Already, RealAnswer::Already) => true,
                (Answer::TooLate, RealAnswer::TooLate) => true,
                (
                    Answer::Refused,
                    RealAnswer::Contradiction | RealAnswer::StillPending | RealAnswer::WasRejected,
                ) => true,
                _ => false,
            };
            assert!(same, "{state:?}, {happening:?}");
        }
    }
}

#[test]
fn customers_reserve_alike() {
    for (before, real_before) in DECISIONS {
        let decides = duty(real_before, News::OrderCreated) == Duty::Decide;
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
        for news in [News::OrderCancelled, News::OrderRejected] {
            let expected = match duty(real_before, news) {
                Duty::GiveBack(Money(1)) => Release::Released,
                Duty::NeverReserve => Release::NothingDecided,
                Duty::Nothing => Release::NothingToRelease,
                other => panic!("{before:?}, {news:?}: {other:?}"),
            };
            assert_eq!(release(before), expected, "{before:?}, {news:?}");
        }
    }
}
