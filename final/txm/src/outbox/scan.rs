//! Reading outboxes to their end, or to the limit.

use time::OffsetDateTime;
use transactional_messaging::{
    relay::operate::{OutboxView, StoredRow},
    timestamp,
};
use unit_of_work::Item;

use crate::{
    answer::count,
    deployment::{Deployment, Part},
    failure::{Failure, Result},
};

/// What a reading came to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Found {
    /// Rows that were read.
    pub read: usize,
    /// There may be more: the limit was reached.
    pub is_cut: bool,
    /// Messages that nobody can see yet: they stand behind others of their groups in a FIFO queue.
    pub behind: usize,
}

impl Found {
    /// The sentence that says so, if it is so.
    pub fn cut(self) -> Option<String> {
        let stopped =
            || format!("stopped after {} of them: there may be more; --limit N reads on", self.read);
        self.is_cut.then(stopped).or_else(|| self.hidden())
    }

    /// The sentence that says what a FIFO queue does not show.
    pub fn hidden(self) -> Option<String> {
        let behind = count(self.behind, "message");
        (self.behind > 0).then(|| {
            format!("{behind} behind others of their groups: a FIFO queue shows them when those have gone")
        })
    }
}

/// Calls `each` with every row of this table, those of a subject together and in sequence.
///
/// # Errors
///
/// [`Failure`] when it cannot be read, or nobody wants it to go on.
pub async fn every(at: &Deployment, view: &OutboxView, mut each: impl FnMut(StoredRow)) -> Result<Found> {
    let (mut found, mut behind) = (Found::default(), None);
    loop {
        at.goes_on()?;
        let (rows, next) = view
            .page(behind.as_ref())
            .await
            .map_err(|error| Failure::of(&format!("table {}", view.table().name()), &error))?;
        for row in rows {
            if found.read == at.common.limit {
                return Ok(Found { is_cut: true, ..found });
            }
            found.read += 1;
            each(row);
        }
        behind = next;
        if behind.is_none() {
            return Ok(found);
        }
    }
}

/// The scheduled messages of a service, each with its time; an item that is none is left out.
///
/// # Errors
///
/// As [`every`].
pub async fn scheduled(at: &Deployment, part: &Part) -> Result<(Vec<(StoredRow, OffsetDateTime)>, Found)> {
    let (mut all, mut found) = (Vec::new(), Found::default());
    let Some(table) = &part.scheduled else { return Ok((all, found)) };
    let items = at.items(table, |item| all.extend(scheduled_in(item))).await?;
    found.read = items.read;
    found.is_cut = items.is_cut;
    all.sort_by_key(|(_, time)| *time);
    Ok((all, found))
}

/// The row that lies in an item of the table of scheduled messages, and its time.
fn scheduled_in(mut item: Item) -> Option<(StoredRow, OffsetDateTime)> {
    let time = timestamp::parse(item.get("NotBefore")?.as_s().ok()?).ok()?;
    let row = item.remove("Row")?;
    Some((StoredRow::of(row.as_m().ok()?.clone())?, time))
}

impl Deployment {
    /// Nobody wants the command to end.
    ///
    /// # Errors
    ///
    /// [`Failure::Partly`] when somebody does.
    pub fn goes_on(&self) -> Result<()> {
        match self.stop.is_cancelled() {
            true => Err(Failure::Partly("interrupted; run it again".to_owned())),
            false => Ok(()),
        }
    }

    /// Calls `each` with every item of a table.
    ///
    /// # Errors
    ///
    /// As [`every`].
    pub async fn items(&self, table: &str, mut each: impl FnMut(Item)) -> Result<Found> {
        let (mut found, mut begin) = (Found::default(), None);
        loop {
            self.goes_on()?;
            let request = self.database.client().scan().table_name(table).consistent_read(true);
            let answer = request.set_exclusive_start_key(begin).send().await;
            let answer = answer.map_err(|error| Failure::of(&format!("table {table}"), &error))?;
            for item in answer.items.unwrap_or_default() {
                if found.read == self.common.limit {
                    return Ok(Found { is_cut: true, ..found });
                }
                found.read += 1;
                each(item);
            }
            begin = answer.last_evaluated_key;
            if begin.is_none() {
                return Ok(found);
            }
        }
    }
}
