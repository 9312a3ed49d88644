//! How fast something goes, and how far it is.

use std::{io::IsTerminal as _, time::Duration};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// At most so many a second, shown as a bar on a terminal.
#[derive(Debug)]
pub struct Pace {
    each: Duration,
    next: Instant,
    bar: ProgressBar,
    stop: CancellationToken,
}

impl Pace {
    /// So many a second, of so many in all as far as that is known.
    pub fn new(rate: u32, of: usize, stop: CancellationToken) -> Self {
        let style = ProgressStyle::with_template("{wide_bar} {pos} of {len}, {per_sec}, {eta} left");
        let bar =
            ProgressBar::new(of as u64).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        let is_seen = std::io::stderr().is_terminal();
        bar.set_draw_target(if is_seen {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        });
        Self { each: Duration::from_secs(1) / rate.max(1), next: Instant::now(), bar, stop }
    }

    /// Waits until as many more may go; whether nobody wants it to end.
    pub async fn wait_for(&mut self, count: usize) -> bool {
        let pause = tokio::time::sleep_until(self.next);
        let goes_on = self.stop.run_until_cancelled(pause).await.is_some() && !self.stop.is_cancelled();
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        self.next = Instant::now() + self.each.saturating_mul(count);
        goes_on
    }

    /// So many have gone.
    pub fn gone(&self, count: usize) {
        self.bar.inc(count as u64);
    }

    /// It has ended: the bar goes.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn no_more_go_than_are_allowed_in_a_second() {
        let (begun, stop) = (Instant::now(), CancellationToken::new());
        let mut pace = Pace::new(50, 100, stop.clone());
        for _ in 0..10 {
            assert!(pace.wait_for(10).await);
        }
        assert_eq!(begun.elapsed().as_millis(), 1_800);
        stop.cancel();
        assert!(!pace.wait_for(10).await, "whoever wants it to end does not wait");
        assert_eq!(begun.elapsed().as_millis(), 1_800);
    }
}
