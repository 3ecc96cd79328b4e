//! For what a receipt is needed, what stands on it, and what an answer of the register leads to.
//!
//! Owns: the rules of the room.
//! Does not own: rows, the words of a register.
//! Always: pure. What the register may have is asked for under the same external id; only where none was made a new one is chosen.

use chrono::TimeDelta;
use rust_decimal::Decimal;

use super::words::{Contact, Heard, Kind, PaidBy, State};
use crate::parties::is_email;

/// Rates that receipts know: percent, as of what was rendered, as of an advance.
const RATES: [(u32, &str, &str); 6] = [
    (5, "vat5", "vat105"),
    (7, "vat7", "vat107"),
    (10, "vat10", "vat110"),
    (18, "vat18", "vat118"),
    (20, "vat20", "vat120"),
    (22, "vat22", "vat122"),
];

/// Minutes until a receipt is tried again, by the number of attempts; the last for all that follow.
const TRY_AFTER_MINUTES: [i64; 5] = [1, 2, 5, 10, 30];
/// Minutes until the register is asked again about what it has.
const ASK_AFTER_MINUTES: [i64; 4] = [1, 1, 2, 10];
/// Attempts that the register rejects for what may pass, after which a person is needed.
const REJECTED_MAX: i32 = 5;

/// Kinds of documents that say that something was rendered: an advance that pays one is offset.
pub const RENDERED: &[&str] = &["act", "upd"];

/// Whether money that came by this way is subject to receipts, by the words of the setting `receipts.methods`.
pub fn is_subject(source: &str, methods: &str) -> bool {
    methods.split_whitespace().any(|method| method == source)
}

/// How the money of a receipt moved. What came in cash and goes back by a payment order is given back electronically.
pub fn paid_by(kind: Kind, in_cash: bool, has_order: bool) -> PaidBy {
    match kind {
        Kind::Offset => PaidBy::Advance,
        Kind::Income if in_cash => PaidBy::Cash,
        Kind::IncomeReturn if in_cash && !has_order => PaidBy::Cash,
        Kind::Income | Kind::IncomeReturn => PaidBy::Electronic,
    }
}

/// The system of taxation that receipts of a company with this regime name.
pub fn system<'a>(regime: &str, simplified: &'a str) -> &'a str {
    if regime == "simplified" { simplified } else { "osn" }
}

/// The sign of a rate on a receipt; `None`: receipts know no such rate. Without a rate there is no tax.
pub fn vat(kind: Kind, percent: Option<Decimal>) -> Option<&'static str> {
    let Some(percent) = percent else { return Some("none") };
    if percent.is_zero() {
        return Some("vat0");
    }
    let (_, plain, calculated) = RATES.iter().find(|(rate, ..)| Decimal::from(*rate) == percent)?;
    Some(match kind {
        Kind::Offset => plain,
        Kind::Income | Kind::IncomeReturn => calculated,
    })
}

/// Where a receipt goes: to the e-mail of the profile, else to its telephone.
pub fn contact(email: Option<&str>, phone: Option<&str>) -> Option<Contact> {
    if let Some(email) = email.filter(|email| is_email(email)) {
        return Some(Contact::Email(email.to_owned()));
    }
    let digits = phone?.trim_start_matches('+');
    let fits = (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| Contact::Phone(format!("+{digits}")))
}

/// What is known of a receipt that is to be sent.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Currency of the money.
    pub currency: &'a str,
    /// Whether a rate was found that receipts know.
    pub has_rate: bool,
    /// Whether somebody can be sent the receipt.
    pub has_contact: bool,
    /// INN of the company, and its e-mail.
    pub requisites: (Option<&'a str>, Option<&'a str>),
    /// What a person has to decide before.
    pub doubt: Option<&'static str>,
}

/// Why a receipt cannot be sent; a person is needed.
pub fn obstacle(facts: &Facts<'_>) -> Option<&'static str> {
    let (inn, email) = facts.requisites;
    let has_requisites = inn.is_some_and(|inn| !inn.is_empty()) && email.is_some_and(is_email);
    let stands = [
        (facts.currency != "RUB", "currency"),
        (!facts.has_rate, "no_rate"),
        (!has_requisites, "no_requisites"),
        (!facts.has_contact, "no_contact"),
    ];
    facts.doubt.or_else(|| stands.into_iter().find_map(|(stands, problem)| stands.then_some(problem)))
}

/// What becomes of a receipt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Next {
    /// Where it stands then.
    pub state: State,
    /// Why it is not done.
    pub problem: &'static str,
    /// Whether it gets a new external id: none was made under the old one.
    pub renews: bool,
    /// When it is taken up again.
    pub after: TimeDelta,
}

