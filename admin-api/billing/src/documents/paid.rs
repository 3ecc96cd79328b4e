//! How far documents are paid (L17).
//!
//! Owns: the column `paid`.
//! Does not own: what payments pay (`payments`, table `payment_allocation`), what follows for blocks (`credit`, which is asked behind this).
//! Always: what is paid is what payments pay now; whoever changes the one calls this in the same change, with the account held.

use rust_decimal::Decimal;
use serde_json::json;
use sqlx::Row;

use crate::change::Change;
use crate::store::StoreError;

/// How far a document is paid.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Paid {
    /// Not at all.
    Nothing,
    /// In part.
    Part,
    /// Whole.
    Whole,
}

impl Paid {
    /// Names of all of them.
    pub const NAMES: &'static [&'static str] = &["unpaid", "partly_paid", "paid"];

    /// How far `amount` is paid by `paid`. What asks for nothing is paid.
    pub fn of(amount: Decimal, paid: Decimal) -> Self {
        if paid >= amount {
            Self::Whole
        } else if paid > Decimal::ZERO {
            Self::Part
        } else {
            Self::Nothing
        }
    }

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "unpaid",
            Self::Part => "partly_paid",
            Self::Whole => "paid",
        }
    }
}

/// Writes down what payments pay of the documents of an account that is held. Each that is paid otherwise than before leaves an audit line.
pub(crate) async fn keep_paid(change: &mut Change, account: i64) -> Result<(), StoreError> {
    let rows = sqlx::query(
        "WITH pays AS (
             SELECT kind, number, sum(amount) AS sum FROM payment_allocation WHERE account_id = $1 AND ended_at IS NULL GROUP BY kind, number
         ), other AS (
             SELECT d.id, d.paid, coalesce(y.sum, 0) AS sum FROM document d LEFT JOIN pays y ON y.kind = d.kind AND y.number = d.number
             WHERE d.account_id = $1 AND d.payable AND d.withdrawn_at IS NULL AND d.paid <> coalesce(y.sum, 0)
         )
         UPDATE document d SET paid = o.sum FROM other o WHERE d.id = o.id RETURNING d.id, d.amount, o.paid AS before, d.paid",
    )
    .bind(account)
    .fetch_all(change.connection())
    .await?;
    for row in rows {
        let (amount, before, paid): (Decimal, Decimal, Decimal) =
            (row.get("amount"), row.get("before"), row.get("paid"));
        let shown = |paid: Decimal| json!({"paid": paid.normalize(), "state": Paid::of(amount, paid).as_str()});
        change.record("document.paid", "document", row.get::<i64, _>("id"), &shown(before), &shown(paid), "");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// L17: 3270.00 pays an invoice of that sum, 3000.00 a part of it.
    #[test]
    fn a_part_is_not_the_whole() {
        for (amount, paid, expected) in [
            ("3270.00", "0", "unpaid"),
            ("3270.00", "0.01", "partly_paid"),
            ("3270.00", "3000.00", "partly_paid"),
            ("3270.00", "3269.99", "partly_paid"),
            ("3270.00", "3270.00", "paid"),
            ("0", "0", "paid"),
        ] {
            let found = Paid::of(amount.parse().unwrap(), paid.parse().unwrap());
            assert_eq!(found.as_str(), expected, "{amount} {paid}");
            assert!(Paid::NAMES.contains(&expected));
        }
    }
}
