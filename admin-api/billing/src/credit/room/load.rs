//! Accounts are read, with all that the rules of credit decide on.
//!
//! Owns: the statements that read many accounts at once.
//! Does not own: who holds them (`ledger::hold_accounts`), what is decided (`case`).
//! Always: five statements, whatever the number of accounts; real money counts by its value date (A15), documents by the day of their issue.

use std::collections::BTreeMap;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::case::{Case, Closed, Done, Fate, InForce};
use super::settings::Rules;
use crate::blocks::temporary_limits;
use crate::credit::blocks::Block;
use crate::credit::calendar::CheckNight;
use crate::credit::debt::{Document, RealPayment};
use crate::credit::deferral::Deferral;
use crate::credit::month_end::Closing;
use crate::ledger::PostingKind;
use crate::store::StoreError;

/// The accounts with these identifiers, in their order; what does not exist is left out. `then`: the limit of that moment is asked for too.
pub(super) async fn cases(
    connection: &mut PgConnection,
    ids: &[i64],
    then: Option<DateTime<Utc>>,
    rules: &Rules,
) -> Result<Vec<Case>, StoreError> {
    let mut cases = accounts(connection, ids, then, rules).await?;
    documents(connection, ids, &mut cases).await?;
    payments(connection, ids, &mut cases).await?;
    closings(connection, ids, &mut cases).await?;
    blocks(connection, ids, &mut cases).await?;
    Ok(cases.into_values().collect())
}

/// The account with this identifier.
pub(super) async fn case(connection: &mut PgConnection, id: i64, rules: &Rules) -> Result<Option<Case>, StoreError> {
    Ok(cases(connection, &[id], None, rules).await?.pop())
}

async fn accounts(
    connection: &mut PgConnection,
    ids: &[i64],
    then: Option<DateTime<Utc>>,
    rules: &Rules,
) -> Result<BTreeMap<i64, Case>, StoreError> {
    let credit = [PostingKind::TopupCredit.as_str(), PostingKind::CreditClosing.as_str()];
    let rows = sqlx::query(concat!(
        "SELECT a.id, a.code, a.currency::text AS currency, a.legal_entity_id, a.active, a.payment_mode, a.credit_policy, a.credit_limit, a.postpaid_since,
                a.deferral_days, a.block_after_days, b.balance, coalesce(s.in_force, 0) AS in_force, s.turned,
                coalesce((SELECT t.credit_limit FROM account_terms_past t WHERE t.account_id = a.id AND t.until >= $2 ORDER BY t.until, t.id LIMIT 1),
                         a.credit_limit) AS limit_then,
                coalesce((SELECT sum(p.amount) FROM posting p WHERE p.account_id = a.id AND p.kind = ANY($3)), 0) AS outstanding,
                ",
        temporary_limits!("$4"),
        " AS temporary,
                array(SELECT v.night FROM credit_verdict v WHERE v.account_id = a.id AND v.outcome = 'waiting' ORDER BY v.night) AS waiting,
                EXISTS (SELECT FROM credit_verdict v WHERE v.account_id = a.id AND v.night = $5 AND v.cause = 'postpaid_debt') AS owes_without_credit,
                (SELECT min(d.issued_at) FROM document d WHERE d.account_id = a.id AND d.payable AND d.paid < d.amount AND d.withdrawn_at IS NULL) AS oldest_unpaid,
                (SELECT n.id FROM account_notice n WHERE n.account_id = a.id AND n.sent_at <= $4
                     AND NOT EXISTS (SELECT FROM account_block x WHERE x.account_id = a.id AND x.notice_id = n.id)
                 ORDER BY n.sent_at DESC, n.id DESC LIMIT 1) AS notice
         FROM account a JOIN account_balance b ON b.account_id = a.id LEFT JOIN account_credit s ON s.account_id = a.id WHERE a.id = ANY($1)",
    ))
    .bind(ids)
    .bind(then)
    .bind(credit.to_vec())
    .bind(rules.now)
    .bind(CheckNight::latest_on(rules.today).last_day())
    .fetch_all(connection)
    .await?;
    let mut cases = BTreeMap::new();
    for row in &rows {
        cases.insert(row.get::<i64, _>("id"), read(row)?);
    }
    Ok(cases)
}

