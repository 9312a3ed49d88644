//! `dlq redrive`: back into the queue.
//!
//! Messages are moved here, and not by `StartMessageMoveTask`: that moves dead letters of queues only, and
//! none of a subscription ("Amazon SNS Developer Guide, Dead-letter queues"), and the attribute `reason`
//! would stay on them.

use std::collections::{HashMap, HashSet};

use aws_sdk_sqs::types::{
    DeleteMessageBatchRequestEntry, MessageAttributeValue, SendMessageBatchRequestEntry,
};
use serde_json::json;
use transactional_messaging::channels::Channels;
use uuid::Uuid;

use super::place::{Place, place};
use crate::{
    answer::{Answer, count},
    deployment::Deployment,
    failure::{Failure, Result},
    letters::Letter,
    pace::Pace,
};

/// For so long what is being moved is hidden: longer than moving ten messages takes. What an interrupted
/// redrive had received is there again afterwards.
const HIDDEN_SECONDS: i32 = 20;

/// What says why a message lies here, and is no part of it.
const OF_THIS_PLACE: [&str; 4] = ["reason", "ErrorCode", "ErrorMessage", "RequestID"];

/// Moves what lies there back into its queue.
///
/// # Errors
///
/// [`Failure::Partly`] when something was left; the same command goes on.
pub async fn redrive(
    at: &Deployment,
    queue: &str,
    undelivered: bool,
    reason: Option<&str>,
    rate: u32,
    yes: bool,
) -> Result<Answer> {
    let place = place(at, queue, undelivered).await?;
    let (visible, hidden) = at.counts(&place.url).await?;
    if !yes {
        let (letters, found) = at.look(&place.url).await?;
        let meant = letters.iter().filter(|letter| is_meant(letter, reason)).count();
        let others = if hidden > 0 {
            format!(", and {hidden} are hidden with somebody who has received them")
        } else {
            String::new()
        };
        let behind = found.hidden().map(|text| format!("\n{text}")).unwrap_or_default();
        let text = format!(
            "{} of {} would go back into {queue}{others}{behind}\n--yes does it, {rate} a second at most",
            count(meant, "message"),
            place.name
        );
        let value = json!({ "done": false, "messages": meant, "hidden": hidden, "behind": found.behind });
        return Ok(Answer::new(value, text));
    }
    let mut pace = Pace::new(rate, visible + hidden, at.stop.clone());
    let moved = move_all(at, &place, reason, &mut pace).await;
    pace.end();
    let Moved { moved, came_back, left, behind } = moved?;
    let mut text = format!("{} of {} moved back into {queue}", count(moved, "message"), place.name);
    if came_back > 0 {
        text += &format!("\n{came_back} came back while it ran, and were left there: cure the cause first");
    }
    if left > 0 {
        text += &format!("\n{} with another reason left there", count(left, "message"));
    }
    if behind > 0 {
        let behind = count(behind, "message");
        text += &format!("\n{behind} behind those in their groups: a FIFO queue shows nobody what they are");
    }
    let value =
        json!({ "done": true, "moved": moved, "came_back": came_back, "left": left, "behind": behind });
    Ok(Answer { value, text, is_wrong: came_back > 0 })
}

#[derive(Default)]
struct Moved {
    moved: usize,
    came_back: usize,
    left: usize,
    /// What a FIFO queue does not show, because it stands behind what was left.
    behind: usize,
}

fn is_meant(letter: &Letter, reason: Option<&str>) -> bool {
    reason.is_none_or(|text| letter.reason.contains(text))
}

async fn move_all(at: &Deployment, place: &Place, reason: Option<&str>, pace: &mut Pace) -> Result<Moved> {
    let (mut done, mut kept) = (Moved::default(), HashMap::<Uuid, Letter>::new());
    let (mut gone, mut waited) = (HashSet::new(), 0);
    loop {
        let letters: Vec<_> =
            at.receive(&place.url, HIDDEN_SECONDS, 1).await?.into_iter().map(Letter::of).collect();
        if letters.is_empty() {
            // What an interrupted redrive had received comes again within the time for which it is hidden;
            // what is kept here is hidden, too.
            let (_, hidden) = at.counts(&place.url).await?;
            if hidden <= kept.len() || waited > HIDDEN_SECONDS + 5 {
                break;
            }
            waited += 1;
        }
        let (meant, others): (Vec<_>, Vec<_>) =
            letters.into_iter().partition(|letter| is_meant(letter, reason) && !gone.contains(&letter.id()));
        let is_new = |letter: &Letter| !kept.contains_key(&letter.id());
        let others: Vec<_> = others.into_iter().map(|letter| (is_new(&letter), letter)).collect();
        for (is_new, letter) in others {
            let counted = if gone.contains(&letter.id()) { &mut done.came_back } else { &mut done.left };
            *counted += usize::from(is_new);
            kept.insert(letter.id(), letter);
        }
        if !meant.is_empty() {
            let goes_on = pace.wait_for(meant.len()).await;
            if !goes_on {
                at.give_back(&place.url, &meant).await?;
                return Err(Failure::Partly(format!(
                    "interrupted after {}; the same command goes on",
                    count(done.moved, "message")
                )));
            }
            move_some(at, place, &meant).await.map_err(|failure| match done.moved {
                0 => failure,
                moved => Failure::Partly(format!(
                    "{failure}, after {}; the same command goes on",
                    count(moved, "message")
                )),
            })?;
            done.moved += meant.len();
            pace.gone(meant.len());
            gone.extend(meant.iter().map(Letter::id));
        }
        // Each of them was hidden again for so long; to see only those again means that nothing else is
        // there.
        if kept.len() >= at.common.limit {
            break;
        }
    }
    if Channels::of_name(&place.url) == Channels::Fifo {
        // Whatever is not hidden, and does not come: all that is kept is hidden here.
        done.behind = at.counts(&place.url).await?.0;
    }
    let kept: Vec<_> = kept.into_values().collect();
    at.give_back(&place.url, &kept).await?;
    Ok(done)
}

