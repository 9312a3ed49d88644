//! The sweeper: finds rows that no wake-up ever reached, and wakes their subjects.
//!
//! A stream record lives 24 hours. When the relay was down for longer, or its mapping was disabled, or a
//! filter was wrong, the rows are still here. What is here was not sent, so the sweeper reads the whole
//! table, page by page: of a healthy system it is nearly empty, and of another one everything in it has to be
//! read anyway.

use time::Duration;
use unit_of_work::Item;
use waiting::Deadline;

use super::{
    RelayError,
    dispatch::{LONGEST_CHAIN, LONGEST_STEP, Outcome, Relay, is_time_for},
    flow::Flow,
    row::{Row, key_of, row_of},
};
use crate::{message::Subject, outbox::subject_of, timestamp};

/// What a sweep found, and what became of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Subjects with a row that waited for too long. One with many rows may count more than once.
    pub subjects: usize,
    /// Those of which something could not be dispatched.
    pub failed: usize,
    /// Messages that were dispatched.
    pub messages: usize,
    /// Rows that are parked, now or before. What stands behind them is not looked at.
    pub parked: usize,
    /// There was no time left to read the table to its end.
    pub is_unfinished: bool,
}

/// A search for rows that wait for too long, page by page.
pub(crate) struct Overdue<'a> {
    relay: &'a Relay,
    /// Rows made before this wait for too long.
    late: String,
    begin: Option<Item>,
    is_over: bool,
    /// Of this subject nothing more is told: one of its rows keeps the others back.
    passed_over: Option<Subject>,
    rows: usize,
    parked: usize,
    found: Found,
}

/// What lies in the table, overdue or not.
#[derive(Default)]
struct Found {
    rows: u32,
    oldest: Option<String>,
}

impl Relay {
    /// Dispatches everything that has been pending for longer than `older_than`. Rows younger than that are
    /// left to the stream.
    ///
    /// It holds a page of the table in memory, and sends what it holds before it reads the next. Within a
    /// [deadline](waiting::Deadline) it ends in time; the next sweep begins anew, and what was sent is not
    /// there any more.
    ///
    /// # Errors
    ///
    /// [`RelayError::Read`] when a page could not be read. What stood before it was sent.
    pub async fn sweep(&self, older_than: Duration) -> Result<Swept, RelayError> {
        self.sweep_each(older_than, |_, _| ()).await
    }

    /// The same, for a caller that wants the result of each subject.
    ///
    /// # Errors
    ///
    /// As [`sweep`](Self::sweep).
    pub async fn sweep_each(
        &self,
        older_than: Duration,
        mut report: impl FnMut(Subject, Result<Outcome, RelayError>) + Send,
    ) -> Result<Swept, RelayError> {
        let (mut overdue, mut swept) = (self.overdue(older_than)?, Swept::default());
        let mut flow = Flow::new(self);
        while is_time_for(LONGEST_STEP + LONGEST_CHAIN) {
            let Some(rows) = overdue.next().await? else { break };
            let last = rows.last().and_then(|row| subject_of(key_of(row).0));
            flow.add_rows(rows);
            let note = |subject: Subject, result: Result<_, _>| {
                swept.subjects += 1;
                swept.parked += usize::from(matches!(result, Ok(Outcome::Parked)));
                swept.failed += usize::from(result.is_err());
                if last.as_ref() == Some(&subject) && !matches!(result, Ok(Outcome::Dispatched(_))) {
                    overdue.passed_over = last.clone();
                }
                report(subject, result);
            };
            Box::pin(flow.run(note)).await;
        }
        let parked = swept.parked + overdue.parked;
        Ok(Swept { messages: flow.sent, parked, is_unfinished: !overdue.is_over, ..swept })
    }

    /// The rows that [`sweep`](Self::sweep) would dispatch, for a process that dispatches them beside others.
    pub(crate) fn overdue(&self, older_than: Duration) -> Result<Overdue<'_>, RelayError> {
        let late = timestamp::format(self.ambient.now() - older_than);
        Ok(Overdue {
            relay: self,
            late: late.map_err(|error| RelayError::Read(error.into()))?,
            begin: None,
            is_over: false,
            passed_over: None,
            rows: 0,
            parked: 0,
            found: Found::default(),
        })
    }
}

impl Overdue<'_> {
    /// The rows of the next page that has any; none at the end of the table, when one line is logged if there
    /// were some. After a failure it reads the same page again.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<Row>>, RelayError> {
        while !self.is_over {
            let read = self.relay.store.page(self.begin.clone());
            let (page, next) = Deadline::after(LONGEST_STEP).scope(read).await.map_err(RelayError::Read)?;
            (self.is_over, self.begin) = (next.is_none(), next);
            let rows: Vec<_> = page.into_iter().filter_map(|item| self.overdue(item)).collect();
            self.rows += rows.len();
            if self.is_over {
                self.tell();
            }
            if self.is_over && self.rows + self.parked > 0 {
                tracing::warn!(rows = self.rows, parked = self.parked, "sweeper_found_pending_messages");
            }
            if !rows.is_empty() {
                return Ok(Some(rows));
            }
        }
        Ok(None)
    }

    /// What a whole table holds is known once it was read, and until it is read again.
    fn tell(&self) {
        let oldest = self.found.oldest.as_deref().and_then(|made| timestamp::parse(made).ok());
        let age = oldest.map_or(0.0, |made| (self.relay.ambient.now() - made).as_seconds_f64().max(0.0));
        let table = self.relay.store.table.name().to_owned();
        metrics::gauge!("outbox.pending.messages", "table" => table.clone()).set(self.found.rows);
        metrics::gauge!("outbox.pending.age", "table" => table.clone()).set(age);
        metrics::gauge!("outbox.parked.subjects", "table" => table).set(self.parked as f64);
    }

    fn overdue(&mut self, item: Item) -> Option<Row> {
        let text = |name| item.get(name).and_then(|value| value.as_s().ok());
        let subject = subject_of(text("PK")?)?;
        self.found.rows = self.found.rows.saturating_add(1);
        if let Some(made) = text("CreatedAt")
            && self.found.oldest.as_ref().is_none_or(|oldest| made < oldest)
        {
            self.found.oldest = Some(made.clone());
        }
        // A scan brings the rows of a subject together and in sequence.
        if self.passed_over.as_ref() == Some(&subject) {
            return None;
        }
        self.passed_over = None;
        if item.contains_key("Parked") {
            self.parked += 1;
            self.passed_over = Some(subject);
            return None;
        }
        // Without a time that can be read it is damaged, and has waited long enough.
        let is_late = text("CreatedAt").is_none_or(|made| made.as_str() < self.late.as_str());
        is_late.then(|| row_of(item))
    }
}
