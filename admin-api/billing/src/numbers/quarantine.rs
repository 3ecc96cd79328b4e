//! Quarantine: what calls make of a number on a day (M13-M15, A28, A29, A31).
//!
//! Owns: how a number is judged: its class, who called it, when it leaves quarantine, and what keeps it off sale until then; the rules by which that is done.
//! Does not own: what the figures mean (`rules`), counting calls (`store`), terms and ignored callers (`terms`, `ignored`), moving numbers (`moves`, `release`).
//! Always: judged anew from the statistics each time, so nothing has to be re-classed at midnight; the calls of ignored callers are counted apart.

use chrono::{DateTime, Days, NaiveDate, Utc};
use chrono_tz::Tz;
use sqlx::{AssertSqlSafe, PgConnection, Row};

use super::moves::HeldDid;
use super::rules::{NonTargetClass, QuarantineTerm, QuarantineTerms, class, clear_from, leaves_on, rests_until};
use super::sale::{Candidate, Sale};
use super::store::{AGENT_PLACE, COUNTS};
use crate::credit::calendar::day_of;
use crate::settings::Settings;
use crate::store::StoreError;

/// By what numbers are judged.
#[derive(Clone, Debug)]
pub(crate) struct QuarantineRules {
    /// Days without calls (A31).
    pub(crate) terms: QuarantineTerms,
    /// Days that a mobile number rests after its contract at least.
    pub(crate) mobile_rest_days: u32,
    /// Unique callers from which a buyer has to agree (M20).
    pub(crate) threshold: i64,
    /// The zone whose days count.
    pub(crate) zone: Tz,
}

/// The rules of now.
pub(crate) async fn rules(connection: &mut PgConnection) -> Result<QuarantineRules, StoreError> {
    let settings = Settings::read_in(&mut *connection).await?;
    let days = |key: &str| -> Result<u32, StoreError> {
        let days = settings.number(key)?;
        let problem = || StoreError::Inconsistent { table: "setting", problem: format!("{key} = {days}") };
        u32::try_from(days).map_err(|_| problem())
    };
    let rows = sqlx::query("SELECT kind, provider_id, days FROM quarantine_term").fetch_all(connection).await?;
    let own = rows.iter().map(|row| QuarantineTerm {
        kind: row.get("kind"),
        provider_id: row.get("provider_id"),
        days: row.get::<i32, _>("days").unsigned_abs(),
    });
    Ok(QuarantineRules {
        terms: QuarantineTerms::new(days("did.quarantine_days")?, own.collect()),
        mobile_rest_days: days("did.mobile_rest_days")?,
        threshold: settings.number("did.unique_callers_consent")?,
        zone: settings.zone("billing.zone")?,
    })
}

/// What the statistics have of a number.
#[derive(Clone, Copy, Debug, Default)]
struct Statistics {
    first_collected: Option<NaiveDate>,
    last_call: Option<NaiveDate>,
    calls: i64,
    callers: i64,
    callers_since: i64,
    ignored_calls: i64,
}

/// A number as calls make it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Its class.
    pub class: NonTargetClass,
    /// Its term of quarantine.
    pub term_days: u32,
    /// First full day with statistics since it came or was archived (A29).
    pub first_collected: Option<NaiveDate>,
    /// Last day of a call that counts.
    pub last_call: Option<NaiveDate>,
    /// Calls that count, in the window.
    pub calls: i64,
    /// Their unique callers (A28).
    pub callers: i64,
    /// Unique callers since it came or was archived.
    pub callers_since: i64,
    /// Calls in the window that do not count.
    pub ignored_calls: i64,
    /// A mobile number is not for sale before this day (A31).
    pub rests_until: Option<NaiveDate>,
    /// The night in which it leaves quarantine if nobody calls from now on: that of the day or a later one. `None`: nobody can say yet.
    pub leaves_on: Option<NaiveDate>,
    /// What stands behind that, and what else says whether it is for sale.
    pub why: Vec<Why>,
}

/// Why a number is for sale, or is not, or not yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Why {
    /// Its kind or its place is never judged by calls.
    NeverJudged,
    /// Nothing is collected since it came or was archived.
    NotCollected,
    /// Collected for less than the term.
    Collecting {
        /// The first day.
        from: NaiveDate,
        /// Days that are left of the term.
        days_left: u32,
    },
    /// Somebody who counts called within the term.
    Called {
        /// When last.
        last: NaiveDate,
        /// How many of them.
        callers: i64,
    },
    /// A mobile number after its contract (A31).
    Rests {
        /// The first day on which it may be sold.
        until: NaiveDate,
    },
    /// Somebody took it off sale.
    TakenOff,
    /// It was forced into sale, whatever its calls (M20).
    Forced,
}