/// Sends them first and deletes them then: a crash in between leaves a message in both queues, never in none.
async fn move_some(at: &Deployment, place: &Place, letters: &[Letter]) -> Result<()> {
    let wrong = |error: &(dyn std::error::Error + 'static)| Failure::of(&place.name, error);
    let channels = Channels::of_name(&place.to);
    for some in calls(letters, channels) {
        let entries = some.iter().enumerate().map(|(number, letter)| again(number, letter, channels));
        let entries = entries.collect::<std::result::Result<Vec<_>, _>>().map_err(|error| wrong(&error))?;
        let request = at.sqs.send_message_batch().queue_url(&place.to).set_entries(Some(entries));
        let answer = request.send().await.map_err(|error| wrong(&error))?;
        let deletes = some.iter().enumerate().filter(|(number, _)| {
            let id = number.to_string();
            answer.successful().iter().any(|entry| entry.id() == id)
        });
        let deletes = deletes.filter_map(|(number, letter)| {
            let entry = DeleteMessageBatchRequestEntry::builder().id(number.to_string());
            entry.receipt_handle(letter.message.receipt_handle()?).build().ok()
        });
        let deletes: Vec<_> = deletes.collect();
        let sent = deletes.len();
        if sent > 0 {
            let request = at.sqs.delete_message_batch().queue_url(&place.url).set_entries(Some(deletes));
            let deleted = request.send().await.map_err(|error| wrong(&error))?;
            if let Some(failed) = deleted.failed().first() {
                return Err(Failure::Partly(format!(
                    "{}: a moved message was not deleted ({})",
                    place.name,
                    failed.code()
                )));
            }
        }
        if let Some(failed) = answer.failed().first().filter(|_| sent < some.len()) {
            return Err(Failure::Partly(format!(
                "{}: sqs did not take a message ({})",
                place.name,
                failed.code()
            )));
        }
    }
    Ok(())
}

/// What is sent together: ten at most, and singly where together they could be more than a call takes. To a
/// FIFO queue of a message group one at most: SQS may take a call in part, and nobody may overtake another.
fn calls<'a>(letters: &'a [Letter], channels: Channels) -> Vec<&'a [Letter]> {
    let group_of = |letter: &'a Letter| letter.group().filter(|_| channels == Channels::Fifo);
    let bytes: usize = letters.iter().map(|letter| letter.message.body().map_or(0, str::len) + 2_048).sum();
    let most = if bytes > 200 * 1024 { 1 } else { 10 };
    let (mut calls, mut begin, mut groups) = (Vec::new(), 0, HashSet::new());
    for (number, letter) in letters.iter().enumerate() {
        let is_other = group_of(letter).is_none_or(|group| groups.insert(group));
        if number - begin == most || !is_other {
            calls.push(&letters[begin..number]);
            begin = number;
            groups = group_of(letter).into_iter().collect();
        }
    }
    calls.push(&letters[begin..]);
    calls
}

/// The message as it was before it came here.
fn again(
    number: usize,
    letter: &Letter,
    channels: Channels,
) -> std::result::Result<SendMessageBatchRequestEntry, aws_sdk_sqs::error::BuildError> {
    let message = &letter.message;
    let own = message.message_attributes().into_iter().flatten();
    let own: HashMap<String, MessageAttributeValue> = own
        .filter(|(name, _)| !OF_THIS_PLACE.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let group = letter.group().map(str::to_owned);
    // Not that of the message itself: the queue may have seen it within five minutes, and would drop it. A
    // standard queue has groups, if it is fair, and takes no such id.
    let deduplication = message.message_id().filter(|_| channels == Channels::Fifo).map(str::to_owned);
    SendMessageBatchRequestEntry::builder()
        .id(number.to_string())
        .message_body(message.body().unwrap_or_default())
        .set_message_attributes(Some(own).filter(|own| !own.is_empty()))
        .set_message_group_id(group)
        .set_message_deduplication_id(deduplication)
        .build()
}
