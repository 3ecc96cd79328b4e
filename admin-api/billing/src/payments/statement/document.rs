//! One payment, as a section «СекцияДокумент» or a row of a table tells it, before it is known whose statement it belongs to.
//!
//! Owns: which keys of the exchange format make which field, names with an INN before them, purposes in parts.
//! Does not own: where sections begin and end (`exchange`), columns of a table (`table`), which side is ours (`assemble`).
//! Always: pure; a payment with a fault is none, so that no half of it is ever booked.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::exchange::Section;
use super::faults::{FaultKind, Faults};
use super::identity::Identity;
use super::model::{Direction, Line, Party};
use super::values;

/// Keys under which some banks tell their own number of a payment; the format has none for it.
const EXTERNAL_IDS: [&str; 2] = ["ИдентификаторДокумента", "УникальныйИдентификатор"];
/// Keys of the unique number of a charge: the one of the format, and those that some banks write.
const UINS: [&str; 3] = ["Код", "УИН", "УИП"];
/// Parts of a purpose besides the whole of it.
const PURPOSE_PARTS: [&str; 6] = [
    "НазначениеПлатежа1",
    "НазначениеПлатежа2",
    "НазначениеПлатежа3",
    "НазначениеПлатежа4",
    "НазначениеПлатежа5",
    "НазначениеПлатежа6",
];

/// A payment with both its sides.
#[derive(Clone, Debug)]
pub(super) struct Document {
    pub(super) row: u32,
    pub(super) kind: String,
    pub(super) number: String,
    pub(super) date: NaiveDate,
    /// When it came, if the payee is ours.
    pub(super) received: Option<NaiveDate>,
    /// When it went, if the payer is ours.
    pub(super) written_off: Option<NaiveDate>,
    pub(super) amount: Decimal,
    pub(super) payer: Party,
    pub(super) payee: Party,
    /// The account of the payer's as his bank keeps it, where the money went another way.
    pub(super) payer_other: String,
    /// The same of the payee's.
    pub(super) payee_other: String,
    pub(super) purpose: String,
    pub(super) uin: String,
    pub(super) kbk: String,
    pub(super) external_id: String,
}

impl Document {
    /// The line of the account `own`; `None`: the money neither came there nor went from there.
    pub(super) fn line_of(&self, own: &str) -> Option<Line> {
        let direction = match (self.pays(own), self.is_paid(own)) {
            (true, false) => Direction::Out,
            (false, true) => Direction::In,
            _ => return None,
        };
        let mut line = Line {
            row: self.row,
            direction,
            kind: self.kind.clone(),
            number: self.number.clone(),
            date: self.date,
            value_date: self.received,
            amount: self.amount,
            payer: self.payer.clone(),
            payee: self.payee.clone(),
            purpose: self.purpose.clone(),
            uin: self.uin.clone(),
            kbk: self.kbk.clone(),
            external_id: self.external_id.clone(),
            identity: Identity::default(),
        };
        match direction {
            Direction::In => own.clone_into(&mut line.payee.account),
            Direction::Out => {
                own.clone_into(&mut line.payer.account);
                line.value_date = self.written_off;
            }
        }
        Some(line)
    }

    /// Whether the account pays.
    pub(super) fn pays(&self, account: &str) -> bool {
        self.payer.account == account || self.payer_other == account
    }

    /// Whether the account is paid.
    pub(super) fn is_paid(&self, account: &str) -> bool {
        self.payee.account == account || self.payee_other == account
    }
}

/// The payment of a section; `None`: something is wrong with it.
pub(super) fn read(section: &Section<'_>, faults: &mut Faults) -> Option<Document> {
    let before = faults.count;
    let mut fields = Fields { section, faults };
    let number = fields.needed("Номер").to_owned();
    let date = fields.day("Дата", true);
    let amount = fields.amount("Сумма");
    let received = fields.day("ДатаПоступило", false);
    let written_off = fields.day("ДатаСписано", false);
    let (paying, paying_other) = fields.party(&PAYER);
    let (paid, paid_other) = fields.party(&PAYEE);
    let purpose = fields.purpose();
    let uin = fields.first_of(&UINS).to_owned();
    let kbk = fields.text("ПоказательКБК").to_owned();
    let external_id = fields.first_of(&EXTERNAL_IDS).to_owned();
    let document = Document {
        row: section.row,
        kind: section.title.to_owned(),
        number,
        date: date?,
        received,
        written_off,
        amount: amount?,
        payer: paying,
        payee: paid,
        payer_other: paying_other,
        payee_other: paid_other,
        purpose,
        uin,
        kbk,
        external_id,
    };
    (faults.count == before).then_some(document)
}

