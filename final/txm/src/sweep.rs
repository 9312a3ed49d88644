//! `sweep`: one pass of the sweeper, as a schedule starts it on AWS.

use serde_json::json;
use time::Duration;

use crate::{
    answer::{Answer, count, table},
    deployment::Deployment,
    failure::{Failure, Result, causes},
    outbox::{every, scheduled},
};

/// Moves scheduled messages that are due into the outboxes, and sends what is older than this and not parked.
///
/// # Errors
///
/// [`Failure::Partly`] when something was not sent.
pub async fn sweep(at: &Deployment, older_than: Duration, yes: bool) -> Result<Answer> {
    let now = at.ambient.now();
    let (mut lines, mut values, mut failed, mut wrong) = (Vec::new(), Vec::new(), 0, None);
    for (part, view) in at.outboxes() {
        at.goes_on()?;
        let due = scheduled(at, part).await?.0.iter().filter(|(_, time)| *time <= now).count();
        let (sent, parked) = if yes {
            if let Some(mover) = at.mover(part)? {
                mover
                    .move_due()
                    .await
                    .map_err(|error| Failure::of(&format!("scheduled messages of {}", part.name), &error))?;
            }
            let report = |subject: transactional_messaging::message::Subject,
                          result: std::result::Result<_, _>| {
                if let Err(error) = result {
                    wrong.get_or_insert_with(|| format!("{}: {}", subject.as_str(), causes(&error)));
                }
            };
            let swept = at.relay(part)?.sweep_each(older_than, report).await;
            let swept =
                swept.map_err(|error| Failure::of(&format!("table {}", view.table().name()), &error))?;
            failed += swept.failed;
            (swept.messages, swept.parked)
        } else {
            let (mut waiting, mut parked) = (0, 0);
            every(at, &view, |row| match row.parked {
                Some(_) => parked += 1,
                None => waiting += usize::from(row.created_at.is_none_or(|made| made <= now - older_than)),
            })
            .await?;
            (waiting, parked)
        };
        values.push(json!({ "service": part.name, "scheduled": due, "messages": sent, "parked": parked }));
        lines.push([part.name.to_owned(), due.to_string(), sent.to_string(), parked.to_string()]);
    }
    if let Some(first) = wrong {
        return Err(Failure::Partly(format!("{} not sent; the first: {first}", count(failed, "subject"))));
    }
    let value = json!({ "done": yes, "outboxes": values });
    let text = table(["SERVICE", "DUE", if yes { "SENT" } else { "WAIT" }, "PARKED"], lines);
    Ok(Answer::new(
        value,
        if yes { text } else { format!("{text}\n--yes moves what is due, and sends what waits") },
    ))
}