/// The day from which its calls count: that of its last move to quarantine, or of its addition to our capacity.
fn event(did: &HeldDid, zone: Tz) -> NaiveDate {
    let later = |archived: DateTime<Utc>| archived.max(did.added_at);
    day_of(did.archived_at.map_or(did.added_at, later), zone)
}

/// Whether calls never judge a number of a kind at a place of service: FMTN and agents' numbers (M15).
pub(super) fn is_never_judged(kind: &str, place: Option<&str>) -> bool {
    kind == "fmtn" || place == Some(AGENT_PLACE)
}

/// A number on a day of the zone of the rules.
pub(crate) async fn facts(
    connection: &mut PgConnection,
    did: &HeldDid,
    today: NaiveDate,
    rules: &QuarantineRules,
) -> Result<Facts, StoreError> {
    let event = event(did, rules.zone);
    let term = rules.terms.days(&did.kind, did.provider_id);
    let window = today.checked_sub_days(Days::new(u64::from(term))).unwrap_or(event);
    let row = sqlx::query(AssertSqlSafe(format!(
        "SELECT (SELECT min(day) FROM non_target_run WHERE day > $2) AS first_collected,
                (SELECT day FROM non_target_last WHERE did_number = $1) AS last_call,
                coalesce(sum(calls) FILTER (WHERE counts AND day >= $3), 0)::bigint AS calls,
                (count(DISTINCT caller) FILTER (WHERE counts AND day >= $3 AND caller <> '') +
                 count(DISTINCT day) FILTER (WHERE counts AND day >= $3 AND caller = ''))::bigint AS callers,
                (count(DISTINCT caller) FILTER (WHERE counts AND caller <> '') +
                 count(DISTINCT day) FILTER (WHERE counts AND caller = ''))::bigint AS callers_since,
                coalesce(sum(calls) FILTER (WHERE NOT counts AND day >= $3), 0)::bigint AS ignored_calls
         FROM (SELECT c.day, c.caller, c.calls, {COUNTS} AS counts FROM non_target_call c WHERE c.did_number = $1 AND c.day BETWEEN $2 AND $4) x"
    )))
    .bind(did.number.to_string())
    .bind(event)
    .bind(event.max(window))
    .bind(today)
    .fetch_one(connection)
    .await?;
    let statistics = Statistics {
        first_collected: row.get("first_collected"),
        last_call: row.get("last_call"),
        calls: row.get("calls"),
        callers: row.get("callers"),
        callers_since: row.get("callers_since"),
        ignored_calls: row.get("ignored_calls"),
    };
    Ok(judge(did, &statistics, today, term, rules))
}

/// What stands against selling a number, and for whom: exact as long as the number is held.
pub(crate) async fn candidate(
    connection: &mut PgConnection,
    did: &HeldDid,
    today: NaiveDate,
) -> Result<Candidate, StoreError> {
    let rules = rules(&mut *connection).await?;
    let facts = facts(connection, did, today, &rules).await?;
    Ok(Candidate {
        status: did.status,
        sale: did.sale,
        forced_for: did.forced_for,
        class: facts.class,
        callers: facts.callers,
        rests_until: facts.rests_until,
    })
}

/// Pure.
fn judge(did: &HeldDid, statistics: &Statistics, today: NaiveDate, term: u32, rules: &QuarantineRules) -> Facts {
    let Statistics { first_collected, last_call, calls, callers, callers_since, ignored_calls } = *statistics;
    let ignore = is_never_judged(&did.kind, did.place.as_deref());
    let class = class(ignore, today, first_collected, last_call, term);
    let clear = clear_from(ignore, first_collected, last_call, term);
    let archived = did.archived_at.map(|at| day_of(at, rules.zone));
    let rests = rests_until(did.is_mobile, archived, rules.mobile_rest_days);
    let mut why = Vec::new();
    match (ignore, first_collected) {
        (true, _) => why.push(Why::NeverJudged),
        (false, None) => why.push(Why::NotCollected),
        (false, Some(from)) => {
            let days_left = i64::from(term) - (today - from).num_days();
            if let Ok(days_left @ 1..) = u32::try_from(days_left) {
                why.push(Why::Collecting { from, days_left });
            }
        }
    }
    if let Some(last) = last_call.filter(|_| !ignore && callers > 0) {
        why.push(Why::Called { last, callers });
    }
    if let Some(until) = rests.filter(|until| today < *until) {
        why.push(Why::Rests { until });
    }
    match did.sale {
        Sale::Yes => {}
        Sale::Forced => why.push(Why::Forced),
        Sale::No => why.push(Why::TakenOff),
    }
    Facts {
        class,
        term_days: term,
        first_collected,
        last_call,
        calls,
        callers,
        callers_since,
        ignored_calls,
        rests_until: rests,
        leaves_on: leaves_on(clear, rests).map(|night| night.max(today)),
        why,
    }
}

