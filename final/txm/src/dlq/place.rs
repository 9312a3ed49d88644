//! A queue beside a queue.

use crate::{
    deployment::Deployment,
    failure::{Failure, Result},
    letters::Side,
};

/// A queue beside a queue, and that queue.
pub(super) struct Place {
    pub(super) name: String,
    pub(super) url: String,
    /// The queue's address, where what lies there belongs.
    pub(super) to: String,
}

pub(super) async fn place(at: &Deployment, queue: &str, undelivered: bool) -> Result<Place> {
    let (part, number) = at.consumer(queue)?;
    let queue = &part.resources.subscriptions[number].queue;
    let name = if undelivered { Side::Undelivered } else { Side::Dead }.of(queue);
    let there = |url: Option<String>, name: &str| {
        url.ok_or_else(|| Failure::usage(format!("there is no queue {name}; is --prefix right?")))
    };
    let (url, to) = (there(at.url(&name).await?, &name)?, there(at.url(queue).await?, queue)?);
    Ok(Place { name, url, to })
}
