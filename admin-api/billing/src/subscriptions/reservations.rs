//! Reservations: their term, and their end in the night (M18, A30).
//!
//! Owns: `subscriber.reserved_from` and `reserved_through`, what a night does with those that are over.
//! Does not own: business days (`production_calendar`), what becomes of the number (`subscribers`, `rules`).
//! Always: a term of which a day is not known is an error, never a guess; nights work in portions, each a change of its own, and a night that was missed is made up
//! for by the next one; a number that comes free keeps the day of its last quarantine, so that its class still tells of calls.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;
use sqlx::{PgConnection, Row};

use super::SubscriptionError;
use super::rules::{ClosedFor, SubscriberStatus, TermFrom, lapses, reserved_through};
use super::store::{held_columns, hold_subscriber, subscriber_of, with_numbers};
use super::subscribers::end;
use crate::change::Change;
use crate::credit::calendar::day_of;
use crate::production_calendar::{self, ProductionCalendar};
use crate::settings::Settings;
use crate::store::StoreError;

/// Reservations of one portion of a night.
pub const PORTION: i64 = 500;

/// What the audit says of a number that nobody paid for.
const LAPSED: &str = "the reservation was not paid for in time";

/// The term of reservations, as the settings have it now.
pub(super) struct Term {
    /// The day of the change in the billing zone.
    pub(super) today: NaiveDate,
    zone: chrono_tz::Tz,
    from: TermFrom,
    days: u32,
    calendar: String,
}

impl Term {
    pub(super) async fn of(change: &mut Change) -> Result<Self, StoreError> {
        let settings = Settings::read_in(change.connection()).await?;
        let zone = settings.zone("billing.zone")?;
        let from = settings.text("did.reservation_from")?;
        let strange = |problem: String| StoreError::Inconsistent { table: "setting", problem };
        let days = settings.number("did.reservation_business_days")?;
        Ok(Self {
            today: day_of(change.now(), zone),
            zone,
            from: from.parse().map_err(|()| strange(format!("did.reservation_from = `{from}`, which is unknown")))?,
            days: u32::try_from(days).map_err(|_| strange(format!("did.reservation_business_days = {days}")))?,
            calendar: settings.text("did.production_calendar")?.to_owned(),
        })
    }

    /// The last day of a number that is attached today; `None`: its term has not begun.
    pub(super) async fn of_new(&self, connection: &mut PgConnection) -> Result<Option<NaiveDate>, SubscriptionError> {
        let Some(from) = self.from.begins(self.today) else { return Ok(None) };
        let calendar = self.calendar(connection).await?;
        Ok(Some(self.through(&calendar, from)?))
    }

    async fn calendar(&self, connection: &mut PgConnection) -> Result<ProductionCalendar, StoreError> {
        production_calendar::read_in(connection, &self.calendar).await
    }

    fn through(&self, calendar: &ProductionCalendar, from: NaiveDate) -> Result<NaiveDate, SubscriptionError> {
        Ok(reserved_through(calendar, from, self.days)?)
    }
}

/// What a portion of a night did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lapsed {
    /// Reservations that were over; none: there is nothing left.
    pub found: usize,
    /// Of them: those that it ended. The others were paid for meanwhile.
    pub closed: usize,
}

/// Ends reservations that are over in the night to a day, at most so many.
pub async fn lapse(change: &mut Change, night_to: NaiveDate, limit: i64) -> Result<Lapsed, SubscriptionError> {
    let due: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT s.id, i.account_id FROM subscriber s JOIN product_instance i ON i.id = s.instance_id
         WHERE s.status = 'new' AND s.reserved_through < $1 ORDER BY s.reserved_through, s.id LIMIT $2",
    )
    .bind(night_to)
    .bind(limit)
    .fetch_all(change.connection())
    .await?;
    let (subscribers, accounts): (Vec<i64>, Vec<i64>) = due.into_iter().unzip();
    // Accounts are held before subscribers, as by whoever attaches, activates and closes.
    sqlx::query("SELECT id FROM account WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE")
        .bind(accounts)
        .execute(change.connection())
        .await?;
    let sql = concat!("SELECT ", held_columns!(), " FROM subscriber WHERE id = ANY($1) ORDER BY id FOR UPDATE");
    let rows = sqlx::query(sql).bind(&subscribers).fetch_all(change.connection()).await?;
    let mut held = rows.iter().map(subscriber_of).collect::<Result<Vec<_>, _>>()?;
    held.retain(|subscriber| lapses(subscriber.status, subscriber.reserved_through, night_to));
    let lapsed = Lapsed { found: subscribers.len(), closed: held.len() };
    for (subscriber, did) in with_numbers(change, held).await? {
        end(change, &subscriber, &did, ClosedFor::Lapsed, None, LAPSED).await?;
    }
    Ok(lapsed)
}

