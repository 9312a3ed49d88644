//! The sweeper: finds rows that no wake-up ever reached, and wakes their subjects.
//!
//! A stream record lives 24 hours. When the relay was down for longer, or its mapping was disabled, or a filter was wrong, the rows are
//! still here. What is here was not sent, so the sweeper reads the whole table, page by page: of a healthy system it is nearly empty, and of
//! another one everything in it has to be read anyway.

use time::Duration;
use unit_of_work::Item;
use waiting::Deadline;

use super::{
    RelayError,
    desk::is_time_for,
    dispatch::{LONGEST_CHAIN, LONGEST_STEP, Outcome, Relay},
    flow::Flow,
};
use crate::{outbox::RowKey, timestamp};

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
#[derive(Debug)]
pub struct Overdue<'a> {
    relay: &'a Relay,
    /// Rows made before this wait for too long.
    late: String,
    begin: Option<Item>,
    is_over: bool,
    /// Of this subject nothing more is told: one of its rows keeps the others back.
    passed_over: Option<String>,
    rows: usize,
    parked: usize,
}

impl Relay {
    /// Dispatches everything that has been pending for longer than `older_than`. Rows younger than that are left to the stream.
    ///
    /// It holds a page of the table in memory, and sends what it holds before it reads the next. Within a [deadline](waiting::Deadline) it
    /// ends in time; the next sweep begins anew, and what was sent is not there any more.
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
        mut report: impl FnMut(String, Result<Outcome, RelayError>) + Send,
    ) -> Result<Swept, RelayError> {
        let (mut overdue, mut swept) = (self.overdue(older_than)?, Swept::default());
        let mut flow = Flow::new(self, |partition, result| {
            swept.note(&result);
            report(partition, result);
        });
        while is_time_for(LONGEST_STEP + LONGEST_CHAIN) {
            let Some(rows) = overdue.next().await? else { break };
            let last = rows.last().map(|row| row.partition.clone());
            Box::pin(flow.wake_rows(rows)).await;
            overdue.passed_over = overdue.passed_over.or(last.filter(|last| flow.left.contains(last)));
            flow.left.clear();
        }
        let messages = flow.dispatched();
        drop(flow);
        let parked = swept.parked + overdue.parked;
        Ok(Swept { messages, parked, is_unfinished: !overdue.is_over, ..swept })
    }

    /// The rows that [`sweep`](Self::sweep) would dispatch, for a process that dispatches them beside others.
    ///
    /// # Errors
    ///
    /// [`RelayError::Read`] when `older_than` goes back beyond the year 0.
    pub fn overdue(&self, older_than: Duration) -> Result<Overdue<'_>, RelayError> {
        let late = timestamp::format(self.ambient.now() - older_than);
        Ok(Overdue {
            relay: self,
            late: late.map_err(|error| RelayError::Read(error.into()))?,
            begin: None,
            is_over: false,
            passed_over: None,
            rows: 0,
            parked: 0,
        })
    }
}

impl Overdue<'_> {
    /// The rows of the next page that has any; none at the end of the table, when one line is logged if there were some.
    ///
    /// # Errors
    ///
    /// [`RelayError::Read`] when a page could not be read. Asked again, it reads the same page.
    pub async fn next(&mut self) -> Result<Option<Vec<RowKey>>, RelayError> {
        while !self.is_over {
            let read = self.relay.store.page(self.begin.clone());
            let page = Deadline::after(LONGEST_STEP).scope(read).await?;
            (self.begin, self.is_over) = (page.next, false);
            self.is_over = self.begin.is_none();
            let rows: Vec<_> = page.items.iter().filter_map(|item| self.overdue(item)).collect();
            self.rows += rows.len();
            if self.is_over && self.rows + self.parked > 0 {
                tracing::warn!(rows = self.rows, parked = self.parked, "sweeper_found_pending_messages");
            }
            if !rows.is_empty() {
                return Ok(Some(rows));
            }
        }
        Ok(None)
    }

    fn overdue(&mut self, item: &Item) -> Option<RowKey> {
        let text = |name| item.get(name).and_then(|value| value.as_s().ok());
        let row = RowKey::of_subject(text("PK")?, text("SK")?)?;
        // A scan brings the rows of a subject together and in sequence.
        if self.passed_over.as_ref() == Some(&row.partition) {
            return None;
        }
        self.passed_over = None;
        if item.contains_key("Parked") {
            self.parked += 1;
            self.passed_over = Some(row.partition);
            return None;
        }
        // Without a time that can be read it is damaged, and has waited long enough.
        text("CreatedAt").is_none_or(|made| made.as_str() < self.late.as_str()).then_some(row)
    }
}

impl Swept {
    fn note(&mut self, result: &Result<Outcome, RelayError>) {
        self.subjects += 1;
        match result {
            Ok(Outcome::Dispatched(_)) => {}
            Ok(Outcome::Parked) => self.parked += 1,
            Err(_) => self.failed += 1,
        }
    }
}
