//! Receipts are queued with what makes them needed.
//!
//! Owns: rows of table `fiscal_receipt` as they begin.
//! Does not own: whether they can be sent (`judge`), what makes them needed (`payments`).
//! Always: of natural persons alone; a payment has one receipt of income, which goes with the money where that is moved within a company; what of a document was
//! offset once stays offset, whichever payment pays it later.
//!
//! | what | statements |
//! | --- | --- |
//! | payments that are booked | two; for those of natural persons three more, whatever their number |

use chrono::NaiveDate;
use rust_decimal::Decimal;
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::judge::{Judged, judge};
use super::rules::{RENDERED, is_subject, paid_by};
use super::words::Kind;
use crate::change::Change;
use crate::settings;
use crate::store::StoreError;

/// Payments were booked on their accounts: those of natural persons get their receipts.
pub(crate) async fn paid(change: &mut Change, payments: &[i64]) -> Result<(), StoreError> {
    follow(change, payments).await?;
    let rows = sqlx::query(
        "SELECT p.id, p.source FROM payment p JOIN account a ON a.id = p.account_id JOIN client c ON c.id = a.client_id
             JOIN party t ON t.id = c.party_id AND t.kind = 'natural'
         WHERE p.id = ANY($1) AND NOT EXISTS (SELECT FROM fiscal_receipt r WHERE r.payment_id = p.id AND r.kind = 'income') ORDER BY p.id",
    )
    .bind(payments)
    .fetch_all(change.connection())
    .await?;
    if rows.is_empty() {
        return Ok(());
    }
    let methods = settings::value(change.connection(), "receipts.methods").await?;
    let due: Vec<&PgRow> = rows.iter().filter(|row| is_subject(row.get("source"), &methods)).collect();
    let paid = |row: &&PgRow| paid_by(Kind::Income, row.get::<&str, _>("source") == "cash", false).as_str();
    let now = change.now();
    let made: Vec<i64> = sqlx::query_scalar(
        "INSERT INTO fiscal_receipt (kind, account_id, legal_entity_id, payment_id, amount, currency, day, paid_by, state, due_at, created_at)
         SELECT 'income', p.account_id, p.legal_entity_id, p.id, p.amount, p.currency, p.value_date, x.paid_by, 'queued', $3, $3
         FROM unnest($1::bigint[], $2::text[]) AS x (payment, paid_by) JOIN payment p ON p.id = x.payment ORDER BY p.id RETURNING id",
    )
    .bind(due.iter().map(|row| row.get("id")).collect::<Vec<i64>>())
    .bind(due.iter().map(paid).collect::<Vec<&str>>())
    .bind(now)
    .fetch_all(change.connection())
    .await?;
    judge(change, &made, Judged::New).await?;
    Ok(())
}

/// The receipt of money that is moved within a company stands for the payment that stands for it. What was not sent yet goes to whose account that is.
async fn follow(change: &mut Change, payments: &[i64]) -> Result<(), StoreError> {
    let moved: Vec<(i64, bool)> = sqlx::query_as(
        "UPDATE fiscal_receipt r SET payment_id = p.id, revision = r.revision + 1,
                account_id = CASE WHEN r.state IN ('queued', 'refused') THEN p.account_id ELSE r.account_id END
         FROM payment p JOIN payment f ON f.id = p.moved_from AND f.legal_entity_id = p.legal_entity_id
         WHERE p.id = ANY($1) AND r.payment_id = f.id AND r.kind = 'income' RETURNING r.id, r.state IN ('queued', 'refused')",
    )
    .bind(payments)
    .fetch_all(change.connection())
    .await?;
    let unsent: Vec<i64> = moved.into_iter().filter(|(_, is_unsent)| *is_unsent).map(|(id, _)| id).collect();
    judge(change, &unsent, Judged::Again).await?;
    Ok(())
}

/// Money of a payment was given back: if it had a receipt, that gets its return.
pub(crate) async fn given_back(change: &mut Change, refund: i64) -> Result<(), StoreError> {
    let now = change.now();
    let row = sqlx::query(
        "SELECT p.source, r.document_number FROM payment_refund r JOIN payment p ON p.id = r.payment_id
             JOIN fiscal_receipt i ON i.payment_id = p.id AND i.kind = 'income' WHERE r.id = $1",
    )
    .bind(refund)
    .fetch_optional(change.connection())
    .await?;
    let Some(row) = row else { return Ok(()) };
    let has_order = !row.get::<&str, _>("document_number").is_empty();
    let paid = paid_by(Kind::IncomeReturn, row.get::<&str, _>("source") == "cash", has_order);
    let made: Vec<i64> = sqlx::query_scalar(
        "INSERT INTO fiscal_receipt (kind, account_id, legal_entity_id, payment_id, refund_id, amount, currency, day, paid_by, state, due_at, created_at)
         SELECT 'income_return', i.account_id, i.legal_entity_id, i.payment_id, r.id, r.amount, i.currency, i.day, $2, 'queued', $3, $3
         FROM payment_refund r JOIN fiscal_receipt i ON i.payment_id = r.payment_id AND i.kind = 'income' WHERE r.id = $1 RETURNING id",
    )
    .bind(refund)
    .bind(paid.as_str())
    .bind(now)
    .fetch_all(change.connection())
    .await?;
    judge(change, &made, Judged::New).await?;
    Ok(())
}

/// Payments of an account pay documents: what they pay of rendered services, and was not offset before, gets a receipt of that.
pub(crate) async fn offset(change: &mut Change, account: i64) -> Result<(), StoreError> {
    let now = change.now();
    let rows = sqlx::query(
        "SELECT l.kind, l.number, d.issued_on, sum(l.amount) - coalesce((SELECT sum(o.amount) FROM fiscal_receipt o
                    WHERE o.account_id = $1 AND o.kind = 'offset' AND o.document_kind = l.kind AND o.document_number = l.number), 0) AS due
         FROM payment_allocation l JOIN fiscal_receipt i ON i.payment_id = l.payment_id AND i.kind = 'income'
             JOIN document d ON d.account_id = l.account_id AND d.kind = l.kind AND d.number = l.number AND d.withdrawn_at IS NULL
         WHERE l.account_id = $1 AND l.ended_at IS NULL AND l.kind = ANY($2) GROUP BY l.kind, l.number, d.issued_on ORDER BY d.issued_on, l.kind, l.number",
    )
    .bind(account)
    .bind(RENDERED.to_vec())
    .fetch_all(change.connection())
    .await?;
    let mut made = Vec::new();
    for row in rows.iter().filter(|row| row.get::<Decimal, _>("due") > Decimal::ZERO) {
        let id: i64 = sqlx::query_scalar(
            "INSERT INTO fiscal_receipt (kind, account_id, legal_entity_id, document_kind, document_number, amount, currency, day, paid_by, state, due_at, created_at)
             SELECT 'offset', a.id, a.legal_entity_id, $2, $3, $4, a.currency, $5, $6, 'queued', $7, $7 FROM account a WHERE a.id = $1 RETURNING id",
        )
        .bind(account)
        .bind(row.get::<&str, _>("kind"))
        .bind(row.get::<&str, _>("number"))
        .bind(row.get::<Decimal, _>("due"))
        .bind(row.get::<NaiveDate, _>("issued_on"))
        .bind(paid_by(Kind::Offset, false, false).as_str())
        .bind(now)
        .fetch_one(change.connection())
        .await?;
        made.push(id);
    }
    judge(change, &made, Judged::New).await?;
    Ok(())
}
