//! Booking: payments come to accounts.
//!
//! Owns: the postings of payments, the day on which they count, the state `booked`.
//! Does not own: whose a payment is (`decide`, `assign`), balances (`ledger`), the order of what it pays (`distribute`), fiscal receipts (`receipts`).
//! Always: a payment is booked once: its number is the name of the movement; all payments of a change are posted in one call, which holds accounts in their
//! order; nothing is booked into a closed month or before one (A9), and the value date stays on the payment.
//!
//! | what | statements |
//! | --- | --- |
//! | any number of payments | one for their days, those of `ledger::post`, one for their rows; then two a payment for what it pays; an account: one that looks it over, one for what its documents are paid, those of `credit` |

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use sqlx::{PgConnection, Row};

use super::distribute;
use super::error::PaymentError;
use super::settled::settled;
use super::words::Choice;
use crate::change::Change;
use crate::ledger::{self, NewPosting, PostingKind};
use crate::receipts;
use crate::store::StoreError;

/// Why a payment is on its account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Matched {
    /// What decided: the name of a rule, `entered`, `manual`, `gateway`, `moved`.
    pub(super) rule: &'static str,
    /// In words, Russian.
    pub(super) ru: String,
    /// In words, English.
    pub(super) en: String,
}

impl Matched {
    /// The same words in both languages: those of a person.
    pub(super) fn by_hand(rule: &'static str, reason: &str) -> Self {
        Self { rule, ru: reason.to_owned(), en: reason.to_owned() }
    }
}

/// A payment that waits, and the account on which it is to be.
#[derive(Clone, Debug)]
pub(super) struct Booking {
    /// Payment.
    pub(super) payment: i64,
    /// Account.
    pub(super) account: i64,
    /// How much.
    pub(super) amount: Decimal,
    /// The day on which the money moved.
    pub(super) value_date: NaiveDate,
    /// The day that it counts for in the books, where somebody says it.
    pub(super) day: Option<NaiveDate>,
    /// As the client reads it.
    pub(super) description: String,
    /// Why.
    pub(super) matched: Matched,
    /// What it pays.
    pub(super) choice: Choice,
}

/// Books payments that wait; identifiers of their postings, in order.
///
/// # Errors
/// What the ledger refuses; a distribution that cannot be.
pub(super) async fn book(change: &mut Change, bookings: &[Booking]) -> Result<Vec<i64>, PaymentError> {
    book_with(change, bookings, &[]).await
}

/// The same together with other postings, which come first: those that make room for a payment.
pub(super) async fn book_with(
    change: &mut Change,
    bookings: &[Booking],
    before: &[NewPosting<'_>],
) -> Result<Vec<i64>, PaymentError> {
    if bookings.is_empty() && before.is_empty() {
        return Ok(Vec::new());
    }
    let now = change.now();
    let days = days(change.connection(), bookings, now).await?;
    let names: Vec<String> = bookings.iter().map(|booking| format!("payment:{}", booking.payment)).collect();
    let mut postings: Vec<NewPosting<'_>> = before.to_vec();
    for ((booking, name), day) in bookings.iter().zip(&names).zip(days) {
        postings.push(NewPosting {
            day: Some(booking.day.unwrap_or(day)),
            value_date: Some(booking.value_date),
            description: &booking.description,
            movement: Some(name),
            ..NewPosting::new(booking.account, PostingKind::Payment, booking.amount, name)
        });
    }
    let posted = ledger::post(change, &postings).await?;
    let made = &posted[before.len()..];
    assert!(made.iter().all(|posted| !posted.is_repeat), "a payment that waits was booked before");
    let ids: Vec<i64> = made.iter().map(|posted| posted.id).collect();
    write(change, bookings, &ids).await?;
    receipts::paid(change, &bookings.iter().map(|booking| booking.payment).collect::<Vec<i64>>()).await?;
    for booking in bookings {
        let payment = (booking.payment, booking.account);
        distribute::allocate(change, payment, booking.amount, &booking.choice).await?;
    }
    let moved: BTreeSet<i64> = postings.iter().map(|posting| posting.account).collect();
    for account in moved {
        settled(change, account).await?;
    }
    Ok(ids)
}

/// The days that payments count for: their value dates; today where that month, or a later one, is closed.
async fn days(
    connection: &mut PgConnection,
    bookings: &[Booking],
    now: DateTime<Utc>,
) -> Result<Vec<NaiveDate>, PaymentError> {
    let rows = sqlx::query(
        "SELECT w.place, CASE WHEN EXISTS (SELECT FROM billing_period p WHERE p.legal_entity_id = a.legal_entity_id AND p.closed_at IS NOT NULL
                                                 AND p.month >= date_trunc('month', least(w.value_date, t.today))::date)
                              THEN t.today ELSE least(w.value_date, t.today) END AS day
         FROM unnest($1::bigint[], $2::date[]) WITH ORDINALITY AS w (account, value_date, place) JOIN account a ON a.id = w.account
         CROSS JOIN LATERAL (SELECT ($3::timestamptz AT TIME ZONE a.zone)::date AS today) t",
    )
    .bind(bookings.iter().map(|booking| booking.account).collect::<Vec<i64>>())
    .bind(bookings.iter().map(|booking| booking.value_date).collect::<Vec<NaiveDate>>())
    .bind(now)
    .fetch_all(connection)
    .await?;
    let days: BTreeMap<i64, NaiveDate> = rows.iter().map(|row| (row.get("place"), row.get("day"))).collect();
    if days.len() == bookings.len() {
        return Ok(days.into_values().collect());
    }
    Err(ledger::LedgerError::NoAccount.into())
}

/// Writes that payments are on their accounts.
async fn write(change: &mut Change, bookings: &[Booking], postings: &[i64]) -> Result<(), PaymentError> {
    let (now, author) = (change.now(), change.actor().login.clone());
    let matched = |of: fn(&Matched) -> &str| bookings.iter().map(|booking| of(&booking.matched)).collect::<Vec<&str>>();
    let written = sqlx::query(
        "UPDATE payment p SET state = 'booked', account_id = b.account, posting_id = b.posting, rule = b.rule, why_ru = b.ru, why_en = b.en, doubt = '',
                candidates = '{}', matched_at = $7, matched_by = $8, revision = p.revision + 1
         FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[]) AS b (payment, account, posting, rule, ru, en)
         WHERE p.id = b.payment AND p.state = 'unmatched'",
    )
    .bind(bookings.iter().map(|booking| booking.payment).collect::<Vec<i64>>())
    .bind(bookings.iter().map(|booking| booking.account).collect::<Vec<i64>>())
    .bind(postings)
    .bind(matched(|matched| matched.rule))
    .bind(matched(|matched| matched.ru.as_str()))
    .bind(matched(|matched| matched.en.as_str()))
    .bind(now)
    .bind(author)
    .execute(change.connection())
    .await?;
    if written.rows_affected() == bookings.len() as u64 {
        return Ok(());
    }
    Err(StoreError::Inconsistent { table: "payment", problem: "a payment that was booked while it waited".into() }
        .into())
}
