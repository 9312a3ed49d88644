//! Going through the tables page by page, and what is found on each.

mod decisions;
mod orders;
mod rows;

use std::collections::BTreeMap;

use time::OffsetDateTime;
use unit_of_work::Item;
use uuid::Uuid;

use super::{
    books::{Books, BoxError},
    finding::Finding,
    sums::Sums,
};

/// A table that is gone through, in the sequence in which it must be: a row that tells of what is not there
/// goes before its place is needed, credit is counted before any is given back, and given back before any is
/// reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    OrdersOutbox,
    CustomersOutbox,
    Sums,
    SumsAgain,
    Decisions,
    Orders,
    Over,
}

/// Both services, gone through once.
#[derive(Debug)]
pub struct Search<'a> {
    books: &'a Books,
    /// What is younger may be under way.
    until: OffsetDateTime,
    step: Step,
    from: Option<Item>,
    sums: Sums,
    /// Whether findings are mended before the next page is asked for.
    mends: bool,
    /// By customer, how much more would be reserved if findings were mended that are not: less than nothing
    /// where it is given back.
    planned: BTreeMap<Uuid, i128>,
    /// How many items were read, those of a table as often as it was.
    pub read: usize,
    /// Decisions about orders that are not there any more, on which nothing depends.
    pub ended: usize,
}

type Page = (Vec<Finding>, Option<Item>);

impl<'a> Search<'a> {
    /// One that leaves out what happened after this moment. `mends` says that each page's findings are mended
    /// before the next one is asked for.
    pub fn new(books: &'a Books, until: OffsetDateTime, mends: bool) -> Self {
        let (step, sums, planned) = (Step::OrdersOutbox, Sums::default(), BTreeMap::new());
        Self { books, until, step, from: None, sums, mends, planned, read: 0, ended: 0 }
    }

    /// What is found on the next page, which may be nothing; none at the end.
    ///
    /// # Errors
    ///
    /// What AWS said. The same call again goes on.
    pub async fn next(&mut self) -> Result<Option<Vec<Finding>>, BoxError> {
        let from = self.from.clone();
        let (mut found, next) = match self.step {
            Step::OrdersOutbox | Step::CustomersOutbox => self.outbox(from).await?,
            Step::Sums | Step::SumsAgain => self.count(from).await?,
            Step::Decisions => self.decisions(from).await?,
            Step::Orders => self.orders(from).await?,
            Step::Over => return Ok(None),
        };
        if next.is_none() {
            found.extend(self.go_on().await?);
        }
        self.from = next;
        Ok(Some(found))
    }

    /// The step behind this one, and what this one found as a whole.
    async fn go_on(&mut self) -> Result<Vec<Finding>, BoxError> {
        let (mut found, is_uneven) = (Vec::new(), self.step == Step::Sums && self.sums.again());
        if self.step == Step::SumsAgain {
            let (uneven, unseen) = self.sums.uneven();
            for (finding, customer, more) in uneven {
                self.plan(customer, more);
                found.push(finding);
            }
            for (id, sum) in unseen {
                if !self.books.has_customer(id).await? {
                    let seen = format!("{sum} is reserved for it, and there is no such customer");
                    found.push(Finding::for_a_person(format!("customer/{id}"), seen));
                }
            }
        }
        self.step = match self.step {
            Step::OrdersOutbox => Step::CustomersOutbox,
            Step::CustomersOutbox => Step::Sums,
            Step::Sums if is_uneven => Step::SumsAgain,
            Step::Sums | Step::SumsAgain => Step::Decisions,
            Step::Decisions => Step::Orders,
            Step::Orders | Step::Over => Step::Over,
        };
        Ok(found)
    }

    /// A finding that is not mended would change by so much what is reserved.
    fn plan(&mut self, customer: Uuid, more: i128) {
        if !self.mends {
            *self.planned.entry(customer).or_default() += more;
        }
    }

    fn is_old(&self, time: OffsetDateTime) -> bool {
        time <= self.until
    }

    async fn count(&mut self, from: Option<Item>) -> Result<Page, BoxError> {
        let (items, next) = self.books.customers.store.page(from).await?;
        self.read += items.len();
        items.iter().for_each(|item| self.sums.add(item));
        Ok((Vec::new(), next))
    }
}

/// Something that no program can read.
fn damaged(key: String, error: &dyn std::error::Error) -> Finding {
    Finding::for_a_person(key, format!("it cannot be read: {error}"))
}
