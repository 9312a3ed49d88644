//! How long an inbox must remember: longer than any duplicate can be on its way.

use time::Duration;

use crate::{
    channels::Channels,
    limits::{RedeliveryHorizon, days},
};

/// How long a handled message is remembered by default: 90 days.
///
/// That is the longest way of a duplicate, 45 days, and as much again for a person who redrives dead letters,
/// because a redrive resets the retention of a message ("Amazon SQS Developer Guide, Learn how to configure a
/// dead-letter queue redrive").
pub const DEFAULT_RETENTION: Retention = Retention(Duration::days(90));

/// How long handled messages are remembered: a time that was checked against a [`RedeliveryHorizon`].
///
/// ```
/// use transactional_messaging::{channels::Channels, inbox::Retention};
///
/// assert!(Retention::of_days(45, Channels::Standard).is_ok());
/// assert!(Retention::of_days(44, Channels::Standard).is_err()); // a duplicate may still be on its way
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention(Duration);

/// An inbox would forget messages of which a duplicate can still come. No retry helps: change one of the
/// numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an inbox that remembers for {} days forgets messages that can still come again ({horizon}); \
     let it remember for {} days or more, or keep messages in the queues for a shorter time",
    days(*.asked),
    days(.horizon.sum())
)]
pub struct RetentionTooShort {
    /// The retention that was asked for.
    pub asked: Duration,
    /// How long a duplicate can be on its way.
    pub horizon: RedeliveryHorizon,
}

impl Retention {
    /// This long, if no duplicate can come later.
    ///
    /// # Errors
    ///
    /// [`RetentionTooShort`] when it is less than the sum of the horizon.
    pub fn new(asked: Duration, horizon: RedeliveryHorizon) -> Result<Self, RetentionTooShort> {
        if asked < horizon.sum() { Err(RetentionTooShort { asked, horizon }) } else { Ok(Self(asked)) }
    }

    /// So many days, on topics and queues of this kind.
    ///
    /// # Errors
    ///
    /// [`RetentionTooShort`] when that is less than 45 days.
    pub fn of_days(days: u32, channels: Channels) -> Result<Self, RetentionTooShort> {
        Self::new(Duration::days(days.into()), channels.horizon())
    }

    /// The time.
    pub fn duration(self) -> Duration {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_default_horizon_is_45_days_on_queues_of_both_kinds() {
        assert_eq!(RedeliveryHorizon::default().sum(), Duration::days(45));
        assert_eq!(RedeliveryHorizon::FIFO.sum(), Duration::days(45));
    }

    #[test]
    fn the_default_retention_covers_the_longest_way_and_a_redrive_after_it() {
        let horizon = RedeliveryHorizon::STANDARD;
        assert_eq!(Retention::new(DEFAULT_RETENTION.0, horizon), Ok(DEFAULT_RETENTION));
        assert!(DEFAULT_RETENTION.0 >= horizon.sum() * 2);
        assert_eq!(Retention::new(DEFAULT_RETENTION.0, RedeliveryHorizon::FIFO), Ok(DEFAULT_RETENTION));
    }

    #[test]
    fn a_shorter_window_is_refused_with_the_sum_and_what_to_change() {
        let error = Retention::of_days(44, Channels::Standard).unwrap_err();
        assert_eq!(
            error.to_string(),
            "an inbox that remembers for 44 days forgets messages that can still come again (stream 1 + sns retries 23 + queue 7 \
             + dead-letter queue 14 = 45 days); let it remember for 45 days or more, or keep messages in the queues for a shorter time"
        );
        assert_eq!(
            Retention::of_days(45, Channels::Standard).map(Retention::duration),
            Ok(Duration::days(45))
        );
    }

    proptest! {
        #[test]
        fn no_window_is_shorter_than_its_horizon(
            parts in prop::array::uniform4(0i64..40 * 86_400),
            asked in 0i64..200 * 86_400,
        ) {
            let [stream, topic_retries, queue, dead_letter_queue] = parts.map(Duration::seconds);
            let horizon = RedeliveryHorizon { stream, topic_retries, queue, dead_letter_queue };
            let fits = asked >= parts.iter().sum::<i64>();
            prop_assert_eq!(Retention::new(Duration::seconds(asked), horizon).is_ok(), fits);
        }
    }
}
