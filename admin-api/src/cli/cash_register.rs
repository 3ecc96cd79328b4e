//! The options for fiscal receipts.
//!
//! Owns: the options.
//! Does not own: what is said to the service (`admin_api::HttpCashRegister`).
//! Always: all three or none; the password is shown nowhere.

use admin_api::{AppState, CASH_REGISTER_WITHIN, CashRegisterLogin, HttpCashRegister};
use clap::Args;

// Of programs that send fiscal receipts. (A comment of documentation here would become that of the whole command.)
#[derive(Args)]
#[expect(clippy::struct_field_names, reason = "the options are called so")]
pub(super) struct CashRegisterArgs {
    /// Address of the service of cash registers that issues fiscal receipts, https://online.atol.ru/possystem/v4 for instance. Without it they wait. The settings
    /// cash_register.* say the rest.
    #[arg(long, env = "TOLLGATE_CASH_REGISTER", requires = "cash_register_login", requires = "cash_register_password")]
    cash_register_url: Option<String>,
    /// Login there.
    #[arg(long, env = "TOLLGATE_CASH_REGISTER_LOGIN", requires = "cash_register_url")]
    cash_register_login: Option<String>,
    /// Password there. Better in the environment than on the command line.
    #[arg(long, env = "TOLLGATE_CASH_REGISTER_PASSWORD", hide_env_values = true, requires = "cash_register_url")]
    cash_register_password: Option<String>,
}

impl CashRegisterArgs {
    /// The state with the service, if one is named.
    pub(super) fn given_to(self, state: AppState) -> anyhow::Result<AppState> {
        let (Some(url), Some(login), Some(password)) =
            (self.cash_register_url, self.cash_register_login, self.cash_register_password)
        else {
            return Ok(state);
        };
        let account = CashRegisterLogin { url, login, password };
        Ok(state.with_cash_register(HttpCashRegister::new(account, CASH_REGISTER_WITHIN)?))
    }
}