fn read(row: &PgRow) -> Result<Case, StoreError> {
    let code: String = row.get("code");
    let policy = word(&code, row.get("credit_policy"))?;
    let days = |days: i32| u32::try_from(days).unwrap_or_default();
    let deferral = match row.get::<Option<i32>, _>("deferral_days") {
        Some(overdue) => {
            let block_after_days = row.get::<Option<i32>, _>("block_after_days").map(days);
            Deferral::FromIssue { days: days(overdue), block_after_days }
        }
        None => Deferral::Unlimited,
    };
    Ok(Case {
        account: row.get("id"),
        currency: row.get("currency"),
        entity: row.get("legal_entity_id"),
        is_active: row.get("active"),
        mode: word(&code, row.get("payment_mode"))?,
        policy,
        since: row.get("postpaid_since"),
        limit: row.get("credit_limit"),
        limit_then: row.get("limit_then"),
        deferral,
        balance: row.get("balance"),
        temporary: row.get("temporary"),
        outstanding: row.get("outstanding"),
        in_force: row.get("in_force"),
        turned: row.get("turned"),
        waiting: row.get("waiting"),
        owes_without_credit: row.get("owes_without_credit"),
        closings: Vec::new(),
        documents: Vec::new(),
        payments: Vec::new(),
        oldest_unpaid: row.get("oldest_unpaid"),
        blocks: Vec::new(),
        notice: row.get("notice"),
        done: Done::default(),
        code,
    })
}

async fn documents(
    connection: &mut PgConnection,
    ids: &[i64],
    cases: &mut BTreeMap<i64, Case>,
) -> Result<(), StoreError> {
    // What raises and what lowers stand apart: they count from different days on.
    let rows = sqlx::query(
        "SELECT account_id, month, issued_on, sum(amount) AS amount FROM document
         WHERE account_id = ANY($1) AND kind <> 'payment_invoice' AND withdrawn_at IS NULL
         GROUP BY account_id, month, issued_on, amount < 0 ORDER BY account_id, month, issued_on",
    )
    .bind(ids)
    .fetch_all(connection)
    .await?;
    for row in &rows {
        if let Some(case) = cases.get_mut(&row.get::<i64, _>("account_id")) {
            let document =
                Document { month: row.get("month"), issued: row.get("issued_on"), amount: row.get("amount") };
            case.documents.push(document);
        }
    }
    Ok(())
}

async fn payments(
    connection: &mut PgConnection,
    ids: &[i64],
    cases: &mut BTreeMap<i64, Case>,
) -> Result<(), StoreError> {
    let rows = sqlx::query(
        "SELECT account_id, coalesce(value_date, day) AS value_date, sum(amount) AS amount FROM posting WHERE account_id = ANY($1) AND is_real
         GROUP BY account_id, coalesce(value_date, day) ORDER BY account_id, coalesce(value_date, day)",
    )
    .bind(ids)
    .fetch_all(connection)
    .await?;
    for row in &rows {
        if let Some(case) = cases.get_mut(&row.get::<i64, _>("account_id")) {
            case.payments.push(RealPayment { value_date: row.get("value_date"), amount: row.get("amount") });
        }
    }
    Ok(())
}

async fn closings(
    connection: &mut PgConnection,
    ids: &[i64],
    cases: &mut BTreeMap<i64, Case>,
) -> Result<(), StoreError> {
    // Void ones too: what a night has closed once it does not close again.
    let rows = sqlx::query(
        "SELECT account_id, night, amount, fate FROM credit_verdict WHERE account_id = ANY($1) AND outcome = 'closed' ORDER BY account_id, night",
    )
    .bind(ids)
    .fetch_all(connection)
    .await?;
    for row in &rows {
        let night: NaiveDate = row.get("night");
        let inconsistent = || StoreError::Inconsistent {
            table: "credit_verdict",
            problem: format!("a closing of the night to {night}, which is no last day, or whose fate is not known"),
        };
        let fate = match row.get::<&str, _>("fate") {
            "stands" => Fate::Stands,
            "paid" => Fate::Paid,
            "void" => Fate::Void,
            _ => return Err(inconsistent()),
        };
        let amount: Decimal = row.get("amount");
        let closing = Closing { night: CheckNight::ending_on(night).ok_or_else(inconsistent)?, amount };
        if let Some(case) = cases.get_mut(&row.get::<i64, _>("account_id")) {
            case.closings.push(Closed { closing, fate });
        }
    }
    Ok(())
}

async fn blocks(connection: &mut PgConnection, ids: &[i64], cases: &mut BTreeMap<i64, Case>) -> Result<(), StoreError> {
    let rows = sqlx::query(
        "SELECT id, account_id, cause, scope, notice_id, begun_at FROM account_block WHERE account_id = ANY($1) AND ended_at IS NULL ORDER BY account_id, id",
    )
    .bind(ids)
    .fetch_all(connection)
    .await?;
    for row in &rows {
        if let Some(case) = cases.get_mut(&row.get::<i64, _>("account_id")) {
            case.blocks.push(InForce { id: row.get("id"), block: block(&case.code, row)? });
        }
    }
    Ok(())
}

/// A block of an account.
pub(super) fn block(code: &str, row: &PgRow) -> Result<Block, StoreError> {
    Ok(Block {
        cause: word(code, row.get("cause"))?,
        scope: word(code, row.get("scope"))?,
        notice_id: row.get("notice_id"),
        since: row.get("begun_at"),
    })
}

/// A word of a closed list.
fn word<T: FromStr>(code: &str, text: &str) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::Inconsistent {
        table: "account",
        problem: format!("{code} with `{text}`, which nobody knows"),
    })
}
