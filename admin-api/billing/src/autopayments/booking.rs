//! The money of an attempt becomes a payment.
//!
//! Owns: what such a payment says.
//! Does not own: the booking (`ledger`), what follows from money that came (`credit`).
//! Always: real money (M49), once, under the name of the attempt: the one place where money of the gateway reaches the books.

use rust_decimal::Decimal;
use serde_json::json;

use super::rules::last_four;
use crate::change::Change;
use crate::credit::{self, CreditError};
use crate::ledger::{self, LedgerError, NewPosting, PostingKind};

/// Money that the gateway took.
pub(super) struct Taken<'a> {
    /// Identifier of the attempt.
    pub(super) attempt: i64,
    /// Identifier of the account.
    pub(super) account_id: i64,
    /// Its code.
    pub(super) account: &'a str,
    /// How much.
    pub(super) amount: Decimal,
    /// What of the card is shown.
    pub(super) mask: &'a str,
}

/// Books it; the identifier of the posting, also where it was booked before.
pub(super) async fn book(change: &mut Change, taken: &Taken<'_>) -> Result<i64, LedgerError> {
    let movement = format!("gateway:{}", taken.attempt);
    let description = format!("Автоплатёж с карты **{}", last_four(taken.mask));
    let posting = NewPosting {
        description: &description,
        movement: Some(&movement),
        ..NewPosting::new(taken.account_id, PostingKind::Payment, taken.amount, &movement)
    };
    let posted = ledger::post(change, std::slice::from_ref(&posting)).await?[0];
    let before = json!({"balance": posted.balance_before.normalize()});
    let after = json!({"posting": posted.id, "amount": taken.amount.normalize(), "attempt": taken.attempt});
    change.record("payment.book", "account", taken.account, &before, &after, "");
    credit::after_payment(change, taken.account_id).await.map_err(|error| match error {
        CreditError::Ledger(error) => error,
        CreditError::Store(error) => LedgerError::Store(error),
        _ => LedgerError::NoAccount,
    })?;
    Ok(posted.id)
}
