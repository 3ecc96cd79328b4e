//! What a client owes: documents against real money.
//!
//! Owns: debt (M50, A17), which documents are due at a check, how many months are unpaid (T23), the carry-over in a payment invoice (M53).
//! Does not own: issuing documents (`invoicing`), recording payments, which postings are real (`ledger`).
//! Always: pure; virtual amounts never come in, so no top-up pays anything (M49); nothing is forgiven, and a fraction of a kopeck is no debt.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::{Decimal, RoundingStrategy};

use super::calendar::CheckNight;

/// An issued document, or the sum of several that were issued the same day for the same month.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Document {
    /// First day of the month whose services it bills; of a correction, of the month that it corrects.
    pub month: NaiveDate,
    /// Day of its issue in the billing zone.
    pub issued: NaiveDate,
    /// With tax, to kopecks; below zero where it lowers what was billed.
    pub amount: Decimal,
}

/// Real money: a payment, or below zero what was given back (refunds, withdrawals, returned payments).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RealPayment {
    /// Value date, in the billing zone.
    pub value_date: NaiveDate,
    /// Amount.
    pub amount: Decimal,
}

/// Debt: documents issued minus real payments (M50, A17). Below zero it is an overpayment.
pub fn debt(documents: &[Document], payments: &[RealPayment]) -> Decimal {
    let issued: Decimal = documents.iter().map(|document| document.amount).sum();
    let paid: Decimal = payments.iter().map(|payment| payment.amount).sum();
    kopecks(issued - paid)
}

/// The part of it that had to be paid by a check, as known on the day `known`: for the check itself its last value date, for a look at it later that day.
/// Above zero the client is a debtor.
///
/// A document counts from the first check whose month is later than its own and whose cut-off comes after its issue. What lowers the debt, payments and
/// lowering documents, counts up to `known`.
pub fn due(documents: &[Document], payments: &[RealPayment], night: CheckNight, known: NaiveDate) -> Decimal {
    let counts = |document: &&Document| {
        let lowers = document.amount.is_sign_negative();
        let until = if lowers { known } else { night.last_value_date() };
        document.month <= night.month_to_be_paid() && document.issued <= until
    };
    let issued: Decimal = documents.iter().filter(counts).map(|document| document.amount).sum();
    let received = payments.iter().filter(|payment| payment.value_date <= known);
    let paid: Decimal = received.map(|payment| payment.amount).sum();
    kopecks(issued - paid)
}

/// How many months are not paid whole (T23): what was paid pays the oldest first, whatever it was meant for.
pub fn unpaid_months(documents: &[Document], payments: &[RealPayment]) -> u32 {
    let mut months: BTreeMap<NaiveDate, Decimal> = BTreeMap::new();
    for document in documents {
        *months.entry(document.month).or_default() += document.amount;
    }
    let mut left: Decimal = payments.iter().map(|payment| payment.amount).sum();
    let mut unpaid = 0;
    for billed in months.into_values() {
        left -= billed;
        unpaid += u32::from(billed > Decimal::ZERO && kopecks(left) < Decimal::ZERO);
    }
    unpaid
}

/// Whole kopecks towards zero: documents and payments have no fractions, so one can only be a left-over of an open month (A17).
pub(super) fn kopecks(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(2, RoundingStrategy::ToZero)
}

/// What a payment invoice asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ToPay {
    /// Its one line without tax: a former debt, or below zero a former overpayment. Zero: there is no such line.
    pub carry_over: Decimal,
    /// What the client pays, subtracting nothing more.
    pub total: Decimal,
}

