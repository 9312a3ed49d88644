//! One below each limit, at it, and one above: what is refused here, unsent, is what DynamoDB refuses, and
//! nothing else is.

use proptest::prelude::*;
use unit_of_work::{
    Check, CommitError, Condition, Database as _, Delete, Item, LimitError, MAX_ACTIONS, MAX_ITEM_BYTES,
    MAX_TRANSACTION_BYTES, Put, Update, Write, WriteKind, item_size,
};
use uuid::Uuid;

use crate::bench::{Bench, Refused, key, text, thing, things, work};

/// An action, from which the unit of work and the unchecked request are made.
#[derive(Clone, Debug)]
enum Plan {
    Put(Item),
    Set(Item),
    Delete(String),
    Check(String),
}

impl Plan {
    fn of(kind: u8, name: &str) -> Self {
        match kind % 4 {
            0 => Self::Put(thing(name, 1)),
            1 => Self::Set(thing(name, 1)),
            2 => Self::Delete(name.to_owned()),
            _ => Self::Check(name.to_owned()),
        }
    }

    fn action(&self) -> unit_of_work::Action<Refused> {
        match self {
            Self::Put(item) => Put::item(&things(), item.clone()).unwrap().into(),
            Self::Set(item) => {
                let (keys, rest) = split(item);
                rest.into_iter()
                    .fold(Update::new(&things(), keys), |update, (name, value)| update.set(name, value))
                    .into()
            }
            Self::Delete(name) => Delete::new(&things(), key(name)).into(),
            Self::Check(name) => Check::new(&things(), key(name), Condition::not_exists("Absent")).into(),
        }
    }

    fn write(&self) -> Write {
        let (key, kind, condition) = match self {
            Self::Put(item) => (split(item).0, WriteKind::Put(item.clone()), None),
            Self::Set(item) => {
                let (key, rest) = split(item);
                (
                    key,
                    WriteKind::Update { set: rest.into_iter().collect(), add: vec![], remove: vec![] },
                    None,
                )
            }
            Self::Delete(name) => (key(name), WriteKind::Delete, None),
            Self::Check(name) => (key(name), WriteKind::Check, Some(Condition::not_exists("Absent"))),
        };
        Write { table: things(), key, kind, condition, taken_by_others: false, wants_found: false }
    }
}

fn split(item: &Item) -> (Item, Item) {
    item.clone().into_iter().partition(|(name, _)| name == "PK")
}

/// An item of exactly so many bytes, in texts with characters of up to four bytes. Numbers are left out:
/// DynamoDB's size of a number is told only roughly, and reckoned here as never too small.
fn item_of(bytes: usize, name: &str, mixed: &str) -> Item {
    let mut item = key(name);
    item.insert("Mixed".to_owned(), text(mixed));
    item.insert("Text".to_owned(), text(""));
    let rest = bytes - item_size(&item);
    item.insert("Text".to_owned(), text(&"x".repeat(rest)));
    item
}

/// Commits, and shows DynamoDB the same writes unchecked. What both say must agree; the refusal, if it is
/// one.
async fn judged(plans: &[Plan]) -> Result<Option<LimitError>, TestCaseError> {
    let bench = Bench::new().await;
    let writes: Vec<_> = plans.iter().map(Plan::write).collect();
    let theirs = bench.database.transact(Uuid::from_u128(1), &writes).await;
    let calls = bench.wire.total();
    let mut ours = work(2);
    for plan in plans {
        ours.add(plan.action());
    }
    let verdict = match bench.commit(ours).await {
        Ok(()) => None,
        Err(error @ CommitError::Limit(_)) => {
            prop_assert!(!error.is_retryable());
            prop_assert_eq!(bench.wire.total(), calls, "refused without a call");
            let CommitError::Limit(limit) = error else { unreachable!() };
            Some(limit)
        }
        Err(other) => return Err(TestCaseError::fail(format!("{other:?}"))),
    };
    prop_assert_eq!(theirs.is_ok(), verdict.is_none(), "dynamodb: {:?}", theirs);
    Ok(verdict)
}

