//! Tariff plans, as people look at them.
//!
//! Owns: the queries and the shape of their answers.
//! Does not own: any change of a plan, its price lists (`price_lists`), which accounts have it (`accounts`).
//! Always: what is withdrawn is not shown.

use chrono::{DateTime, Utc};
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::grid::{Column, Filter, Grid, Read};
use crate::store::{Store, StoreError};

/// A layer of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Its place: 1 is the uppermost.
    pub layer: i16,
    /// Code of the price list.
    pub list: String,
    /// Its name.
    pub name: String,
    /// Its currency.
    pub currency: String,
    /// First moment; `None` = always before.
    pub from: Option<DateTime<Utc>>,
    /// Moment after the last; `None` = open.
    pub to: Option<DateTime<Utc>>,
}

/// A bundle of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// Code.
    pub code: String,
    /// Units that cost nothing: seconds of calls, pieces of events.
    pub units: i64,
    /// `day`, `week` or `month`.
    pub period: String,
    /// The lowest is used first.
    pub priority: i32,
    /// For how many further periods units can be used.
    pub keeps: i16,
    /// Services that it covers; none = calls of every service.
    pub services: Vec<String>,
    /// Code of the destinations that it covers; `None` = all.
    pub destinations: Option<String>,
    /// First moment; `None` = always before.
    pub from: Option<DateTime<Utc>>,
    /// Moment after the last; `None` = open.
    pub to: Option<DateTime<Utc>>,
}

/// A tariff plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Whether it prices incoming calls.
    pub prices_incoming: bool,
    /// Price lists, the uppermost first.
    pub layers: Vec<Layer>,
    /// Bundles in the order in which they are used.
    pub bundles: Vec<Bundle>,
    /// Active accounts that have it now.
    pub accounts: i64,
}

/// Tariff plans.
pub static GRID: Grid = Grid {
    name: "plans",
    ru: "Тарифные планы",
    en: "Tariff plans",
    from: "tariff_plan t",
    key: "t.id::bigint",
    columns: &[
        Column::text("code", "t.code", "Код", "Code", "basic").sorted(),
        Column::text("name", "t.name", "Название", "Name", "Базовый").sorted(),
        Column::words("layers", LAYERS, "Прайс-листы", "Price lists", "retail"),
        Column::flag(
            "prices_incoming",
            "t.prices_incoming",
            "Тарифицирует входящие звонки",
            "Prices incoming calls",
            "false",
        ),
    ],
    filters: &[
        Filter::new("code", "t.code = {}", Read::Word, "С этим кодом", "With this code"),
        Filter::new(
            "name",
            "search_key(t.name) LIKE {}",
            Read::Pattern,
            "С такими словами в названии",
            "With such words in the name",
        ),
        Filter::new(
            "price_list",
            "t.id IN (SELECT y.plan_id FROM tariff_layer y JOIN price_list l ON l.id = y.list_id WHERE l.code = {} AND y.withdrawn_in IS NULL)",
            Read::Word,
            "С этим прайс-листом",
            "With this price list",
        ),
    ],
    order: "code",
    required: &[],
    keys_first: false,
};

/// Codes of the lists that count or will count, the uppermost first.
const LAYERS: &str =
    "array(SELECT l.code FROM tariff_layer y JOIN price_list l ON l.id = y.list_id WHERE y.plan_id = t.id AND y.withdrawn_in IS NULL
           AND coalesce(y.valid_to, 'infinity') > {now} ORDER BY y.layer, l.code)";

/// The plan with a code, with its accounts at `now`.
pub async fn by_code(store: &Store, code: &str, now: DateTime<Utc>) -> Result<Option<Plan>, StoreError> {
    let head = sqlx::query(
        "SELECT t.id, t.code, t.name, t.prices_incoming,
                (SELECT count(*) FROM account_plan p JOIN account a ON a.id = p.account_id AND a.active WHERE p.plan_id = t.id AND p.withdrawn_in IS NULL
                     AND coalesce(p.valid_from, '-infinity') <= $2 AND $2 < coalesce(p.valid_to, 'infinity')) AS accounts
         FROM tariff_plan t WHERE t.code = $1",
    )
    .bind(code)
    .bind(now)
    .fetch_optional(store.pool())
    .await?;
    let Some(head) = head else { return Ok(None) };
    let id: i32 = head.get("id");
    let layers = sqlx::query(
        "SELECT y.layer, l.code, l.name, l.currency::text AS currency, y.valid_from, y.valid_to FROM tariff_layer y JOIN price_list l ON l.id = y.list_id
         WHERE y.plan_id = $1 AND y.withdrawn_in IS NULL ORDER BY y.layer, y.valid_from NULLS FIRST",
    )
    .bind(id)
    .fetch_all(store.pool())
    .await?;
    let bundles = sqlx::query(
        "SELECT b.code, b.units, b.period, b.priority, b.keeps, b.services, g.code AS destinations, b.valid_from, b.valid_to
         FROM counter b LEFT JOIN destination_group g ON g.id = b.destination_group_id
         WHERE b.plan_id = $1 AND b.kind = 'bundle' AND b.withdrawn_in IS NULL ORDER BY b.priority, b.valid_from NULLS FIRST",
    )
    .bind(id)
    .fetch_all(store.pool())
    .await?;
    Ok(Some(Plan {
        code: head.get("code"),
        name: head.get("name"),
        prices_incoming: head.get("prices_incoming"),
        layers: layers.iter().map(layer).collect(),
        bundles: bundles.iter().map(bundle).collect(),
        accounts: head.get("accounts"),
    }))
}

fn layer(row: &PgRow) -> Layer {
    Layer {
        layer: row.get("layer"),
        list: row.get("code"),
        name: row.get("name"),
        currency: row.get("currency"),
        from: row.get("valid_from"),
        to: row.get("valid_to"),
    }
}

fn bundle(row: &PgRow) -> Bundle {
    let services: &str = row.get("services");
    Bundle {
        code: row.get("code"),
        units: row.get("units"),
        period: row.get("period"),
        priority: row.get("priority"),
        keeps: row.get("keeps"),
        services: services.split_whitespace().map(str::to_owned).collect(),
        destinations: row.get("destinations"),
        from: row.get("valid_from"),
        to: row.get("valid_to"),
    }
}