/// What an answer leads to; `None`: to nothing. `attempts`: how often it was sent; `asks`: how often the register was asked about it.
pub fn hear(state: State, heard: &Heard, attempts: i32, asks: i32) -> Option<Next> {
    let next = |state, problem, renews, after| Some(Next { state, problem, renews, after });
    let (again, later) = (minutes(&TRY_AFTER_MINUTES, attempts), minutes(&ASK_AFTER_MINUTES, asks));
    let at_once = TimeDelta::zero();
    if state.is_settled() || state == State::Refused {
        return None;
    }
    match heard {
        Heard::Done(_) => next(State::Done, "", false, at_once),
        Heard::Taken(_) => next(State::Sent, "", false, later),
        Heard::Waits if state == State::Sent => next(State::Sent, "", false, later),
        Heard::Silent(_) if state == State::Sent => next(State::Sent, "no_answer", false, later),
        Heard::NotTaken(_) if state == State::Sent => next(State::Sent, "not_taken", false, later),
        // That it waits, without saying by what it knows it, is no answer to who sends one.
        Heard::Waits | Heard::Silent(_) => next(State::Failed, "no_answer", false, again),
        Heard::NotTaken(_) => next(State::Failed, "not_taken", false, again),
        Heard::Unknown(_) => next(State::Failed, "unknown", false, again),
        Heard::Rejected { again: true, .. } if attempts < REJECTED_MAX => next(State::Failed, "rejected", true, again),
        Heard::Rejected { .. } => next(State::Refused, "rejected", true, at_once),
    }
}

