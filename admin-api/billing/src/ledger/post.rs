//! Booking: the one way in which a posting is written.
//!
//! Owns: the rows of table `posting`, the balances that they move, the checks that hold for all of them.
//! Does not own: which posting a payment, a charge or a month end makes (their rooms), usage (`usage`).
//! Always: postings and balances move together; periods are held before accounts, accounts in the order of their identifiers, as batches of calls hold them; a
//! movement is booked once, whoever repeats it; a day of a closed month takes nothing (A9).

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate};
use chrono_tz::Tz;
use rust_decimal::Decimal;
use sqlx::{PgConnection, Row};

use super::{LedgerError, PostingKind};
use crate::change::Change;
use crate::store::{StoreError, broken_constraint};

/// A posting to be made.
#[derive(Clone, Debug)]
pub struct NewPosting<'a> {
    /// Account, by identifier.
    pub account: i64,
    /// What it is.
    pub kind: PostingKind,
    /// From the account's side: what it gets is positive. Not zero.
    pub amount: Decimal,
    /// The day that it counts for; the day of now in the zone of the account when absent, and no later one.
    pub day: Option<NaiveDate>,
    /// When real money came or went by the bank; the day that it counts for when absent. Any day: also one of a closed month.
    pub value_date: Option<NaiveDate>,
    /// Identifier of the product.
    pub product: Option<i32>,
    /// Service; may be empty.
    pub service: &'a str,
    /// Number of its document; may be empty.
    pub document: &'a str,
    /// What it belongs to: `payment:17`, `credit:2026-07`.
    pub reference: &'a str,
    /// In words, as the client may read them.
    pub description: &'a str,
    /// The posting that it takes back; it is as real as that.
    pub reverses: Option<i64>,
    /// A name of what happened, for ever: booked again it is not booked twice.
    pub movement: Option<&'a str>,
}

impl<'a> NewPosting<'a> {
    /// A posting of now with nothing but what each has.
    pub const fn new(account: i64, kind: PostingKind, amount: Decimal, reference: &'a str) -> Self {
        Self {
            account,
            kind,
            amount,
            day: None,
            value_date: None,
            product: None,
            service: "",
            document: "",
            reference,
            description: "",
            reverses: None,
            movement: None,
        }
    }
}

/// A posting that was made, now or before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Posted {
    /// Its identifier.
    pub id: i64,
    /// Balance of the account before all that is posted with it.
    pub balance_before: Decimal,
    /// Whether its movement was booked before: nothing was written.
    pub is_repeat: bool,
}

/// What an account says to a posting.
struct Held {
    code: String,
    zone: Tz,
    entity: i32,
    is_active: bool,
    balance: Decimal,
}

/// Books postings, in their order. The audit lines are the caller's.
///
/// # Errors
/// No such account; a closed one; a day of a closed month or after today; a posting that is taken back already.
pub(crate) async fn post(change: &mut Change, new: &[NewPosting<'_>]) -> Result<Vec<Posted>, LedgerError> {
    assert!(new.iter().all(|posting| !posting.amount.is_zero()), "a posting of nothing");
    let accounts = hold(change, new).await?;
    let booked = booked(change.connection(), new).await?;
    let mut made = Vec::with_capacity(new.len());
    let mut sums: BTreeMap<i64, Decimal> = BTreeMap::new();
    for posting in new {
        let account = &accounts[&posting.account];
        let balance_before = account.balance;
        if let Some(id) = posting.movement.and_then(|movement| booked.get(movement)) {
            made.push(Posted { id: *id, balance_before, is_repeat: true });
            continue;
        }
        if !account.is_active && !posting.kind.settles() {
            return Err(LedgerError::AccountClosed(account.code.clone()));
        }
        let id = write(change, posting, day(posting, account, change)).await?;
        *sums.entry(posting.account).or_default() += posting.amount;
        made.push(Posted { id, balance_before, is_repeat: false });
    }
    let (ids, sums): (Vec<i64>, Vec<Decimal>) = sums.into_iter().unzip();
    let moved = sqlx::query(
        "UPDATE account_balance b SET balance = b.balance + d.sum FROM unnest($1::bigint[], $2::numeric[]) AS d (account_id, sum)
         WHERE b.account_id = d.account_id",
    )
    .bind(&ids)
    .bind(&sums)
    .execute(change.connection())
    .await?;
    assert_eq!(moved.rows_affected(), ids.len() as u64, "balances moved are not the balances posted");
    Ok(made)
}

/// The day that a posting counts for.
fn day(posting: &NewPosting<'_>, account: &Held, change: &Change) -> NaiveDate {
    posting.day.unwrap_or_else(|| change.now().with_timezone(&account.zone).date_naive())
}

/// A posting of today that nobody makes: what holds for it holds for all of today.
const fn of_today(account: i64) -> NewPosting<'static> {
    NewPosting::new(account, PostingKind::TopupCredit, Decimal::ZERO, "")
}

