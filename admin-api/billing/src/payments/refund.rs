//! Money is given back.
//!
//! Owns: table `payment_refund`, the state `refunded`.
//! Does not own: the transfer, which is done outside; what is the account's own (`ledger`).
//! Always: no more is given back than is left of the payment: what it pays is freed first, by a new distribution or by taking a charge back (B21); nor more than
//! the account has of its own and calls have not reserved (B17). Money on no account goes back whole and leaves no posting.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::json;

use super::distribute;
use super::enter::is_money;
use super::error::PaymentError;
use super::held::{self, Held};
use super::settled::settled;
use super::words::State;
use crate::change::Change;
use crate::ledger::{self, NewPosting, PostingKind};
use crate::receipts;

/// What is given back.
#[derive(Clone, Copy, Debug)]
pub struct NewRefund<'a> {
    /// How much; all that is left when absent.
    pub amount: Option<Decimal>,
    /// The day that it counts for; today when absent.
    pub day: Option<NaiveDate>,
    /// Number of our payment order; may be empty.
    pub number: &'a str,
    /// To whom, if not to who paid.
    pub payee: &'a str,
}

/// A refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refunded {
    /// Its identifier.
    pub id: i64,
    /// Its posting; `None`: the money was on no account.
    pub posting: Option<i64>,
    /// How much was given back.
    pub amount: Decimal,
}

/// Gives money back.
///
/// # Errors
/// No such payment, one that is not here any more; more than is left of it, or than the account has of its own.
pub async fn refund(
    change: &mut Change,
    id: i64,
    new: &NewRefund<'_>,
    revision: Option<i64>,
    reason: &str,
) -> Result<Refunded, PaymentError> {
    let payment = held::hold(change, id, revision).await?;
    if !payment.state.is_here() {
        return Err(PaymentError::State(payment.state));
    }
    let done = match &payment.account {
        Some((account, _)) => from_account(change, &payment, *account, new, reason).await?,
        None => from_list(change, &payment, new, reason).await?,
    };
    let is_whole = payment.refunded + done.amount == payment.amount;
    let state = if is_whole { State::Refunded } else { payment.state };
    sqlx::query("UPDATE payment SET state = $2, revision = revision + 1 WHERE id = $1")
        .bind(id)
        .bind(state.as_str())
        .execute(change.connection())
        .await?;
    let before = json!({"state": payment.state.as_str(), "refunded": payment.refunded.normalize()});
    let after = json!({
        "state": state.as_str(), "refunded": (payment.refunded + done.amount).normalize(), "refund": done.id, "posting": done.posting, "number": new.number,
    });
    change.record("payment.refund", "payment", id, &before, &after, reason);
    Ok(done)
}

/// Money that nobody could place goes back whole.
async fn from_list(
    change: &mut Change,
    payment: &Held,
    new: &NewRefund<'_>,
    reason: &str,
) -> Result<Refunded, PaymentError> {
    if new.amount.is_some_and(|amount| amount != payment.amount) {
        return Err(PaymentError::BeyondLeft(payment.amount.normalize()));
    }
    let id = write(change, payment.id, payment.amount, new, reason).await?;
    Ok(Refunded { id, posting: None, amount: payment.amount })
}

async fn from_account(
    change: &mut Change,
    payment: &Held,
    account: i64,
    new: &NewRefund<'_>,
    reason: &str,
) -> Result<Refunded, PaymentError> {
    let amount = match new.amount {
        Some(amount) => amount,
        None => left(change, payment).await?,
    };
    is_money(amount)?;
    if amount <= Decimal::ZERO {
        return Err(PaymentError::BeyondLeft(amount.max(Decimal::ZERO)));
    }
    let id = write(change, payment.id, amount, new, reason).await?;
    let (reference, movement) = (format!("payment:{}", payment.id), format!("payment-refund:{id}"));
    let posting = NewPosting {
        day: new.day,
        description: reason,
        movement: Some(&movement),
        ..NewPosting::new(account, PostingKind::Refund, -amount, &reference)
    };
    let posting = ledger::post(change, std::slice::from_ref(&posting)).await?[0].id;
    sqlx::query("UPDATE payment_refund SET posting_id = $2 WHERE id = $1")
        .bind(id)
        .bind(posting)
        .execute(change.connection())
        .await?;
    // Asked behind the posting, which holds the account: nobody distributes what is given back.
    let left = left(change, payment).await?;
    if amount > left {
        return Err(PaymentError::BeyondLeft(left.max(Decimal::ZERO).normalize()));
    }
    settled(change, account).await?;
    ledger::goes_out(change, account, amount).await?;
    receipts::given_back(change, id).await?;
    Ok(Refunded { id, posting: Some(posting), amount })
}

/// What of a payment was neither given back before nor pays anything.
async fn left(change: &mut Change, payment: &Held) -> Result<Decimal, PaymentError> {
    let pays = distribute::of_payment(change.connection(), payment.id).await?;
    Ok(payment.left() - pays.iter().map(|part| part.amount).sum::<Decimal>())
}

async fn write(
    change: &mut Change,
    payment: i64,
    amount: Decimal,
    new: &NewRefund<'_>,
    reason: &str,
) -> Result<i64, PaymentError> {
    let (now, author) = (change.now(), change.actor().login.clone());
    let id = sqlx::query_scalar(
        "INSERT INTO payment_refund (payment_id, amount, document_number, payee, reason, created_at, created_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
    )
    .bind(payment)
    .bind(amount)
    .bind(new.number)
    .bind(new.payee)
    .bind(reason)
    .bind(now)
    .bind(author)
    .fetch_one(change.connection())
    .await?;
    Ok(id)
}
