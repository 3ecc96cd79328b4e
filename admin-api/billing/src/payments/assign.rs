//! The work list is gone through: a person says whose a payment is (L17).
//!
//! Owns: what he may say.
//! Does not own: the list (`lists`), postings (`booking`).
//! Always: a payment that waits goes to an account of the company that has the money, in its currency; what is refused stays in the list.

use serde_json::json;

use super::booking::{Booking, Matched, book};
use super::error::PaymentError;
use super::held::{self, Held, Payee};
use super::words::{Choice, State};
use crate::change::Change;

/// Puts a payment that waits on an account; its posting.
///
/// # Errors
/// No such payment or account; one that does not wait; an account that does not take it.
pub async fn assign(
    change: &mut Change,
    id: i64,
    account: &str,
    choice: &Choice,
    revision: Option<i64>,
    reason: &str,
) -> Result<i64, PaymentError> {
    let payment = held::hold(change, id, revision).await?;
    assign_held(change, &payment, account, choice, reason).await
}

/// The same with a payment that is held.
pub(super) async fn assign_held(
    change: &mut Change,
    payment: &Held,
    account: &str,
    choice: &Choice,
    reason: &str,
) -> Result<i64, PaymentError> {
    if payment.state != State::Unmatched {
        return Err(PaymentError::State(payment.state));
    }
    let payee = Payee::find(change.connection(), account).await?;
    payee.takes_at(payment.entity, &payment.currency)?;
    let booking = Booking {
        payment: payment.id,
        account: payee.id,
        amount: payment.amount,
        value_date: payment.value_date,
        day: None,
        description: payment.description.clone(),
        matched: Matched::by_hand("manual", reason),
        choice: choice.clone(),
    };
    let postings = book(change, &[booking]).await?;
    let posting = postings.first().copied().ok_or(PaymentError::NotFound)?;
    let (before, after) =
        (json!({"state": "unmatched"}), json!({"state": "booked", "account": payee.code, "posting": posting}));
    change.record("payment.match", "payment", payment.id, &before, &after, reason);
    Ok(posting)
}
