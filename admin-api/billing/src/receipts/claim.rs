//! What the register is to be asked now.
//!
//! Owns: which receipts are taken up, and what of them is sent.
//! Does not own: the words in which it is sent (the API).
//! Always: of several processes one takes a receipt; whoever ends before he has heard leaves it to be taken up later, under the same external id. A return is
//! sent when what it returns is issued, and not before.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, Utc};
use rust_decimal::Decimal;
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::rules::{contact, system};
use super::words::{Contact, Kind, PaidBy, State};
use crate::settings::{self, Settings};
use crate::store::{Store, StoreError};

/// Minutes for which a receipt that was taken up is left to whoever took it.
const HELD_MINUTES: i32 = 10;

/// A receipt that the register is asked to issue, or asked about. No `Debug`: the contact is somebody's.
pub struct Slip {
    /// Its number.
    pub id: i64,
    /// Where it stands.
    pub state: State,
    /// How often it was sent, this time included.
    pub attempts: i32,
    /// How often the register was asked about it, this time included.
    pub asks: i32,
    /// The group of registers of the company.
    pub group: String,
    /// By what the register knows it, if it does.
    pub uuid: Option<String>,
    /// By what it is issued once.
    pub external_id: String,
    /// What it is about.
    pub kind: Kind,
    /// How the money moved.
    pub paid_by: PaidBy,
    /// How much.
    pub amount: Decimal,
    /// Sign of the rate.
    pub vat: String,
    /// Tax inside.
    pub vat_amount: Decimal,
    /// INN of the company.
    pub inn: String,
    /// Its e-mail.
    pub sender: String,
    /// Its system of taxation.
    pub system: String,
    /// Who gets it; `None`: nobody can any more.
    pub contact: Option<Contact>,
    /// What was paid for.
    pub name: String,
    /// When it was queued, by the clock of the company.
    pub at: NaiveDateTime,
}

/// Groups of cash registers by the codes of the companies.
///
/// # Errors
/// There is no such setting.
pub fn groups(settings: &Settings) -> Result<BTreeMap<String, String>, StoreError> {
    Ok(settings::pairs(settings.text("cash_register.groups")?))
}

/// Takes up to `most` receipts that are due, of companies that have a group of registers.
///
/// # Errors
/// The database; a setting that is none.
pub async fn claim(store: &Store, settings: &Settings, now: DateTime<Utc>, most: i64) -> Result<Vec<Slip>, StoreError> {
    let groups = groups(settings)?;
    let mut tx = store.begin().await?;
    let ids: Vec<i64> = sqlx::query_scalar(
        "UPDATE fiscal_receipt SET due_at = $1 + make_interval(mins => $2), attempts = attempts + (state <> 'sent')::int, asks = asks + (state = 'sent')::int
         WHERE id IN (SELECT r.id FROM fiscal_receipt r JOIN legal_entity e ON e.id = r.legal_entity_id AND e.code = ANY($3)
                      WHERE r.state IN ('queued', 'sent', 'failed') AND r.due_at <= $1
                            AND (r.kind <> 'income_return' OR EXISTS (SELECT FROM fiscal_receipt i WHERE i.payment_id = r.payment_id AND i.kind = 'income'
                                                                          AND i.state IN ('done', 'resolved')))
                      ORDER BY r.due_at, r.id LIMIT $4 FOR UPDATE OF r SKIP LOCKED)
         RETURNING id",
    )
    .bind(now)
    .bind(HELD_MINUTES)
    .bind(groups.keys().cloned().collect::<Vec<String>>())
    .bind(most)
    .fetch_all(&mut *tx)
    .await?;
    let rows = sqlx::query(
        "SELECT r.id, r.state, r.attempts, r.asks, r.uuid, r.external_id, r.kind, r.paid_by, r.amount, r.vat, r.vat_amount, r.document_number, e.code AS entity,
                coalesce(e.inn, '') AS inn, coalesce(e.email, '') AS sender, e.tax_regime, c.email, c.phone_key, a.code AS account,
                r.created_at AT TIME ZONE e.zone AS at
         FROM fiscal_receipt r JOIN account a ON a.id = r.account_id JOIN client c ON c.id = a.client_id JOIN legal_entity e ON e.id = r.legal_entity_id
         WHERE r.id = ANY($1) ORDER BY r.id",
    )
    .bind(&ids)
    .fetch_all(&mut *tx)
    .await?;
    tx.commit().await?;
    let simplified = settings.text("receipts.simplified_system")?;
    rows.iter().map(|row| slip(row, &groups, simplified)).collect()
}

fn slip(row: &PgRow, groups: &BTreeMap<String, String>, simplified: &str) -> Result<Slip, StoreError> {
    let strange = |word: &str| StoreError::Inconsistent { table: "fiscal_receipt", problem: format!("`{word}`") };
    let (state, kind, paid_by): (&str, &str, &str) = (row.get("state"), row.get("kind"), row.get("paid_by"));
    let state = state.parse::<State>().map_err(|()| strange(state))?;
    let kind = kind.parse::<Kind>().map_err(|()| strange(kind))?;
    let vat: Option<String> = row.get("vat");
    let uuid: Option<String> = row.get("uuid");
    let entity: &str = row.get("entity");
    Ok(Slip {
        id: row.get("id"),
        state,
        attempts: row.get("attempts"),
        asks: row.get("asks"),
        group: groups.get(entity).cloned().unwrap_or_default(),
        uuid: uuid.filter(|_| state == State::Sent),
        external_id: row.get("external_id"),
        kind,
        paid_by: paid_by.parse::<PaidBy>().map_err(|()| strange(paid_by))?,
        amount: row.get("amount"),
        vat: vat.ok_or_else(|| strange("no rate"))?,
        vat_amount: row.get("vat_amount"),
        inn: row.get("inn"),
        sender: row.get("sender"),
        system: system(row.get("tax_regime"), simplified).to_owned(),
        contact: contact(row.get("email"), row.get("phone_key")),
        name: name(kind, row.get("account"), row.get("document_number")),
        at: row.get("at"),
    })
}

/// What was paid for, at most 128 characters.
fn name(kind: Kind, account: &str, document: &str) -> String {
    let name = match kind {
        Kind::Income | Kind::IncomeReturn => format!("Аванс за услуги связи, лицевой счёт {account}"),
        Kind::Offset => format!("Услуги связи по документу № {document}, лицевой счёт {account}"),
    };
    name.chars().take(128).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receipts_say_what_was_paid_for() {
        assert_eq!(name(Kind::Income, "A-000001", ""), "Аванс за услуги связи, лицевой счёт A-000001");
        assert_eq!(name(Kind::IncomeReturn, "A-000001", ""), "Аванс за услуги связи, лицевой счёт A-000001");
        let offset = name(Kind::Offset, "A-000001", "У-17");
        assert_eq!(offset, "Услуги связи по документу № У-17, лицевой счёт A-000001");
        assert_eq!(name(Kind::Offset, "A-000001", &"7".repeat(200)).chars().count(), 128);
    }

    #[test]
    fn companies_have_their_groups() {
        let settings = Settings::of([("cash_register.groups", "T=main U=other-2")]);
        let found = groups(&settings).unwrap();
        assert_eq!((found.len(), found["T"].as_str(), found["U"].as_str()), (2, "main", "other-2"));
        assert!(groups(&Settings::of([("cash_register.groups", "")])).unwrap().is_empty());
    }
}
