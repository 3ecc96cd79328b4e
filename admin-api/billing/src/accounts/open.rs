//! Accounts begin.
//!
//! Owns: what stands against a new account, its rows.
//! Does not own: whether a client is connected (`entities`), what a plan costs.
//! Always: a client has one active account at a legal entity at most, unless the setting says otherwise (B13), also when two people open it at once; an
//! account has a balance from its first moment.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use rating::Currency;
use rust_decimal::Decimal;
use serde_json::json;
use sqlx::{PgConnection, Row};

use super::rules::{CreditPolicy, DeferralTerms, PaymentMode, account_code, check_credit, check_deferral, limit_fits};
use super::{AccountError, CreditFault, plans};
use crate::change::Change;
use crate::clients::{self, ClientError};
use crate::credit;
use crate::currencies;
use crate::entities;
use crate::hot_path::Touched;
use crate::settings::Settings;
use crate::store::StoreError;

/// Codes that are tried before staff have to choose one.
const TRIES: usize = 100;
/// What the audit keeps apart.
pub(super) const PERSONAL: &[&str] = &["comment"];

/// An account to be opened.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Code; `None` = made by the setting.
    pub code: Option<String>,
    /// Code of the client.
    pub client: String,
    /// Code of the legal entity.
    pub entity: String,
    /// Currency; `None` = the legal entity's.
    pub currency: Option<Currency>,
    /// Zone; `None` = the legal entity's.
    pub zone: Option<Tz>,
    /// When it pays.
    pub payment_mode: PaymentMode,
    /// What credit it has.
    pub credit_policy: CreditPolicy,
    /// Credit limit.
    pub credit_limit: Decimal,
    /// Whether credit by the month is topped up now; else the turn of the month does it.
    pub credit_at_once: bool,
    /// How long payment invoices may wait.
    pub deferral: DeferralTerms,
    /// Code of the plan.
    pub plan: Option<String>,
    /// From when it counts; `None` = from now.
    pub plan_from: Option<DateTime<Utc>>,
    /// Login of who answers for it.
    pub responsible: Option<String>,
    /// Code of the card in the accounting program (L6).
    pub card_code: Option<String>,
    /// For staff.
    pub comment: String,
}

impl NewAccount {
    /// Whether it can owe: more than an account that pays in advance.
    pub fn has_credit(&self) -> bool {
        (self.payment_mode, self.credit_policy) != (PaymentMode::Prepaid, CreditPolicy::None)
            || !self.credit_limit.is_zero()
    }
}

/// What the settings say of accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpeningRules {
    /// How codes are made.
    pub code_format: String,
    /// Whether a client has one active account at most at each legal entity.
    pub one_per_entity: bool,
    /// Whether opening an account connects its client.
    pub auto_connect: bool,
}

impl OpeningRules {
    /// As the settings have them.
    pub fn of(settings: &Settings) -> Result<Self, StoreError> {
        Ok(Self {
            code_format: settings.text("account.code_format")?.to_owned(),
            one_per_entity: settings.text("account.one_per_entity")? == "yes",
            auto_connect: settings.text("client.auto_connect")? == "yes",
        })
    }
}

/// A legal entity at which an account is opened, held until the end of the change.
pub(super) struct HeldEntity {
    pub(super) id: i32,
    currency: String,
    zone: String,
}

