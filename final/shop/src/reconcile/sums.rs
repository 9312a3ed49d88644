//! What is reserved of each customer's credit, beside the sum of its decisions.

use std::collections::BTreeMap;

use customers::{domain::Decision, store::Kept};
use uuid::Uuid;

use super::finding::{Finding, Mend, Rule};

/// What a customer says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Says {
    version: u64,
    reserved: u64,
    limit: u64,
}

/// Everything that was counted. It is counted twice where it does not come out even: a customer that changes
/// while the table is read has another version afterwards, and a mend rests on that of the first time.
#[derive(Debug, Default)]
pub(super) struct Sums {
    of: BTreeMap<Uuid, (Option<Says>, u64)>,
    is_second: bool,
}

/// A finding, its customer, and what a mend adds to what is reserved.
pub(super) type Uneven = (Finding, Uuid, i128);

impl Sums {
    /// Counts an item.
    pub(super) fn add(&mut self, item: &Kept) {
        match item {
            Kept::Customer(customer) if !self.is_second => {
                let says = Says {
                    version: customer.version,
                    reserved: customer.reserved.minor_units(),
                    limit: customer.credit_limit.minor_units(),
                };
                self.of.entry(customer.id).or_default().0 = Some(says);
            }
            Kept::Decision { ids: (customer, _), decision: Decision::Reserved(amount), .. } => {
                // The second time only those matter that did not come out even.
                if !self.is_second || self.of.contains_key(customer) {
                    let sum = &mut self.of.entry(*customer).or_default().1;
                    *sum = sum.saturating_add(amount.minor_units());
                }
            }
            Kept::Customer(_) | Kept::Decision { .. } | Kept::Damaged(..) => {}
        }
    }

    /// Forgets what came out even, and begins again for the rest: whether there is any.
    pub(super) fn again(&mut self) -> bool {
        self.of.retain(|_, (says, sum)| says.map_or(0, |says| says.reserved) != *sum);
        self.of.values_mut().for_each(|(_, sum)| *sum = 0);
        self.is_second = true;
        !self.of.is_empty()
    }

    /// What did not come out even the second time either, and the customers that were not seen at all.
    pub(super) fn uneven(&mut self) -> (Vec<Uneven>, Vec<(Uuid, u64)>) {
        let (mut found, mut unseen) = (Vec::new(), Vec::new());
        for (id, (says, sum)) in std::mem::take(&mut self.of) {
            match says {
                Some(says) if says.reserved != sum => {
                    let more =
                        if sum <= says.limit { i128::from(sum) - i128::from(says.reserved) } else { 0 };
                    found.push((uneven(id, says, sum), id, more));
                }
                None if sum > 0 => unseen.push((id, sum)),
                Some(_) | None => {}
            }
        }
        (found, unseen)
    }
}

fn uneven(id: Uuid, Says { version, reserved, limit }: Says, sum: u64) -> Finding {
    let about = format!("customer/{id}");
    let seen = format!("{reserved} of its credit is reserved, and its decisions come to {sum}");
    match sum <= limit {
        true => Finding::new(Rule::Recount, about, seen, Mend::Recount { id, version, reserved: sum }),
        false => Finding::for_a_person(
            about,
            format!("{seen}, which is over its limit of {limit}: cancel orders, or raise the limit"),
        ),
    }
}
