//! The settings of credit, as a transaction sees them.
//!
//! Owns: what they are to the rules.
//! Does not own: the settings (`crate::settings`).
//! Always: one reading a transaction, so that all accounts of a portion are judged alike.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use sqlx::PgConnection;

use crate::credit::calendar::day_of;
use crate::credit::month_end::ClosingRules;
use crate::settings::Settings;
use crate::store::StoreError;

/// The rules of now.
pub(super) struct Rules {
    /// The moment.
    pub(super) now: DateTime<Utc>,
    /// Its day in the billing zone.
    pub(super) today: NaiveDate,
    /// The billing zone.
    pub(super) zone: Tz,
    /// How credit is closed.
    pub(super) closing: ClosingRules,
    /// Calendar of days on which banks are shut.
    pub(super) bank_calendar: String,
    /// Months from the notice to the end of a contract (M70).
    pub(super) termination_months: u32,
    /// From how many unpaid months on an account is blocked (T23); `None`: never.
    pub(super) most_unpaid: Option<u32>,
}

/// The rules as they stand at `now`.
pub(super) async fn rules(connection: &mut PgConnection, now: DateTime<Utc>) -> Result<Rules, StoreError> {
    let settings = Settings::read_in(connection).await?;
    let zone = settings.zone("billing.zone")?;
    let formula = settings.text("credit.closing_formula")?;
    let formula = formula.parse().map_err(|()| StoreError::Inconsistent {
        table: "setting",
        problem: format!("credit.closing_formula = `{formula}`, which is no formula"),
    })?;
    let months = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
    Ok(Rules {
        now,
        today: day_of(now, zone),
        zone,
        closing: ClosingRules {
            formula,
            description: settings.text("credit.closing_description")?.to_owned(),
            wait_for_statement: settings.text("credit.wait_for_statement")? == "yes",
            alarm_after: TimeDelta::hours(settings.number("credit.alarm_after_hours")?),
        },
        bank_calendar: settings.text("credit.bank_calendar")?.to_owned(),
        termination_months: months(settings.number("credit.termination_months")?),
        most_unpaid: settings.optional_number("debt.block_after_months")?.map(months),
    })
}
