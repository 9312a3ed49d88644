//! Consumers that begin anew: what they handled in an earlier generation, they handle again when it comes.

use std::{collections::BTreeMap, fmt, str::FromStr, sync::Arc};

/// The generation of each consumer, which is part of the key under which it remembers a message. All begin
/// with 1.
///
/// Whoever deployed a consumer that did the wrong thing raises its generation with the right one, and sends
/// the messages again of which the effect was wrong. Nothing else is forgotten: not what other consumers have
/// handled, and not what the earlier generation has.
///
/// Two things this cannot know. The effects of the earlier generation stay: the consumer has to bear its
/// effect twice, or they have to be undone first. And while instances of both generations run, a message
/// that comes twice can have its effect once in each.
///
/// ```
/// use transactional_messaging::inbox::Generations;
///
/// let generations: Generations = "mail--order-created=2, mail--order-rejected=3".parse()?;
/// assert_eq!((generations.of("mail--order-created"), generations.of("mail--parcel-sent")), (2, 1));
/// # Ok::<(), transactional_messaging::inbox::NotGenerations>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Generations(Arc<BTreeMap<String, u32>>);

/// A text that names no generations, or not those of this service. Mend the setting.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotGenerations {
    /// It is no list of names and numbers.
    #[error("each generation is a queue, =, and a whole number from 2 on")]
    Malformed,
    /// A queue has two.
    #[error("the queue {0} has two generations")]
    Twice(String),
    /// The service has no such queue.
    #[error("this service consumes no queue {0}; write its name without the prefix of the deployment")]
    Unknown(String),
}

impl Generations {
    /// The generation of the consumer of this queue.
    pub fn of(&self, queue: &str) -> u32 {
        self.0.get(queue).copied().unwrap_or(1)
    }

    /// Whether all of them are of these queues.
    ///
    /// # Errors
    ///
    /// [`NotGenerations::Unknown`] names one that is not. Left alone, the consumer that was meant would stay
    /// in its generation.
    pub fn check<'a>(&self, queues: impl IntoIterator<Item = &'a str>) -> Result<(), NotGenerations> {
        let queues: Vec<_> = queues.into_iter().collect();
        let unknown = self.0.keys().find(|queue| !queues.contains(&queue.as_str()));
        unknown.map_or(Ok(()), |queue| Err(NotGenerations::Unknown(queue.clone())))
    }
}

impl FromStr for Generations {
    type Err = NotGenerations;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut generations = BTreeMap::new();
        for one in text.split(',') {
            let (queue, number) = one.split_once('=').ok_or(NotGenerations::Malformed)?;
            let (queue, number) = (queue.trim(), number.trim().parse());
            let number = number.ok().filter(|number| *number > 1).ok_or(NotGenerations::Malformed)?;
            if queue.is_empty() || !crate::message::is_plain(queue) {
                return Err(NotGenerations::Malformed);
            }
            if generations.insert(queue.to_owned(), number).is_some() {
                return Err(NotGenerations::Twice(queue.to_owned()));
            }
        }
        Ok(Self(Arc::new(generations)))
    }
}

/// As the setting is written.
impl fmt::Display for Generations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let written: Vec<_> = self.0.iter().map(|(queue, number)| format!("{queue}={number}")).collect();
        f.write_str(&written.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_list_of_generations_is_refused() {
        for text in ["", "a", "a=", "a=1", "a=0", "a=-2", "=2", "a=2,", "a@3=2", "a=2;b=3"] {
            assert_eq!(text.parse::<Generations>(), Err(NotGenerations::Malformed), "{text}");
        }
        assert_eq!("a=2,a=3".parse::<Generations>(), Err(NotGenerations::Twice("a".to_owned())));
    }

    #[test]
    fn a_queue_that_is_not_consumed_is_named() {
        let generations: Generations = "live-a=2".parse().unwrap();
        assert_eq!(generations.check(["a", "b"]), Err(NotGenerations::Unknown("live-a".to_owned())));
        assert_eq!(generations.check(["live-a"]), Ok(()));
    }
}