fn run(test: impl Future<Output = Result<(), TestCaseError>>) -> Result<(), TestCaseError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.unwrap().block_on(test)
}

/// Sizes of items that come to `total` together, none over the limit of one item.
fn sizes(total: usize, items: usize, shifts: &[usize]) -> Vec<usize> {
    let mut sizes = vec![total / items; items];
    sizes[0] += total % items;
    for (at, shift) in shifts.iter().enumerate() {
        let (from, to) = (at % items, (at + 1) % items);
        let shift = (*shift).min(sizes[from].saturating_sub(100)).min(MAX_ITEM_BYTES - sizes[to]);
        sizes[from] -= shift;
        sizes[to] += shift;
    }
    sizes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn ninety_nine_a_hundred_and_a_hundred_and_one_actions_of_any_kind(kinds in prop::collection::vec(any::<u8>(), 101)) {
        run(async {
            for count in [MAX_ACTIONS - 1, MAX_ACTIONS, MAX_ACTIONS + 1] {
                let plans: Vec<_> =
                    kinds[..count].iter().enumerate().map(|(n, kind)| Plan::of(*kind, &format!("k{n}"))).collect();
                let expected = (count > MAX_ACTIONS).then_some(LimitError::TooManyActions { actions: count, at_most: MAX_ACTIONS });
                prop_assert_eq!(judged(&plans).await?, expected);
            }
            Ok(())
        })?;
    }

    #[test]
    fn an_item_of_400_kb_more_or_less_one_byte(mixed in "[a-zé€😀]{0,200}", set: bool, small in 0usize..3) {
        run(async {
            for bytes in [MAX_ITEM_BYTES - 1, MAX_ITEM_BYTES, MAX_ITEM_BYTES + 1] {
                let item = item_of(bytes, "big", &mixed);
                let mut plans: Vec<_> = (0..small).map(|n| Plan::of(0, &format!("small{n}"))).collect();
                plans.push(if set { Plan::Set(item) } else { Plan::Put(item) });
                let (action, table) = (small, "things".to_owned());
                let expected = (bytes > MAX_ITEM_BYTES).then_some(LimitError::ItemTooLarge { action, table, bytes, at_most: MAX_ITEM_BYTES });
                prop_assert_eq!(judged(&plans).await?, expected);
            }
            Ok(())
        })?;
    }

    #[test]
    fn four_megabytes_more_or_less_one_byte(items in 11usize..40, shifts in prop::collection::vec(0usize..300_000, 0..20)) {
        run(async {
            for bytes in [MAX_TRANSACTION_BYTES - 1, MAX_TRANSACTION_BYTES, MAX_TRANSACTION_BYTES + 1] {
                let sizes = sizes(bytes, items, &shifts);
                let plans: Vec<_> =
                    sizes.iter().enumerate().map(|(n, size)| Plan::Put(item_of(*size, &format!("k{n}"), "é"))).collect();
                let expected = (bytes > MAX_TRANSACTION_BYTES).then_some(LimitError::TransactionTooLarge { bytes, at_most: MAX_TRANSACTION_BYTES });
                prop_assert_eq!(judged(&plans).await?, expected);
            }
            Ok(())
        })?;
    }

    #[test]
    fn two_actions_on_one_item_wherever_they_stand(kinds in prop::collection::vec(any::<u8>(), 2..=100), a: prop::sample::Index, b: prop::sample::Index) {
        run(async {
            let (a, b) = (a.index(kinds.len()), b.index(kinds.len()));
            let name = |n: usize| format!("k{}", if n == b { a } else { n });
            let plans: Vec<_> = kinds.iter().enumerate().map(|(n, kind)| Plan::of(*kind, &name(n))).collect();
            let (table, first, second) = ("things".to_owned(), a.min(b), a.max(b));
            let expected = (a != b).then_some(LimitError::SameItemTwice { table, first, second });
            prop_assert_eq!(judged(&plans).await?, expected);
            Ok(())
        })?;
    }
}
