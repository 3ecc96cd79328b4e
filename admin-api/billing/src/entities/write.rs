//! Legal entities begin, change and close.
//!
//! Owns: the rows of `legal_entity` and `legal_entity_bank`.
//! Does not own: who is connected (`connections`).
//! Always: what is not said stays; numbers of the registry fit their check digits; a company with active accounts does not close.

use chrono_tz::Tz;
use rating::Currency;
use serde_json::{Value, json};
use sqlx::{PgConnection, Row};

use super::EntityError;
use super::card::{self, BankAccount, Entity};
use super::rules::{TaxRegime, check_bank};
use crate::change::Change;
use crate::clients::keep_differing;
use crate::currencies;
use crate::edit::Edit;
use crate::hot_path::Touched;
use crate::parties::{self, Kind};

/// A legal entity to be entered.
#[derive(Clone, Debug)]
pub struct NewEntity {
    /// Code, unique.
    pub code: String,
    /// Name.
    pub name: String,
    /// A company or a sole proprietor.
    pub kind: Kind,
    /// INN.
    pub inn: Option<String>,
    /// KPP.
    pub kpp: Option<String>,
    /// OGRN or OGRNIP.
    pub ogrn: Option<String>,
    /// Address.
    pub address: String,
    /// E-mail.
    pub email: Option<String>,
    /// Phone, as it was written.
    pub phone: Option<String>,
    /// Bank accounts; documents name the first.
    pub banks: Vec<BankAccount>,
    /// Currency.
    pub currency: Currency,
    /// Zone of its days.
    pub zone: Tz,
    /// Tax regime.
    pub tax_regime: TaxRegime,
    /// Code in the accounting program.
    pub external_code: Option<String>,
}

/// How a legal entity is to be; what is kept or `None` stays.
#[derive(Clone, Debug, Default)]
pub struct EntityUpdate {
    /// Name.
    pub name: Option<String>,
    /// A company or a sole proprietor.
    pub kind: Option<Kind>,
    /// INN.
    pub inn: Edit<String>,
    /// KPP.
    pub kpp: Edit<String>,
    /// OGRN or OGRNIP.
    pub ogrn: Edit<String>,
    /// Address.
    pub address: Option<String>,
    /// E-mail.
    pub email: Edit<String>,
    /// Phone, as it was written.
    pub phone: Edit<String>,
    /// All its bank accounts.
    pub banks: Option<Vec<BankAccount>>,
    /// Currency of the accounts that are opened from now on.
    pub currency: Option<Currency>,
    /// Zone of its days.
    pub zone: Option<Tz>,
    /// Tax regime.
    pub tax_regime: Option<TaxRegime>,
    /// Code in the accounting program.
    pub external_code: Edit<String>,
}

/// Enters a legal entity.
pub async fn create(change: &mut Change, new: &NewEntity, reason: &str) -> Result<Entity, EntityError> {
    check_registry(new.kind, new.inn.as_deref(), new.kpp.as_deref(), new.ogrn.as_deref())?;
    check_banks(&new.banks)?;
    selectable(change.connection(), new.currency).await?;
    let (now, author) = (change.now(), change.actor().login.clone());
    let id: Option<i32> = sqlx::query_scalar(
        "INSERT INTO legal_entity (code, name, kind, inn, kpp, ogrn, address, email, phone, currency, zone, tax_regime, external_code, created_at, created_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT (code) DO NOTHING RETURNING id",
    )
    .bind(&new.code)
    .bind(&new.name)
    .bind(new.kind.as_str())
    .bind(&new.inn)
    .bind(&new.kpp)
    .bind(&new.ogrn)
    .bind(&new.address)
    .bind(&new.email)
    .bind(&new.phone)
    .bind(new.currency.as_str())
    .bind(new.zone.name())
    .bind(new.tax_regime.as_str())
    .bind(&new.external_code)
    .bind(now)
    .bind(author)
    .fetch_optional(change.connection())
    .await?;
    let id = id.ok_or_else(|| EntityError::CodeInUse(new.code.clone()))?;
    write_banks(change.connection(), id, &new.banks).await?;
    // The first one gives the engine its day.
    change.touch(Touched::Tariffs);
    let made = card::find(change.connection(), &new.code).await?.ok_or(EntityError::NotFound)?;
    change.record("entity.create", "legal_entity", &new.code, &json!({}), &shown(&made), reason);
    Ok(made)
}

