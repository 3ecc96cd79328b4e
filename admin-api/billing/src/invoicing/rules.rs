//! From usage totals to the lines of an invoice. Pure.

use chrono::NaiveDate;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::Serialize;

/// Usage of one service at one tax rate in a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageLine {
    /// Product.
    pub product: String,
    /// Service.
    pub service: String,
    /// Tax inside the amount, percent.
    pub tax_percent: Decimal,
    /// Exact sum with tax.
    pub gross: Decimal,
    /// Legs.
    pub calls: i64,
    /// Seconds charged.
    pub seconds: i64,
}

/// A line of an invoice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InvoiceLine {
    /// Product.
    pub product: String,
    /// Service.
    pub service: String,
    /// Legs.
    pub calls: i64,
    /// Seconds charged.
    pub seconds: i64,
    /// Tax rate, percent.
    pub tax_percent: Decimal,
    /// With tax, in kopecks precision.
    pub gross: Decimal,
    /// The tax inside.
    pub tax: Decimal,
    /// Without tax.
    pub net: Decimal,
    /// What rounding added or took: posted as `rounding` when the month closes.
    pub rounding: Decimal,
}

/// A month of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Invoice {
    /// Code of the account.
    pub account: String,
    /// First day of the month.
    pub month: NaiveDate,
    /// Currency.
    pub currency: String,
    /// Lines by service and tax rate.
    pub lines: Vec<InvoiceLine>,
    /// Sum with tax.
    pub gross: Decimal,
    /// Sum of taxes.
    pub tax: Decimal,
    /// Sum without tax.
    pub net: Decimal,
    /// Whether the month may still change.
    pub preliminary: bool,
}

fn kopecks(amount: Decimal) -> Decimal {
    let mut rounded = amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
    rounded.rescale(2);
    rounded
}

/// The tax inside a sum, in kopecks (A12).
pub(crate) fn tax_inside(gross: Decimal, percent: Decimal) -> Decimal {
    kopecks(gross * percent / (Decimal::ONE_HUNDRED + percent))
}

/// The invoice of these totals.
pub fn assemble(account: &str, currency: &str, month: NaiveDate, usage: &[UsageLine], preliminary: bool) -> Invoice {
    let lines: Vec<InvoiceLine> = usage
        .iter()
        .map(|usage| {
            let gross = kopecks(usage.gross);
            let tax = tax_inside(gross, usage.tax_percent);
            InvoiceLine {
                product: usage.product.clone(),
                service: usage.service.clone(),
                calls: usage.calls,
                seconds: usage.seconds,
                tax_percent: usage.tax_percent.normalize(),
                gross,
                tax,
                net: gross - tax,
                rounding: (gross - usage.gross).normalize(),
            }
        })
        .collect();
    let sum = |value: fn(&InvoiceLine) -> Decimal| kopecks(lines.iter().map(value).sum());
    Invoice {
        account: account.to_owned(),
        month,
        currency: currency.to_owned(),
        gross: sum(|line| line.gross),
        tax: sum(|line| line.tax),
        net: sum(|line| line.net),
        lines,
        preliminary,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(gross: &str, percent: i64) -> UsageLine {
        UsageLine {
            product: "telephony".into(),
            service: "outgoing".into(),
            tax_percent: percent.into(),
            gross: gross.parse().unwrap(),
            calls: 1,
            seconds: 60,
        }
    }

    /// A11, A12: exact total | tax rate | line, tax, net, rounding
    #[test]
    fn lines_round_once_and_carry_their_tax() {
        for (gross, percent, [line, tax, net, rounding]) in [
            ("1220.00", 22, ["1220.00", "220.00", "1000.00", "0"]),
            ("1200.00", 20, ["1200.00", "200.00", "1000.00", "0"]),
            ("0.9999", 22, ["1.00", "0.18", "0.82", "0.0001"]), // three calls of 0.3333
            ("1000.00", 22, ["1000.00", "180.33", "819.67", "0"]),
            ("0.005", 0, ["0.01", "0.00", "0.01", "0.005"]),
        ] {
            let invoice = assemble("a", "RUB", "2026-07-01".parse().unwrap(), &[usage(gross, percent)], false);
            let got = &invoice.lines[0];
            assert_eq!(
                [got.gross, got.tax, got.net, got.rounding].map(|amount| amount.to_string()),
                [line, tax, net, rounding],
                "{gross}"
            );
            assert_eq!(invoice.gross, got.gross);
        }
    }
}
