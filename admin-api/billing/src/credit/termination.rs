//! When the contract of a debtor may be ended (M70, A16).
//!
//! Owns: the term, and what of the debt that a notice of intention was about is unresolved.
//! Does not own: notices (`crate::blocks`), what ending a contract does (`crate::terminations`).
//! Always: pure; a debt that was paid whole at the end of any day since its notice is resolved for good, and what was billed later needs a notice of its own.

use chrono::{Months, NaiveDate};
use rust_decimal::Decimal;

use super::calendar::month_of;
use super::debt::{Document, RealPayment, kopecks};

/// A notice of intention.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Notice {
    /// Its identifier.
    pub id: i64,
    /// The day on which it was sent, in the billing zone.
    pub day: NaiveDate,
}

/// A debt that was never resolved since a notice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unresolved {
    /// The notice.
    pub notice: Notice,
    /// The first day on which the contract may be ended.
    pub due: NaiveDate,
    /// What of the debt is unpaid now.
    pub owed: Decimal,
}

/// The first day on which the contract of a debtor may be closed: so many months after the notice, six unless set otherwise (M70). A day that its month does
/// not have is the last one of it.
pub fn termination_from(notice: NaiveDate, months: u32) -> NaiveDate {
    notice.checked_add_months(Months::new(months)).unwrap_or(NaiveDate::MAX)
}

/// The oldest notice whose debt was not resolved up to the day `today`. Notices come in the order of their days.
pub fn unresolved(
    notices: &[Notice],
    documents: &[Document],
    payments: &[RealPayment],
    today: NaiveDate,
    months: u32,
) -> Option<Unresolved> {
    notices.iter().find_map(|notice| {
        let owed = owed_since(notice.day, documents, payments, today)?;
        Some(Unresolved { notice: *notice, due: termination_from(notice.day, months), owed })
    })
}

/// What is unpaid of the debt of the day `noticed`; `None`: it was paid whole at the end of a day since.
fn owed_since(
    noticed: NaiveDate,
    documents: &[Document],
    payments: &[RealPayment],
    today: NaiveDate,
) -> Option<Decimal> {
    // Between these days it stays as it is.
    let issued = documents.iter().map(|document| document.issued);
    let moved = issued.chain(payments.iter().map(|payment| payment.value_date));
    let days = moved.filter(|day| noticed < *day && *day < today).chain([noticed, today]);
    let owed = |known| owed_on(known, noticed, documents, payments);
    days.map(owed).all(|owed| owed > Decimal::ZERO).then(|| owed(today))
}

