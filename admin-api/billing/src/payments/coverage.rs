//! Which days of ours the statements have whole.
//!
//! Owns: when a statement has all of a day, and when every account of a company has one that does (A15).
//! Does not own: who waits for that (`credit`).
//! Always: a day has to be over when the bank made the file, and the sums of the file have to add up; two who import statements of one company at once see each
//! other's.

use chrono::NaiveDate;
use serde_json::json;
use sqlx::PgConnection;

use super::error::PaymentError;
use super::import::alone;
use super::plan::Planned;
use super::statement::{Problem, Statement};
use crate::change::Change;
use crate::credit;
use crate::store::StoreError;

/// The last day of which a statement that came `today` has everything: none where sums show that lines are missing.
fn last_whole_day(statement: &Statement, today: NaiveDate) -> Option<NaiveDate> {
    let lacks = |problem: &Problem| matches!(problem, Problem::Total { .. } | Problem::Gap { .. });
    if statement.problems.iter().any(lacks) {
        return None;
    }
    let made_on = statement.made_on.map_or(today, |made_on| made_on.min(today));
    made_on.pred_opt().map(|over| over.min(statement.to)).filter(|last| *last >= statement.from)
}

/// The last day of which a statement has everything, by the clock of its company.
pub(super) async fn whole_to(change: &mut Change, planned: &Planned) -> Result<Option<NaiveDate>, StoreError> {
    let now = change.now();
    let today = sqlx::query_scalar("SELECT ($1::timestamptz AT TIME ZONE zone)::date FROM legal_entity WHERE id = $2")
        .bind(now)
        .bind(planned.entity)
        .fetch_one(change.connection())
        .await?;
    Ok(last_whole_day(&planned.statement, today))
}

/// Whether an earlier statement had all the days of this one, and had them as whole.
pub(super) async fn is_covered(
    connection: &mut PgConnection,
    statement: &Statement,
    whole_to: Option<NaiveDate>,
) -> Result<bool, StoreError> {
    let is_covered = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM bank_statement WHERE bank_account = $1 AND from_day <= $2 AND to_day >= $3 AND ($4::date IS NULL OR whole_to >= $4))",
    )
    .bind(&statement.account)
    .bind(statement.from)
    .bind(statement.to)
    .bind(whole_to)
    .fetch_one(connection)
    .await?;
    Ok(is_covered)
}

/// Says to credit which days of a statement, from its first to `whole_to`, are complete now: those of which every account of its company has a whole statement.
pub(super) async fn complete(
    change: &mut Change,
    planned: &Planned,
    whole_to: NaiveDate,
    reason: &str,
) -> Result<(), PaymentError> {
    alone(change.connection(), &format!("bank_day:{}", planned.entity)).await?;
    let days: Vec<NaiveDate> = sqlx::query_scalar(
        "SELECT w.day FROM (SELECT $2::date + n AS day FROM generate_series(0, $3::date - $2::date) AS n) w
         WHERE NOT EXISTS (SELECT FROM legal_entity_bank b WHERE b.legal_entity_id = $1
             AND NOT EXISTS (SELECT FROM bank_statement s WHERE s.bank_account = b.account AND s.from_day <= w.day AND w.day <= s.whole_to))
         ORDER BY w.day",
    )
    .bind(planned.entity)
    .bind(planned.statement.from)
    .bind(whole_to)
    .fetch_all(change.connection())
    .await?;
    let new = credit::statement_complete(change, planned.entity, &days).await?;
    if !new.is_empty() {
        let after = json!({"statement_complete": new});
        change.record("statement.complete", "legal_entity", &planned.entity_code, &json!({}), &after, reason);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::super::statement::Total;
    use super::*;

    /// first day, last day, day on which the bank made it, today | the last day that it has whole
    #[test]
    fn a_day_is_whole_when_it_was_over() {
        let day = |day: u32| NaiveDate::from_ymd_opt(2026, 8, day).unwrap();
        let statement = |from: u32, to: u32, made_on: Option<u32>| Statement {
            account: "40702810400000000001".into(),
            bic: None,
            from: day(from),
            to: day(to),
            made_on: made_on.map(day),
            opening: None,
            closing: None,
            lines: Vec::new(),
            problems: vec![Problem::NoBalances],
        };
        for (from, to, made_on, today, expected) in [
            (28, 28, None, 29, Some(28)),
            (28, 28, None, 28, None),
            (27, 28, None, 28, Some(27)),
            (28, 28, Some(28), 31, None),
            (27, 28, Some(28), 31, Some(27)),
            (28, 28, Some(29), 31, Some(28)),
            // A clock of the bank that is ahead does not bring a day to its end.
            (28, 28, Some(29), 28, None),
            (1, 31, Some(29), 30, Some(28)),
        ] {
            let found = last_whole_day(&statement(from, to, made_on), day(today));
            assert_eq!(found, expected.map(day), "{from} {to} {made_on:?} {today}");
        }
        let mut short = statement(28, 28, None);
        let (told, counted) = (Decimal::from(300), Decimal::from(200));
        short.problems.push(Problem::Total { total: Total::Credited, told, counted });
        assert_eq!(last_whole_day(&short, day(31)), None, "100 that came are not in it");
    }
}
