//! The database in memory answers as DynamoDB does: random units of work have the same results and leave the
//! same items.

use proptest::prelude::*;
use unit_of_work::{
    Action, AttributeValue, Check, CommitError, Condition, Delete, Item, MemoryDatabase, Put, Table,
    UnitOfWork, Update,
};
use uuid::Uuid;

use crate::bench::{Bench, Refused, n, pairs, text, things};

/// One action of a random unit of work. Keys and attributes are few, so that actions meet what others left.
#[derive(Clone, Debug)]
struct Step {
    in_pairs: bool,
    key: u8,
    kind: Kind,
    condition: Option<Condition>,
    has_error: bool,
}

#[derive(Clone, Debug)]
enum Kind {
    Put(Vec<(String, AttributeValue)>),
    Update { set: Vec<(String, AttributeValue)>, add: Vec<(String, i64)>, remove: Vec<String> },
    Delete,
    Check(Condition),
}

fn attribute() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["A", "B", "C", "PK"]).prop_map(str::to_owned)
}

/// No key attribute: to set one is refused, which is a mistake in the program and no result to compare at
/// length.
fn own_attribute() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["A", "B", "C"]).prop_map(str::to_owned)
}

/// A value to store. Decimals are only compared with: the database in memory does not add to them.
fn value() -> impl Strategy<Value = AttributeValue> {
    prop_oneof![
        4 => (0..4u64).prop_map(n),
        1 => prop::sample::select(vec!["-1", "9007199254740992", "9007199254740993"])
            .prop_map(|number| AttributeValue::N(number.to_owned())),
        2 => prop::sample::select(vec!["a", "b", "ä", "1"]).prop_map(text),
        1 => any::<bool>().prop_map(AttributeValue::Bool),
    ]
}

fn compared() -> impl Strategy<Value = AttributeValue> {
    prop_oneof![5 => value(), 1 => Just(AttributeValue::N("1.5".to_owned())), 1 => Just(AttributeValue::N("2.0".to_owned()))]
}

fn condition() -> impl Strategy<Value = Condition> {
    let leaf = prop_oneof![
        attribute().prop_map(Condition::exists),
        attribute().prop_map(Condition::not_exists),
        (attribute(), compared()).prop_map(|(name, value)| Condition::equals(name, value)),
        (attribute(), compared().prop_filter("has an order", |value| !value.is_bool()))
            .prop_map(|(name, value)| Condition::less_than(name, value)),
    ];
    leaf.prop_recursive(2, 4, 2, |inner| {
        (inner.clone(), inner, any::<bool>())
            .prop_map(|(left, right, both)| if both { left.and(right) } else { left.or(right) })
    })
}

