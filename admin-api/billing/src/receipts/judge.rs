//! Whether a receipt can be sent: who gets it, with which rate, by whom it is issued.
//!
//! Owns: rate, tax and obstacle of a receipt.
//! Does not own: the rule (`rules`), rates of tax, contacts, requisites.
//! Always: a receipt that cannot be sent says why and waits for a person; a judgement is an audit line.

use rust_decimal::Decimal;
use serde_json::json;
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::rules::{Facts, contact, obstacle, vat};
use super::words::{Kind, State};
use crate::change::Change;
use crate::invoicing::tax_inside;
use crate::store::StoreError;

/// When it is judged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Judged {
    /// As it is queued: what a person has to decide stops it.
    New,
    /// Later: a person has decided.
    Again,
}

/// A receipt with what it would be sent with.
struct Verdict {
    id: i64,
    vat: Option<&'static str>,
    tax: Option<Decimal>,
    obstacle: Option<&'static str>,
}

impl Verdict {
    const fn state(&self) -> State {
        if self.obstacle.is_some() { State::Refused } else { State::Queued }
    }
}

/// Judges receipts that the register does not have; the obstacles of those that cannot be sent, in the order of their numbers.
pub(super) async fn judge(
    change: &mut Change,
    ids: &[i64],
    when: Judged,
) -> Result<Vec<(i64, &'static str)>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let now = change.now();
    // Tax of the client's own (A12) counts instead of the usual one.
    let rows = sqlx::query(
        "SELECT r.id, r.kind, r.amount, r.currency::text AS currency, c.email, c.phone_key, e.inn, e.email AS sender, e.tax_regime,
                CASE WHEN e.tax_regime = 'general' THEN coalesce(x.percent, g.percent) ELSE g.percent END AS percent,
                r.kind = 'income' AND EXISTS (SELECT FROM payment m JOIN fiscal_receipt i ON i.payment_id = m.moved_from AND i.kind = 'income' WHERE m.id = r.payment_id)
                    AS elsewhere,
                r.kind = 'income_return' AND EXISTS (SELECT FROM fiscal_receipt i WHERE i.payment_id = r.payment_id AND i.kind = 'income' AND i.state = 'resolved')
                    AS resolved
         FROM fiscal_receipt r JOIN account a ON a.id = r.account_id JOIN client c ON c.id = a.client_id JOIN legal_entity e ON e.id = r.legal_entity_id
             CROSS JOIN LATERAL (SELECT r.day::timestamp AT TIME ZONE e.zone AS begins) d
             LEFT JOIN LATERAL (SELECT t.percent FROM client_tax t WHERE t.client_id = c.id AND coalesce(t.valid_from, '-infinity') <= d.begins
                                    AND d.begins < coalesce(least(t.valid_to, t.ended_at), 'infinity') ORDER BY t.valid_from DESC NULLS LAST, t.id DESC LIMIT 1) x ON true
             LEFT JOIN LATERAL (SELECT t.percent FROM tax_rate t WHERE t.category = 'standard' AND t.regime = e.tax_regime AND t.valid_from <= r.day
                                ORDER BY t.valid_from DESC LIMIT 1) g ON true
         WHERE r.id = ANY($1) ORDER BY r.id",
    )
    .bind(ids)
    .fetch_all(change.connection())
    .await?;
    let verdicts = rows.iter().map(|row| verdict(row, when)).collect::<Result<Vec<Verdict>, StoreError>>()?;
    sqlx::query(
        "UPDATE fiscal_receipt r SET state = v.state, problem = v.problem, vat = v.vat, vat_amount = v.tax, due_at = $6, revision = r.revision + 1
         FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::numeric[]) AS v (id, state, problem, vat, tax) WHERE r.id = v.id",
    )
    .bind(verdicts.iter().map(|verdict| verdict.id).collect::<Vec<i64>>())
    .bind(verdicts.iter().map(|verdict| verdict.state().as_str()).collect::<Vec<&str>>())
    .bind(verdicts.iter().map(|verdict| verdict.obstacle.unwrap_or_default()).collect::<Vec<&str>>())
    .bind(verdicts.iter().map(|verdict| verdict.vat).collect::<Vec<Option<&str>>>())
    .bind(verdicts.iter().map(|verdict| verdict.tax).collect::<Vec<Option<Decimal>>>())
    .bind(now)
    .execute(change.connection())
    .await?;
    for (row, verdict) in rows.iter().zip(&verdicts) {
        let amount: Decimal = row.get("amount");
        let after = json!({
            "kind": row.get::<&str, _>("kind"), "state": verdict.state().as_str(), "problem": verdict.obstacle, "amount": amount.normalize(), "vat": verdict.vat,
        });
        change.record("receipt.queue", "fiscal_receipt", verdict.id, &json!({}), &after, "");
    }
    Ok(verdicts.iter().filter_map(|verdict| Some((verdict.id, verdict.obstacle?))).collect())
}

fn verdict(row: &PgRow, when: Judged) -> Result<Verdict, StoreError> {
    let kind: &str = row.get("kind");
    let kind: Kind = kind
        .parse::<Kind>()
        .map_err(|()| StoreError::Inconsistent { table: "fiscal_receipt", problem: format!("a receipt of {kind}") })?;
    let percent: Option<Decimal> = row.get("percent");
    // Without a row of its own only the general regime lacks a rate; the others bear no tax.
    let is_known = percent.is_some() || row.get::<&str, _>("tax_regime") != "general";
    let vat = vat(kind, percent).filter(|_| is_known);
    let doubt = match (when, row.get::<bool, _>("elsewhere"), row.get::<bool, _>("resolved")) {
        (Judged::New, true, _) => Some("other_entity"),
        (Judged::New, _, true) => Some("income_resolved"),
        _ => None,
    };
    let facts = Facts {
        currency: row.get("currency"),
        has_rate: vat.is_some(),
        has_contact: contact(row.get("email"), row.get("phone_key")).is_some(),
        requisites: (row.get("inn"), row.get("sender")),
        doubt,
    };
    let tax = vat.map(|_| tax_inside(row.get("amount"), percent.unwrap_or_default()));
    Ok(Verdict { id: row.get("id"), vat, tax, obstacle: obstacle(&facts) })
}