/// The wait after so many times.
fn minutes(waits: &[i64], times: i32) -> TimeDelta {
    let at = usize::try_from(times.max(1) - 1).unwrap_or_default().min(waits.len() - 1);
    TimeDelta::minutes(waits[at])
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDateTime;

    use super::*;
    use crate::invoicing::tax_inside;
    use crate::receipts::words::Fiscal;

    fn sum(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    /// kind, percent, sum | sign of the rate, tax. A12: of an advance 1000.00 in 2026 1000 * 22/122 = 180.327.. = 180.33.
    #[test]
    fn advances_bear_the_calculated_rate() {
        for (kind, percent, amount, expected, tax) in [
            (Kind::Income, Some("22"), "1000.00", Some("vat122"), "180.33"),
            (Kind::IncomeReturn, Some("22.00"), "1000.00", Some("vat122"), "180.33"),
            // 1000 * 20/120 = 166.666..
            (Kind::Income, Some("20"), "1000.00", Some("vat120"), "166.67"),
            (Kind::Offset, Some("22"), "1220.00", Some("vat22"), "220.00"),
            (Kind::Offset, Some("20"), "1200.00", Some("vat20"), "200.00"),
            // 105 * 5/105.
            (Kind::Income, Some("5"), "105.00", Some("vat105"), "5.00"),
            (Kind::Offset, Some("10"), "110.00", Some("vat10"), "10.00"),
            (Kind::Income, Some("0"), "100.00", Some("vat0"), "0"),
            (Kind::Income, None, "100.00", Some("none"), "0"),
            (Kind::Income, Some("13"), "113.00", None, "13.00"),
        ] {
            let percent = percent.map(sum);
            assert_eq!(vat(kind, percent), expected, "{kind:?} {percent:?}");
            assert_eq!(tax_inside(sum(amount), percent.unwrap_or_default()), sum(tax), "{kind:?} {percent:?}");
        }
    }

    #[test]
    fn money_moves_as_it_came() {
        for (kind, in_cash, has_order, expected) in [
            (Kind::Income, true, false, PaidBy::Cash),
            (Kind::Income, true, true, PaidBy::Cash),
            (Kind::Income, false, false, PaidBy::Electronic),
            (Kind::IncomeReturn, true, false, PaidBy::Cash),
            (Kind::IncomeReturn, true, true, PaidBy::Electronic),
            (Kind::IncomeReturn, false, false, PaidBy::Electronic),
            (Kind::Offset, true, false, PaidBy::Advance),
        ] {
            assert_eq!(paid_by(kind, in_cash, has_order), expected, "{kind:?} {in_cash} {has_order}");
        }
        for (source, methods, expected) in [
            ("bank", "bank card cash manual", true),
            ("bank", "card cash", false),
            ("cash", "card cash", true),
            ("card", "", false),
        ] {
            assert_eq!(is_subject(source, methods), expected, "{source} `{methods}`");
        }
        for (regime, expected) in [("general", "osn"), ("exempt", "osn"), ("simplified", "usn_income_outcome")] {
            assert_eq!(system(regime, "usn_income_outcome"), expected, "{regime}");
        }
    }

    #[test]
    fn a_receipt_goes_to_the_e_mail_or_the_telephone() {
        let email = |text: &str| Some(Contact::Email(text.to_owned()));
        let phone = |text: &str| Some(Contact::Phone(text.to_owned()));
        for (mailbox, number, expected) in [
            (Some("ivan@example.ru"), Some("79161234567"), email("ivan@example.ru")),
            (None, Some("79161234567"), phone("+79161234567")),
            (Some("ivan"), Some("+79161234567"), phone("+79161234567")),
            (None, Some("8 (916) 123"), None),
            (None, Some("112"), None),
            (Some(""), None, None),
            (None, None, None),
        ] {
            assert!(contact(mailbox, number) == expected, "{mailbox:?} {number:?}");
        }
    }

    #[test]
    fn what_cannot_be_sent_says_why() {
        let good = Facts {
            currency: "RUB",
            has_rate: true,
            has_contact: true,
            requisites: (Some("7702000029"), Some("kassa@example.ru")),
            doubt: None,
        };
        let nobody = Facts { has_contact: false, ..good };
        for (facts, expected) in [
            (good, None),
            (nobody, Some("no_contact")),
            (Facts { currency: "USD", ..nobody }, Some("currency")),
            (Facts { doubt: Some("other_entity"), ..nobody }, Some("other_entity")),
            (Facts { has_rate: false, ..nobody }, Some("no_rate")),
            (Facts { requisites: (None, Some("kassa@example.ru")), ..nobody }, Some("no_requisites")),
            (Facts { requisites: (Some("7702000029"), Some("kassa")), ..good }, Some("no_requisites")),
            (Facts { requisites: (Some(""), None), ..good }, Some("no_requisites")),
        ] {
            assert_eq!(obstacle(&facts), expected, "{facts:?}");
        }
    }

    fn words() -> String {
        "words".to_owned()
    }

    /// state, heard, attempts, asks | state, problem, whether the external id is new, minutes
    #[test]
    fn answers_lead_on() {
        let done = Heard::Done(Fiscal {
            fiscal_drive: "9".into(),
            document: "1".into(),
            sign: "2".into(),
            register: String::new(),
            issued_at: NaiveDateTime::default(),
            url: String::new(),
        });
        let no = |again| Heard::Rejected { words: words(), again };
        let (queued, sent, failed) = (State::Queued, State::Sent, State::Failed);
        for (state, heard, attempts, asks, expected) in [
            (queued, Heard::Taken("u".into()), 1, 0, Some((sent, "", false, 1))),
            (failed, Heard::Taken("u".into()), 3, 0, Some((sent, "", false, 1))),
            (sent, Heard::Waits, 1, 2, Some((sent, "", false, 1))),
            (sent, Heard::Waits, 1, 40, Some((sent, "", false, 10))),
            (sent, done.clone(), 1, 1, Some((State::Done, "", false, 0))),
            (queued, done.clone(), 1, 0, Some((State::Done, "", false, 0))),
            // In doubt: under the same external id.
            (queued, Heard::Silent(words()), 1, 0, Some((failed, "no_answer", false, 1))),
            (failed, Heard::Silent(words()), 3, 0, Some((failed, "no_answer", false, 5))),
            (failed, Heard::Silent(words()), 90, 0, Some((failed, "no_answer", false, 30))),
            (queued, Heard::NotTaken(words()), 2, 0, Some((failed, "not_taken", false, 2))),
            (queued, Heard::Waits, 1, 0, Some((failed, "no_answer", false, 1))),
            // The register has it: it is asked, not sent again.
            (sent, Heard::Silent(words()), 1, 3, Some((sent, "no_answer", false, 2))),
            (sent, Heard::NotTaken(words()), 1, 3, Some((sent, "not_taken", false, 2))),
            (sent, Heard::Unknown(words()), 1, 1, Some((failed, "unknown", false, 1))),
            // None was made: another id.
            (sent, no(true), 1, 1, Some((failed, "rejected", true, 1))),
            (sent, no(true), 5, 1, Some((State::Refused, "rejected", true, 0))),
            (queued, no(false), 1, 0, Some((State::Refused, "rejected", true, 0))),
            // What is settled, or waits for a person, stays.
            (State::Done, no(false), 1, 1, None),
            (State::Resolved, done.clone(), 1, 1, None),
            (State::Refused, Heard::Waits, 1, 1, None),
        ] {
            let found = hear(state, &heard, attempts, asks)
                .map(|next| (next.state, next.problem, next.renews, next.after.num_minutes()));
            assert_eq!(found, expected, "{state:?} {heard:?} {attempts} {asks}");
        }
        assert!(TRY_AFTER_MINUTES.is_sorted() && ASK_AFTER_MINUTES.is_sorted());
    }
}
