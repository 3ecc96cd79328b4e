//! What was decided on accounts is written.
//!
//! Owns: the statements that write it, the audit lines that go with it.
//! Does not own: what is decided (`case`), how a posting is booked (`ledger`).
//! Always: a statement a table, whatever the number of accounts; the caller holds their balances; money and blocks leave a line each under their account.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::json;

use super::CreditError;
use super::case::{Case, Fate, Planned, Verdict};
use crate::change::Change;
use crate::credit::blocks::{Block, Cause};
use crate::ledger::{self, NewPosting};

/// Why a block of a cause ended: what it was about is over.
const PAID: &str = "оплачено";

/// Writes what was decided on these accounts.
pub(super) async fn write(change: &mut Change, cases: &[Case]) -> Result<(), CreditError> {
    let changed: Vec<&Case> = cases.iter().filter(|case| case.done.is_something()).collect();
    let ids = postings(change, &changed).await?;
    credit(change, &changed).await?;
    verdicts(change, &changed, &ids).await?;
    fates(change, &changed, &ids).await?;
    ended(change, &changed).await?;
    begun(change, &changed).await
}

/// Books the postings; their identifiers by account.
async fn postings(change: &mut Change, cases: &[&Case]) -> Result<Vec<Vec<i64>>, CreditError> {
    let planned: Vec<(&Case, &Planned)> =
        cases.iter().flat_map(|case| case.done.postings.iter().map(move |posting| (*case, posting))).collect();
    if planned.is_empty() {
        return Ok(vec![Vec::new(); cases.len()]);
    }
    let new: Vec<NewPosting<'_>> = planned
        .iter()
        .map(|(case, posting)| NewPosting {
            movement: posting.movement.as_deref(),
            description: &posting.description,
            ..NewPosting::new(case.account, posting.kind, posting.amount, &posting.reference)
        })
        .collect();
    let made = ledger::post(change, &new).await?;
    for ((case, posting), made) in planned.iter().zip(&made) {
        recorded(change, case, posting, made.id);
    }
    let mut ids = made.iter().map(|posted| posted.id);
    Ok(cases.iter().map(|case| ids.by_ref().take(case.done.postings.len()).collect()).collect())
}

fn recorded(change: &mut Change, case: &Case, posting: &Planned, id: i64) {
    let after = json!({
        "posting": id, "kind": posting.kind.as_str(), "amount": posting.amount.normalize(), "credit_in_force": case.in_force.normalize(),
        "credit_outstanding": case.outstanding.normalize(),
    });
    change.record("credit.post", "account", &case.code, &json!({}), &after, &posting.description);
}

async fn credit(change: &mut Change, cases: &[&Case]) -> Result<(), CreditError> {
    let renewed: Vec<&Case> = cases.iter().copied().filter(|case| case.done.has_new_credit).collect();
    if renewed.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO account_credit (account_id, in_force, turned) SELECT * FROM unnest($1::bigint[], $2::numeric[], $3::date[])
         ON CONFLICT (account_id) DO UPDATE SET in_force = excluded.in_force, turned = excluded.turned",
    )
    .bind(renewed.iter().map(|case| case.account).collect::<Vec<i64>>())
    .bind(renewed.iter().map(|case| case.in_force).collect::<Vec<Decimal>>())
    .bind(renewed.iter().map(|case| case.turned).collect::<Vec<Option<NaiveDate>>>())
    .execute(change.connection())
    .await?;
    Ok(())
}

async fn verdicts(change: &mut Change, cases: &[&Case], ids: &[Vec<i64>]) -> Result<(), CreditError> {
    let judged: Vec<(i64, &Verdict, Option<i64>)> = cases
        .iter()
        .zip(ids)
        .filter_map(|(case, ids)| {
            let verdict = case.done.verdict.as_ref()?;
            Some((case.account, verdict, verdict.posting.and_then(|at| ids.get(at).copied())))
        })
        .collect();
    if judged.is_empty() {
        return Ok(());
    }
    let now = change.now();
    let written = sqlx::query(
        "UPDATE credit_verdict v SET outcome = d.outcome, why = d.why, cause = d.cause, debt = d.debt, amount = d.amount, posting_id = d.posting, fate = d.fate,
                judged_at = $10
         FROM unnest($1::bigint[], $2::date[], $3::text[], $4::text[], $5::text[], $6::numeric[], $7::numeric[], $8::bigint[], $9::text[])
              AS d (account, night, outcome, why, cause, debt, amount, posting, fate)
         WHERE v.account_id = d.account AND v.night = d.night AND v.outcome = 'waiting'",
    )
    .bind(judged.iter().map(|(account, ..)| *account).collect::<Vec<i64>>())
    .bind(judged.iter().map(|(_, verdict, _)| verdict.night).collect::<Vec<NaiveDate>>())
    .bind(judged.iter().map(|(_, verdict, _)| verdict.outcome).collect::<Vec<&str>>())
    .bind(judged.iter().map(|(_, verdict, _)| verdict.why).collect::<Vec<&str>>())
    .bind(judged.iter().map(|(_, verdict, _)| verdict.cause.map(Cause::as_str)).collect::<Vec<Option<&str>>>())
    .bind(judged.iter().map(|(_, verdict, _)| verdict.debt).collect::<Vec<Option<Decimal>>>())
    .bind(judged.iter().map(|(_, verdict, _)| verdict.amount).collect::<Vec<Decimal>>())
    .bind(judged.iter().map(|(_, _, posting)| *posting).collect::<Vec<Option<i64>>>())
    .bind(judged.iter().map(|(_, verdict, _)| verdict.fate.map(Fate::as_str)).collect::<Vec<Option<&str>>>())
    .bind(now)
    .execute(change.connection())
    .await?;
    assert_eq!(written.rows_affected(), judged.len() as u64, "a verdict was given by two");
    Ok(())
}

