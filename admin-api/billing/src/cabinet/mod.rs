//! The cabinet: what clients do themselves.
//!
//! Owns: tables `client_user`, `client_session`, `payment_intent`; what an employee may as a client (B11, B26).
//! Does not own: clients as staff keep them (`clients`), payers (`payers`), locks (`locks`), passwords in clear (the API makes the digests).
//! Always: a client sees and does what is his own; nobody pays for him; a token is stored as its digest only; who is blocked is out with his next request, and
//! so is an employee who may no more work as a client.

mod letter;
mod own;
mod rules;
mod sessions;
mod sign_in;
mod users;

pub use own::{Intent, NewIntent, OwnAccount, Profile, accounts, add_intent, own_account, profile};
pub use rules::Right;
pub(crate) use sessions::end_work_as;
pub use sessions::{NewSession, Visitor, Who, authenticate, end_session, open_session, work_as};
pub use sign_in::{Candidate, candidate};
pub use users::{
    ClientUser, ClientUserUpdate, NewClientUser, add_user, block_user, change_password, set_password, unblock_user,
    update_user, users,
};

use sqlx::Row;

use crate::availability::AvailabilityError;
use crate::change::Change;
use crate::mail::MailError;
use crate::store::StoreError;

/// Most payments of an account that are wanted and that no gateway has taken.
const INTENTS_MAX: i64 = 100;

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum CabinetError {
    /// No such client, user or account, or somebody else's.
    #[error("there is no such record")]
    NotFound,
    /// Logins are e-mails here (B2).
    #[error("the setting client.login_at_registration gives no logins")]
    LoginOff,
    /// Another user has the login.
    #[error("another user has the login {0}")]
    LoginInUse(String),
    /// Another user has the e-mail.
    #[error("another user has the e-mail {0}")]
    EmailInUse(String),
    /// More than a client may have.
    #[error("at most {0}")]
    TooMany(i64),
    /// Nobody shuts himself out.
    #[error("nobody blocks himself")]
    Oneself,
    /// It is blocked already, or is not.
    #[error("it is so already")]
    Already,
    /// Somebody changed it since it was read.
    #[error("it was changed since it was read")]
    Stale,
    /// The data of the client were cleaned (B9).
    #[error("the data of the client were cleaned")]
    Cleaned,
    /// Only a user of the client pays (B11).
    #[error("only the client pays")]
    OnlyClientPays,
    /// The account is closed, or in a currency that its issuer had before (B13).
    #[error("the account is not available")]
    AccountNotAvailable,
    /// The payment method is not there, or not for this client (B32).
    #[error(transparent)]
    Method(#[from] AvailabilityError),
    /// Not an amount that can be paid.
    #[error("an amount above 0 and below 1000000000 with at most two decimals is expected")]
    BadAmount,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for CabinetError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<MailError> for CabinetError {
    fn from(error: MailError) -> Self {
        match error {
            MailError::Store(error) => Self::Store(error),
            // Of a letter about the service nothing else is refused.
            _ => Self::NotFound,
        }
    }
}

/// A client until the end of the change. Nobody comes in for one whose data were cleaned (B9).
async fn held(change: &mut Change, client: &str) -> Result<i64, CabinetError> {
    let row = sqlx::query("SELECT id, gdpr_state FROM client WHERE code = $1 FOR NO KEY UPDATE")
        .bind(client)
        .fetch_optional(change.connection())
        .await?
        .ok_or(CabinetError::NotFound)?;
    if row.get::<&str, _>("gdpr_state") != "none" {
        return Err(CabinetError::Cleaned);
    }
    Ok(row.get("id"))
}

/// Refuses one payment more than may be wanted of an account.
async fn room_for_intent(change: &mut Change, account_id: i64) -> Result<(), CabinetError> {
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM payment_intent WHERE account_id = $1 AND state = 'new'")
        .bind(account_id)
        .fetch_one(change.connection())
        .await?;
    if count < INTENTS_MAX { Ok(()) } else { Err(CabinetError::TooMany(INTENTS_MAX)) }
}
