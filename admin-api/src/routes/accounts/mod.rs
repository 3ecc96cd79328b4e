//! Endpoints of accounts.
//!
//! Owns: the list of them.
//! Does not own: accounts (`billing::accounts`), their calls (`crate::calls`), their fees (`billing::fees`), their months (`billing::invoicing`).
//! Always: an account is named by its code.

pub(crate) mod bundles;
pub(crate) mod calls;
pub(crate) mod discounts;
pub(crate) mod fees;
pub(crate) mod get;
pub(crate) mod history;
pub(crate) mod invoice;
pub(crate) mod recordings;
pub(crate) mod set_credit_limit;
pub(crate) mod traffic;

use billing::accounts::{Account, by_code};

use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;

/// The account with this code.
async fn existing(state: &AppState, code: &str) -> Result<Account, Problem> {
    let code = inputs::word("/code", code)?;
    by_code(&state.store, code, state.clock.now()).await?.ok_or_else(|| Problem::no_account(code))
}