/// Holds the months that postings of today go into. Whoever holds an account before he posts to it begins with this.
pub(crate) async fn hold_months(change: &mut Change, accounts: &[i64]) -> Result<(), LedgerError> {
    let today: Vec<NewPosting<'_>> = accounts.iter().map(|account| of_today(*account)).collect();
    held_months(change, &today).await?;
    Ok(())
}

/// Holds accounts as postings of today do: for who decides by the books what he posts.
pub(crate) async fn hold_accounts(change: &mut Change, accounts: &[i64]) -> Result<(), LedgerError> {
    let today: Vec<NewPosting<'_>> = accounts.iter().map(|account| of_today(*account)).collect();
    hold(change, &today).await?;
    Ok(())
}

/// Holds periods, accounts and balances, in this order, and refuses what none of them takes.
async fn hold(change: &mut Change, new: &[NewPosting<'_>]) -> Result<BTreeMap<i64, Held>, LedgerError> {
    let mut accounts = held_months(change, new).await?;
    let ids: Vec<i64> = accounts.keys().copied().collect();
    let rows = sqlx::query("SELECT id, active FROM account WHERE id = ANY($1) ORDER BY id FOR SHARE")
        .bind(&ids)
        .fetch_all(change.connection())
        .await?;
    for row in rows {
        if let Some(held) = accounts.get_mut(&row.get("id")) {
            held.is_active = row.get("active");
        }
    }
    let rows = sqlx::query("SELECT account_id, balance FROM account_balance WHERE account_id = ANY($1) ORDER BY account_id FOR NO KEY UPDATE")
        .bind(&ids)
        .fetch_all(change.connection())
        .await?;
    assert_eq!(rows.len(), ids.len(), "an account without a balance row");
    for row in rows {
        if let Some(held) = accounts.get_mut(&row.get("account_id")) {
            held.balance = row.get("balance");
        }
    }
    Ok(accounts)
}

/// The accounts, not held yet, with the months of their postings held, and those of today: what follows from a posting of a day before is posted today
/// (`credit`), when balances are held already and it is too late to begin with a month.
async fn held_months(change: &mut Change, new: &[NewPosting<'_>]) -> Result<BTreeMap<i64, Held>, LedgerError> {
    let ids: Vec<i64> = new.iter().map(|posting| posting.account).collect::<BTreeSet<_>>().into_iter().collect();
    let rows = sqlx::query("SELECT id, code, zone, legal_entity_id FROM account WHERE id = ANY($1)")
        .bind(&ids)
        .fetch_all(change.connection())
        .await?;
    let mut accounts = BTreeMap::new();
    for row in rows {
        let (code, zone): (String, &str) = (row.get("code"), row.get("zone"));
        let zone = zone.parse().map_err(|_| StoreError::Inconsistent {
            table: "account",
            problem: format!("{code}, whose zone is not known"),
        })?;
        let entity = row.get("legal_entity_id");
        accounts.insert(row.get::<i64, _>("id"), Held { code, zone, entity, is_active: false, balance: Decimal::ZERO });
    }
    if accounts.len() != ids.len() {
        return Err(LedgerError::NoAccount);
    }
    let (mut months, mut posted) = (BTreeSet::new(), BTreeSet::new());
    for posting in new {
        let account = &accounts[&posting.account];
        let (day, today) = (day(posting, account, change), day(&of_today(posting.account), account, change));
        if day > today {
            return Err(LedgerError::DayAhead(day));
        }
        let month = |day: NaiveDate| (account.entity, day.with_day(1).unwrap_or(day));
        months.extend([month(day), month(today)]);
        posted.insert(month(day));
    }
    let closed = hold_periods(change.connection(), &months).await?;
    match closed.into_iter().find(|month| posted.contains(month)) {
        Some((_, month)) => Err(LedgerError::PeriodClosed(month)),
        None => Ok(accounts),
    }
}

/// Holds months of legal entities against closing; those of them that are closed, in order.
async fn hold_periods(
    connection: &mut PgConnection,
    months: &BTreeSet<(i32, NaiveDate)>,
) -> Result<Vec<(i32, NaiveDate)>, LedgerError> {
    let (entities, firsts): (Vec<i32>, Vec<NaiveDate>) = months.iter().copied().unzip();
    sqlx::query(
        "INSERT INTO billing_period (legal_entity_id, month) SELECT m.entity, m.month FROM unnest($1::integer[], $2::date[]) AS m (entity, month)
         WHERE NOT EXISTS (SELECT FROM billing_period p WHERE p.legal_entity_id = m.entity AND p.month = m.month) ON CONFLICT DO NOTHING",
    )
    .bind(&entities)
    .bind(&firsts)
    .execute(&mut *connection)
    .await?;
    let rows = sqlx::query(
        "SELECT p.legal_entity_id, p.month, p.closed_at IS NOT NULL AS closed FROM billing_period p JOIN unnest($1::integer[], $2::date[]) AS m (entity, month)
             ON p.legal_entity_id = m.entity AND p.month = m.month
         ORDER BY p.legal_entity_id, p.month FOR SHARE OF p",
    )
    .bind(&entities)
    .bind(&firsts)
    .fetch_all(connection)
    .await?;
    let closed = rows.iter().filter(|row| row.get("closed"));
    Ok(closed.map(|row| (row.get("legal_entity_id"), row.get("month"))).collect())
}

/// Movements that are booked already, by name.
async fn booked(connection: &mut PgConnection, new: &[NewPosting<'_>]) -> Result<BTreeMap<String, i64>, LedgerError> {
    let names: Vec<&str> = new.iter().filter_map(|posting| posting.movement).collect();
    if names.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows = sqlx::query("SELECT id, movement, account_id, kind, amount FROM posting WHERE movement = ANY($1)")
        .bind(&names)
        .fetch_all(connection)
        .await?;
    let mut booked = BTreeMap::new();
    for row in rows {
        let movement: String = row.get("movement");
        let is_same = new.iter().filter(|posting| posting.movement == Some(&movement)).all(|posting| {
            posting.account == row.get::<i64, _>("account_id")
                && posting.kind.as_str() == row.get::<&str, _>("kind")
                && posting.amount == row.get::<Decimal, _>("amount")
        });
        if !is_same {
            return Err(LedgerError::OtherMovement(movement));
        }
        booked.insert(movement, row.get("id"));
    }
    Ok(booked)
}

async fn write(change: &mut Change, posting: &NewPosting<'_>, day: NaiveDate) -> Result<i64, LedgerError> {
    let (at, author) = (change.now(), change.actor().login.clone());
    let id = sqlx::query_scalar(
        "INSERT INTO posting (account_id, kind, is_real, amount, at, day, product_id, service, document, reference, author, description, reverses, movement, value_date)
         SELECT $1, $2, coalesce((SELECT p.is_real FROM posting p WHERE p.id = $12), $3), $4, $5, $6, $7, $8, $9, $10, $11, $13, $12, $14, $15 RETURNING id",
    )
    .bind(posting.account)
    .bind(posting.kind.as_str())
    .bind(posting.kind.is_real())
    .bind(posting.amount)
    .bind(at)
    .bind(day)
    .bind(posting.product)
    .bind(posting.service)
    .bind(posting.document)
    .bind(posting.reference)
    .bind(author)
    .bind(posting.reverses)
    .bind(posting.description)
    .bind(posting.movement)
    .bind(posting.value_date)
    .fetch_one(change.connection())
    .await;
    id.map_err(|error| match broken_constraint(&error) {
        Some("posting_reversed_once") => LedgerError::AlreadyReversed,
        _ => error.into(),
    })
}
