//! Contracts begin, and change while they are drafts.
//!
//! Owns: the next number of an issuer, which accounts a contract may cover.
//! Does not own: how a number is written (`rules`), what comes after the draft (`states`).
//! Always: the number is taken last, and its counter is held until the contract is committed: two at once get different numbers, and none is lost.

use chrono::NaiveDate;
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::read::{Contract, find};
use super::rules::{ContractState, NumberFormat};
use super::{ContractError, fill, kinds, templates};
use crate::availability;
use crate::change::Change;
use crate::edit::Edit;
use crate::store::StoreError;

/// A contract to be made.
#[derive(Clone, Debug)]
pub struct NewContract {
    /// Code of the template.
    pub template: String,
    /// Code of the kind.
    pub kind: String,
    /// Codes of the accounts that it covers.
    pub accounts: Vec<String>,
    /// Day of signing, where it is known.
    pub signed_on: Option<NaiveDate>,
    /// First day; `None` = today.
    pub valid_from: Option<NaiveDate>,
    /// Last day; `None` = until it is terminated.
    pub valid_to: Option<NaiveDate>,
}

/// How a draft is to be; what is kept or `None` stays.
#[derive(Clone, Debug, Default)]
pub struct ContractUpdate {
    /// Code of the template, whose newest text is taken; it is of the same issuer.
    pub template: Option<String>,
    /// Code of the kind.
    pub kind: Option<String>,
    /// Codes of all accounts that it covers.
    pub accounts: Option<Vec<String>>,
    /// Day of signing.
    pub signed_on: Edit<NaiveDate>,
    /// First day.
    pub valid_from: Option<NaiveDate>,
    /// Last day.
    pub valid_to: Edit<NaiveDate>,
}

/// Makes the draft of a contract of a client; what it is.
pub async fn create(
    change: &mut Change,
    client: &str,
    new: &NewContract,
    reason: &str,
) -> Result<Contract, ContractError> {
    let found: Option<(i64, String)> =
        sqlx::query_as("SELECT id, gdpr_state FROM client WHERE code = $1 FOR KEY SHARE")
            .bind(client)
            .fetch_optional(change.connection())
            .await?;
    let (client_id, gdpr_state) = found.ok_or(ContractError::NotFound)?;
    if gdpr_state != "none" {
        return Err(ContractError::Cleaned);
    }
    let template = open_template(change, client_id, &new.template).await?;
    kinds::known(change.connection(), &new.kind).await?;
    let accounts = accounts_of(change.connection(), client_id, template.issuer_id, &new.accounts).await?;
    let (now, author) = (change.now(), change.actor().login.clone());
    let today = today(change, template.issuer_id).await?;
    let valid_from = new.valid_from.unwrap_or(today);
    if new.valid_to.is_some_and(|last| last < valid_from) {
        return Err(ContractError::NoTime);
    }
    let number = next_number(change, &template, today).await?;
    let id: i64 = sqlx::query_scalar(
        "INSERT INTO contract (number, client_id, legal_entity_id, kind, template_id, template_version, signed_on, valid_from, valid_to, created_at, created_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id",
    )
    .bind(&number)
    .bind(client_id)
    .bind(template.issuer_id)
    .bind(&new.kind)
    .bind(template.id)
    .bind(template.version)
    .bind(new.signed_on)
    .bind(valid_from)
    .bind(new.valid_to)
    .bind(now)
    .bind(author)
    .fetch_one(change.connection())
    .await?;
    cover(change.connection(), id, &accounts).await?;
    fill::fill_in(change.connection(), id).await?;
    let contract = find(change.connection(), id).await?.ok_or(ContractError::NotFound)?;
    change.record("contract.create", "contract", id, &Value::Null, &shown(&contract), reason);
    Ok(contract)
}

/// Changes a draft; what it is then.
pub async fn update(
    change: &mut Change,
    id: i64,
    update: &ContractUpdate,
    revision: Option<i64>,
    reason: &str,
) -> Result<Contract, ContractError> {
    let before = held(change, id, revision).await?;
    if before.state != ContractState::Draft {
        return Err(ContractError::Step(before.state, ContractState::Draft));
    }
    let (template_id, version) = match &update.template {
        Some(code) => {
            let template = open_template(change, before.client_id, code).await?;
            if template.issuer_id != before.issuer_id {
                return Err(ContractError::OtherIssuer(code.clone()));
            }
            (template.id, template.version)
        }
        None => (before.template_id, before.template_version),
    };
    let kind = update.kind.as_ref().unwrap_or(&before.kind);
    kinds::known(change.connection(), kind).await?;
    let valid_from = update.valid_from.unwrap_or(before.valid_from);
    let valid_to = update.valid_to.clone().applied(before.valid_to);
    if valid_to.is_some_and(|last| last < valid_from) {
        return Err(ContractError::NoTime);
    }
    sqlx::query(
        "UPDATE contract SET template_id = $2, template_version = $3, kind = $4, signed_on = $5, valid_from = $6, valid_to = $7, revision = revision + 1
         WHERE id = $1",
    )
    .bind(id)
    .bind(template_id)
    .bind(version)
    .bind(kind)
    .bind(update.signed_on.clone().applied(before.signed_on))
    .bind(valid_from)
    .bind(valid_to)
    .execute(change.connection())
    .await?;
    if let Some(codes) = &update.accounts {
        let accounts = accounts_of(change.connection(), before.client_id, before.issuer_id, codes).await?;
        sqlx::query("DELETE FROM contract_account WHERE contract_id = $1")
            .bind(id)
            .execute(change.connection())
            .await?;
        cover(change.connection(), id, &accounts).await?;
    }
    fill::fill_in(change.connection(), id).await?;
    let after = find(change.connection(), id).await?.ok_or(ContractError::NotFound)?;
    change.record("contract.edit", "contract", id, &shown(&before), &shown(&after), reason);
    Ok(after)
}

