//! The settings by which calls are let go.
//!
//! Owns: reading them.
//! Does not own: what they may be (`billing::settings`).
//! Always: those in force when a request comes are those of its answer.

use std::time::Duration;

use billing::StoreError;
use billing::holds::Terms;
use billing::settings::Settings;
use chrono::TimeDelta;
use rating::authorize::{self, OriginRule};

/// Length of the call by whose price routes are put in order, seconds.
const COMPARED_S: u32 = 60;

/// The settings.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    /// Of the checks that the catalogue answers.
    pub(super) checks: authorize::Rules,
    /// Most seconds at once.
    pub(super) max_seconds: u64,
    /// How long before its seconds end a switch asks again.
    pub(super) lead_seconds: u64,
    /// How long a request waits for others.
    pub(super) batch: Duration,
    /// How long a switch waits for the books.
    pub(super) timeout: Duration,
    /// How long money stays reserved.
    pub(super) terms: Terms,
    /// Whether calls go while the books cannot be reached, where no group says.
    pub(super) outage_allows: bool,
    /// For how long then.
    pub(super) outage_seconds: u64,
}

impl Rules {
    pub(super) fn of(settings: &Settings) -> Result<Self, StoreError> {
        let whole = |key: &str| Ok::<u64, StoreError>(u64::try_from(settings.number(key)?).unwrap_or(0));
        let origin: OriginRule = settings.text("authorize.origin")?.parse().map_err(|()| StoreError::Inconsistent {
            table: "setting",
            problem: "authorize.origin, which says nothing known".to_owned(),
        })?;
        Ok(Self {
            checks: authorize::Rules { origin, compared_s: COMPARED_S },
            max_seconds: whole("authorize.max_seconds")?.max(1),
            lead_seconds: whole("authorize.lead_seconds")?,
            batch: Duration::from_millis(whole("authorize.batch_ms")?),
            timeout: Duration::from_millis(whole("authorize.timeout_ms")?),
            terms: Terms {
                ring: TimeDelta::seconds(settings.number("authorize.ring_seconds")?),
                keep: TimeDelta::hours(settings.number("hold.after_release_hours")?),
            },
            outage_allows: settings.text("authorize.outage")? == "allow",
            outage_seconds: whole("authorize.outage_seconds")?,
        })
    }
}
