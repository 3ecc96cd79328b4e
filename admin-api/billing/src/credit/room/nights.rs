//! The end of a month: the night to its last day and the turn to the next one, in portions.
//!
//! Owns: which boundaries of months are behind us, the list of accounts that a night judges, portions of both.
//! Does not own: the verdict on an account (`case`), when a job runs.
//! Always: boundaries in order, whatever was missed; a portion commits as a whole; who was judged or turned is not judged or turned again, so that a job that
//! was stopped goes on where it stood.
//!
//! | step | statements |
//! | --- | --- |
//! | a night is opened | one, for all accounts |
//! | a portion is judged or turned | about fifteen, for all of its accounts |

use std::ops::AddAssign;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;
use sqlx::{PgConnection, Row};

use super::bank_days::{complete_at, last_bank_day};
use super::case::Case;
use super::settings::{Rules, rules};
use super::{CreditError, load, write};
use crate::change::Change;
use crate::credit::calendar::{CheckNight, day_start, last_day_of, month_of};
use crate::ledger;
use crate::store::{Store, StoreError};

/// A boundary of months.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// The night to a last day (M51).
    Check(CheckNight),
    /// 00:00 of a first day (M52).
    Turn(NaiveDate),
}

impl Step {
    /// Its day.
    pub const fn day(self) -> NaiveDate {
        match self {
            Self::Check(night) => night.last_day(),
            Self::Turn(first) => first,
        }
    }

    /// That of a day, if it is one.
    fn on(day: NaiveDate) -> Option<Self> {
        if month_of(day) == day { Some(Self::Turn(day)) } else { CheckNight::ending_on(day).map(Self::Check) }
    }

    /// The latest one by a day.
    fn latest(day: NaiveDate) -> Self {
        Self::on(day).unwrap_or(Self::Turn(month_of(day)))
    }

    /// The first one after a day.
    fn after(day: NaiveDate) -> Self {
        match CheckNight::of_month(day) {
            night if night.last_day() > day => Self::Check(night),
            night => Self::Turn(night.last_day().succ_opt().unwrap_or(day)),
        }
    }
}

/// The next boundary up to a day that is not behind us. Who begins in the middle of a month begins with the next boundary: what was before was not his.
pub async fn next_step(store: &Store, until: NaiveDate, now: DateTime<Utc>) -> Result<Option<Step>, StoreError> {
    let last: Option<NaiveDate> =
        sqlx::query_scalar("SELECT max(day) FROM credit_step").fetch_one(store.pool()).await?;
    let Some(last) = last else {
        let latest = Step::latest(until);
        if latest.day() == until {
            return Ok(Some(latest));
        }
        sqlx::query(
            "INSERT INTO credit_step (day, done_at, skipped) VALUES ($1, $2, true) ON CONFLICT (day) DO NOTHING",
        )
        .bind(latest.day())
        .bind(now)
        .execute(store.pool())
        .await?;
        return Ok(None);
    };
    Ok(Some(Step::after(last)).filter(|step| step.day() <= until))
}

/// A boundary is behind us.
pub async fn step_done(store: &Store, step: Step, now: DateTime<Utc>) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO credit_step (day, done_at) VALUES ($1, $2) ON CONFLICT (day) DO NOTHING")
        .bind(step.day())
        .bind(now)
        .execute(store.pool())
        .await?;
    Ok(())
}

/// What was done, in accounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// The check found all paid.
    pub passed: u32,
    /// The check closed their credit.
    pub closed: u32,
    /// The check had nothing to do with them.
    pub not_concerned: u32,
    /// The turn of the month was theirs.
    pub turned: u32,
    /// Blocks that began.
    pub blocked: u32,
    /// Blocks that ended.
    pub unblocked: u32,
}

impl AddAssign for Figures {
    fn add_assign(&mut self, more: Self) {
        self.passed += more.passed;
        self.closed += more.closed;
        self.not_concerned += more.not_concerned;
        self.turned += more.turned;
        self.blocked += more.blocked;
        self.unblocked += more.unblocked;
    }
}

/// What a portion came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Portion {
    /// Where the next one begins; `None`: there was nothing left.
    pub after: Option<i64>,
    /// Whether there is anything to commit.
    pub is_changed: bool,
    /// What was done.
    pub figures: Figures,
}

