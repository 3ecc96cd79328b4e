//! What follows when money came to an account, went from it, or pays something else there than before.
//!
//! Owns: the one place from which rooms that wait for money are called; the distribution is held against the payments there once more.
//! Does not own: what those rooms do: documents, credit, blocks, activation.
//! Always: called after the postings and the distribution, inside the same change, with the account held as postings hold it; documents know what they are paid
//! before credit asks.

use sqlx::Row;

use super::distribute::free_of_payment;
use super::error::PaymentError;
use crate::change::Change;
use crate::credit;
use crate::documents;
use crate::store::StoreError;

/// Money came to an account or went from it, or is distributed anew. No payment may pay more than it has; a room that waits for money is called behind this.
pub(super) async fn settled(change: &mut Change, account: i64) -> Result<(), PaymentError> {
    let over = sqlx::query(concat!(
        "SELECT p.id FROM payment p WHERE p.account_id = $1 AND p.state = 'booked' AND ",
        free_of_payment!(),
        " < 0 LIMIT 1"
    ))
    .bind(account)
    .fetch_optional(change.connection())
    .await?;
    let Some(row) = over else {
        documents::keep_paid(change, account).await?;
        credit::after_payment(change, account).await?;
        return Ok(());
    };
    let problem = format!("more of payment {} than it has", row.get::<i64, _>("id"));
    Err(StoreError::Inconsistent { table: "payment_allocation", problem }.into())
}