/// The carry-over and the total of a payment invoice for `services` with tax, where `debt_before` stood before it (M53). An overpayment is used up to the
/// price of the services; the rest stays for the next invoice.
pub fn to_pay(services: Decimal, debt_before: Decimal) -> ToPay {
    let carry_over = debt_before.max(Decimal::ZERO - services.max(Decimal::ZERO));
    ToPay { carry_over, total: services + carry_over }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn amount(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn documents(rows: &[(&str, &str, &str)]) -> Vec<Document> {
        let document = |(month, issued, sum): &(&str, &str, &str)| Document {
            month: day(month),
            issued: day(issued),
            amount: amount(sum),
        };
        rows.iter().map(document).collect()
    }

    fn payments(rows: &[(&str, &str)]) -> Vec<RealPayment> {
        let payment =
            |(value_date, sum): &(&str, &str)| RealPayment { value_date: day(value_date), amount: amount(sum) };
        rows.iter().map(payment).collect()
    }

    /// M50, A17: documents of July | payments | debt. Top-ups are not among the facts at all.
    #[test]
    fn debt_is_documents_less_real_payments() {
        for (issued, paid, expected) in [
            (&["2000.00"][..], &["1998.00"][..], "2.00"),
            (&["3000"], &["2500"], "500"),
            (&["2000.00"], &["1999.99"], "0.01"),
            (&["2000.00"], &["2000.00"], "0"),
            (&["2000.00"], &["1200.00", "1000.00"], "-200.00"),
            (&["2000.00", "-500.00"], &["1500.00"], "0"),
            (&["2000.00"], &["2000.00", "-300.00"], "300.00"),
            // Fractions that no document has.
            (&["0.3333"], &["0.33"], "0"),
            (&["0.3499"], &["0.33"], "0.01"),
            (&["0.33"], &["0.3333"], "0"),
            (&[], &[], "0"),
        ] {
            let issued: Vec<_> = issued.iter().map(|sum| ("2020-07-01", "2020-08-03", *sum)).collect();
            let paid: Vec<_> = paid.iter().map(|sum| ("2020-08-20", *sum)).collect();
            let found = debt(&documents(&issued), &payments(&paid));
            assert_eq!(found, amount(expected), "{issued:?} {paid:?}");
            let night = CheckNight::of_month(day("2020-08-01"));
            let due = due(&documents(&issued), &payments(&paid), night, night.last_value_date());
            assert_eq!(due, found, "{issued:?} {paid:?}");
        }
    }

    /// month, issue, amount | at the check of 31 August | on 10 September | at the check of 30 September
    #[test]
    fn documents_are_due_at_the_check_after_their_issue() {
        for (month, issued, sum, [august, later, september]) in [
            ("2020-07-01", "2020-08-03", "100", ["100", "100", "100"]),
            ("2020-03-01", "2020-04-03", "100", ["100", "100", "100"]),
            ("2020-07-01", "2020-08-30", "100", ["100", "100", "100"]),
            // Issued after the cut-off: the next check is the first that he can have paid it for.
            ("2020-07-01", "2020-08-31", "100", ["0", "0", "100"]),
            ("2020-07-01", "2020-09-03", "100", ["0", "0", "100"]),
            ("2020-08-01", "2020-09-03", "100", ["0", "0", "100"]),
            ("2020-08-01", "2020-08-20", "100", ["0", "0", "100"]),
            ("2020-09-01", "2020-09-20", "100", ["0", "0", "0"]),
            // What lowers a document counts as soon as it is there.
            ("2020-07-01", "2020-08-30", "-100", ["-100", "-100", "-100"]),
            ("2020-07-01", "2020-09-03", "-100", ["0", "-100", "-100"]),
            ("2020-08-01", "2020-09-05", "-100", ["0", "0", "-100"]),
        ] {
            let documents = documents(&[(month, issued, sum)]);
            let [first, second] = ["2020-08-31", "2020-09-30"].map(|last| CheckNight::ending_on(day(last)).unwrap());
            for (night, known, expected) in [
                (first, first.last_value_date(), august),
                (first, day("2020-09-10"), later),
                (second, second.last_value_date(), september),
            ] {
                let found = due(&documents, &[], night, known);
                assert_eq!(found, amount(expected), "{month} {issued} {sum} on {known}");
            }
        }
    }

    /// value date | whether it counts at the check of 31 August | on the 31st itself
    #[test]
    fn money_of_the_last_day_comes_after_the_check() {
        let night = CheckNight::ending_on(day("2020-08-31")).unwrap();
        let documents = documents(&[("2020-07-01", "2020-08-03", "2000.00")]);
        for (value_date, at_check, on_the_last_day) in [
            ("2020-08-30", "0", "0"),
            ("2020-08-31", "2000", "0"),
            ("2020-09-01", "2000", "2000"),
            ("2020-01-01", "0", "0"),
        ] {
            let payments = payments(&[(value_date, "2000.00")]);
            let found = due(&documents, &payments, night, night.last_value_date());
            assert_eq!(found, amount(at_check), "{value_date}");
            assert_eq!(due(&documents, &payments, night, night.last_day()), amount(on_the_last_day), "{value_date}");
        }
    }

    /// M53: services, debt before | carry-over, total
    #[test]
    fn invoices_carry_debt_and_overpayment_over() {
        for (services, before, carry_over, total) in [
            ("1200.00", "-200.00", "-200.00", "1000.00"),
            ("1200.00", "200.00", "200.00", "1400.00"),
            ("1200.00", "0", "0", "1200.00"),
            ("1200.00", "-1200.00", "-1200.00", "0"),
            ("1200.00", "-1500.00", "-1200.00", "0"),
            ("0", "-1500.00", "0", "0"),
            ("0", "300.00", "300.00", "300.00"),
        ] {
            let expected = ToPay { carry_over: amount(carry_over), total: amount(total) };
            assert_eq!(to_pay(amount(services), amount(before)), expected, "{services} {before}");
        }
    }

    /// M53: August for 1200.00 after an overpayment of 200.00; who pays 1000.00 owes nothing, who pays 800.00 owes 200.00.
    #[test]
    fn the_total_is_exactly_what_has_to_be_paid() {
        let before = documents(&[("2020-07-01", "2020-08-03", "1800.00")]);
        let overpaid = payments(&[("2020-08-20", "2000.00")]);
        let asked = to_pay(amount("1200.00"), debt(&before, &overpaid));
        assert_eq!(asked.total, amount("1000.00"));
        let all = [before, documents(&[("2020-08-01", "2020-09-03", "1200.00")])].concat();
        let night = CheckNight::ending_on(day("2020-09-30")).unwrap();
        for (paid, owed) in [("1000.00", "0"), ("800.00", "200.00")] {
            let received = [overpaid.clone(), payments(&[("2020-09-20", paid)])].concat();
            assert_eq!(due(&all, &received, night, night.last_value_date()), amount(owed), "{paid}");
        }
    }

    /// T23 (ill.): four months of 450: paid so far | unpaid months
    #[test]
    fn payments_pay_the_oldest_months_first() {
        let months = [
            ("2026-04-01", "2026-05-03", "450"),
            ("2026-05-01", "2026-06-03", "450"),
            ("2026-06-01", "2026-07-03", "450"),
            ("2026-07-01", "2026-08-03", "450"),
        ];
        for (paid, unpaid) in
            [("0.00", 4), ("449.99", 4), ("450.00", 3), ("1350.00", 1), ("1799.99", 1), ("1800.00", 0), ("9000", 0)]
        {
            let payments = payments(&[("2026-08-10", paid)]);
            assert_eq!(unpaid_months(&documents(&months), &payments), unpaid, "{paid}");
        }
        // A month that a correction has brought to nothing is no month at all.
        let lowered = [&months[..1], &[("2026-04-01", "2026-08-03", "-450")]].concat();
        assert_eq!(unpaid_months(&documents(&lowered), &[]), 0);
    }
}
