//! The bank took a payment back: a mistake of its own, a cheque without cover, a disputed card.
//!
//! Owns: the state `returned`.
//! Does not own: postings (`ledger`).
//! Always: what was booked is taken back whole, whatever that leaves on the account; money of which we gave a part back ourselves is no longer the bank's to take,
//! and is looked at by people.

use chrono::NaiveDate;
use serde_json::json;

use super::distribute;
use super::error::PaymentError;
use super::held;
use super::settled::settled;
use crate::change::Change;
use crate::ledger::{self, NewPosting, PostingKind};

/// Takes a payment back; the posting of that, if it was on an account.
///
/// # Errors
/// No such payment; one that is not here, or of which a part was given back; a day of a closed month.
pub async fn take_back(
    change: &mut Change,
    id: i64,
    day: Option<NaiveDate>,
    revision: Option<i64>,
    reason: &str,
) -> Result<Option<i64>, PaymentError> {
    let payment = held::hold(change, id, revision).await?;
    if !payment.state.is_here() {
        return Err(PaymentError::State(payment.state));
    }
    if !payment.refunded.is_zero() {
        return Err(PaymentError::HasRefunds);
    }
    let mut posting = None;
    if let Some((account, _)) = &payment.account {
        let (reference, movement) = (format!("payment:{id}"), format!("payment-return:{id}"));
        let reversal = NewPosting {
            day,
            description: reason,
            reverses: payment.posting,
            movement: Some(&movement),
            ..NewPosting::new(*account, PostingKind::Reversal, -payment.amount, &reference)
        };
        posting = Some(ledger::post(change, std::slice::from_ref(&reversal)).await?[0].id);
    }
    sqlx::query(
        "UPDATE payment SET state = 'returned', doubt = '', candidates = '{}', revision = revision + 1 WHERE id = $1",
    )
    .bind(id)
    .execute(change.connection())
    .await?;
    if let Some((account, _)) = &payment.account {
        distribute::end_all(change, id).await?;
        distribute::advances(change, *account, &[]).await?;
        settled(change, *account).await?;
    }
    let after = json!({"state": "returned", "posting": posting});
    change.record("payment.return", "payment", id, &json!({"state": payment.state.as_str()}), &after, reason);
    Ok(posting)
}
