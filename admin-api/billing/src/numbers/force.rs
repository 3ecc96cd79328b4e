//! A number is forced into sale, and is forced no more.
//!
//! Owns: the facts by which a request to force a number is judged, the columns `forced_*` as its approval writes them, the end of what nobody reserved.
//! Does not own: requests and decisions (`approvals`), what follows from the facts (`forcing`), the end that a step of the number brings (`moves`).
//! Always: under the lock of the number; an archived one goes free in the same transaction, and keeps the day of its quarantine and its statistics (A27).

use chrono::{DateTime, NaiveDate, Utc};
use numbering::E164;
use rating::rows::DidStatus;
use serde_json::json;
use sqlx::{AssertSqlSafe, PgConnection, Row};

use super::forcing::NotForced;
use super::moves::{self, HeldDid, Move};
use super::quarantine;
use super::sale::{Candidate, Offer, Sale};
use super::store::DidError;
use crate::change::Change;
use crate::production_calendar::{self, OutsideCalendar};
use crate::settings::Settings;
use crate::store::StoreError;

/// Why a number is not forced.
#[derive(Debug, thiserror::Error)]
pub enum ForceError {
    /// It cannot be.
    #[error(transparent)]
    NotForced(#[from] NotForced),
    /// No such client.
    #[error("there is no client {0}")]
    NoClient(String),
    /// The data of the client were cleaned (B9): he buys nothing.
    #[error("the data of client {0} were cleaned")]
    Cleaned(String),
    /// So many callers, and no client who would agree to them.
    #[error("{0} unique callers: a client has to be named who agrees to them")]
    ClientNeeded(i64),
    /// How long it waits for its client cannot be counted.
    #[error(transparent)]
    Calendar(#[from] OutsideCalendar),
    /// The number is not ours, or was changed meanwhile.
    #[error(transparent)]
    Did(#[from] DidError),
}

impl From<StoreError> for ForceError {
    fn from(error: StoreError) -> Self {
        Self::Did(error.into())
    }
}

impl From<sqlx::Error> for ForceError {
    fn from(error: sqlx::Error) -> Self {
        Self::Did(error.into())
    }
}

/// What a request to force a number is judged by.
#[derive(Clone, Debug)]
pub(crate) struct ForcingFacts {
    /// The number.
    pub(crate) did: HeldDid,
    /// Its revision.
    pub(crate) revision: i64,
    /// Its class, its callers and its rest.
    pub(crate) candidate: Candidate,
    /// What it is on the shelf today.
    pub(crate) offer: Offer,
    /// Code of its provider; `None`: it is our own.
    pub(crate) provider: Option<String>,
    /// Whether it is of our own capacity.
    pub(crate) is_own_provider: bool,
    /// Unique callers from which its client has to agree.
    pub(crate) threshold: i64,
}

/// The facts of a number at a moment; with `hold` it stays as it is until the end of the transaction.
pub(crate) async fn plan_facts(
    connection: &mut PgConnection,
    number: E164,
    hold: bool,
    now: DateTime<Utc>,
) -> Result<ForcingFacts, DidError> {
    let (did, revision) = moves::seen(connection, number, hold).await?;
    let rules = quarantine::rules(connection).await?;
    let today = now.with_timezone(&rules.zone).date_naive();
    let candidate = quarantine::candidate(connection, &did, today).await?;
    let row = sqlx::query(
        "SELECT p.code AS provider, coalesce(p.is_own, true) AS is_own FROM did d LEFT JOIN provider p ON p.id = d.provider_id WHERE d.id = $1",
    )
    .bind(did.id)
    .fetch_one(&mut *connection)
    .await?;
    Ok(ForcingFacts {
        did,
        revision,
        candidate,
        offer: candidate.offer(today),
        provider: row.get("provider"),
        is_own_provider: row.get("is_own"),
        threshold: rules.threshold,
    })
}

/// The client for whom a number would be forced.
#[derive(Clone, Debug)]
pub(crate) struct Buyer {
    /// Identifier.
    pub(crate) id: i64,
    /// Code.
    pub(crate) code: String,
    /// E-mail.
    pub(crate) email: Option<String>,
    /// Language.
    pub(crate) language: String,
}

/// The client with a code; with `hold` he stays until the end of the transaction. Whoever holds a number too holds him first.
pub(crate) async fn buyer(connection: &mut PgConnection, code: &str, hold: bool) -> Result<Buyer, ForceError> {
    let lock = if hold { "FOR NO KEY UPDATE" } else { "" };
    let sql = format!(
        "SELECT id, email, language::text AS language, gdpr_state <> 'none' AS cleaned FROM client WHERE code = $1 {lock}"
    );
    let row = sqlx::query(AssertSqlSafe(sql)).bind(code).fetch_optional(connection).await?;
    let row = row.ok_or_else(|| ForceError::NoClient(code.to_owned()))?;
    if row.get("cleaned") {
        return Err(ForceError::Cleaned(code.to_owned()));
    }
    Ok(Buyer { id: row.get("id"), code: code.to_owned(), email: row.get("email"), language: row.get("language") })
}

/// The last business day on which a number that is forced now waits for its client: as long as a reservation lasts (A27).
pub(crate) async fn waits_until(connection: &mut PgConnection, now: DateTime<Utc>) -> Result<NaiveDate, ForceError> {
    let settings = Settings::read_in(connection).await?;
    let today = now.with_timezone(&settings.zone("billing.zone")?).date_naive();
    let days = u32::try_from(settings.number("did.reservation_business_days")?).unwrap_or_default();
    let calendar = production_calendar::read_in(connection, settings.text("did.production_calendar")?).await?;
    Ok(calendar.business_day_after(today, days)?)
}

/// Forces a number as it was approved: for the client who had to agree, where one had to, else for everybody. `revision`: the one it was approved for.
pub(crate) async fn approved(
    change: &mut Change,
    number: E164,
    revision: i64,
    for_client: Option<i64>,
    (approval, reason): (i64, &str),
) -> Result<(), ForceError> {
    let now = change.now();
    let did = moves::held(change, number, Some(revision)).await?;
    let until = match for_client {
        Some(_) => Some(waits_until(change.connection(), now).await?),
        None => None,
    };
    force(change, &did, for_client, until, approval, reason).await?;
    Ok(())
}

/// Writes that a number is for sale whatever calls it has; an archived one goes free with it.
pub(crate) async fn force(
    change: &mut Change,
    did: &HeldDid,
    for_client: Option<i64>,
    until: Option<NaiveDate>,
    approval: i64,
    reason: &str,
) -> Result<(), DidError> {
    let now = change.now();
    match did.status {
        DidStatus::Free => {}
        DidStatus::Archive => {
            let step = Move {
                to: DidStatus::Free,
                account_id: None,
                subscriber_id: None,
                may_skip_quarantine: false,
                action: "did.free",
                reason,
            };
            moves::move_to(change, did, &step).await?;
        }
        from => return Err(DidError::InvalidTransition { from, to: DidStatus::Free }),
    }
    sqlx::query(
        "UPDATE did SET sale = 'forced', sale_reason = $2, forced_at = $3, forced_for = $4, forced_until = $5, forced_by = $6, revision = revision + 1
         WHERE id = $1",
    )
    .bind(did.id)
    .bind(reason)
    .bind(now)
    .bind(for_client)
    .bind(until)
    .bind(approval)
    .execute(change.connection())
    .await?;
    let before = json!({"sale": did.sale.as_str()});
    let after = json!({
        "sale": Sale::Forced.as_str(), "forced_for": for_client, "forced_until": until, "forced_by": approval,
    });
    change.record("did.force", "did", did.number, &before, &after, reason);
    Ok(())
}

/// Ends forcings for one client whose last day is before `today` and whose number nobody has reserved, `most` of them at most; how many (A27). A number that
/// somebody holds at that moment is left to the next night.
pub async fn wait_over(change: &mut Change, today: NaiveDate, most: i64) -> Result<u64, StoreError> {
    let rows = sqlx::query(
        "WITH waited AS (
             SELECT id, number, forced_for, forced_until, forced_by FROM did WHERE forced_until < $1 AND status = 'free' ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED
         )
         UPDATE did d SET sale = 'yes', sale_reason = '', forced_at = NULL, forced_for = NULL, forced_until = NULL, forced_by = NULL, revision = d.revision + 1
         FROM waited w WHERE d.id = w.id RETURNING w.number, w.forced_for, w.forced_until, w.forced_by",
    )
    .bind(today)
    .bind(most)
    .fetch_all(change.connection())
    .await?;
    for row in &rows {
        let (number, until): (String, NaiveDate) = (row.get("number"), row.get("forced_until"));
        let (client, approval): (i64, Option<i64>) = (row.get("forced_for"), row.get("forced_by"));
        let before = json!({
            "sale": Sale::Forced.as_str(), "forced_for": client, "forced_until": until, "forced_by": approval,
        });
        let reason = format!("nobody reserved it by {until}");
        change.record("did.unforce", "did", number, &before, &json!({"sale": Sale::Yes.as_str()}), &reason);
    }
    Ok(rows.len() as u64)
}
