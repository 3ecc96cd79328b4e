//! Calls that are under way are ended.
//!
//! Owns: the shape of whatever can tell a switch to end one.
//! Does not own: how a switch is told (`radius_door` does it by RADIUS).
//! Always: to tell is a favour: a switch that is not told hears at its next extension.

use billing::holds::CallKey;
use futures_util::future::BoxFuture;

/// Tells switches to end calls.
pub trait Disconnect: Send + Sync {
    /// Asks the switch of a call to end it; whether it said that it does. Takes a few seconds at most.
    fn disconnect<'a>(&'a self, call: &'a CallKey) -> BoxFuture<'a, bool>;
}
