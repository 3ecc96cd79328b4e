//! What is a client's own: accounts, profile, what he wants to pay.
//!
//! Owns: table `payment_intent`, and which columns of others a client sees.
//! Does not own: accounts, clients, postings.
//! Always: nothing that staff write for themselves is read here (L5); somebody else's account is none.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::json;
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::{CabinetError, rules};
use crate::availability::{self, AvailabilityError, Thing};
use crate::change::{Author, Change};
use crate::store::{Store, StoreError};

/// An account as its client sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnAccount {
    /// Code.
    pub code: String,
    /// Code of the issuer.
    pub issuer: String,
    /// Currency.
    pub currency: String,
    /// Balance.
    pub balance: Decimal,
    /// Code of the plan of now.
    pub plan: Option<String>,
    /// Whether it is active.
    pub active: bool,
}

/// A client as he sees himself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Main e-mail.
    pub email: Option<String>,
    /// Phone, as it was written.
    pub phone: Option<String>,
    /// Whom to talk to.
    pub contact_person: String,
    /// Language of letters.
    pub language: String,
    /// Raised with every change.
    pub revision: i64,
}

/// What somebody wants to pay.
#[derive(Clone, Debug)]
pub struct NewIntent {
    /// Code of the account.
    pub account: String,
    /// How much, in its currency.
    pub amount: Decimal,
    /// Code of a payment method of the account's issuer that is available to the client (B32).
    pub method: Option<String>,
}

/// What is to be paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// Identifier.
    pub id: i64,
    /// Code of the account.
    pub account: String,
    /// How much.
    pub amount: Decimal,
    /// Currency.
    pub currency: String,
    /// How.
    pub method: Option<String>,
    /// `new`; `paid` once a payment of a gateway names it.
    pub state: String,
    /// When it was wanted.
    pub created_at: DateTime<Utc>,
}

/// Accounts of a client by code, as they are at `now`.
pub async fn accounts(store: &Store, client_id: i64, now: DateTime<Utc>) -> Result<Vec<OwnAccount>, StoreError> {
    let rows = sqlx::query(
        "SELECT a.code, e.code AS issuer, a.currency::text AS currency, b.balance, a.active,
                (SELECT t.code FROM account_plan p JOIN tariff_plan t ON t.id = p.plan_id
                 WHERE p.account_id = a.id AND p.withdrawn_in IS NULL AND coalesce(p.valid_from, '-infinity') <= $2 AND $2 < coalesce(p.valid_to, 'infinity') LIMIT 1) AS plan
         FROM account a JOIN legal_entity e ON e.id = a.legal_entity_id JOIN account_balance b ON b.account_id = a.id
         WHERE a.client_id = $1 ORDER BY a.code",
    )
    .bind(client_id)
    .bind(now)
    .fetch_all(store.pool())
    .await?;
    let account = |row: &PgRow| OwnAccount {
        code: row.get("code"),
        issuer: row.get("issuer"),
        currency: row.get("currency"),
        balance: row.get::<Decimal, _>("balance").normalize(),
        plan: row.get("plan"),
        active: row.get("active"),
    };
    Ok(rows.iter().map(account).collect())
}

/// Identifier of the account with this code, where it is the client's.
pub async fn own_account(store: &Store, client_id: i64, code: &str) -> Result<Option<i64>, StoreError> {
    let id = sqlx::query_scalar("SELECT id FROM account WHERE code = $1 AND client_id = $2")
        .bind(code)
        .bind(client_id)
        .fetch_optional(store.pool())
        .await?;
    Ok(id)
}

/// The profile of a client.
pub async fn profile(store: &Store, client_id: i64) -> Result<Option<Profile>, StoreError> {
    let row = sqlx::query(
        "SELECT code, name, email, phone, contact_person, language::text AS language, revision FROM client WHERE id = $1",
    )
    .bind(client_id)
    .fetch_optional(store.pool())
    .await?;
    Ok(row.map(|row| Profile {
        code: row.get("code"),
        name: row.get("name"),
        email: row.get("email"),
        phone: row.get("phone"),
        contact_person: row.get("contact_person"),
        language: row.get("language"),
        revision: row.get("revision"),
    }))
}

/// Writes down what a user of a client wants to pay; nobody else does (B11). The account is open, in the currency that its issuer has now (B13).
/// An adapter of a payment gateway takes the row; no money is booked here.
pub async fn add_intent(
    change: &mut Change,
    client_id: i64,
    new: &NewIntent,
    reason: &str,
) -> Result<Intent, CabinetError> {
    let Author::Client(user_id) = change.actor().author else { return Err(CabinetError::OnlyClientPays) };
    if !rules::is_payable(new.amount) {
        return Err(CabinetError::BadAmount);
    }
    let account = sqlx::query(
        "SELECT a.id, a.legal_entity_id, a.currency::text AS currency, a.active AND a.currency = e.currency AS available
         FROM account a JOIN legal_entity e ON e.id = a.legal_entity_id WHERE a.code = $1 AND a.client_id = $2 FOR SHARE OF a",
    )
    .bind(&new.account)
    .bind(client_id)
    .fetch_optional(change.connection())
    .await?
    .ok_or(CabinetError::NotFound)?;
    if !account.get::<bool, _>("available") {
        return Err(CabinetError::AccountNotAvailable);
    }
    let (account_id, currency): (i64, String) = (account.get("id"), account.get("currency"));
    super::room_for_intent(change, account_id).await?;
    let (now, amount) = (change.now(), new.amount.normalize());
    if let Some(method) = &new.method {
        availability::offered_to(change.connection(), Thing::PaymentMethod, client_id, method, now).await?;
        let is_issuers: bool =
            sqlx::query_scalar("SELECT EXISTS (SELECT FROM payment_method WHERE code = $1 AND legal_entity_id = $2)")
                .bind(method)
                .bind(account.get::<i32, _>("legal_entity_id"))
                .fetch_one(change.connection())
                .await?;
        if !is_issuers {
            return Err(AvailabilityError::NotAvailable(Thing::PaymentMethod).into());
        }
    }
    let row = sqlx::query(
        "INSERT INTO payment_intent (account_id, user_id, amount, currency, method, created_at) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id, state",
    )
    .bind(account_id)
    .bind(user_id)
    .bind(amount)
    .bind(&currency)
    .bind(&new.method)
    .bind(now)
    .fetch_one(change.connection())
    .await?;
    let intent = Intent {
        id: row.get("id"),
        account: new.account.clone(),
        amount,
        currency,
        method: new.method.clone(),
        state: row.get("state"),
        created_at: now,
    };
    let after = json!({
        "payment_intent": intent.id, "amount": intent.amount, "currency": intent.currency, "method": intent.method, "state": intent.state,
    });
    change.record("payment_intent.create", "account", &new.account, &json!({}), &after, reason);
    Ok(intent)
}