/// Opens an account; its code. `may_past`: a plan may begin before this month.
pub async fn open(
    change: &mut Change,
    new: &NewAccount,
    rules: &OpeningRules,
    may_past: bool,
    reason: &str,
) -> Result<String, AccountError> {
    let limit = new.credit_limit.normalize();
    if !limit_fits(limit) {
        return Err(AccountError::BadLimit);
    }
    check_credit(new.payment_mode, new.credit_policy, limit).map_err(AccountError::Credit)?;
    if !new.deferral.fits() {
        return Err(AccountError::BadDays);
    }
    check_deferral(new.credit_policy, new.deferral).map_err(AccountError::Credit)?;
    if new.credit_at_once && new.credit_policy != CreditPolicy::Monthly {
        return Err(AccountError::Credit(CreditFault::NothingToTopUp));
    }
    let most_owed = super::credit::most_owed(new.payment_mode, new.credit_policy, limit);
    super::credit::refuse_raise(change, Some(Decimal::ZERO), most_owed).await?;
    let client_id = clients::held(change, &new.client).await.map_err(|error| match error {
        ClientError::Cleaned => AccountError::Cleaned,
        ClientError::Store(error) => error.into(),
        _ => AccountError::NoClient(new.client.clone()),
    })?;
    let entity = held_entity(change.connection(), &new.entity).await?;
    let currency = new.currency.map_or(entity.currency.clone(), |currency| currency.as_str().to_owned());
    may_be_opened(change, (client_id, &entity, &new.entity), &currency, rules, reason, &new.client).await?;
    let zone = new.zone.map_or(entity.zone.clone(), |zone| zone.name().to_owned());
    let responsible_id = responsible_of(change.connection(), new.responsible.as_deref()).await?;
    let now = change.now();
    let plan = match &new.plan {
        Some(code) => Some(plans::checked(change.connection(), code, (client_id, &currency), now).await?),
        None => None,
    };
    let from = new.plan_from.unwrap_or(change.now());
    if plan.is_some() {
        plans::may_begin(change.connection(), (from, now), (entity.id, &zone), may_past).await?;
    }
    let row = AccountRow { client_id, entity_id: entity.id, currency: &currency, zone: &zone, responsible_id, limit };
    let (id, code) = insert(change, new, &row, &rules.code_format).await?;
    sqlx::query("INSERT INTO account_balance (account_id, balance) VALUES ($1, 0)")
        .bind(id)
        .execute(change.connection())
        .await?;
    credit::switched(change, id, None, (new.payment_mode, new.credit_policy), new.credit_at_once).await?;
    match plan {
        Some(plan) => plans::write(change, id, Some(plan), from, reason).await?,
        None => change.touch(Touched::Account(id)),
    }
    let after = json!({
        "client": new.client, "legal_entity": new.entity, "currency": currency, "zone": zone, "payment_mode": new.payment_mode.as_str(),
        "credit_policy": new.credit_policy.as_str(), "credit_limit": limit, "deferral_days": new.deferral.days,
        "block_after_days": new.deferral.block_after_days, "plan": new.plan, "plan_from": plan.map(|_| from),
        "responsible": new.responsible, "card_code": new.card_code, "comment": new.comment, "active": true,
    });
    change.record_personal(("account.open", "account", &code), &json!({}), &after, PERSONAL, reason);
    Ok(code)
}

/// The legal entity with a code, open and held.
pub(super) async fn held_entity(connection: &mut PgConnection, code: &str) -> Result<HeldEntity, AccountError> {
    // Whoever closes it waits, and finds the account.
    let row = sqlx::query(
        "SELECT id, currency::text AS currency, zone, closed_at IS NOT NULL AS closed FROM legal_entity WHERE code = $1 FOR SHARE",
    )
    .bind(code)
    .fetch_optional(connection)
    .await?
    .ok_or_else(|| AccountError::NoEntity(code.to_owned()))?;
    if row.get("closed") {
        return Err(AccountError::EntityClosed(code.to_owned()));
    }
    Ok(HeldEntity { id: row.get("id"), currency: row.get("currency"), zone: row.get("zone") })
}

/// Refuses a currency that is not the legal entity's of now or may not be chosen, a second active account, and a client who is not connected.
async fn may_be_opened(
    change: &mut Change,
    (client_id, entity, code): (i64, &HeldEntity, &str),
    currency: &str,
    rules: &OpeningRules,
    reason: &str,
    client: &str,
) -> Result<(), AccountError> {
    let known = Currency::parse(currency).ok_or_else(|| AccountError::Currency(currency.to_owned()))?;
    let refused = currencies::not_selectable(change.connection(), &[known]).await?;
    if let Some(currency) = refused.into_iter().next() {
        return Err(AccountError::Currency(currency));
    }
    if currency != entity.currency {
        return Err(AccountError::OtherCurrency(entity.currency.clone()));
    }
    is_the_only_one(change.connection(), (client_id, entity.id, currency), rules).await?;
    connected(change, (client_id, client), (entity.id, code), rules, reason).await
}

/// Refuses a second active account of a client at a legal entity. One in a currency that it had before is out of use and does not count (B13). The client is
/// held, so that of two who ask at once one is refused.
pub(super) async fn is_the_only_one(
    connection: &mut PgConnection,
    (client_id, entity_id, currency): (i64, i32, &str),
    rules: &OpeningRules,
) -> Result<(), AccountError> {
    if !rules.one_per_entity {
        return Ok(());
    }
    let other: Option<String> = sqlx::query_scalar(
        "SELECT code FROM account WHERE client_id = $1 AND legal_entity_id = $2 AND currency::text = $3 AND active ORDER BY id LIMIT 1",
    )
    .bind(client_id)
    .bind(entity_id)
    .bind(currency)
    .fetch_optional(connection)
    .await?;
    other.map_or(Ok(()), |other| Err(AccountError::AccountActive(other)))
}