/// A contract until the end of the change, at the revision that the caller has seen; that of a client whose data were cleaned does not change any more.
pub(super) async fn held(change: &mut Change, id: i64, revision: Option<i64>) -> Result<Contract, ContractError> {
    let gdpr_state: Option<String> = sqlx::query_scalar(
        "SELECT c.gdpr_state FROM contract d JOIN client c ON c.id = d.client_id
         WHERE d.id = $1 FOR KEY SHARE OF c FOR NO KEY UPDATE OF d",
    )
    .bind(id)
    .fetch_optional(change.connection())
    .await?;
    if gdpr_state.is_some_and(|state| state != "none") {
        return Err(ContractError::Cleaned);
    }
    let contract = find(change.connection(), id).await?.ok_or(ContractError::NotFound)?;
    if revision.is_some_and(|seen| seen != contract.revision) { Err(ContractError::Stale) } else { Ok(contract) }
}

/// What the audit keeps of a contract; its text holds personal data and stays in its table.
pub(super) fn shown(contract: &Contract) -> Value {
    json!({
        "number": contract.number, "client": contract.client, "legal_entity": contract.issuer, "kind": contract.kind, "template": contract.template,
        "template_version": contract.template_version, "state": contract.state.as_str(), "signed_on": contract.signed_on,
        "valid_from": contract.valid_from, "valid_to": contract.valid_to, "accounts": contract.accounts,
    })
}

/// Today, where the issuer is.
pub(super) async fn today(change: &mut Change, issuer_id: i32) -> Result<NaiveDate, StoreError> {
    let now = change.now();
    let today = sqlx::query_scalar("SELECT ($1 AT TIME ZONE zone)::date FROM legal_entity WHERE id = $2")
        .bind(now)
        .bind(issuer_id)
        .fetch_one(change.connection())
        .await?;
    Ok(today)
}

/// A template that is open to a client now (B31).
async fn open_template(change: &mut Change, client_id: i64, code: &str) -> Result<templates::Template, ContractError> {
    let now = change.now();
    let template = templates::standing(change, code).await?;
    let is_open = availability::contract_template(change.connection(), client_id, template.id, now).await?;
    if is_open { Ok(template) } else { Err(ContractError::TemplateNotAvailable(code.to_owned())) }
}

/// Accounts of a client with an issuer, by their codes.
async fn accounts_of(
    connection: &mut PgConnection,
    client_id: i64,
    issuer_id: i32,
    codes: &[String],
) -> Result<Vec<i64>, ContractError> {
    let found: Vec<(i64, String)> = sqlx::query_as(
        "SELECT id, code FROM account WHERE client_id = $1 AND legal_entity_id = $2 AND code = ANY($3) ORDER BY id",
    )
    .bind(client_id)
    .bind(issuer_id)
    .bind(codes)
    .fetch_all(connection)
    .await?;
    match codes.iter().find(|code| !found.iter().any(|(_, found)| found == *code)) {
        Some(missing) => Err(ContractError::NoAccount(missing.clone())),
        None => Ok(found.into_iter().map(|(id, _)| id).collect()),
    }
}

async fn cover(connection: &mut PgConnection, id: i64, accounts: &[i64]) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO contract_account (contract_id, account_id) SELECT $1::bigint, unnest($2::bigint[])")
        .bind(id)
        .bind(accounts)
        .execute(connection)
        .await?;
    Ok(())
}

/// The next number of an issuer in the year of today.
async fn next_number(
    change: &mut Change,
    template: &templates::Template,
    today: NaiveDate,
) -> Result<String, ContractError> {
    let format: String = sqlx::query_scalar("SELECT value FROM setting WHERE key = 'contract.number_format'")
        .fetch_one(change.connection())
        .await?;
    let format = NumberFormat::parse(&format).ok_or_else(|| StoreError::Inconsistent {
        table: "setting",
        problem: format!("contract.number_format = `{format}`, by which no number can be written"),
    })?;
    let year = chrono::Datelike::year(&today);
    let number: i64 = sqlx::query_scalar(
        "INSERT INTO contract_sequence (legal_entity_id, year, last) VALUES ($1, $2, 1)
         ON CONFLICT (legal_entity_id, year) DO UPDATE SET last = contract_sequence.last + 1 RETURNING last",
    )
    .bind(template.issuer_id)
    .bind(year)
    .fetch_one(change.connection())
    .await?;
    Ok(format.write(&template.issuer, year, number))
}