/// Changes a legal entity; it as it is then.
pub async fn update(
    change: &mut Change,
    code: &str,
    update: &EntityUpdate,
    revision: Option<i64>,
    reason: &str,
) -> Result<Entity, EntityError> {
    sqlx::query("SELECT FROM legal_entity WHERE code = $1 FOR NO KEY UPDATE")
        .bind(code)
        .execute(change.connection())
        .await?;
    let before = card::find(change.connection(), code).await?.ok_or(EntityError::NotFound)?;
    if revision.is_some_and(|seen| seen != before.revision) {
        return Err(EntityError::Stale);
    }
    if before.closed_at.is_some() {
        return Err(EntityError::Closed);
    }
    let after = applied(before.clone(), update);
    let registered =
        |entity: &Entity| (entity.kind.clone(), entity.inn.clone(), entity.kpp.clone(), entity.ogrn.clone());
    // What was loaded without a number may still change its phone.
    if registered(&before) != registered(&after) {
        let kind = after.kind.parse().unwrap_or(Kind::Legal);
        check_registry(kind, after.inn.as_deref(), after.kpp.as_deref(), after.ogrn.as_deref())?;
    }
    if let Some(banks) = &update.banks {
        check_banks(banks)?;
    }
    if let Some(currency) = update.currency.filter(|currency| currency.as_str() != before.currency) {
        selectable(change.connection(), currency).await?;
        change.touch(Touched::Tariffs);
    }
    if after.zone != before.zone {
        if has_usage(change.connection(), before.id).await? {
            return Err(EntityError::HasUsage);
        }
        change.touch(Touched::Tariffs);
    }
    sqlx::query(
        "UPDATE legal_entity SET name = $2, kind = $3, inn = $4, kpp = $5, ogrn = $6, address = $7, email = $8, phone = $9, currency = $10, zone = $11,
             tax_regime = $12, external_code = $13, revision = $14 WHERE id = $1",
    )
    .bind(before.id)
    .bind(&after.name)
    .bind(&after.kind)
    .bind(&after.inn)
    .bind(&after.kpp)
    .bind(&after.ogrn)
    .bind(&after.address)
    .bind(&after.email)
    .bind(&after.phone)
    .bind(&after.currency)
    .bind(&after.zone)
    .bind(&after.tax_regime)
    .bind(&after.external_code)
    .bind(after.revision)
    .execute(change.connection())
    .await?;
    if after.banks != before.banks {
        write_banks(change.connection(), before.id, &after.banks).await?;
    }
    let (mut was, mut is) = (shown(&before), shown(&after));
    keep_differing(&mut was, &mut is);
    change.record("entity.edit", "legal_entity", code, &was, &is, reason);
    Ok(after)
}

/// The entity with an update, one revision later.
fn applied(mut entity: Entity, update: &EntityUpdate) -> Entity {
    entity.name = update.name.clone().unwrap_or(entity.name);
    entity.kind = update.kind.map_or(entity.kind, |kind| kind.as_str().to_owned());
    entity.inn = update.inn.clone().applied(entity.inn);
    entity.kpp = update.kpp.clone().applied(entity.kpp);
    entity.ogrn = update.ogrn.clone().applied(entity.ogrn);
    entity.address = update.address.clone().unwrap_or(entity.address);
    entity.email = update.email.clone().applied(entity.email);
    entity.phone = update.phone.clone().applied(entity.phone);
    entity.banks = update.banks.clone().unwrap_or(entity.banks);
    entity.currency = update.currency.map_or(entity.currency, |currency| currency.as_str().to_owned());
    entity.zone = update.zone.map_or(entity.zone, |zone| zone.name().to_owned());
    entity.tax_regime = update.tax_regime.map_or(entity.tax_regime, |regime| regime.as_str().to_owned());
    entity.external_code = update.external_code.clone().applied(entity.external_code);
    entity.revision += 1;
    entity
}