#[cfg(test)]
mod tests {
    use numbering::E164;
    use rating::rows::DidStatus;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn did(number: &str, archived: Option<&str>) -> HeldDid {
        HeldDid {
            id: 1,
            number: E164::parse(number).unwrap(),
            status: DidStatus::Archive,
            account_id: None,
            provider_id: None,
            place: None,
            kind: "ordinary".to_owned(),
            is_mobile: number.starts_with("79"),
            sale: Sale::Yes,
            forced_for: None,
            archived_at: archived.map(|at| at.parse().unwrap()),
            added_at: "2019-05-01T09:00:00Z".parse().unwrap(),
        }
    }

    fn by(general: u32) -> QuarantineRules {
        let terms = QuarantineTerms::new(general, Vec::new());
        QuarantineRules { terms, mobile_rest_days: 60, threshold: 6, zone: chrono_tz::Europe::Moscow }
    }

    /// A29: the later of both, as a day in Moscow.
    #[test]
    fn the_day_from_which_calls_count() {
        let zone = chrono_tz::Europe::Moscow;
        for (archived, added, expected) in [
            (None, "2019-05-01T09:00:00Z", "2019-05-01"),
            (Some("2020-08-01T10:00:00Z"), "2019-05-01T09:00:00Z", "2020-08-01"),
            (Some("2020-08-01T21:00:00Z"), "2019-05-01T09:00:00Z", "2020-08-02"), // midnight of 2 August in Moscow
            (Some("2020-08-01T10:00:00Z"), "2021-05-01T09:00:00Z", "2021-05-01"), // withdrawn, and added again
        ] {
            let did = HeldDid { added_at: added.parse().unwrap(), ..did("74956460403", archived) };
            assert_eq!(event(&did, zone), day(expected), "{archived:?} {added}");
        }
    }

    /// M13, M15: archived on 1 August 2020, first statistics on the 2nd, called on the 10th by two: today | class | leaves on | why.
    #[test]
    fn when_it_leaves_and_why_not_before() {
        use NonTargetClass::{HasCalls, InsufficientData, NoCalls};
        let statistics = Statistics {
            first_collected: Some(day("2020-08-02")),
            last_call: Some(day("2020-08-10")),
            callers: 2,
            ..Statistics::default()
        };
        let collecting = |days_left| Why::Collecting { from: day("2020-08-02"), days_left };
        let called = Why::Called { last: day("2020-08-10"), callers: 2 };
        let number = did("74956460403", Some("2020-08-01T10:00:00Z"));
        for (today, callers, class, leaves, why) in [
            ("2020-08-31", 2, InsufficientData, "2020-09-10", vec![collecting(1), called]), // 29 of 30 days
            ("2020-09-01", 2, HasCalls, "2020-09-10", vec![called]),                        // 30 days
            ("2020-09-09", 2, HasCalls, "2020-09-10", vec![called]), // 30 days back is still inside
            ("2020-09-10", 0, NoCalls, "2020-09-10", vec![]),
            ("2020-09-15", 0, NoCalls, "2020-09-15", vec![]), // a night that was missed
        ] {
            let facts = judge(&number, &Statistics { callers, ..statistics }, day(today), 30, &by(30));
            assert_eq!((facts.class, facts.leaves_on, facts.why), (class, Some(day(leaves)), why), "{today}");
        }
    }

    /// M15, M16, A31.
    #[test]
    fn what_else_there_is_to_say() {
        let silent = Statistics { first_collected: Some(day("2026-07-02")), ..Statistics::default() };
        let called = Statistics { last_call: Some(day("2026-07-20")), callers: 10, ..silent };
        let today = day("2026-08-15");
        let ordinary = || did("74956460403", Some("2026-07-01T09:00:00Z"));
        let mobile = || did("79161112233", Some("2026-07-01T09:00:00Z"));
        let until = day("2026-08-30"); // 60 days from 1 July
        for (number, statistics, leaves, why) in [
            // FMTN and agents' numbers, called ten times: whatever the calls.
            (HeldDid { kind: "fmtn".to_owned(), ..ordinary() }, called, Some(today), vec![Why::NeverJudged]),
            (HeldDid { place: Some("agent".to_owned()), ..ordinary() }, called, Some(today), vec![Why::NeverJudged]),
            (ordinary(), Statistics::default(), None, vec![Why::NotCollected]),
            (mobile(), silent, Some(until), vec![Why::Rests { until }]),
            (HeldDid { sale: Sale::No, ..ordinary() }, silent, Some(today), vec![Why::TakenOff]),
            (HeldDid { sale: Sale::Forced, ..mobile() }, silent, Some(until), vec![Why::Rests { until }, Why::Forced]),
        ] {
            let facts = judge(&number, &statistics, today, 30, &by(30));
            assert_eq!((facts.leaves_on, facts.why), (leaves, why), "{number:?}");
        }
    }
}