impl Portion {
    /// That of these accounts, whose decisions are written.
    pub(super) fn of(after: Option<i64>, cases: &[Case]) -> Self {
        let mut figures = Figures::default();
        for case in cases {
            match case.done.verdict.as_ref().map(|verdict| verdict.outcome) {
                Some("passed") => figures.passed += 1,
                Some("closed") => figures.closed += 1,
                Some(_) => figures.not_concerned += 1,
                None => {}
            }
            figures.blocked += case.done.begun.len() as u32;
            figures.unblocked += case.done.ended.len() as u32;
        }
        Self { after, is_changed: cases.iter().any(|case| case.done.is_something()), figures }
    }

    /// Says in the audit what the portion did on the whole; each posting and each block has a line of its own.
    fn recorded(&self, change: &mut Change, action: &'static str, step: Step) {
        if self.is_changed {
            let Figures { passed, closed, not_concerned, turned, .. } = self.figures;
            let after = json!({
                "day": step.day(), "passed": passed, "closed": closed, "not_concerned": not_concerned, "turned": turned, "up_to_account": self.after,
            });
            change.record(action, "job", "credit", &json!(null), &after, "");
        }
    }
}

/// Opens a night: all who pay afterwards since before its cut-off wait for a verdict from now on; how many are new among them.
pub async fn open_night(change: &mut Change, night: CheckNight) -> Result<u64, CreditError> {
    let now = change.now();
    let rules = rules(change.connection(), now).await?;
    let opened = sqlx::query(
        "INSERT INTO credit_verdict (account_id, night, outcome)
         SELECT a.id, $1, 'waiting' FROM account a
         WHERE a.active AND a.payment_mode = 'postpaid' AND (a.postpaid_since IS NULL OR a.postpaid_since < $2)
         ON CONFLICT (account_id, night) DO NOTHING",
    )
    .bind(night.last_day())
    .bind(night.cut_off(rules.zone))
    .execute(change.connection())
    .await?;
    let opened = opened.rows_affected();
    change.record(
        "credit.night",
        "job",
        "credit",
        &json!(null),
        &json!({"night": night.last_day(), "accounts": opened}),
        "",
    );
    Ok(opened)
}

/// Judges the next `most` accounts behind the account `after` that wait for the verdict of a night (M51, A15).
pub async fn judge(change: &mut Change, night: CheckNight, after: i64, most: i64) -> Result<Portion, CreditError> {
    let now = change.now();
    let rules = rules(change.connection(), now).await?;
    let bank_day = last_bank_day(change.connection(), night, &rules).await?;
    let complete = complete_at(change.connection(), bank_day).await?;
    // Who would wait again is not even read: whose statement is missing is asked every hour.
    let ids: Vec<i64> = sqlx::query_scalar(
        "SELECT v.account_id FROM credit_verdict v JOIN account a ON a.id = v.account_id
         WHERE v.night = $1 AND v.outcome = 'waiting' AND v.account_id > $2
               AND (NOT $4 OR a.legal_entity_id = ANY($5) OR NOT a.active OR a.payment_mode <> 'postpaid' OR a.postpaid_since >= $6)
         ORDER BY v.account_id LIMIT $3",
    )
    .bind(night.last_day())
    .bind(after)
    .bind(most)
    .bind(rules.closing.wait_for_statement)
    .bind(complete.iter().copied().collect::<Vec<i32>>())
    .bind(night.cut_off(rules.zone))
    .fetch_all(change.connection())
    .await?;
    let Some(last) = ids.last().copied() else { return Ok(Portion::default()) };
    ledger::hold_accounts(change, &ids).await?;
    let mut cases = load::cases(change.connection(), &ids, Some(night.turn(rules.zone)), &rules).await?;
    for case in &mut cases {
        let is_loaded = complete.contains(&case.entity);
        if case.judge(night, &rules, is_loaded) {
            case.end_blocks(&rules);
            case.begin_debt_block(&rules);
        }
    }
    write::write(change, &cases).await?;
    let portion = Portion::of(Some(last), &cases);
    portion.recorded(change, "credit.check", Step::Check(night));
    Ok(portion)
}