/// Closes a legal entity that has no active account: no account is opened at it any more.
pub async fn close(change: &mut Change, code: &str, revision: Option<i64>, reason: &str) -> Result<(), EntityError> {
    let now = change.now();
    // Whoever opens an account holds the row until he is done.
    let row = sqlx::query(
        "SELECT id, closed_at IS NOT NULL AS closed, revision FROM legal_entity WHERE code = $1 FOR NO KEY UPDATE",
    )
    .bind(code)
    .fetch_optional(change.connection())
    .await?
    .ok_or(EntityError::NotFound)?;
    if revision.is_some_and(|seen| seen != row.get::<i64, _>("revision")) {
        return Err(EntityError::Stale);
    }
    if row.get("closed") {
        return Err(EntityError::Closed);
    }
    let id: i32 = row.get("id");
    let account: Option<String> =
        sqlx::query_scalar("SELECT code FROM account WHERE legal_entity_id = $1 AND active LIMIT 1")
            .bind(id)
            .fetch_optional(change.connection())
            .await?;
    if let Some(account) = account {
        return Err(EntityError::HasActiveAccounts(account));
    }
    sqlx::query("UPDATE legal_entity SET closed_at = $2, revision = revision + 1 WHERE id = $1")
        .bind(id)
        .bind(now)
        .execute(change.connection())
        .await?;
    let (before, after) = (json!({"closed_at": null}), json!({"closed_at": now}));
    change.record("entity.close", "legal_entity", code, &before, &after, reason);
    Ok(())
}

fn check_registry(kind: Kind, inn: Option<&str>, kpp: Option<&str>, ogrn: Option<&str>) -> Result<(), EntityError> {
    let faults = parties::check(kind, inn, kpp, ogrn);
    if faults.is_empty() { Ok(()) } else { Err(EntityError::Registry(faults)) }
}

fn check_banks(banks: &[BankAccount]) -> Result<(), EntityError> {
    banks.iter().enumerate().try_for_each(|(at, bank)| {
        let checked = check_bank(&bank.bic, &bank.account, bank.correspondent.as_deref());
        checked.map_err(|fault| EntityError::Bank(at, fault))
    })
}

async fn selectable(connection: &mut PgConnection, currency: Currency) -> Result<(), EntityError> {
    let refused = currencies::not_selectable(connection, &[currency]).await?;
    refused.into_iter().next().map_or(Ok(()), |currency| Err(EntityError::Currency(currency)))
}

/// Whether days were counted in its zone: those of its accounts, and of all where it is the one by which the engine counts them.
async fn has_usage(connection: &mut PgConnection, id: i32) -> Result<bool, EntityError> {
    Ok(sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM usage_total u JOIN account a ON a.id = u.account_id WHERE a.legal_entity_id = $1)
             OR $1 = (SELECT min(id) FROM legal_entity) AND EXISTS (SELECT FROM usage_total)",
    )
    .bind(id)
    .fetch_one(connection)
    .await?)
}

async fn write_banks(connection: &mut PgConnection, id: i32, banks: &[BankAccount]) -> Result<(), EntityError> {
    sqlx::query("DELETE FROM legal_entity_bank WHERE legal_entity_id = $1").bind(id).execute(&mut *connection).await?;
    for (position, bank) in (1_i16..).zip(banks) {
        sqlx::query(
            "INSERT INTO legal_entity_bank (legal_entity_id, position, bank, bic, account, correspondent) VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(id)
        .bind(position)
        .bind(&bank.bank)
        .bind(&bank.bic)
        .bind(&bank.account)
        .bind(&bank.correspondent)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

fn shown(entity: &Entity) -> Value {
    json!({
        "name": entity.name, "kind": entity.kind, "inn": entity.inn, "kpp": entity.kpp, "ogrn": entity.ogrn, "address": entity.address,
        "email": entity.email, "phone": entity.phone, "banks": entity.banks, "currency": entity.currency, "zone": entity.zone,
        "tax_regime": entity.tax_regime, "external_code": entity.external_code,
    })
}
