//! The money of an attempt becomes a payment.
//!
//! Owns: what such a payment says.
//! Does not own: the payment itself, its booking and what follows (`payments`).
//! Always: the reference of the payment is the key of the attempt, which is never used again: whatever is heard twice is one payment. What the account does not
//! take waits in the work list of payments.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::rules::last_four;
use crate::change::Change;
use crate::payments::{self, GatewayPayment, PaymentError};

/// Code of automatic payment among the gateways.
const GATEWAY: &str = "autopay";

/// Money that the gateway took.
pub(super) struct Taken<'a> {
    /// Identifier of the attempt.
    pub(super) attempt: i64,
    /// Its key at the gateway.
    pub(super) key: &'a str,
    /// Code of the account.
    pub(super) account: &'a str,
    /// How much.
    pub(super) amount: Decimal,
    /// Currency.
    pub(super) currency: &'a str,
    /// The day of the attempt by the clock of the account: the gateway takes the money then, whenever it says so.
    pub(super) day: NaiveDate,
    /// What of the card is shown.
    pub(super) mask: &'a str,
}

/// Makes a payment of it; its number, also where there was one before.
pub(super) async fn book(change: &mut Change, taken: &Taken<'_>) -> Result<i64, PaymentError> {
    let purpose = format!("Автоплатёж с карты **{}", last_four(taken.mask));
    let told = GatewayPayment {
        gateway: GATEWAY,
        reference: taken.key,
        account: taken.account,
        amount: taken.amount,
        currency: taken.currency,
        value_date: taken.day,
        intent: None,
        purpose: &purpose,
    };
    Ok(payments::receive(change, &told, "").await?.id)
}
