//! A number as staff see it.
//!
//! Owns: what is shown of one number beside what calls make of it.
//! Does not own: its class and its quarantine (`quarantine`), its former holders.
//! Always: read only; what it costs is its own price, else that of its class, else nothing.

use chrono::{DateTime, NaiveDate, Utc};
use numbering::E164;
use rating::rows::DidStatus;
use rust_decimal::Decimal;
use sqlx::{Row, postgres::PgRow};

use super::moves::seen;
use super::quarantine::{self, Facts};
use super::sale::{Offer, Sale};
use super::store::DidError;
use crate::credit::calendar::day_of;
use crate::store::Store;

/// A number with all that is known of it today. No `Debug`: numbers do not belong into logs.
#[derive(Clone)]
pub struct DidCard {
    /// The number.
    pub number: String,
    /// State.
    pub status: DidStatus,
    /// Code of its account.
    pub account: Option<String>,
    /// Code of its provider.
    pub provider: Option<String>,
    /// Code of its region.
    pub region: Option<String>,
    /// Code of its class as a beautiful number.
    pub class: Option<String>,
    /// What it costs once, and in which currency.
    pub price: Option<(Decimal, String)>,
    /// Place of service.
    pub place: Option<String>,
    /// `ordinary` or `fmtn`.
    pub kind: String,
    /// A Russian mobile number.
    pub is_mobile: bool,
    /// What somebody has said of its sale.
    pub sale: Sale,
    /// Why.
    pub sale_reason: String,
    /// How it was forced into sale, if it was.
    pub forced: Option<Forced>,
    /// What it is on the shelf.
    pub offer: Offer,
    /// Last move to quarantine.
    pub archived_at: Option<DateTime<Utc>>,
    /// When it came to our capacity.
    pub added_at: DateTime<Utc>,
    /// Since when it is reserved.
    pub reserved_at: Option<DateTime<Utc>>,
    /// What calls make of it.
    pub facts: Facts,
    /// Raised by every change; the ETag.
    pub revision: i64,
}

/// A forcing into sale (M20).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Forced {
    /// When.
    pub at: Option<DateTime<Utc>>,
    /// Code of the one client for whom it was.
    pub client: Option<String>,
    /// The last business day on which it waits for him.
    pub until: Option<NaiveDate>,
    /// The request that was approved.
    pub approval: Option<i64>,
}

/// The card of a number at a moment.
pub async fn card(store: &Store, number: E164, now: DateTime<Utc>) -> Result<DidCard, DidError> {
    let mut connection = store.pool().acquire().await?;
    let (did, revision) = seen(&mut connection, number, false).await?;
    let rules = quarantine::rules(&mut connection).await?;
    let today = day_of(now, rules.zone);
    let facts = quarantine::facts(&mut connection, &did, today, &rules).await?;
    let rests = facts.rests_until.is_some_and(|until| today < until);
    let offer = Offer::of(did.sale, did.forced_for.is_some(), facts.class, rests);
    let row = sqlx::query(
        "SELECT a.code AS account, p.code AS provider, r.code AS region, c.code AS class, coalesce(d.price, c.price) AS price,
                coalesce(c.currency, (SELECT currency FROM legal_entity ORDER BY id LIMIT 1))::text AS currency, d.sale_reason, d.forced_at,
                f.code AS forced_for, d.forced_until, d.forced_by, d.reserved_at
         FROM did d LEFT JOIN account a ON a.id = d.account_id LEFT JOIN provider p ON p.id = d.provider_id
              LEFT JOIN number_region r ON r.id = d.region_id LEFT JOIN number_class c ON c.id = d.class_id LEFT JOIN client f ON f.id = d.forced_for
         WHERE d.id = $1",
    )
    .bind(did.id)
    .fetch_one(&mut *connection)
    .await?;
    Ok(DidCard {
        number: did.number.to_string(),
        status: did.status,
        account: row.get("account"),
        provider: row.get("provider"),
        region: row.get("region"),
        class: row.get("class"),
        price: price(&row),
        place: did.place,
        kind: did.kind,
        is_mobile: did.is_mobile,
        sale: did.sale,
        sale_reason: row.get("sale_reason"),
        forced: (did.sale == Sale::Forced).then(|| Forced {
            at: row.get("forced_at"),
            client: row.get("forced_for"),
            until: row.get("forced_until"),
            approval: row.get("forced_by"),
        }),
        offer,
        archived_at: did.archived_at,
        added_at: did.added_at,
        reserved_at: row.get("reserved_at"),
        facts,
        revision,
    })
}

fn price(row: &PgRow) -> Option<(Decimal, String)> {
    let price: Option<Decimal> = row.get("price");
    price.map(|price| price.normalize()).zip(row.get("currency"))
}