/// Turns the month, given by its first day, for the next `most` accounts behind the account `after` (M52).
pub async fn turn(change: &mut Change, first: NaiveDate, after: i64, most: i64) -> Result<Portion, CreditError> {
    let now = change.now();
    let rules = rules(change.connection(), now).await?;
    let moment = day_start(first, rules.zone);
    let ids: Vec<i64> = sqlx::query_scalar(
        "SELECT a.id FROM account a LEFT JOIN account_credit s ON s.account_id = a.id
         WHERE a.active AND a.credit_policy = 'monthly' AND (a.postpaid_since IS NULL OR a.postpaid_since < $1) AND (s.turned IS NULL OR s.turned < $2)
               AND a.id > $3
         ORDER BY a.id LIMIT $4",
    )
    .bind(moment)
    .bind(first)
    .bind(after)
    .bind(most)
    .fetch_all(change.connection())
    .await?;
    let Some(last) = ids.last().copied() else { return Ok(Portion::default()) };
    ledger::hold_accounts(change, &ids).await?;
    let mut cases = load::cases(change.connection(), &ids, Some(moment), &rules).await?;
    let mut turned = 0;
    for case in &mut cases {
        // Whoever came under credit since then is not asked by this turn.
        if case.since.is_none_or(|since| since < moment) && case.turn(first) {
            turned += 1;
            case.end_blocks(&rules);
        }
    }
    write::write(change, &cases).await?;
    let mut portion = Portion::of(Some(last), &cases);
    portion.figures.turned = turned;
    portion.recorded(change, "credit.turn", Step::Turn(first));
    Ok(portion)
}

/// Accounts that wait for the verdict of a night.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The night.
    pub night: CheckNight,
    /// How many.
    pub accounts: i64,
    /// The day whose statement they wait for.
    pub bank_day: NaiveDate,
    /// From when on that is an alarm.
    pub alarm_at: DateTime<Utc>,
}

/// Nights that somebody waits for the verdict of, the oldest first.
pub async fn waiting(store: &Store, now: DateTime<Utc>) -> Result<Vec<Waiting>, StoreError> {
    let mut connection = store.pool().acquire().await?;
    let rows = sqlx::query("SELECT night, count(*) AS accounts FROM credit_verdict WHERE outcome = 'waiting' GROUP BY night ORDER BY night")
        .fetch_all(&mut *connection)
        .await?;
    let rules = rules(&mut connection, now).await?;
    let mut waiting = Vec::with_capacity(rows.len());
    for row in rows {
        // A check of another day than a last one was never opened.
        let Some(night) = CheckNight::ending_on(row.get("night")) else { continue };
        waiting.push(wait(&mut connection, night, row.get("accounts"), &rules).await?);
    }
    Ok(waiting)
}

pub(super) async fn wait(
    connection: &mut PgConnection,
    night: CheckNight,
    accounts: i64,
    rules: &Rules,
) -> Result<Waiting, StoreError> {
    let bank_day = last_bank_day(connection, night, rules).await?;
    Ok(Waiting { night, accounts, bank_day, alarm_at: night.cut_off(rules.zone) + rules.closing.alarm_after })
}

/// The last day of the next check that comes after a day.
pub(super) fn next_check(today: NaiveDate) -> NaiveDate {
    match last_day_of(today) {
        last if last > today => last,
        last => last_day_of(last.succ_opt().unwrap_or(last)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    /// day | the latest boundary by then, the first one after it | the next check
    #[test]
    fn boundaries_of_months_follow_each_other() {
        for (today, latest, after, check) in [
            ("2028-02-01", "2028-02-01", "2028-02-29", "2028-02-29"),
            ("2028-02-28", "2028-02-01", "2028-02-29", "2028-02-29"),
            ("2028-02-29", "2028-02-29", "2028-03-01", "2028-03-31"),
            ("2028-03-01", "2028-03-01", "2028-03-31", "2028-03-31"),
            ("2027-02-28", "2027-02-28", "2027-03-01", "2027-03-31"),
            ("2027-12-31", "2027-12-31", "2028-01-01", "2028-01-31"),
        ] {
            let found = [Step::latest(day(today)).day(), Step::after(day(today)).day(), next_check(day(today))];
            assert_eq!(found, [latest, after, check].map(day), "{today}");
            assert_eq!(Step::on(day(today)).map(Step::day), (today == latest).then(|| day(today)), "{today}");
        }
        assert_eq!(Step::after(day("2028-02-29")), Step::Turn(day("2028-03-01")));
        assert!(matches!(Step::after(day("2028-02-01")), Step::Check(_)));
    }
}