/// Keys of one side.
struct PartyKeys {
    /// Name, mostly with the INN before it.
    whole: &'static str,
    /// Name alone.
    name: &'static str,
    inn: &'static str,
    kpp: &'static str,
    account: &'static str,
    /// Account where the money goes another way than by it.
    other: &'static str,
    bic: &'static str,
    /// Name and place of the bank.
    bank: [&'static str; 2],
}

const PAYER: PartyKeys = PartyKeys {
    whole: "Плательщик",
    name: "Плательщик1",
    inn: "ПлательщикИНН",
    kpp: "ПлательщикКПП",
    account: "ПлательщикСчет",
    other: "ПлательщикРасчСчет",
    bic: "ПлательщикБИК",
    bank: ["ПлательщикБанк1", "ПлательщикБанк2"],
};

const PAYEE: PartyKeys = PartyKeys {
    whole: "Получатель",
    name: "Получатель1",
    inn: "ПолучательИНН",
    kpp: "ПолучательКПП",
    account: "ПолучательСчет",
    other: "ПолучательРасчСчет",
    bic: "ПолучательБИК",
    bank: ["ПолучательБанк1", "ПолучательБанк2"],
};

/// The fields of a section, read one by one.
struct Fields<'s, 'a> {
    section: &'s Section<'a>,
    faults: &'s mut Faults,
}

impl<'s> Fields<'s, '_> {
    fn text(&mut self, key: &str) -> &'s str {
        self.section.value(key, self.faults)
    }

    fn needed(&mut self, key: &str) -> &'s str {
        let text = self.text(key);
        if text.is_empty() {
            self.fault(key, FaultKind::Empty);
        }
        text
    }

    fn first_of(&mut self, keys: &[&str]) -> &'s str {
        keys.iter().map(|key| self.text(key)).find(|text| !text.is_empty()).unwrap_or_default()
    }

    fn fault(&mut self, key: &str, kind: FaultKind) {
        self.faults.add(Some(self.section.row_of(key)), key, kind);
    }

    fn day(&mut self, key: &str, needed: bool) -> Option<NaiveDate> {
        let text = if needed { self.needed(key) } else { self.text(key) };
        let day = values::day(text);
        if day.is_none() && !text.is_empty() {
            self.fault(key, FaultKind::Date(values::shortened(text)));
        }
        day
    }

    fn amount(&mut self, key: &str) -> Option<Decimal> {
        let text = self.needed(key);
        let amount = values::amount(text).filter(|amount| *amount > Decimal::ZERO);
        if amount.is_none() && !text.is_empty() {
            self.fault(key, FaultKind::Amount(values::shortened(text)));
        }
        amount
    }

    /// One side, and its account by the other key.
    fn party(&mut self, keys: &PartyKeys) -> (Party, String) {
        let (named, inn_before) = name_and_inn(self.text(keys.whole));
        let (alone, inn_before_alone) = name_and_inn(self.text(keys.name));
        let inn = values::code(self.text(keys.inn));
        let inn = [inn, inn_before, inn_before_alone].into_iter().find(|inn| !inn.is_empty()).unwrap_or_default();
        let account = values::account_text(self.text(keys.account));
        let other = values::account_text(self.text(keys.other));
        let bank: Vec<&str> = keys.bank.iter().map(|key| self.text(key)).filter(|text| !text.is_empty()).collect();
        let party = Party {
            name: if alone.is_empty() { named } else { alone },
            inn,
            kpp: values::code(self.text(keys.kpp)),
            account: if account.is_empty() { other.clone() } else { account },
            bic: values::code(self.text(keys.bic)),
            bank: bank.join(", "),
        };
        (party, other)
    }

    /// The purpose: the whole of it, or its parts, or both where neither has the other in it.
    fn purpose(&self) -> String {
        let values = |key: &'static str| self.section.values(key).map(|(_, text)| text);
        let whole = joined(values("НазначениеПлатежа").collect());
        let parts = joined(PURPOSE_PARTS.into_iter().flat_map(values).collect());
        let (dense_whole, dense_parts) = (dense(&whole), dense(&parts));
        if dense_whole.contains(&dense_parts) {
            whole
        } else if dense_parts.contains(&dense_whole) {
            parts
        } else {
            format!("{whole} {parts}")
        }
    }
}

/// Texts one behind the other, each once.
fn joined(mut texts: Vec<&str>) -> String {
    texts.dedup();
    texts.join(" ")
}

fn dense(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_whitespace()).collect()
}

/// A name without the INN and KPP that banks write before it, and that INN.
fn name_and_inn(text: &str) -> (String, String) {
    let (rest, inn) = numbered(text, "ИНН");
    let (rest, _) = numbered(rest, "КПП");
    (rest.trim().to_owned(), values::code(inn))
}