fn kind() -> impl Strategy<Value = Kind> {
    let some_of = |most| 0..=most;
    prop_oneof![
        3 => prop::collection::vec((own_attribute(), value()), 0..3).prop_map(Kind::Put),
        4 => (
            prop::collection::vec((own_attribute(), value()), some_of(2)),
            prop::collection::vec((own_attribute(), -2..3i64), some_of(1)),
            prop::collection::vec(own_attribute(), some_of(1)),
        ).prop_map(|(set, add, remove)| Kind::Update { set, add, remove }),
        2 => Just(Kind::Delete),
        1 => condition().prop_map(Kind::Check),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    (any::<bool>(), 0..3u8, kind(), prop::option::weighted(0.4, condition()), any::<bool>()).prop_map(
        |(in_pairs, key, kind, condition, has_error)| Step { in_pairs, key, kind, condition, has_error },
    )
}

fn units() -> impl Strategy<Value = Vec<Vec<Step>>> {
    prop::collection::vec(prop::collection::vec(step(), 1..4), 1..14)
}

impl Step {
    fn table(&self) -> Table {
        if self.in_pairs { pairs() } else { things() }
    }

    fn action(&self, place: usize) -> Action<Refused> {
        let table = self.table();
        let key = table.key(
            if self.in_pairs { "p".to_owned() } else { format!("k{}", self.key) },
            Some(&format!("s{}", self.key)),
        );
        macro_rules! finish {
            ($action:expr) => {{
                let action = match &self.condition {
                    Some(condition) => $action.when(condition.clone()),
                    None => $action,
                };
                if self.has_error { action.or(Refused(place)) } else { action.into() }
            }};
        }
        match &self.kind {
            Kind::Put(attributes) => {
                let item: Item = key.into_iter().chain(attributes.iter().cloned()).collect();
                finish!(Put::item(&table, item).unwrap())
            }
            Kind::Update { set, add, remove } => {
                let update = set
                    .iter()
                    .fold(Update::new(&table, key), |update, (name, value)| update.set(name, value.clone()));
                let update = add.iter().fold(update, |update, (name, amount)| update.add(name, *amount));
                finish!(remove.iter().fold(update, |update, name| update.remove(name)))
            }
            Kind::Delete => finish!(Delete::new(&table, key)),
            Kind::Check(condition) => finish!(Check::new(&table, key, condition.clone())),
        }
    }
}

fn unit(number: usize, steps: &[Step]) -> UnitOfWork<Refused> {
    let mut work = UnitOfWork::new(Uuid::from_u128(number as u128));
    for (place, step) in steps.iter().enumerate() {
        work.add(step.action(place));
    }
    work
}

/// What can be compared of a result.
fn told(result: Result<(), CommitError<Refused>>) -> String {
    match result {
        Err(CommitError::Refused(_)) => "refused".to_owned(),
        other => format!("{other:?}"),
    }
}

fn sorted(mut items: Vec<Item>) -> Vec<Item> {
    items.sort_by_key(|item| (format!("{:?}", item.get("PK")), format!("{:?}", item.get("SK"))));
    items
}

async fn compare(units: Vec<Vec<Step>>) -> Result<(), TestCaseError> {
    let (bench, memory) = (Bench::new().await, MemoryDatabase::new());
    for (number, steps) in units.iter().enumerate() {
        let real = told(bench.commit(unit(number, steps)).await);
        let fake = told(unit(number, steps).commit(&memory).await);
        prop_assert_eq!(&real, &fake, "unit {} of {:#?}", number, units);
    }
    for table in [things(), pairs()] {
        prop_assert_eq!(sorted(bench.scan(&table).await), sorted(memory.items(&table)));
        for item in memory.items(&table) {
            let key: Item = item
                .into_iter()
                .filter(|(name, _)| name == "PK" || (name == "SK" && table.sort_key().is_some()))
                .collect();
            let (real, fake) = (
                bench.get(&table, key.clone()).await,
                unit_of_work::Database::get(&memory, &table, key).await,
            );
            prop_assert_eq!(real, fake.unwrap());
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn random_units_of_work_end_alike(units in units()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(compare(units))?;
    }
}

/// A second commit with the same token is a repeated request, not a second unit of work.
#[tokio::test(start_paused = true)]
async fn a_repeated_token_is_applied_once_by_both() {
    let (bench, memory) = (Bench::new().await, MemoryDatabase::new());
    let work = || {
        let mut work: UnitOfWork<Refused> = UnitOfWork::new(Uuid::from_u128(1));
        work.add(Update::new(&things(), things().key("counter", None)).add("Count", 1));
        work
    };
    for _ in 0..2 {
        bench.commit(work()).await.unwrap();
        work().commit(&memory).await.unwrap();
    }
    assert_eq!(bench.scan(&things()).await[0]["Count"], n(1));
    assert_eq!(memory.items(&things())[0]["Count"], n(1));
}

/// As floating point the two numbers are the same.
#[tokio::test(start_paused = true)]
async fn large_numbers_compare_exactly_in_both() {
    let (bench, memory) = (Bench::new().await, MemoryDatabase::new());
    let key = || things().key("k", None);
    let n = |number: &str| AttributeValue::N(number.to_owned());
    for (token, condition) in
        [None, Some(Condition::equals("N", n("9007199254740992")))].into_iter().enumerate()
    {
        let unit = || {
            let mut work: UnitOfWork<Refused> = UnitOfWork::new(Uuid::from_u128(token as u128));
            let update = Update::new(&things(), key()).set("N", n("9007199254740993"));
            work.add(match &condition {
                Some(condition) => update.when(condition.clone()).or(Refused(1)),
                None => update.into(),
            });
            work
        };
        let (real, fake) = (told(bench.commit(unit()).await), told(unit().commit(&memory).await));
        assert_eq!((real.contains("Rejected"), &real), (token == 1, &fake));
    }
}
