//! A clock that a test sets.
//!
//! Owns: its hands.
//! Does not own: what goes by it.
//! Always: it stands still between two words of the test.

use std::sync::{Arc, Mutex, PoisonError};

use billing::Clock;
use chrono::{DateTime, TimeDelta, Utc};

/// A clock that stands until it is set.
#[derive(Debug)]
pub struct SetClock(Mutex<DateTime<Utc>>);

impl SetClock {
    /// One that shows this moment.
    pub fn at(moment: DateTime<Utc>) -> Arc<Self> {
        Arc::new(Self(Mutex::new(moment)))
    }

    /// Sets it to a moment, earlier or later.
    pub fn set(&self, moment: DateTime<Utc>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = moment;
    }

    /// Lets time pass.
    pub fn pass(&self, time: TimeDelta) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += time;
    }
}

impl Clock for SetClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