/// What follows a word with digits, and the digits; the whole text when it does not begin so.
fn numbered<'a>(text: &'a str, word: &str) -> (&'a str, &'a str) {
    let signs = [' ', ':', '/', '\\', ','];
    let rest = text.trim_start_matches(signs).strip_prefix(word).map(|rest| rest.trim_start_matches(signs));
    let Some(rest) = rest else { return (text, "") };
    let end = rest.find(|sign: char| !sign.is_ascii_digit()).unwrap_or(rest.len());
    if end == 0 { (text, "") } else { (rest[end..].trim_start_matches(signs), &rest[..end]) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payments::statement::exchange::sections;

    fn read_one(fields: &str) -> Result<Document, Faults> {
        let text =
            format!("1CClientBankExchange\nСекцияДокумент=Платежное поручение\n{fields}\nКонецДокумента\nКонецФайла\n");
        let mut faults = Faults::default();
        let file = sections(&text, &mut faults);
        read(&file.documents[0], &mut faults).ok_or(faults)
    }

    const NEEDED: &str = "Номер=17\nДата=01.02.2026\nСумма=3270.00";

    #[test]
    fn names_lose_their_numbers() {
        for (text, name, inn) in [
            ("ООО \"Ромашка\"", "ООО \"Ромашка\"", ""),
            ("ИНН 7707083893 ООО \"Ромашка\"", "ООО \"Ромашка\"", "7707083893"),
            ("ИНН 7707083893 КПП 770701001 ООО Ромашка", "ООО Ромашка", "7707083893"),
            ("ИНН 7707083893\\КПП 770701001 ООО Ромашка", "ООО Ромашка", "7707083893"),
            ("ИНН: 500100732259, Иванов И. И.", "Иванов И. И.", "500100732259"),
            ("ИНН 0 Иванов", "Иванов", ""),
            ("ИННОВАЦИИ ООО", "ИННОВАЦИИ ООО", ""),
            ("", "", ""),
        ] {
            assert_eq!(name_and_inn(text), (name.to_owned(), inn.to_owned()), "{text}");
        }
    }

    /// fields | purpose
    #[test]
    fn purposes_are_whole() {
        for (fields, expected) in [
            ("НазначениеПлатежа=За связь", "За связь"),
            ("НазначениеПлатежа1=За\nНазначениеПлатежа2=связь", "За связь"),
            ("НазначениеПлатежа=За связь\nНазначениеПлатежа1=За\nНазначениеПлатежа2= связь", "За связь"),
            // A word that was cut between two parts is whole in the whole.
            ("НазначениеПлатежа=За связь\nНазначениеПлатежа1=За свя\nНазначениеПлатежа2=зь", "За связь"),
            ("НазначениеПлатежа=За\nНазначениеПлатежа1=За\nНазначениеПлатежа2=связь", "За связь"),
            ("НазначениеПлатежа=За связь\nНазначениеПлатежа2=Счет 123", "За связь Счет 123"),
            ("НазначениеПлатежа=За связь\nНазначениеПлатежа=Счет 123", "За связь Счет 123"),
            ("НазначениеПлатежа=За связь\nНазначениеПлатежа=За связь", "За связь"),
            ("", ""),
        ] {
            let document = read_one(&format!("{NEEDED}\n{fields}")).unwrap();
            assert_eq!(document.purpose, expected, "{fields}");
        }
    }

    #[test]
    fn a_payment_is_whole_or_none() {
        for (fields, field, kind) in [
            ("Номер=\nДата=01.02.2026\nСумма=1", "Номер", FaultKind::Empty),
            ("Номер=1\nСумма=1", "Дата", FaultKind::Empty),
            ("Номер=1\nДата=2026\nСумма=1", "Дата", FaultKind::Date("2026".into())),
            ("Номер=1\nДата=01.02.2026\nСумма=0.00", "Сумма", FaultKind::Amount("0.00".into())),
            ("Номер=1\nДата=01.02.2026\nСумма=-1", "Сумма", FaultKind::Amount("-1".into())),
            ("Номер=1\nДата=01.02.2026\nСумма=1\nСумма=2", "Сумма", FaultKind::Twice("1".into(), "2".into())),
            ("Номер=1\nДата=01.02.2026\nСумма=1\nДатаСписано=x", "ДатаСписано", FaultKind::Date("x".into())),
        ] {
            let faults = read_one(fields).unwrap_err();
            assert_eq!((faults.count, &*faults.first[0].field, &faults.first[0].kind), (1, field, &kind), "{fields}");
        }
        // All that is wrong is told at once.
        assert_eq!(read_one("Номер=\nДата=\nСумма=").unwrap_err().count, 3);
    }

    /// An account counts by either of its two keys; a payment to oneself is none.
    #[test]
    fn sides_are_found_by_their_accounts() {
        let document =
            read_one(&format!("{NEEDED}\nПлательщикСчет=1\nПлательщикРасчСчет=2\nПолучательРасчСчет=3")).unwrap();
        let direction = |own: &str| document.line_of(own).map(|line| line.direction);
        assert_eq!(
            ["1", "2", "3", "4", ""].map(direction),
            [Some(Direction::Out), Some(Direction::Out), Some(Direction::In), None, None]
        );
        assert_eq!(document.line_of("2").unwrap().payer.account, "2");
        let to_oneself = read_one(&format!("{NEEDED}\nПлательщикСчет=1\nПолучательСчет=1")).unwrap();
        assert!(to_oneself.line_of("1").is_none());
    }
}
