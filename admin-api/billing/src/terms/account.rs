//! The discounts of one account, in the order in which they count (M47).

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sqlx::Row;

use crate::store::{Store, StoreError};

/// A discount as an account has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountDiscount {
    /// Identifier.
    pub id: i64,
    /// `personal`, `group` or `promo`.
    pub level: String,
    /// Code of the group, unless it is personal.
    pub group: Option<String>,
    /// Whether a personal one is of this account alone, not of all the client's accounts.
    pub of_account: bool,
    /// Percent.
    pub percent: Decimal,
    /// Only for this service.
    pub service: Option<String>,
    /// Only for numbers with this prefix.
    pub prefix: Option<String>,
    /// First moment, of the discount and of the membership; `None` = open.
    pub from: Option<DateTime<Utc>>,
    /// Moment after the last; `None` = open.
    pub to: Option<DateTime<Utc>>,
    /// Name.
    pub name: String,
}

/// The discounts of an account: its own, its client's, and those of the groups that he belongs to, in the order in which they count (B18, B30).
pub async fn discounts_of(store: &Store, account_id: i64) -> Result<Vec<AccountDiscount>, StoreError> {
    let rows = sqlx::query(
        "SELECT * FROM (
             SELECT d.id, d.level, NULL AS group_code, d.account_id IS NOT NULL AS of_account, d.percent, d.service, d.prefix, d.valid_from,
                    least(d.valid_to, d.ended_at) AS valid_to, d.name
             FROM account a JOIN discount d ON d.client_id = a.client_id OR d.account_id = a.id WHERE a.id = $1
             UNION ALL
             SELECT d.id, d.level, g.code, false, d.percent, d.service, d.prefix, greatest(d.valid_from, m.valid_from),
                    least(d.valid_to, d.ended_at, m.valid_to, m.ended_at), d.name
             FROM account a JOIN client_group_member m ON m.client_id = a.client_id
                  JOIN client_group g ON g.id = m.group_id JOIN discount d ON d.group_id = g.id
             WHERE a.id = $1
         ) AS own
         WHERE valid_from IS NULL OR valid_to IS NULL OR valid_from < valid_to
         ORDER BY array_position(array['personal', 'group', 'promo'], level), of_account DESC, valid_from DESC NULLS LAST, id DESC",
    )
    .bind(account_id)
    .fetch_all(store.pool())
    .await?;
    Ok(rows
        .iter()
        .map(|row| AccountDiscount {
            id: row.get("id"),
            level: row.get("level"),
            group: row.get("group_code"),
            of_account: row.get("of_account"),
            percent: row.get("percent"),
            service: row.get("service"),
            prefix: row.get("prefix"),
            from: row.get("valid_from"),
            to: row.get("valid_to"),
            name: row.get("name"),
        })
        .collect())
}
