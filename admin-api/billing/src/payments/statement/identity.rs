//! What a line is known by when it comes again in another export.
//!
//! Owns: which fields make it, how they are evened out, the place among equals.
//! Does not own: what becomes of a line that is there already.
//! Always: pure; the order of different lines does not matter; two real payments that are equal in everything stay two, because of equal lines of a day the
//! first, second and so on differ in their place, and a day is exported as a whole.

use std::collections::HashMap;
use std::fmt;

use sha2::{Digest, Sha256};

use super::model::Line;

/// Set before everything else, so that no digest of another kind is ever equal; another number when what makes an identity changes.
const MARK: &str = "bank statement line 1";

/// A digest of a line. Shown as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Identity(pub [u8; 32]);

impl Identity {
    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Gives the lines of an account their identities.
pub(super) fn assign(account: &str, lines: &mut [Line]) {
    let mut places: HashMap<[u8; 32], u32> = HashMap::new();
    for line in lines {
        let likeness = likeness(account, line);
        let place = places.entry(likeness).or_default();
        let bytes = Sha256::new().chain_update(likeness).chain_update(place.to_be_bytes()).finalize();
        line.identity = Identity(bytes.into());
        *place += 1;
    }
}

/// What equal lines of a day have in common. The day is the one on which the money moved: an order that is paid in parts has one number and one date.
fn likeness(account: &str, line: &Line) -> [u8; 32] {
    let other = line.counterparty();
    let fields = [
        MARK,
        account,
        line.direction.as_str(),
        without_zeros(line.number.trim()),
        &line.day().to_string(),
        &line.amount.to_string(),
        &other.account,
        &other.inn,
        &letters(&line.purpose),
    ];
    let mut hasher = Sha256::new();
    for field in fields {
        // With its length before it, no field can run over into the next.
        hasher.update((field.len() as u64).to_be_bytes());
        hasher.update(field.as_bytes());
    }
    hasher.finalize().into()
}

fn without_zeros(number: &str) -> &str {
    number.trim_start_matches('0')
}

/// A text without anything in which two exports of one payment differ: case, blanks and breaks, quotation marks, `ё`.
fn letters(text: &str) -> String {
    let letters = text.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase);
    letters.map(|letter| if letter == 'ё' { 'е' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payments::statement::{Direction, Party};

    const ACCOUNT: &str = "40702810400000000001";

    fn line() -> Line {
        let day = chrono::NaiveDate::from_ymd_opt(2026, 2, 2).unwrap();
        let payer = Party { inn: "7707083893".into(), account: "40702810900000000777".into(), ..Party::default() };
        Line {
            row: 20,
            direction: Direction::In,
            kind: "Платежное поручение".into(),
            number: "17".into(),
            date: day,
            value_date: Some(day),
            amount: rust_decimal::Decimal::new(327_000, 2),
            payer,
            payee: Party { account: ACCOUNT.into(), ..Party::default() },
            purpose: "Оплата по счёту № 123".into(),
            uin: String::new(),
            kbk: String::new(),
            external_id: String::new(),
            identity: Identity::default(),
        }
    }

    fn of(line: Line) -> Identity {
        let mut lines = [line];
        assign(ACCOUNT, &mut lines);
        lines[0].identity
    }

    /// A change of a line, as a test makes it.
    type Edit = fn(&mut Line);

    fn edited(edit: Edit) -> Identity {
        let mut line = line();
        edit(&mut line);
        of(line)
    }

    #[test]
    fn another_export_of_a_payment_is_the_same_line() {
        let edits: [(&str, Edit); 7] = [
            ("row", |line| line.row = 900),
            ("break", |line| line.purpose = "ОПЛАТА ПО СЧЕТУ\n №123".into()),
            ("zeros", |line| line.number = "000017".into()),
            ("name", |line| line.payer.name = "ООО «Ромашка»".into()),
            ("bank", |line| line.payer.bank = "Банк".into()),
            ("kind", |line| line.kind = "Платёжное поручение".into()),
            // The day on which the money moved counts, not that of the document.
            ("date", |line| line.date = line.date.pred_opt().unwrap()),
        ];
        for (what, edit) in edits {
            assert_eq!(edited(edit), of(line()), "{what}");
        }
    }

    #[test]
    fn another_payment_is_another_line() {
        let edits: [(&str, Edit); 8] = [
            ("number", |line| line.number = "18".into()),
            ("day", |line| line.value_date = line.date.succ_opt()),
            ("amount", |line| line.amount = rust_decimal::Decimal::new(327_001, 2)),
            ("account", |line| line.payer.account = "40702810900000000778".into()),
            ("INN", |line| line.payer.inn = "500100732259".into()),
            ("purpose", |line| line.purpose = "Оплата по счёту № 124".into()),
            ("direction", |line| line.direction = Direction::Out),
            // What one field loses another does not gain.
            ("border", |line| {
                line.payer.account = "407028109000000007777".into();
                line.payer.inn = "707083893".into();
            }),
        ];
        for (what, edit) in edits {
            assert_ne!(edited(edit), of(line()), "{what}");
        }
        let mut other = [line()];
        assign("40702810400000000002", &mut other);
        assert_ne!(other[0].identity, of(line()), "account of ours");
    }

    /// A day with two equal payments and one more, exported in three ways.
    #[test]
    fn equal_payments_stay_apart_and_come_again_as_themselves() {
        let other = || Line { number: "18".into(), ..line() };
        let identities = |mut lines: Vec<Line>| {
            assign(ACCOUNT, &mut lines);
            let mut all: Vec<Identity> = lines.iter().map(|line| line.identity).collect();
            all.sort();
            all
        };
        let whole = identities(vec![line(), line(), other()]);
        assert!(whole.windows(2).all(|pair| pair[0] != pair[1]));
        assert_eq!(identities(vec![other(), line(), line()]), whole);
        // In the morning only one of the two was there.
        assert!(whole.contains(&identities(vec![line()])[0]));
        let next_day = |edit: Edit| {
            let mut lines = vec![line(), line(), other(), line()];
            edit(&mut lines[3]);
            identities(lines)
        };
        let both_days = next_day(|line| line.value_date = line.date.succ_opt());
        assert!(whole.iter().all(|identity| both_days.contains(identity)));
        assert_eq!(of(line()).to_string().len(), 64);
    }
}
