//! The settings of an event source mapping for a queue, under AWS's names and with AWS's defaults.

/// The settings of a mapping for an SQS queue, under AWS's names and with AWS's defaults.
#[derive(Clone, Debug)]
pub struct QueueSettings {
    /// The most messages in one invocation: 1 to 10,000, and to 10 for a FIFO queue. Default 10.
    pub batch_size: usize,
    /// How long to gather messages for a batch that is not full, 0 to 300 seconds. Default 0. At least 1 for
    /// batches of more than ten; a FIFO queue has none.
    pub maximum_batching_window_seconds: u32,
    /// Whether `batchItemFailures` in the answer count (`ReportBatchItemFailures`). Default false: they are
    /// ignored, and every message of a batch whose function returned no error is deleted.
    pub report_batch_item_failures: bool,
    /// How many batches may be in flight at once (`ScalingConfig.MaximumConcurrency`), 2 to 1,000; as many as
    /// there may be unless set.
    pub maximum_concurrency: Option<usize>,
}

impl Default for QueueSettings {
    fn default() -> Self {
        Self {
            batch_size: 10,
            maximum_batching_window_seconds: 0,
            report_batch_item_failures: false,
            maximum_concurrency: None,
        }
    }
}

impl QueueSettings {
    /// The name and range of the first setting that AWS would refuse for such a queue.
    pub(crate) fn first_invalid(&self, is_fifo: bool) -> Option<(&'static str, &'static str)> {
        let (size, window) = (self.batch_size, self.maximum_batching_window_seconds);
        let concurrency = self.maximum_concurrency.is_none_or(|most| (2..=1_000).contains(&most));
        let checks = [
            ("batch_size", "1 to 10000", (1..=10_000).contains(&size)),
            ("batch_size", "1 to 10 for a FIFO queue", !is_fifo || size <= 10),
            ("maximum_batching_window_seconds", "0 to 300", window <= 300),
            ("maximum_batching_window_seconds", "0 for a FIFO queue", !is_fifo || window == 0),
            (
                "maximum_batching_window_seconds",
                "1 to 300 for batches of more than 10",
                size <= 10 || window > 0,
            ),
            ("maximum_concurrency", "2 to 1000", concurrency),
        ];
        checks.iter().find(|(_, _, valid)| !valid).map(|(name, range, _)| (*name, *range))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_aws_would_refuse_are_named() {
        let of = |change: fn(&mut QueueSettings), is_fifo| {
            let mut settings = QueueSettings::default();
            change(&mut settings);
            settings.first_invalid(is_fifo).map(|(name, _)| name)
        };
        assert_eq!(of(|_| (), true), None);
        assert_eq!(of(|settings| settings.batch_size = 0, false), Some("batch_size"));
        assert_eq!(of(|settings| settings.batch_size = 11, true), Some("batch_size"));
        let window = Some("maximum_batching_window_seconds");
        assert_eq!(of(|settings| settings.batch_size = 11, false), window);
        assert_eq!(of(|settings| settings.maximum_batching_window_seconds = 1, true), window);
        assert_eq!(of(|settings| settings.maximum_batching_window_seconds = 301, false), window);
        assert_eq!(of(|settings| settings.maximum_concurrency = Some(1), false), Some("maximum_concurrency"));
    }
}
