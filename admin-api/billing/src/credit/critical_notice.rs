//! The notice that an account has come to its critical remainder.
//!
//! Owns: when it is sent and why not (M31, A19), whether a payment invoice goes with it (M32).
//! Does not own: the letter (`mail`), the log of notices, automatic payment (`autopay`).
//! Always: pure; the interval counts from the last notice that was sent, never from one that was suppressed.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use rust_decimal::Decimal;

/// Days between two notices unless the setting `notice.critical.interval_days` says otherwise.
pub const INTERVAL_DAYS: u32 = 5;

/// What becomes of a notice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Notice {
    /// The account has no critical remainder, or more than that: nothing to tell, nothing to log.
    NotDue,
    /// The last one was sent too short a time ago.
    Suppressed {
        /// When it was sent.
        last_sent: DateTime<Utc>,
    },
    /// It is sent.
    Send,
}

impl Notice {
    /// What the log says of a notice that was not sent, with times as the clocks of the zone show them.
    pub fn suppression(self, zone: Tz) -> Option<String> {
        let Self::Suppressed { last_sent } = self else { return None };
        Some(format!("suppressed: interval, last sent {}", last_sent.with_timezone(&zone).format("%d.%m %H:%M")))
    }
}

/// Whether an account with this balance is told (M31, A19): at or below its critical remainder, `interval_days` times 24 hours after the last notice at the
/// earliest.
pub fn decide(
    balance: Decimal,
    critical: Option<Decimal>,
    last_sent: Option<DateTime<Utc>>,
    interval_days: u32,
    now: DateTime<Utc>,
) -> Notice {
    if critical.is_none_or(|critical| balance > critical) {
        return Notice::NotDue;
    }
    match last_sent {
        Some(last_sent) if now - last_sent < TimeDelta::days(i64::from(interval_days)) => {
            Notice::Suppressed { last_sent }
        }
        _ => Notice::Send,
    }
}

/// Whether a payment invoice goes with the notice (M32): not while the last invoice waits for a payment. Equal moments count as paid.
pub fn attaches_invoice(last_invoice: Option<DateTime<Utc>>, last_payment: Option<DateTime<Utc>>) -> bool {
    last_invoice.is_none_or(|invoice| last_payment.is_some_and(|payment| payment >= invoice))
}

#[cfg(test)]
mod tests {
    use chrono_tz::{America, Europe};

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn amount(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    /// A19, moments of Moscow: balance, critical remainder, last sent, now | what becomes of it
    #[test]
    fn notices_keep_their_distance() {
        let sent = "2027-03-10T12:00:00+03:00";
        let suppressed = Notice::Suppressed { last_sent: at(sent) };
        for (balance, critical, last_sent, now, expected) in [
            ("180", Some("200.00"), None, sent, Notice::Send),
            ("168", Some("200.00"), Some(sent), "2027-03-13T12:00:00+03:00", suppressed),
            ("168", Some("200.00"), Some(sent), "2027-03-15T11:59:00+03:00", suppressed),
            ("168", Some("200.00"), Some(sent), "2027-03-15T11:59:59.999+03:00", suppressed),
            ("168", Some("200.00"), Some(sent), "2027-03-15T12:00:00+03:00", Notice::Send),
            // None in the five days before 4 February.
            ("168", Some("200.00"), Some("2027-01-20T00:00:00+03:00"), "2027-02-04T03:00:00+03:00", Notice::Send),
            ("200.00", Some("200.00"), None, sent, Notice::Send),
            ("200.01", Some("200.00"), None, sent, Notice::NotDue),
            ("200.01", Some("200.00"), Some(sent), "2027-03-13T12:00:00+03:00", Notice::NotDue),
            ("-500", None, None, sent, Notice::NotDue),
            ("-500", Some("-500"), None, sent, Notice::Send),
        ] {
            let (balance, critical) = (amount(balance), critical.map(amount));
            let found = decide(balance, critical, last_sent.map(at), INTERVAL_DAYS, at(now));
            assert_eq!(found, expected, "{balance} {critical:?} {now}");
        }
    }

    #[test]
    fn the_log_says_why() {
        let suppressed = Notice::Suppressed { last_sent: at("2027-03-10T12:00:00+03:00") };
        let text = suppressed.suppression(Europe::Moscow);
        assert_eq!(text.as_deref(), Some("suppressed: interval, last sent 10.03 12:00"));
        assert_eq!(
            (Notice::Send.suppression(Europe::Moscow), Notice::NotDue.suppression(Europe::Moscow)),
            (None, None)
        );
    }

    /// Five days are 120 hours, also where clocks are put forward in between: New York on 14 March 2027.
    #[test]
    fn days_are_hours() {
        let sent = at("2027-03-12T12:00:00-05:00");
        let due = at("2027-03-17T13:00:00-04:00");
        assert_eq!(due - sent, TimeDelta::hours(120));
        for (now, expected) in
            [(due - TimeDelta::milliseconds(1), Notice::Suppressed { last_sent: sent }), (due, Notice::Send)]
        {
            assert_eq!(decide(amount("1"), Some(amount("2")), Some(sent), 5, now), expected);
        }
        let text = Notice::Suppressed { last_sent: sent }.suppression(America::New_York);
        assert_eq!(text.as_deref(), Some("suppressed: interval, last sent 12.03 12:00"));
    }

    /// M32: last invoice, last payment | attached
    #[test]
    fn an_invoice_goes_with_it_or_not() {
        let (fifth, tenth, twelfth) = ("2027-03-05T00:00:00Z", "2027-03-10T00:00:00Z", "2027-03-12T00:00:00Z");
        for (invoice, payment, expected) in [
            (Some(tenth), Some(fifth), false),
            (Some(tenth), Some(twelfth), true),
            (Some(tenth), Some(tenth), true),
            (Some(tenth), None, false),
            (None, None, true),
            (None, Some(fifth), true),
        ] {
            assert_eq!(attaches_invoice(invoice.map(at), payment.map(at)), expected, "{invoice:?} {payment:?}");
        }
    }
}