/// What is unpaid at the end of the day `known` of the debt of the day `noticed`, and no more than is owed in all. Money pays the oldest first; documents that
/// lower what the notice was about lower its debt.
fn owed_on(known: NaiveDate, noticed: NaiveDate, documents: &[Document], payments: &[RealPayment]) -> Decimal {
    let issued = || documents.iter().filter(|document| document.issued <= known);
    let is_noticed = |document: &&Document| {
        document.issued <= noticed || (document.amount.is_sign_negative() && document.month <= month_of(noticed))
    };
    let of_notice: Decimal = issued().filter(is_noticed).map(|document| document.amount).sum();
    let in_all: Decimal = issued().map(|document| document.amount).sum();
    let received = payments.iter().filter(|payment| payment.value_date <= known);
    let paid: Decimal = received.map(|payment| payment.amount).sum();
    kopecks(of_notice.min(in_all) - paid)
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

    /// M70: six months after the notice; the end of a short month.
    #[test]
    fn contracts_end_months_after_the_notice() {
        for (notice, months, expected) in [
            ("2027-03-15", 6, "2027-09-15"),
            ("2026-08-31", 6, "2027-02-28"),
            ("2027-08-31", 6, "2028-02-29"),
            ("2027-08-30", 6, "2028-02-29"),
            ("2027-08-31", 1, "2027-09-30"),
            ("2027-02-28", 6, "2027-08-28"),
        ] {
            assert_eq!(termination_from(day(notice), months), day(expected), "{notice} {months}");
        }
    }

    /// M70, A17: July for 1000.00, issued on 3 August; notice on 31 August | documents and payments since | what is owed of it on 28 February
    #[test]
    fn a_debt_is_resolved_by_what_came_in_between() {
        for (documents, payments, owed) in [
            (&[][..], &[][..], Some("1000")),
            (&[], &[("2026-12-01", "1000")], None),
            (&[], &[("2026-12-01", "999.99")], Some("0.01")),
            (&[], &[("2026-10-01", "400"), ("2026-12-01", "600")], None),
            // On the day of the notice; on the last day; a day too late to be known.
            (&[], &[("2026-08-31", "1000")], None),
            (&[], &[("2027-02-28", "1000")], None),
            (&[], &[("2027-03-01", "1000")], Some("1000")),
            // Before the notice, which is about nothing then.
            (&[], &[("2026-08-10", "1000")], None),
            // Paid in between, whatever was given back or billed later: 1000 + 500 - 1000 are owed, and a notice of their own is missing.
            (&[], &[("2026-10-01", "1000"), ("2026-11-01", "-1000")], None),
            (&[("2026-08-01", "2026-09-03", "500")], &[("2026-09-15", "1000")], None),
            // In and out again on one day.
            (&[], &[("2026-10-01", "1000"), ("2026-10-01", "-1000")], Some("1000")),
            // What was billed later is not what the notice was about.
            (&[("2026-08-01", "2026-09-03", "500")], &[("2026-09-15", "600")], Some("400")),
            // A correction of July, or of an earlier month, lowers it; one of a later month lowers what that was billed.
            (&[("2026-07-01", "2026-10-05", "-400")], &[], Some("600")),
            (&[("2026-07-01", "2026-10-05", "-1000")], &[], None),
            (&[("2026-09-01", "2026-10-03", "300"), ("2026-09-01", "2026-11-05", "-300")], &[], Some("1000")),
            // Nobody owes of it more than in all: 1000 - 400.
            (&[("2026-09-01", "2026-11-05", "-400")], &[], Some("600")),
        ] {
            let issued = [documents, &[("2026-07-01", "2026-08-03", "1000")]].concat();
            let issued: Vec<Document> = issued
                .iter()
                .map(|(month, issued, sum)| Document { month: day(month), issued: day(issued), amount: amount(sum) })
                .collect();
            let paid: Vec<RealPayment> = payments
                .iter()
                .map(|(value_date, sum)| RealPayment { value_date: day(value_date), amount: amount(sum) })
                .collect();
            let notice = Notice { id: 1, day: day("2026-08-31") };
            let found = unresolved(&[notice], &issued, &paid, day("2027-02-28"), 6);
            let expected = owed.map(|owed| Unresolved { notice, due: day("2027-02-28"), owed: amount(owed) });
            assert_eq!(found, expected, "{documents:?} {payments:?}");
        }
    }

    /// July 1000.00 and August 700.00, notices on 31 August and 1 October | paid, on 15 September | the notice whose term runs, what is owed of it
    #[test]
    fn the_oldest_notice_counts_whose_debt_is_unresolved() {
        let documents = [("2026-07-01", "2026-08-03", "1000"), ("2026-08-01", "2026-09-03", "700")]
            .map(|(month, issued, sum)| Document { month: day(month), issued: day(issued), amount: amount(sum) });
        let notices = [Notice { id: 1, day: day("2026-08-31") }, Notice { id: 2, day: day("2026-10-01") }];
        for (paid, expected) in [
            ("0", Some((1, "2027-02-28", "1000"))),
            ("999", Some((1, "2027-02-28", "1"))),
            ("1000", Some((2, "2027-04-01", "700"))),
            ("1700", None),
        ] {
            let payments = [RealPayment { value_date: day("2026-09-15"), amount: amount(paid) }];
            let found = unresolved(&notices, &documents, &payments, day("2026-12-01"), 6);
            let found = found.map(|found| (found.notice.id, found.due, found.owed));
            assert_eq!(found, expected.map(|(id, due, owed)| (id, day(due), amount(owed))), "{paid}");
        }
        assert_eq!(unresolved(&[], &documents, &[], day("2026-12-01"), 6), None);
    }
}
