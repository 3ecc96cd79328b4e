//! A draft on its way into the database.
//!
//! Owns: writing an import with its lines, terms and losses, by COPY.
//! Does not own: what is in them (`import`), putting them in force (`activate`).
//! Always: nothing of a draft is seen by the engine; a refused file leaves nothing behind.

use chrono::{DateTime, SecondsFormat, Utc};
use numbering::number::mask_text;
use rating::rate::{tiers_text, variants_text};
use rustc_hash::FxHashMap;
use serde_json::json;
use sqlx::Row;

use super::columns::Mapping;
use super::compare::Line;
use super::import::{FileFacts, Order, Prepared, Summary};
use super::margin::LOSSES_MAX;
use super::state::{ListState, moment_of};
use crate::change::Change;
use crate::operator::copy::Copy;
use crate::store::StoreError;

/// A draft that was written.
#[derive(Clone, Debug)]
pub struct Staged {
    /// Identifier of the import.
    pub id: i64,
    /// What it changes.
    pub summary: Summary,
}

/// Writes a prepared file as a draft.
pub async fn stage(
    change: &mut Change,
    prepared: &Prepared,
    order: &Order,
    file: &FileFacts,
    previewed_at: DateTime<Utc>,
) -> Result<Staged, StoreError> {
    let summary = serde_json::to_value(&prepared.summary)
        .map_err(|error| StoreError::Inconsistent { table: "price_import", problem: error.to_string() })?;
    let (now, login) = (change.now(), change.actor().login.clone());
    let id: i64 = sqlx::query(
        "INSERT INTO price_import (list_id, mode, starts_at, previewed_at, reference_s, file_name, file_bytes, file_sha256, mapping, summary,
                                   list_revision, created_at, created_by, note)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING id",
    )
    .bind(prepared.state.head.id.0 as i32)
    .bind(order.mode.as_str())
    .bind(order.starts_at)
    .bind(previewed_at)
    .bind(order.reference_s as i32)
    .bind(&file.name)
    .bind(file.bytes as i64)
    .bind(&file.sha256)
    .bind(shown(&order.mapping))
    .bind(summary)
    .bind(prepared.state.revision)
    .bind(now)
    .bind(login)
    .bind(&order.note)
    .fetch_one(change.connection())
    .await?
    .get("id");
    let starts_ms = previewed_at.timestamp_millis();
    let terms = write_terms(change, prepared, id).await?;
    write_lines(change, prepared, id, starts_ms, &terms).await?;
    write_losses(change, prepared, id).await?;
    let after = json!({"import": id, "file": file.name, "sha256": hex(&file.sha256), "mode": order.mode, "kinds": prepared.summary.kinds});
    change.record("price.import", "price_list", &prepared.state.head.code, &json!(null), &after, &order.note);
    Ok(Staged { id, summary: prepared.summary.clone() })
}

/// The mapping as the history shows it.
fn shown(mapping: &Mapping) -> serde_json::Value {
    let pairs = |list: &[(rating::rate_text::Column, String)]| {
        list.iter()
            .map(|(column, text)| (column.to_string(), text.clone()))
            .collect::<std::collections::BTreeMap<_, _>>()
    };
    json!({
        "columns": pairs(&mapping.columns), "constants": pairs(&mapping.constants), "title_row": mapping.title_row,
        "split_prefixes": mapping.split_prefixes, "decimal_comma": mapping.decimal_comma
    })
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from(if half < 10 { b'0' + half } else { b'a' + half - 10 });
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]).collect()
}

