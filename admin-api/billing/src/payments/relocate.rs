//! A payment is on the wrong account, or counts at the wrong company (T22, A24).
//!
//! Owns: the state `moved`, the payment that stands for one in that state.
//! Does not own: who has to agree before (approvals), postings (`ledger`).
//! Always: one change: what was booked is taken back and booked anew, or neither; both payments stay on record, and say which stands for which; money for one
//! company counts at another by an agreement alone.

use serde_json::json;

use super::booking::{Booking, Matched, book_with};
use super::distribute;
use super::error::PaymentError;
use super::held::{self, Held, Payee};
use super::settled::settled;
use super::words::{Choice, State};
use crate::change::Change;
use crate::ledger::{NewPosting, PostingKind};

/// Where a payment goes.
#[derive(Clone, Debug)]
pub struct NewPlace<'a> {
    /// Code of the account.
    pub account: &'a str,
    /// By what it counts at another legal entity: a set-off agreement, a letter of the client. Empty within one.
    pub agreement: &'a str,
    /// What it pays there.
    pub choice: Choice,
}

/// A payment that was moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relocated {
    /// The payment that stands for it.
    pub id: i64,
    /// Its posting.
    pub posting: i64,
}

/// Moves a payment to another account. One that waits is moved where the company of the account is another one; else it is matched.
///
/// # Errors
/// No such payment or account; a payment that is not here, or of which a part was given back; an account that does not take it; another legal entity without an
/// agreement.
pub async fn relocate(
    change: &mut Change,
    id: i64,
    new: &NewPlace<'_>,
    revision: Option<i64>,
    reason: &str,
) -> Result<Relocated, PaymentError> {
    let payment = held::hold(change, id, revision).await?;
    if !payment.state.is_here() {
        return Err(PaymentError::State(payment.state));
    }
    if !payment.refunded.is_zero() {
        return Err(PaymentError::HasRefunds);
    }
    let payee = Payee::find(change.connection(), new.account).await?;
    if payment.account.as_ref().is_some_and(|(account, _)| *account == payee.id) {
        return Err(PaymentError::SameAccount);
    }
    payee.takes(&payment.currency)?;
    if payee.entity == payment.entity {
        if payment.state == State::Unmatched {
            return Err(PaymentError::State(payment.state));
        }
    } else if new.agreement.is_empty() {
        return Err(PaymentError::AgreementNeeded);
    }
    let made = copy(change, &payment, &payee, new.agreement).await?;
    let posting = book_anew(change, &payment, &payee, made, new, reason).await?;
    sqlx::query(
        "UPDATE payment SET state = 'moved', doubt = '', candidates = '{}', revision = revision + 1 WHERE id = $1",
    )
    .bind(id)
    .execute(change.connection())
    .await?;
    if let Some((account, _)) = &payment.account {
        distribute::end_all(change, id).await?;
        distribute::advances(change, *account, &[]).await?;
        settled(change, *account).await?;
    }
    let former = payment.account.as_ref().map(|(_, code)| code);
    let before = json!({"state": payment.state.as_str(), "account": former});
    let after = json!({"state": "moved", "payment": made, "account": payee.code, "agreement": new.agreement, "posting": posting});
    change.record("payment.move", "payment", id, &before, &after, reason);
    let after = json!({"state": "booked", "account": payee.code, "moved_from": id, "agreement": new.agreement, "posting": posting});
    change.record("payment.move", "payment", made, &json!({}), &after, reason);
    Ok(Relocated { id: made, posting })
}

/// The payment that stands for another one; it waits.
async fn copy(change: &mut Change, payment: &Held, payee: &Payee, agreement: &str) -> Result<i64, PaymentError> {
    let (now, author) = (change.now(), change.actor().login.clone());
    let id = sqlx::query_scalar(
        "INSERT INTO payment (source, external_id, legal_entity_id, bank_account, document_number, document_date, amount, currency, value_date, payer_name,
                              payer_inn, payer_kpp, payer_account, payer_bic, payer_bank, purpose, moved_from, agreement, created_at, created_by)
         SELECT p.source, 'move:' || p.id, $2, p.bank_account, p.document_number, p.document_date, p.amount, p.currency, p.value_date, p.payer_name,
                p.payer_inn, p.payer_kpp, p.payer_account, p.payer_bic, p.payer_bank, p.purpose, p.id, $3, $4, $5
         FROM payment p WHERE p.id = $1 RETURNING id",
    )
    .bind(payment.id)
    .bind(payee.entity)
    .bind(agreement)
    .bind(now)
    .bind(author)
    .fetch_one(change.connection())
    .await?;
    Ok(id)
}

/// Takes back what was booked and books the other payment, in one call; the posting of the latter.
async fn book_anew(
    change: &mut Change,
    payment: &Held,
    payee: &Payee,
    made: i64,
    new: &NewPlace<'_>,
    reason: &str,
) -> Result<i64, PaymentError> {
    let booking = Booking {
        payment: made,
        account: payee.id,
        amount: payment.amount,
        value_date: payment.value_date,
        day: None,
        description: payment.description.clone(),
        matched: Matched::by_hand("moved", reason),
        choice: new.choice.clone(),
    };
    let (reference, movement) = (format!("payment:{}", payment.id), format!("payment-move:{}", payment.id));
    let reversal = payment.account.as_ref().map(|(account, _)| NewPosting {
        description: reason,
        reverses: payment.posting,
        movement: Some(&movement),
        ..NewPosting::new(*account, PostingKind::Reversal, -payment.amount, &reference)
    });
    let postings = book_with(change, &[booking], reversal.as_slice()).await?;
    postings.first().copied().ok_or(PaymentError::NotFound)
}
