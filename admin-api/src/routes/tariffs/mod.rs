//! Endpoints of tariffs and locks: why a call does not pass, and what it costs.
//!
//! Owns: the list of them, and what both checks have in common.
//! Does not own: the checks (`rating::check`).
//! Always: a check changes nothing and answers from the snapshot in force.

pub(crate) mod lock_check;
mod shown;
pub(crate) mod tariff_check;

use billing::settings::Settings;
use numbering::Digits;
use rating::rows::ProviderId;
use rating::snapshot::AccountIx;
use rating::{Service, Snapshot};

use crate::inputs::{self, given};
use crate::language::Text;
use crate::problem::Problem;

/// The account with this code.
fn account(snapshot: &Snapshot, code: &str) -> Result<AccountIx, Problem> {
    snapshot
        .account_by_code(code)
        .ok_or_else(|| Problem::field("/account", Text::fixed("Такого лицевого счёта нет", "There is no such account")))
}

/// The provider with this code.
fn provider(snapshot: &Snapshot, code: &str) -> Result<ProviderId, Problem> {
    let found = snapshot.providers().iter().find(|provider| &*provider.code == code);
    found
        .map(|provider| provider.id)
        .ok_or_else(|| Problem::field("/provider", Text::fixed("Такого провайдера нет", "There is no such provider")))
}

/// The number that is checked, or the prefix: its digits, and whether they stand for many numbers.
fn subject(number: Option<&str>, prefix: Option<&str>, settings: &Settings) -> Result<(Digits, bool), Problem> {
    match (given(number), given(prefix)) {
        (Some(number), None) => Ok((inputs::dialled("/number", number, settings)?.digits(), false)),
        (None, Some(prefix)) => Ok((inputs::prefix("/prefix", prefix)?, true)),
        _ => Err(Problem::field(
            "/number",
            Text::fixed("Нужен либо номер, либо префикс", "Either a number or a prefix is needed"),
        )),
    }
}

/// The rated service; an outgoing call where none is named.
fn service(text: Option<&str>) -> Result<Service, Problem> {
    given(text).map_or(Ok(Service::Outgoing), |text| inputs::service("/service", text))
}