/// Begins the terms of reservations whose account has been asked for money (`did.reservation_from` = `payment_due`): the day until which its first payment invoice
/// behind the reservation is to be paid. At most so many; how many it began.
pub async fn begin_due(change: &mut Change, limit: i64) -> Result<usize, SubscriptionError> {
    let term = Term::of(change).await?;
    if term.from != TermFrom::PaymentDue {
        return Ok(0);
    }
    let rows = sqlx::query(
        "SELECT s.id, d.issued_at, coalesce(a.deferral_days, 0) AS days
         FROM subscriber s JOIN product_instance i ON i.id = s.instance_id JOIN account a ON a.id = i.account_id
         CROSS JOIN LATERAL (SELECT min(x.issued_at) AS issued_at FROM document x
             WHERE x.account_id = a.id AND x.kind = 'payment_invoice' AND x.withdrawn_at IS NULL AND x.issued_at >= s.created_at) d
         WHERE s.status = 'new' AND s.reserved_through IS NULL AND d.issued_at IS NOT NULL ORDER BY s.id LIMIT $1 FOR UPDATE OF s",
    )
    .bind(limit)
    .fetch_all(change.connection())
    .await?;
    let calendar = term.calendar(change.connection()).await?;
    for row in &rows {
        let (issued_at, days): (DateTime<Utc>, i32) = (row.get("issued_at"), row.get("days"));
        let days = chrono::Days::new(u64::try_from(days).unwrap_or_default());
        let due = day_of(issued_at, term.zone).checked_add_days(days).unwrap_or(NaiveDate::MAX);
        let through = term.through(&calendar, due)?;
        set_term(change, row.get("id"), None, (due, through), "a payment invoice was issued").await?;
    }
    Ok(rows.len())
}

/// Records that the client refused what is reserved for him: the term begins today. The last day of it.
pub async fn record_refusal(
    change: &mut Change,
    id: i64,
    revision: Option<i64>,
    reason: &str,
) -> Result<NaiveDate, SubscriptionError> {
    let (_, subscriber) = hold_subscriber(change.connection(), id, revision).await?;
    if subscriber.status != SubscriberStatus::New {
        return Err(SubscriptionError::NotClosedFor(subscriber.status, ClosedFor::Lapsed));
    }
    if let Some(through) = subscriber.reserved_through {
        return Err(SubscriptionError::TermRuns(through));
    }
    let term = Term::of(change).await?;
    let calendar = term.calendar(change.connection()).await?;
    let through = term.through(&calendar, term.today)?;
    set_term(change, id, None, (term.today, through), reason).await?;
    Ok(through)
}

/// Counts the terms that run anew, behind a change of the production calendar; how many of them end on another day now.
pub async fn recount(change: &mut Change, calendar: &str, reason: &str) -> Result<usize, SubscriptionError> {
    let term = Term::of(change).await?;
    if term.calendar != calendar {
        return Ok(0);
    }
    let rows = sqlx::query(
        "SELECT id, reserved_from, reserved_through FROM subscriber WHERE status = 'new' AND reserved_through IS NOT NULL ORDER BY id FOR UPDATE",
    )
    .fetch_all(change.connection())
    .await?;
    let calendar = term.calendar(change.connection()).await?;
    let mut moved = 0;
    for row in &rows {
        let (from, before): (NaiveDate, NaiveDate) = (row.get("reserved_from"), row.get("reserved_through"));
        let through = term.through(&calendar, from)?;
        if through != before {
            set_term(change, row.get("id"), Some(before), (from, through), reason).await?;
            moved += 1;
        }
    }
    Ok(moved)
}

async fn set_term(
    change: &mut Change,
    id: i64,
    before: Option<NaiveDate>,
    (from, through): (NaiveDate, NaiveDate),
    reason: &str,
) -> Result<(), SubscriptionError> {
    sqlx::query(
        "UPDATE subscriber SET reserved_from = $2, reserved_through = $3, revision = revision + 1 WHERE id = $1",
    )
    .bind(id)
    .bind(from)
    .bind(through)
    .execute(change.connection())
    .await?;
    let (before, after) = (json!({"reserved_through": before}), json!({"reserved_through": through}));
    change.record("subscriber.term", "subscriber", id, &before, &after, reason);
    Ok(())
}
