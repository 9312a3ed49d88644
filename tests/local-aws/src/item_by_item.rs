//! Transactions that become visible item by item, which AWS allows and dynoxide never does.
//!
//! "Amazon DynamoDB Developer Guide, Isolation levels": a transaction is serializable with each single read
//! and write and with `TransactGetItems`; to what reads several items it is read-committed, so a `Query`, a
//! `Scan` or a `BatchGetItem` may see one item of it and not yet the other. A request asks for that with a
//! header, so that both ways into this AWS have it.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use dynoxide::actions::transact_write_items::{TransactDelete, TransactWriteItem, TransactWriteItemsRequest};
use dynoxide::{Database, DynoxideError};
use http::HeaderMap;

use crate::answer::Answer;
use crate::hidden::{Hidden, Place, cancelled, check};

/// How a `TransactWriteItems` becomes visible, told by the header [`ItemByItem::HEADER`] of its request.
///
/// All conditions are judged at one moment. Then the items become visible one after the other, and with each
/// its stream record; until then every read shows what was there before. Who writes to an item that is not
/// visible yet, or reads it by `TransactGetItems`, is told of a conflict. The answer comes when the last item
/// is visible; a caller that hangs up stops nothing. The answer tells no capacity, and a transaction has at
/// most 99 items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemByItem {
    /// The places, from 0, of the transaction's items in the sequence in which they become visible. Items
    /// that are not named are visible as soon as it is decided.
    pub sequence: Vec<usize>,
    /// The time between two items of the sequence, in whole milliseconds.
    pub gap: Duration,
}

impl ItemByItem {
    /// The header that holds this value as text.
    pub const HEADER: &'static str = "x-local-aws-item-by-item";

    /// What the request asks for.
    ///
    /// # Errors
    ///
    /// A refusal, if nobody can read the header.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Option<Self>, DynoxideError> {
        let Some(value) = headers.get(Self::HEADER) else { return Ok(None) };
        let read = value.to_str().ok().and_then(|text| text.parse().ok());
        let example = Self { sequence: vec![1, 0], gap: Duration::from_secs(2) };
        read.map(Some).ok_or_else(|| refuse(format!("{} must look like \"{example}\"", Self::HEADER)))
    }

    /// All items of a transaction in the sequence in which they become visible, and which of them wait.
    fn turns(&self, items: usize) -> Vec<(usize, Duration)> {
        let at_once = (0..items).filter(|index| !self.sequence.contains(index));
        let later = self.sequence.iter().enumerate();
        let later = later.map(|(turn, index)| (*index, if turn == 0 { Duration::ZERO } else { self.gap }));
        at_once.map(|index| (index, Duration::ZERO)).chain(later).collect()
    }
}

impl fmt::Display for ItemByItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sequence: Vec<_> = self.sequence.iter().map(usize::to_string).collect();
        write!(f, "{} each {} ms", sequence.join(","), self.gap.as_millis())
    }
}

impl FromStr for ItemByItem {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (sequence, gap) = text.split_once(" each ").unwrap_or((text, ""));
        let sequence = sequence.split(',').map(str::parse).collect::<Result<_, _>>()?;
        Ok(Self { sequence, gap: Duration::from_millis(gap.trim_end_matches(" ms").parse()?) })
    }
}

fn refuse(why: String) -> DynoxideError {
    DynoxideError::ValidationException(why)
}

/// Decides on the transaction at one moment, and shows its items one after the other.
pub(crate) async fn show(
    database: &Database,
    hidden: &Hidden,
    request: TransactWriteItemsRequest,
    places: Vec<Option<Place>>,
    way: &ItemByItem,
) -> Answer {
    let turns = way.turns(places.len());
    let mut indexes: Vec<_> = turns.iter().map(|(index, _)| *index).collect();
    indexes.sort_unstable();
    if !indexes.iter().copied().eq(0..places.len()) {
        return Err(refuse(format!("{} names each item once at most", ItemByItem::HEADER)).into());
    }
    {
        let mut hidden = hidden.lock();
        check(&places, &hidden)?;
        judge(database, &request, &places)?;
        hidden.extend(places.iter().flatten().cloned());
    }
    let mut shown = Ok("{}".to_owned());
    for (index, pause) in turns {
        tokio::time::sleep(pause).await;
        let item = request.transact_items[index].clone();
        let mut hidden = hidden.lock();
        let single = TransactWriteItemsRequest { transact_items: vec![item], ..Default::default() };
        // Nobody else could write to the item, so what was judged of it still holds.
        if let Err(error) = database.transact_write_items(single) {
            tracing::error!(%error, index, "transaction_item_not_shown");
            shown = Err(DynoxideError::InternalServerError(error.to_string()).into());
        }
        places[index].as_ref().map(|place| hidden.remove(place));
    }
    shown
}

/// Judges the conditions of all items at one moment and writes nothing: an action without a key cancels the
/// transaction in any case, and the reasons tell of the others.
fn judge(
    db: &Database,
    request: &TransactWriteItemsRequest,
    places: &[Option<Place>],
) -> Result<(), DynoxideError> {
    let mut probe = request.clone();
    let never = places.iter().flatten().next().map(|(table_name, _)| {
        let delete = TransactDelete { table_name: table_name.clone(), ..TransactDelete::default() };
        TransactWriteItem { delete: Some(delete), ..TransactWriteItem::default() }
    });
    probe.transact_items.extend(never);
    match db.transact_write_items(probe) {
        Err(DynoxideError::TransactionCanceledException(_, mut reasons)) => {
            reasons.truncate(request.transact_items.len());
            let holds = reasons.iter().all(|reason| reason.code == "None");
            if holds { Ok(()) } else { Err(cancelled(reasons)) }
        }
        Err(refused) => Err(refused),
        Ok(_) => Err(DynoxideError::InternalServerError("the judgement wrote something".to_owned())),
    }
}
