//! A number on the shelf, as JSON and as a row of a file.
//!
//! Owns: its fields and columns.
//! Does not own: what they hold (`billing::numbers::shelf`).
//! Always: a file for a client has nothing of other clients.

use billing::grid::{Kind, Value};
use billing::numbers::shelf::Shelved;
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use crate::grids::{Column, Table};

/// A number. No `Debug`: numbers do not belong into logs.
#[derive(Serialize, ToSchema)]
pub(crate) struct NumberForSale {
    /// The number.
    number: String,
    /// `free`, `reserved`, `in_work`, `archive` (quarantine) or `withdrawn` (ported out or returned).
    status: &'static str,
    /// Green: `no_calls`, `ignore`, `forced`; `forced_for_one` (green for one client); red: `no_data`, `insufficient_data`, `has_calls`, `rests`, `no`.
    offer: &'static str,
    /// Whether everybody may buy it once it is free.
    is_green: bool,
    /// Code of its region.
    region: Option<String>,
    /// Its region.
    region_name: Option<String>,
    /// Code of its class of beauty.
    class: Option<String>,
    /// Its class.
    class_name: Option<String>,
    /// Code of its provider; `null`: our own.
    provider: Option<String>,
    /// Its provider.
    provider_name: Option<String>,
    /// Place of service.
    place: Option<String>,
    /// `ordinary` or `fmtn`.
    kind: &'static str,
    /// Whether it is a mobile number.
    mobile: bool,
    /// What it costs beside the product; `null`: nothing is said.
    price: Option<String>,
    /// Currency of the price.
    currency: Option<String>,
    /// Code of the client for whom it was forced, where it was for one.
    forced_for: Option<String>,
    /// The last day on which somebody called while nobody had it.
    last_call: Option<NaiveDate>,
    /// The day from which it may be sold if nobody calls any more, where calls or a rest keep it off sale until then.
    clear_from: Option<NaiveDate>,
}

impl From<Shelved> for NumberForSale {
    fn from(shelved: Shelved) -> Self {
        let (region, region_name) = shelved.region.map(|named| (named.code, named.name)).unzip();
        let (class, class_name) = shelved.class.map(|named| (named.code, named.name)).unzip();
        let (provider, provider_name) = shelved.provider.map(|named| (named.code, named.name)).unzip();
        let (price, currency) =
            shelved.price.map(|(price, currency)| (price.normalize().to_string(), currency)).unzip();
        Self {
            number: shelved.number.to_string(),
            status: shelved.status.as_str(),
            offer: shelved.offer.as_str(),
            is_green: shelved.offer.is_green(),
            region,
            region_name,
            class,
            class_name,
            provider,
            provider_name,
            place: shelved.place,
            kind: if shelved.is_fmtn { "fmtn" } else { "ordinary" },
            mobile: shelved.is_mobile,
            price,
            currency,
            forced_for: shelved.forced_for,
            last_call: shelved.last_call,
            clear_from: shelved.clear_from,
        }
    }
}

fn word(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn text(text: Option<&String>) -> Option<Value> {
    text.cloned().map(Value::Text)
}

/// Numbers as a file.
pub(super) static NUMBERS: Table<NumberForSale> = Table {
    name: "numbers-for-sale",
    ru: "Номера для продажи",
    en: "Numbers for sale",
    columns: &[
        Column::new("Номер", "Number", Kind::Text, |row: &NumberForSale| Some(word(&row.number))),
        Column::new("Регион", "Region", Kind::Text, |row: &NumberForSale| text(row.region_name.as_ref())),
        Column::new("Класс", "Class", Kind::Text, |row: &NumberForSale| text(row.class_name.as_ref())),
        Column::new("Цена", "Price", Kind::Amount, |row: &NumberForSale| text(row.price.as_ref())),
        Column::new("Валюта", "Currency", Kind::Text, |row: &NumberForSale| text(row.currency.as_ref())),
        Column::new("Состояние", "State", Kind::Text, |row: &NumberForSale| Some(word(row.status))),
        Column::new("Доступность", "Availability", Kind::Text, |row: &NumberForSale| Some(word(row.offer))),
        Column::new("Место оказания услуг", "Place of service", Kind::Text, |row: &NumberForSale| {
            text(row.place.as_ref())
        }),
        Column::new("Провайдер", "Provider", Kind::Text, |row: &NumberForSale| {
            text(row.provider_name.as_ref())
        }),
    ],
};
