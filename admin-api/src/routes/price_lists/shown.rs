//! How price lists and imports are shown.
//!
//! Owns: the contract of their answers.
//! Does not own: what is in them.
//! Always: amounts are decimals as strings.

use billing::price_lists::{ImportHead, ListHead, Loss, RateView};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// A price list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PriceList {
    /// Code.
    code: String,
    /// Name.
    name: String,
    /// `retail` or `wholesale`.
    kind: &'static str,
    /// Code of the provider of a wholesale list.
    provider: Option<String>,
    /// Currency.
    currency: String,
    /// Zone of its dates and bands.
    zone: String,
    /// Whether prices include tax: `included` or `excluded`.
    tax: String,
    /// Rounding of amounts.
    rounding: String,
    /// Decimals that amounts keep.
    decimals: i16,
    /// Rows: in force, announced, or ended.
    rows: i64,
    /// Raised by every change of its rows.
    revision: i64,
    /// The import that was put in force last.
    last_import: Option<i64>,
    /// When.
    last_activated_at: Option<DateTime<Utc>>,
}

impl From<ListHead> for PriceList {
    fn from(list: ListHead) -> Self {
        Self {
            kind: if list.provider.is_some() { "wholesale" } else { "retail" },
            code: list.code,
            name: list.name,
            provider: list.provider,
            currency: list.currency,
            zone: list.zone,
            tax: list.tax,
            rounding: list.rounding,
            decimals: list.decimals,
            rows: list.rows,
            revision: list.revision,
            last_import: list.last_import,
            last_activated_at: list.last_activated_at,
        }
    }
}

/// A row of a price list.
#[derive(Serialize, ToSchema)]
pub(crate) struct RateRow {
    /// Identifier, which a charge names.
    id: i64,
    /// Prefix, or `short:CODE`.
    prefix: String,
    /// Service; `null` = all.
    service: Option<String>,
    /// Incoming service.
    incoming_service: Option<String>,
    /// Code of the provider.
    provider: Option<String>,
    /// Place of service.
    place: Option<String>,
    /// Prefix of the calling number.
    origin: Option<String>,
    /// First moment; `null` = open.
    from: Option<DateTime<Utc>>,
    /// Moment after the last; `null` = open. A later row of the same prefix and qualifiers ends this one.
    to: Option<DateTime<Utc>>,
    /// Tiers, `from second:increment@price/unit seconds`.
    tiers: String,
    /// Names of time bands with other prices.
    bands: Vec<String>,
    /// Fee for the answer.
    connect_fee: String,
    /// Fee for an attempt.
    attempt_fee: String,
    /// Seconds below which a call is free.
    free_seconds: i32,
    /// Least amount.
    minimum: String,
    /// Most; `null` = no limit.
    maximum: Option<String>,
}

impl From<RateView> for RateRow {
    fn from(rate: RateView) -> Self {
        Self {
            id: rate.id,
            prefix: rate.prefix,
            service: rate.service,
            incoming_service: rate.incoming_service,
            provider: rate.provider,
            place: rate.place,
            origin: rate.origin,
            from: rate.from,
            to: rate.to,
            tiers: rate.tiers,
            bands: rate.bands,
            connect_fee: rate.connect_fee.to_string(),
            attempt_fee: rate.attempt_fee.to_string(),
            free_seconds: rate.free_seconds,
            minimum: rate.minimum.to_string(),
            maximum: rate.maximum.map(|amount| amount.to_string()),
        }
    }
}

/// A step of an import: who, when, why.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Step {
    /// When.
    at: DateTime<Utc>,
    /// Login.
    by: String,
    /// In his words.
    reason: String,
}

impl From<(DateTime<Utc>, String, String)> for Step {
    fn from((at, by, reason): (DateTime<Utc>, String, String)) -> Self {
        Self { at, by, reason }
    }
}

/// An import.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ImportView {
    /// Its number.
    id: i64,
    /// `draft`, `activated`, `rolled_back` or `discarded`.
    state: String,
    /// `replace`: from the date on the list is the file. `merge`: rows that the file does not have stay.
    mode: String,
    /// From when its prices count; `null` = from the activation.
    date: Option<DateTime<Utc>>,
    /// From when they count in fact, once it is activated.
    in_force_from: Option<DateTime<Utc>>,
    /// The moment as of which it was compared with the list.
    previewed_at: DateTime<Utc>,
    /// Length of the reference call.
    reference_seconds: i32,
    /// Name of the file.
    file: String,
    /// Its length in bytes.
    file_bytes: i64,
    /// Its SHA-256.
    file_sha256: String,
    /// Which column was which.
    mapping: Value,
    /// What it changes, in figures: lines by kind, extremes, losses by provider.
    summary: Value,
    /// Brought in.
    imported: Step,
    /// Put in force.
    activated: Option<Step>,
    /// Rows that the activation published.
    published_rows: Option<i64>,
    /// Rows that it withdrew.
    withdrawn_rows: Option<i64>,
    /// Discarded or taken back.
    ended: Option<Step>,
}

impl From<ImportHead> for ImportView {
    fn from(import: ImportHead) -> Self {
        Self {
            id: import.id,
            state: import.state,
            mode: import.mode,
            date: import.starts_at,
            in_force_from: import.activated_for,
            previewed_at: import.previewed_at,
            reference_seconds: import.reference_s,
            file: import.file_name,
            file_bytes: import.file_bytes,
            file_sha256: import.file_sha256,
            mapping: import.mapping,
            summary: import.summary,
            imported: import.created.into(),
            activated: import.activated.map(Step::from),
            published_rows: import.written.map(|(published, _)| published),
            withdrawn_rows: import.written.map(|(_, withdrawn)| withdrawn),
            ended: import.ended.map(Step::from),
        }
    }
}

/// A destination sold below what it costs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LossView {
    /// Code of the retail list.
    retail_list: String,
    /// Code of the provider.
    provider: String,
    /// The destination.
    prefix: String,
    /// The reference call, retail, without tax, in the issuer's currency.
    retail: String,
    /// The reference call, wholesale, in the issuer's currency.
    wholesale: String,
    /// What a reference call loses.
    loss: String,
    /// The same in percent of what it costs.
    percent: String,
}

impl From<&Loss> for LossView {
    fn from(loss: &Loss) -> Self {
        Self {
            retail_list: loss.retail_list.clone(),
            provider: loss.provider.clone(),
            prefix: format!("{:?}", loss.prefix),
            retail: loss.retail.to_string(),
            wholesale: loss.wholesale.to_string(),
            loss: loss.amount().to_string(),
            percent: loss.percent().to_string(),
        }
    }
}
