//! Loading an operator: one COPY a table, in the one order that the foreign keys allow.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use rating::list::Validity;
use rating::rate::{tiers_text, variants_text};
use rating::{Currency, Money};
use sqlx::postgres::PgConnection;
use sqlx::types::Json;

use super::copy::Copy;
use super::{DidDetails, Operator};
use crate::hot_path::{Touched, raise_version};
use crate::store::{Store, StoreError};

/// Why an operator was not loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The database has one.
    #[error(
        "this database already holds the operator `{0}`; load into an empty one (cdr-ingest migrate --create on another database name)"
    )]
    NotEmpty(String),
    /// A setting that does not exist.
    #[error("there is no setting `{0}`")]
    UnknownSetting(String),
    /// Currencies that nobody may choose (B35).
    #[error(
        "not active in this database's directory of currencies: {}; correct the files that name them (entity.csv, lists.csv, accounts.csv, exchange_rates.csv), or switch them on first: PUT /v1/currencies/CODE",
        .0.join(", ")
    )]
    Currencies(Vec<String>),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for LoadError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Loads `operator`; `progress` is told how many rows are written. `now` dates the opening balances.
pub async fn load(
    store: &Store,
    operator: &Operator,
    now: DateTime<Utc>,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<(), LoadError> {
    let mut tx = store.begin().await?;
    let present: Option<String> =
        sqlx::query_scalar("SELECT code FROM legal_entity LIMIT 1").fetch_optional(&mut *tx).await?;
    if let Some(code) = present {
        return Err(LoadError::NotEmpty(code));
    }
    let refused = crate::currencies::not_selectable(&mut tx, &currencies(operator)).await?;
    if !refused.is_empty() {
        return Err(LoadError::Currencies(refused));
    }
    load_head(&mut tx, operator).await?;
    load_tariffs(&mut tx, operator, progress).await?;
    load_accounts(&mut tx, operator, now, progress).await?;
    super::load_terms::load_terms(&mut tx, operator, progress).await?;
    load_numbers(&mut tx, operator, now, progress).await?;
    super::load_locks::load_locks(&mut tx, operator, now, progress).await?;
    for (table, column) in [
        ("legal_entity", "id"),
        ("provider", "id"),
        ("source", "id"),
        ("price_list", "id"),
        ("band", "id"),
        ("counter", "id"),
        ("destination_group", "id"),
        ("rate_terms", "id"),
        ("rate", "id"),
        ("tariff_plan", "id"),
        ("client", "id"),
        ("client_group", "id"),
        ("discount", "id"),
        ("exchange_rate", "id"),
        ("account", "id"),
        ("did", "id"),
        ("lock", "id"),
    ] {
        let sql = format!(
            "SELECT setval(pg_get_serial_sequence('{table}', '{column}'), coalesce((SELECT max({column}) FROM {table}), 1))"
        );
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut *tx).await?;
    }
    raise_version(&mut tx, &[Touched::Everything]).await?;
    // Its numbers have no class yet: the job that follows the rules of classes gives them theirs.
    sqlx::query("UPDATE number_class_walk SET version = version + 1").execute(&mut *tx).await?;
    tx.commit().await?;
    for table in ["rate", "account", "account_balance", "did", "did_period", "account_plan"] {
        sqlx::query(sqlx::AssertSqlSafe(format!("ANALYZE {table}"))).execute(store.pool()).await?;
    }
    Ok(())
}

/// Every currency that the operator names.
fn currencies(operator: &Operator) -> Vec<Currency> {
    let rows = &operator.rows;
    let named: BTreeSet<Currency> = std::iter::once(operator.entity.currency)
        .chain(rows.lists.iter().map(|row| row.currency))
        .chain(rows.accounts.iter().map(|row| row.currency))
        .chain(rows.exchanges.iter().flat_map(|row| [row.from, row.to]))
        .collect();
    named.into_iter().collect()
}

