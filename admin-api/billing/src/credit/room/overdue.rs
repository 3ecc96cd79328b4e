//! Invoices and months that are overdue for too long, in portions (B14, T23).
//!
//! Owns: whom the job looks at.
//! Does not own: when something is overdue (`deferral`), what the block stops (`blocks`).
//! Always: a portion commits as a whole; twice changes nothing; ends what is over as well, so that nothing that was missed stays.

use super::nights::Portion;
use super::settings::rules;
use super::{CreditError, load, write};
use crate::change::Change;
use crate::ledger;

/// Looks at the next `most` accounts behind the account `after`: those with an invoice that may be overdue for too long, with documents where unpaid months
/// count, with a closing that stands, with a block that money ends.
pub async fn overdue(change: &mut Change, after: i64, most: i64) -> Result<Portion, CreditError> {
    let now = change.now();
    let rules = rules(change.connection(), now).await?;
    let ids: Vec<i64> = sqlx::query_scalar(
        "SELECT a.id FROM account a
         WHERE a.active AND a.id > $1
               AND (a.block_after_days IS NOT NULL AND EXISTS (SELECT FROM document d WHERE d.account_id = a.id AND d.payable
                        AND d.paid < d.amount AND d.withdrawn_at IS NULL AND d.issued_at + a.block_after_days * interval '24 hours' <= $2)
                    OR $3 AND EXISTS (SELECT FROM document d WHERE d.account_id = a.id AND d.kind <> 'payment_invoice' AND d.withdrawn_at IS NULL)
                    OR EXISTS (SELECT FROM credit_verdict v WHERE v.account_id = a.id AND v.fate = 'stands')
                    OR EXISTS (SELECT FROM account_block b WHERE b.account_id = a.id AND b.ended_at IS NULL
                                   AND b.cause IN ('balance', 'credit_closed', 'postpaid_debt', 'overdue')))
         ORDER BY a.id LIMIT $4",
    )
    .bind(after)
    .bind(now)
    .bind(rules.most_unpaid.is_some())
    .bind(most)
    .fetch_all(change.connection())
    .await?;
    let Some(last) = ids.last().copied() else { return Ok(Portion::default()) };
    ledger::hold_accounts(change, &ids).await?;
    let mut cases = load::cases(change.connection(), &ids, None, &rules).await?;
    for case in &mut cases {
        case.after_money(rules.today);
        case.end_blocks(&rules);
        case.begin_debt_block(&rules);
        case.begin_overdue_block(&rules);
    }
    write::write(change, &cases).await?;
    Ok(Portion::of(Some(last), &cases))
}