/// Connects a client where the setting says so, else refuses who is not connected (B12).
pub(super) async fn connected(
    change: &mut Change,
    (client_id, client): (i64, &str),
    (entity_id, entity): (i32, &str),
    rules: &OpeningRules,
    reason: &str,
) -> Result<(), AccountError> {
    if entities::is_connected(change.connection(), client_id, entity_id).await? {
        return Ok(());
    }
    if !rules.auto_connect {
        return Err(AccountError::NotConnected(entity.to_owned()));
    }
    entities::write_connection(change, (client_id, entity_id), true).await?;
    let shown = |enabled: bool| json!({"legal_entity": entity, "enabled": enabled});
    change.record("client.connect", "client", client, &shown(false), &shown(true), reason);
    Ok(())
}

/// The user with a login who is at work.
pub(super) async fn responsible_of(
    connection: &mut PgConnection,
    login: Option<&str>,
) -> Result<Option<i64>, AccountError> {
    let Some(login) = login else { return Ok(None) };
    let id = sqlx::query_scalar(
        "SELECT id FROM staff_user WHERE lower(login) = lower($1) AND blocked_at IS NULL AND NOT is_system",
    )
    .bind(login)
    .fetch_optional(connection)
    .await?;
    id.map(Some).ok_or_else(|| AccountError::NoResponsible(login.to_owned()))
}

/// What a new row holds beside what was asked.
struct AccountRow<'a> {
    client_id: i64,
    entity_id: i32,
    currency: &'a str,
    zone: &'a str,
    responsible_id: Option<i64>,
    limit: Decimal,
}

/// Writes the row; its identifier and code.
async fn insert(
    change: &mut Change,
    new: &NewAccount,
    row: &AccountRow<'_>,
    format: &str,
) -> Result<(i64, String), AccountError> {
    if let Some(code) = &new.code {
        let id = insert_as(change, new, row, code).await?.ok_or_else(|| AccountError::CodeInUse(code.clone()))?;
        return Ok((id, code.clone()));
    }
    for tries in 0..TRIES {
        let number = next_number(change.connection(), tries == 1).await?;
        let code = account_code(format, number).ok_or(AccountError::NoFreeCode)?;
        if let Some(id) = insert_as(change, new, row, &code).await? {
            return Ok((id, code));
        }
    }
    Err(AccountError::NoFreeCode)
}

/// The next number of a code. With `leap` it is above the number of accounts: who loaded an operator with codes of the same form has used the first ones.
async fn next_number(connection: &mut PgConnection, leap: bool) -> Result<i64, StoreError> {
    let sql = if leap {
        "SELECT setval('account_code_seq', greatest(nextval('account_code_seq'), (SELECT max(id) + 1 FROM account)))"
    } else {
        "SELECT nextval('account_code_seq')"
    };
    Ok(sqlx::query_scalar(sql).fetch_one(connection).await?)
}

/// `None`: the code is taken.
async fn insert_as(
    change: &mut Change,
    new: &NewAccount,
    row: &AccountRow<'_>,
    code: &str,
) -> Result<Option<i64>, AccountError> {
    let (now, author) = (change.now(), change.actor().login.clone());
    Ok(sqlx::query_scalar(
        "INSERT INTO account (code, client_id, legal_entity_id, currency, zone, payment_mode, credit_policy, credit_limit, responsible_id, card_code, comment,
             opened_at, opened_by, deferral_days, block_after_days)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT (code) DO NOTHING RETURNING id",
    )
    .bind(code)
    .bind(row.client_id)
    .bind(row.entity_id)
    .bind(row.currency)
    .bind(row.zone)
    .bind(new.payment_mode.as_str())
    .bind(new.credit_policy.as_str())
    .bind(row.limit)
    .bind(row.responsible_id)
    .bind(&new.card_code)
    .bind(&new.comment)
    .bind(now)
    .bind(author)
    .bind(new.deferral.days)
    .bind(new.deferral.block_after_days)
    .fetch_optional(change.connection())
    .await?)
}