async fn load_head(connection: &mut PgConnection, operator: &Operator) -> Result<(), LoadError> {
    let entity = &operator.entity;
    sqlx::query("INSERT INTO legal_entity (id, code, name, currency, zone, inn, kpp) OVERRIDING SYSTEM VALUE VALUES (1, $1, $2, $3, $4, $5, $6)")
        .bind(&entity.code)
        .bind(&entity.name)
        .bind(entity.currency.as_str())
        .bind(operator.rows.entity.zone.name())
        .bind(&entity.inn)
        .bind(&entity.kpp)
        .execute(&mut *connection)
        .await?;
    for (key, value) in &operator.settings {
        let done = sqlx::query("UPDATE setting SET value = $2 WHERE key = $1")
            .bind(key)
            .bind(value)
            .execute(&mut *connection)
            .await?;
        if done.rows_affected() != 1 {
            return Err(LoadError::UnknownSetting(key.clone()));
        }
    }
    if !operator.taxes.is_empty() {
        sqlx::query("DELETE FROM tax_rate").execute(&mut *connection).await?;
    }
    for tax in &operator.taxes {
        sqlx::query(
            "INSERT INTO tax_rate (category, regime, valid_from, percent) VALUES ($1, $2, $3, $4::numeric / 100)",
        )
        .bind(&tax.category)
        .bind(&tax.regime)
        .bind(tax.from)
        .bind(tax.basis_points as i32)
        .execute(&mut *connection)
        .await?;
    }
    for (row, name) in operator.rows.providers.iter().zip(&operator.providers) {
        sqlx::query("INSERT INTO provider (id, code, name) OVERRIDING SYSTEM VALUE VALUES ($1, $2, $3)")
            .bind(row.id.0 as i32)
            .bind(&row.code)
            .bind(name)
            .execute(&mut *connection)
            .await?;
        for trunk in &row.trunks {
            sqlx::query("INSERT INTO provider_trunk (trunk, provider_id) VALUES ($1, $2)")
                .bind(trunk)
                .bind(row.id.0 as i32)
                .execute(&mut *connection)
                .await?;
        }
    }
    for (row, details) in operator.rows.sources.iter().zip(&operator.sources) {
        sqlx::query("INSERT INTO source (code, format, zone, whole_seconds, on_net, number_rules, tech_prefixes, account_by, account_field, mapping) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)")
            .bind(&row.code)
            .bind(&row.format)
            .bind(row.zone.name())
            .bind(row.whole_seconds.as_str())
            .bind(if row.on_net_once { "once" } else { "both" })
            .bind(&details.rules)
            .bind(&details.tech)
            .bind(row.identify.order_text())
            .bind(&row.identify.field)
            .bind(row.mapping.as_ref().map(|mapping| Json(mapping.text())))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

async fn load_tariffs(
    connection: &mut PgConnection,
    operator: &Operator,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<(), LoadError> {
    let rows = &operator.rows;
    let mut copy = Copy::begin(
        connection,
        "price_list (id, code, name, provider_id, currency, zone, tax, rounding, decimals, holidays)",
        progress,
    )
    .await?;
    for (row, details) in rows.lists.iter().zip(&operator.lists) {
        copy.line(&[
            Some(&row.id.0.to_string()),
            Some(&row.code),
            Some(&details.name),
            row.provider.map(|id| id.0.to_string()).as_deref(),
            Some(row.currency.as_str()),
            Some(row.zone.name()),
            Some(if row.tax_included { "included" } else { "excluded" }),
            Some(row.rounding.mode.as_str()),
            Some(&row.rounding.decimals.to_string()),
            details.holidays.as_deref(),
        ])
        .await?;
    }
    copy.end().await?;
    let mut copy = Copy::begin(connection, "holiday (calendar, day, name)", progress).await?;
    for holiday in &operator.holidays {
        copy.line(&[Some(&holiday.calendar), Some(&holiday.day.to_string()), Some(&holiday.name)]).await?;
    }
    copy.end().await?;
    let columns = "band (id, list_id, name, priority, days, hours, dates, valid_from, valid_to)";
    let mut copy = Copy::begin(connection, columns, progress).await?;
    for (index, (row, details)) in rows.bands.iter().zip(&operator.bands).enumerate() {
        copy.line(&[
            Some(&band_id(index as u32)),
            Some(&row.list.0.to_string()),
            Some(&row.name),
            Some(&row.priority.to_string()),
            Some(&details.days),
            Some(&details.hours),
            Some(&details.dates),
            from_text(row.validity).as_deref(),
            to_text(row.validity).as_deref(),
        ])
        .await?;
    }
    copy.end().await?;
    super::load_counters::load_volumes(connection, operator, progress).await?;
    let mut copy = Copy::begin(
        connection,
        "rate_terms (id, tiers, variants, volume_id, connect_fee, attempt_fee, free_s, minimum, maximum, rounding, decimals)",
        progress,
    )
    .await?;
    for (index, rate) in rows.rates.iter().enumerate() {
        let parts = rate.parts();
        copy.line(&[
            Some(&(index + 1).to_string()),
            Some(&tiers_text(&parts.tiers)),
            Some(&variants_text(&parts.variants, band_id)),
            parts.volume.map(|volume| rows.volumes[volume as usize].id.0.to_string()).as_deref(),
            Some(&parts.connect_fee.to_string()),
            Some(&parts.attempt_fee.to_string()),
            Some(&parts.free_s.to_string()),
            Some(&parts.minimum.to_string()),
            parts.maximum.map(|amount| amount.to_string()).as_deref(),
            parts.rounding.map(|rounding| rounding.mode.as_str()),
            parts.rounding.map(|rounding| rounding.decimals.to_string()).as_deref(),
        ])
        .await?;
    }
    copy.end().await?;
    let columns = "rate (id, list_id, prefix, terms_id, service, incoming_service, provider_id, place, origin, valid_from, valid_to, published_in)";
    let mut copy = Copy::begin(connection, columns, progress).await?;
    for row in &rows.rate_rows {
        let qualifiers = &row.qualifiers;
        let word = |symbol: rating::rows::Symbol| rows.symbols[symbol.0 as usize].as_str();
        copy.line(&[
            Some(&row.id.to_string()),
            Some(&row.list.0.to_string()),
            Some(&format!("{:?}", row.prefix)),
            Some(&(row.rate + 1).to_string()),
            qualifiers.service.map(rating::Service::as_str),
            qualifiers.incoming_service.map(word),
            qualifiers.provider.map(|id| id.0.to_string()).as_deref(),
            qualifiers.place.map(word),
            (!qualifiers.origin.is_empty()).then(|| qualifiers.origin.to_string()).as_deref(),
            from_text(row.validity).as_deref(),
            to_text(row.validity).as_deref(),
            Some("1"),
        ])
        .await?;
    }
    copy.end().await?;
    let mut copy = Copy::begin(connection, "tariff_plan (id, code, name, prices_incoming)", progress).await?;
    for (row, name) in rows.plans.iter().zip(&operator.plans) {
        copy.line(&[
            Some(&row.id.0.to_string()),
            Some(&row.code),
            Some(name),
            Some(if row.prices_incoming { "t" } else { "f" }),
        ])
        .await?;
    }
    copy.end().await?;
    let mut copy =
        Copy::begin(connection, "tariff_layer (plan_id, layer, list_id, valid_from, valid_to)", progress).await?;
    for row in &rows.layers {
        let (from, to) = (from_text(row.validity), to_text(row.validity));
        copy.line(&[
            Some(&row.plan.0.to_string()),
            Some(&row.layer.to_string()),
            Some(&row.list.0.to_string()),
            from.as_deref(),
            to.as_deref(),
        ])
        .await?;
    }
    copy.end().await?;
    super::load_counters::load_bundles(connection, operator, progress).await
}

async fn load_accounts(
    connection: &mut PgConnection,
    operator: &Operator,
    now: DateTime<Utc>,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<(), LoadError> {
    let rows = &operator.rows;
    let mut copy = Copy::begin(connection, "client (id, code, name)", progress).await?;
    for (id, code) in &operator.clients {
        copy.line(&[Some(&id.to_string()), Some(code), Some(code)]).await?;
    }
    copy.end().await?;
    let columns =
        "account (id, code, client_id, legal_entity_id, currency, zone, payment_mode, credit_policy, credit_limit)";
    let mut copy = Copy::begin(connection, columns, progress).await?;
    for (row, details) in rows.accounts.iter().zip(&operator.accounts) {
        copy.line(&[
            Some(&row.id.0.to_string()),
            Some(&row.code),
            Some(&row.client.0.to_string()),
            Some("1"),
            Some(row.currency.as_str()),
            Some(details.zone.name()),
            Some(&details.mode),
            Some(&details.policy),
            Some(&details.limit.to_string()),
        ])
        .await?;
    }
    copy.end().await?;
    sqlx::query(
        "INSERT INTO client_entity (client_id, legal_entity_id, enabled, changed_at, changed_by)
         SELECT DISTINCT client_id, legal_entity_id, true, $1::timestamptz, 'load' FROM account",
    )
    .bind(now)
    .execute(&mut *connection)
    .await?;
    let mut copy = Copy::begin(connection, "account_balance (account_id, balance)", progress).await?;
    for (row, details) in rows.accounts.iter().zip(&operator.accounts) {
        copy.line(&[Some(&row.id.0.to_string()), Some(&details.balance.to_string())]).await?;
    }
    copy.end().await?;
    let at = now.to_rfc3339();
    let mut copy = Copy::begin(
        connection,
        "posting (account_id, kind, is_real, amount, at, day, reference, author, description)",
        progress,
    )
    .await?;
    for (row, details) in rows.accounts.iter().zip(&operator.accounts).filter(|(_, details)| !details.balance.is_zero())
    {
        let (kind, real) = if details.balance > Money::ZERO { ("payment", "t") } else { ("correction", "f") };
        copy.line(&[
            Some(&row.id.0.to_string()),
            Some(kind),
            Some(real),
            Some(&details.balance.to_string()),
            Some(&at),
            Some(&now.with_timezone(&details.zone).date_naive().to_string()),
            Some(&format!("opening:{}", row.code)),
            Some("load"),
            Some("Opening balance"),
        ])
        .await?;
    }
    copy.end().await?;
    let mut copy =
        Copy::begin(connection, "account_plan (account_id, plan_id, valid_from, valid_to)", progress).await?;
    for row in &rows.account_plans {
        let (from, to) = (from_text(row.validity), to_text(row.validity));
        copy.line(&[Some(&row.account.0.to_string()), Some(&row.plan.0.to_string()), from.as_deref(), to.as_deref()])
            .await?;
    }
    copy.end().await?;
    let mut copy = Copy::begin(connection, "account_trunk (trunk, account_id)", progress).await?;
    for row in &rows.account_trunks {
        copy.line(&[Some(&row.trunk), Some(&row.account.0.to_string())]).await?;
    }
    Ok(copy.end().await?)
}

async fn load_numbers(
    connection: &mut PgConnection,
    operator: &Operator,
    now: DateTime<Utc>,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<(), LoadError> {
    // A number's present state is its latest period; its identifier follows the order of numbers.
    let mut periods: Vec<_> = operator.rows.dids.iter().zip(&operator.dids).collect();
    periods.sort_by_key(|(row, _)| (row.number, row.validity.from_ms));
    let numbers: Vec<&[(&rating::rows::DidRow, &DidDetails)]> =
        periods.chunk_by(|(a, _), (b, _)| a.number == b.number).collect();
    let columns = "did (id, number, status, account_id, provider_id, place, kind, sale, archived_at, added_at)";
    let mut copy = Copy::begin(connection, columns, progress).await?;
    for (index, history) in numbers.iter().enumerate() {
        let Some((last, details)) = history.last() else { continue };
        let archived = history.iter().rev().find(|(row, _)| row.status == rating::rows::DidStatus::Archive);
        let added = history.first().and_then(|(row, _)| from_text(row.validity)).unwrap_or_else(|| now.to_rfc3339());
        copy.line(&[
            Some(&(index + 1).to_string()),
            Some(&last.number.to_string()),
            Some(last.status.as_str()),
            last.account.map(|id| id.0.to_string()).as_deref(),
            details.provider.map(|id| id.0.to_string()).as_deref(),
            details.place.as_deref(),
            Some(&details.kind),
            Some(&details.sale),
            archived.map(|(row, _)| from_text(row.validity).unwrap_or_else(|| added.clone())).as_deref(),
            Some(&added),
        ])
        .await?;
    }
    copy.end().await?;
    let mut copy =
        Copy::begin(connection, "did_period (did_id, status, account_id, place, valid_from, valid_to)", progress)
            .await?;
    for (index, history) in numbers.iter().enumerate() {
        for (row, details) in *history {
            let (from, to) = (from_text(row.validity), to_text(row.validity));
            let account = row.account.map(|id| id.0.to_string());
            copy.line(&[
                Some(&(index + 1).to_string()),
                Some(row.status.as_str()),
                account.as_deref(),
                details.place.as_deref(),
                from.as_deref(),
                to.as_deref(),
            ])
            .await?;
        }
    }
    Ok(copy.end().await?)
}

/// The identifier of the band at this index.
fn band_id(index: u32) -> String {
    (index + 1).to_string()
}

fn instant(ms: i64) -> Option<String> {
    DateTime::<Utc>::from_timestamp_millis(ms).map(|at| at.to_rfc3339())
}

pub(super) fn from_text(validity: Validity) -> Option<String> {
    (validity.from_ms != i64::MIN).then(|| instant(validity.from_ms)).flatten()
}

pub(super) fn to_text(validity: Validity) -> Option<String> {
    (validity.to_ms != i64::MAX).then(|| instant(validity.to_ms)).flatten()
}

/// Number of rows that [`load`] will report, for a progress bar.
pub fn row_count(operator: &Operator) -> usize {
    let rows = &operator.rows;
    rows.lists.len()
        + operator.holidays.len()
        + rows.bands.len()
        + rows.volumes.len()
        + rows.destination_groups.iter().map(|group| group.prefixes.len() + 1).sum::<usize>()
        + rows.bundles.len()
        + rows.rates.len()
        + rows.rate_rows.len()
        + rows.plans.len()
        + rows.layers.len()
        + operator.clients.len()
        + operator.groups.len()
        + rows.members.len()
        + rows.discounts.len()
        + rows.exchanges.len()
        + rows.client_taxes.len()
        + rows.accounts.len() * 3
        + rows.account_plans.len()
        + rows.account_trunks.len()
        + rows.dids.len() * 2
        + operator.locks.len()
        + rows.locks.len()
}
