//! Endpoints of numbers of our capacity.
//!
//! Owns: the list of them, and how a number in the path is read.
//! Does not own: numbers and their states (`billing::numbers`).
//! Always: a number outside of our capacity is `not_ours` (A33).

pub(crate) mod archive;
pub(crate) mod get;
pub(crate) mod non_target;

use billing::numbers::{self, DidCard};
use numbering::E164;

use crate::inputs;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// The card of a number of ours, on the day that it is in the billing zone.
async fn card(state: &AppState, number: &str) -> Result<(E164, DidCard), Problem> {
    let number = inputs::e164("/number", number)?;
    let settings = state.settings()?;
    let zone = settings.zone("billing.zone")?;
    let term_days = u32::try_from(settings.number("did.quarantine_days")?).unwrap_or_default();
    let today = state.clock.now().with_timezone(&zone).date_naive();
    let card = numbers::card(&state.store, number, today, zone, term_days).await?;
    card.map(|card| (number, card)).ok_or_else(|| Problem::new(Code::NotOurs))
}
