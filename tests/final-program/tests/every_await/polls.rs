//! A future that is dropped after a number of polls.

use std::{future::poll_fn, pin::pin, task::Poll};

/// Polls until the future is ready, or drops it after it was polled `most` times: its output, if it was
/// ready, and how often it was polled.
pub(crate) async fn poll_at_most<F: Future>(future: F, most: usize) -> (Option<F::Output>, usize) {
    let mut future = pin!(future);
    let mut polls = 0;
    let output = poll_fn(|context| {
        polls += 1;
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            // At once and not at the next wake-up: nothing else may run in between.
            Poll::Pending if polls == most => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    });
    (output.await, polls)
}
