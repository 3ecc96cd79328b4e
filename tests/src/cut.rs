//! Callers who go away.
//!
//! Owns: giving a future up in the middle.
//! Does not own: which one, and what is true after it.
//! Always: it is given up between two answers of what it waits for, as a request is whose client hangs up.

use std::pin::pin;
use std::task::Poll;

/// Polls a future so many times at most, each but the first woken by an answer of the database, and gives it up: between any two statements, or with a commit
/// under way.
pub async fn cut<F: Future>(future: F, polls: u32) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    std::future::poll_fn(move |context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(context).map(Some)
    })
    .await
}
