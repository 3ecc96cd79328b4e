//! The end of personal data.
//!
//! Owns: cleaning of a client, destruction of what the audit keeps of him, table `destruction_act`, the legal hold of accounts.
//! Does not own: when data may go (`rules`), calls in ClickHouse, which go by whole partitions.
//! Always: cleaning blocks and makes anonymous at once, destruction waits for the terms of the law; money, usage and documents stay as they are; neither
//! happens under a legal hold; both cannot be undone (B9, A40).

mod answers;
mod clean;
mod destroy;
mod hold;
mod rules;

pub use answers::forget_old_answers;
pub use clean::{Cleaned, clean, is_blocked};
pub use destroy::{Act, act, destroy};
pub use hold::set_hold;
pub use rules::{CALLS_YEARS_LEAST, DOCUMENTS_YEARS_LEAST, Last, Terms, cleaned_from, destroyed_from};

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use sqlx::Row;

use crate::accounts::AccountError;
use crate::change::Change;
use crate::settings::Settings;
use crate::store::StoreError;

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum CleaningError {
    /// No such client or account.
    #[error("there is no such record")]
    NotFound,
    /// His data were cleaned before.
    #[error("the data of the client were cleaned already")]
    Cleaned,
    /// His data were not cleaned yet, or destroyed before.
    #[error("only data that were cleaned are destroyed, and once")]
    NotCleaned,
    /// An account is under a legal hold.
    #[error("account {0} is under a legal hold")]
    LegalHold(String),
    /// Numbers are in work or reserved, trunks lead to an account, or a contract is in force.
    #[error("the client has numbers, trunks or a contract")]
    InWork,
    /// Not before this day.
    #[error("data are kept until {0}")]
    Retention(NaiveDate),
    /// It is so already.
    #[error("it is so already")]
    Already,
    /// The plan of an account did not end.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for CleaningError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Whether the module is switched on (setting `gdpr.module`).
pub fn is_on(settings: &Settings) -> Result<bool, StoreError> {
    Ok(settings.text("gdpr.module")? == "on")
}

impl Terms {
    /// The terms of the settings.
    pub fn read(settings: &Settings) -> Result<Self, StoreError> {
        let number = |key: &'static str| {
            u32::try_from(settings.number(key)?).map_err(|_| StoreError::Inconsistent {
                table: "setting",
                problem: format!("{key}, which is below 0 or too large"),
            })
        };
        Ok(Self {
            retention_days: number("gdpr.retention_days")?,
            calls_years: number("retention.calls_years")?,
            documents_years: number("retention.documents_years")?,
        })
    }
}

/// A client whose data are about to go, until the end of the change.
struct Subject {
    id: i64,
    party_id: Option<i64>,
    gdpr_state: String,
    accounts: Vec<i64>,
    /// Whether anything of his still works.
    in_work: bool,
    last: Last,
}

/// Holds a client with his accounts, and looks at what happened last; refused under a legal hold.
async fn subject(change: &mut Change, code: &str, zone: Tz) -> Result<Subject, CleaningError> {
    let row = sqlx::query("SELECT id, party_id, gdpr_state FROM client WHERE code = $1 FOR UPDATE")
        .bind(code)
        .fetch_optional(change.connection())
        .await?
        .ok_or(CleaningError::NotFound)?;
    let id: i64 = row.get("id");
    let accounts =
        sqlx::query("SELECT id, code, legal_hold FROM account WHERE client_id = $1 ORDER BY id FOR NO KEY UPDATE")
            .bind(id)
            .fetch_all(change.connection())
            .await?;
    if let Some(held) = accounts.iter().find(|account| account.get("legal_hold")) {
        return Err(CleaningError::LegalHold(held.get("code")));
    }
    let accounts: Vec<i64> = accounts.iter().map(|account| account.get("id")).collect();
    let today = day_of(change.now(), zone);
    let found = sqlx::query(
        "SELECT (SELECT max(usage_day) FROM usage_total WHERE account_id = ANY($1)) AS usage, (SELECT max(at) FROM posting WHERE account_id = ANY($1)) AS posting,
                (SELECT max(coalesce((terminated_at AT TIME ZONE $3)::date, valid_to)) FROM contract WHERE client_id = $2 AND state <> 'draft') AS contract,
                EXISTS (SELECT FROM did WHERE account_id = ANY($1) AND status IN ('in_work', 'reserved'))
                    OR EXISTS (SELECT FROM account_trunk WHERE account_id = ANY($1))
                    OR EXISTS (SELECT FROM product_instance WHERE account_id = ANY($1) AND status <> 'closed')
                    OR EXISTS (SELECT FROM contract WHERE client_id = $2 AND state = 'active' AND $4 <= coalesce(valid_to, 'infinity')) AS in_work",
    )
    .bind(&accounts)
    .bind(id)
    .bind(zone.name())
    .bind(today)
    .fetch_one(change.connection())
    .await?;
    let posting: Option<DateTime<Utc>> = found.get("posting");
    Ok(Subject {
        id,
        party_id: row.get("party_id"),
        gdpr_state: row.get("gdpr_state"),
        accounts,
        in_work: found.get("in_work"),
        last: Last {
            usage: found.get("usage"),
            posting: posting.map(|at| day_of(at, zone)),
            contract: found.get("contract"),
        },
    })
}

fn day_of(at: DateTime<Utc>, zone: Tz) -> NaiveDate {
    at.with_timezone(&zone).date_naive()
}

/// Refuses when today is before `from`.
fn not_before(from: Option<NaiveDate>, today: NaiveDate) -> Result<(), CleaningError> {
    match from {
        Some(from) if today < from => Err(CleaningError::Retention(from)),
        _ => Ok(()),
    }
}