/// Writes the terms of the rows that are published; their numbers by index.
async fn write_terms(change: &mut Change, prepared: &Prepared, id: i64) -> Result<FxHashMap<u32, String>, StoreError> {
    let state = &prepared.state;
    let mut numbers: FxHashMap<u32, String> = FxHashMap::default();
    let import = id.to_string();
    let columns = "price_import_terms (import_id, no, tiers, variants, volume_id, connect_fee, attempt_fee, free_s, minimum, maximum, rounding, decimals)";
    let mut copy = Copy::begin(change.connection(), columns, &|_| ()).await?;
    for line in prepared.comparison.lines.iter().filter(|line| line.publishes) {
        let Some(rate) = line.rate else { continue };
        let number = (numbers.len() + 1).to_string();
        if numbers.contains_key(&rate) {
            continue;
        }
        let parts = state.terms.rates[rate as usize].parts();
        copy.line(&[
            Some(&import),
            Some(&number),
            Some(&tiers_text(&parts.tiers)),
            Some(&variants_text(&parts.variants, |band| state.band_ids[band as usize].clone())),
            parts.volume.map(|volume| state.volumes[volume as usize].id.0.to_string()).as_deref(),
            Some(&parts.connect_fee.to_string()),
            Some(&parts.attempt_fee.to_string()),
            Some(&parts.free_s.to_string()),
            Some(&parts.minimum.to_string()),
            parts.maximum.map(|amount| amount.to_string()).as_deref(),
            parts.rounding.map(|rounding| rounding.mode.as_str()),
            parts.rounding.map(|rounding| rounding.decimals.to_string()).as_deref(),
        ])
        .await?;
        numbers.insert(rate, number);
    }
    copy.end().await?;
    Ok(numbers)
}

async fn write_lines(
    change: &mut Change,
    prepared: &Prepared,
    id: i64,
    starts_ms: i64,
    terms: &FxHashMap<u32, String>,
) -> Result<(), StoreError> {
    let import = id.to_string();
    let columns = "price_import_line (import_id, no, kind, prefix, service, incoming_service, provider_id, place, origin, at, valid_to, sheet_row,
                                      terms_no, publishes, amount_before, amount_after)";
    let mut copy = Copy::begin(change.connection(), columns, &|_| ()).await?;
    let state = &prepared.state;
    for (index, line) in prepared.comparison.lines.iter().enumerate() {
        write_line(&mut copy, state, &import, index + 1, line, starts_ms, terms).await?;
    }
    copy.end().await?;
    let mut copy = Copy::begin(change.connection(), "price_import_withdrawal (import_id, rate_id)", &|_| ()).await?;
    for rate in &prepared.comparison.withdraws {
        copy.line(&[Some(&import), Some(&rate.to_string())]).await?;
    }
    copy.end().await
}

async fn write_line(
    copy: &mut Copy<'_, '_>,
    state: &ListState,
    import: &str,
    number: usize,
    line: &Line,
    starts_ms: i64,
    terms: &FxHashMap<u32, String>,
) -> Result<(), StoreError> {
    let (prefix, qualifiers) = line.key;
    let word = |symbol: rating::rows::Symbol| state.symbols.words[symbol.0 as usize].as_str();
    let stamp = |ms: i64| moment_of(ms).map(|at| at.to_rfc3339_opts(SecondsFormat::Millis, true));
    let terms_no = line.rate.filter(|_| line.publishes).and_then(|rate| terms.get(&rate));
    copy.line(&[
        Some(import),
        Some(&number.to_string()),
        Some(line.kind.as_str()),
        Some(&mask_text(prefix)),
        qualifiers.service.map(rating::Service::as_str),
        qualifiers.incoming_service.map(word),
        qualifiers.provider.map(|id| id.0.to_string()).as_deref(),
        qualifiers.place.map(word),
        (!qualifiers.origin.is_empty()).then(|| qualifiers.origin.to_string()).as_deref(),
        if line.at_ms > starts_ms { stamp(line.at_ms) } else { None }.as_deref(),
        stamp(line.to_ms).as_deref(),
        line.sheet_row.map(|row| row.to_string()).as_deref(),
        terms_no.map(String::as_str),
        Some(if line.publishes { "t" } else { "f" }),
        line.before.map(|amount| amount.to_string()).as_deref(),
        line.after.map(|amount| amount.to_string()).as_deref(),
    ])
    .await
}

async fn write_losses(change: &mut Change, prepared: &Prepared, id: i64) -> Result<(), StoreError> {
    let columns = "price_import_loss (import_id, no, retail_list, provider, prefix, retail, wholesale)";
    let import = id.to_string();
    let mut copy = Copy::begin(change.connection(), columns, &|_| ()).await?;
    for (index, loss) in prepared.losses.losses.iter().take(LOSSES_MAX).enumerate() {
        copy.line(&[
            Some(&import),
            Some(&(index + 1).to_string()),
            Some(&loss.retail_list),
            Some(&loss.provider),
            Some(&mask_text(loss.prefix)),
            Some(&loss.retail.to_string()),
            Some(&loss.wholesale.to_string()),
        ])
        .await?;
    }
    copy.end().await
}