async fn fates(change: &mut Change, cases: &[&Case], ids: &[Vec<i64>]) -> Result<(), CreditError> {
    let mut rows: Vec<(i64, NaiveDate, Fate, Option<i64>)> = Vec::new();
    for (case, ids) in cases.iter().zip(ids) {
        for (night, (fate, posting)) in &case.done.fates {
            rows.push((case.account, *night, *fate, posting.and_then(|at| ids.get(at).copied())));
            let (before, after) = (json!({}), json!({"closing_of": night, "fate": fate.as_str()}));
            change.record("credit.closing_end", "account", &case.code, &before, &after, "");
        }
    }
    if rows.is_empty() {
        return Ok(());
    }
    let now = change.now();
    sqlx::query(
        "UPDATE credit_verdict v SET fate = d.fate, ended_at = $5, voided_by = d.posting
         FROM unnest($1::bigint[], $2::date[], $3::text[], $4::bigint[]) AS d (account, night, fate, posting)
         WHERE v.account_id = d.account AND v.night = d.night",
    )
    .bind(rows.iter().map(|(account, ..)| *account).collect::<Vec<i64>>())
    .bind(rows.iter().map(|(_, night, ..)| *night).collect::<Vec<NaiveDate>>())
    .bind(rows.iter().map(|(_, _, fate, _)| fate.as_str()).collect::<Vec<&str>>())
    .bind(rows.iter().map(|(.., posting)| *posting).collect::<Vec<Option<i64>>>())
    .bind(now)
    .execute(change.connection())
    .await?;
    Ok(())
}

async fn ended(change: &mut Change, cases: &[&Case]) -> Result<(), CreditError> {
    let ended: Vec<i64> = cases.iter().flat_map(|case| case.done.ended.iter().map(|held| held.id)).collect();
    if ended.is_empty() {
        return Ok(());
    }
    let (now, author) = (change.now(), change.actor().login.clone());
    sqlx::query(
        "UPDATE account_block SET ended_at = $2, ended_by = $3, ended_reason = $4 WHERE id = ANY($1) AND ended_at IS NULL",
    )
    .bind(&ended)
    .bind(now)
    .bind(author)
    .bind(PAID)
    .execute(change.connection())
    .await?;
    for case in cases {
        for held in &case.done.ended {
            let (cause, scope) = (held.block.cause.as_str(), held.block.scope.as_str());
            let before = json!({"block": held.id, "cause": cause, "scope": scope});
            change.record("account.unblock", "account", &case.code, &before, &json!({}), PAID);
        }
    }
    Ok(())
}

async fn begun(change: &mut Change, cases: &[&Case]) -> Result<(), CreditError> {
    let begun: Vec<(&Case, &Block)> =
        cases.iter().flat_map(|case| case.done.begun.iter().map(move |block| (*case, block))).collect();
    if begun.is_empty() {
        return Ok(());
    }
    let (now, author) = (change.now(), change.actor().login.clone());
    sqlx::query(
        "INSERT INTO account_block (account_id, cause, scope, reason, notice_id, begun_at, begun_by)
         SELECT d.account, d.cause, d.scope, d.reason, d.notice, $6, $7
         FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[]) AS d (account, cause, scope, reason, notice) ON CONFLICT DO NOTHING",
    )
    .bind(begun.iter().map(|(case, _)| case.account).collect::<Vec<i64>>())
    .bind(begun.iter().map(|(_, block)| block.cause.as_str()).collect::<Vec<&str>>())
    .bind(begun.iter().map(|(_, block)| block.scope.as_str()).collect::<Vec<&str>>())
    .bind(begun.iter().map(|(_, block)| reason(block.cause)).collect::<Vec<&str>>())
    .bind(begun.iter().map(|(_, block)| block.notice_id).collect::<Vec<Option<i64>>>())
    .bind(now)
    .bind(author)
    .execute(change.connection())
    .await?;
    for (case, block) in begun {
        let (cause, scope) = (block.cause.as_str(), block.scope.as_str());
        let after = json!({"cause": cause, "scope": scope, "notice": block.notice_id});
        change.record("account.block", "account", &case.code, &json!({}), &after, reason(block.cause));
    }
    Ok(())
}

/// Why a block was begun, in words.
const fn reason(cause: Cause) -> &'static str {
    match cause {
        Cause::CreditClosed => "кредит закрыт: не оплачены документы прошлых месяцев",
        Cause::PostpaidDebt => "не оплачены документы прошлых месяцев",
        Cause::Overdue => "просроченная дебиторская задолженность",
        Cause::Balance => "баланс исчерпан",
        Cause::Manual | Cause::Fraud | Cause::Terminated => "",
    }
}
