//! The text of an exchange file, taken apart into its sections.
//!
//! Owns: keys and values, where sections begin and end, where the file ends, texts that run over several lines.
//! Does not own: what a key means (`document`, `assemble`).
//! Always: pure; a file that does not end with its last line is cut and is refused; a line that is no pair goes on with the value before it, so that
//! nothing of a purpose is lost.

use std::borrow::Cow;

use super::LINES_MAX;
use super::faults::{FaultKind, Faults};
use super::values::shortened;

/// Longest key.
const KEY_CHARS_MAX: usize = 60;
/// Longest value: a purpose has a few hundred letters.
const VALUE_BYTES_MAX: usize = 10_000;

/// A key with its value.
struct Pair<'a> {
    row: u32,
    key: &'a str,
    value: Cow<'a, str>,
}

/// A part of the file: its header, the balances of an account, a document.
pub(super) struct Section<'a> {
    /// The row on which it begins.
    pub(super) row: u32,
    /// What stands behind the name of the section: the kind of a document.
    pub(super) title: &'a str,
    pairs: Vec<Pair<'a>>,
}

impl<'a> Section<'a> {
    const fn new(row: u32, title: &'a str) -> Self {
        Self { row, title, pairs: Vec::new() }
    }

    /// Every value of a key with its row, the empty ones left out.
    pub(super) fn values<'s>(&'s self, key: &'s str) -> impl Iterator<Item = (u32, &'s str)> {
        let pairs = self.pairs.iter().filter(move |pair| pair.key == key);
        pairs.map(|pair| (pair.row, pair.value.trim())).filter(|(_, value)| !value.is_empty())
    }

    /// The value of a key; empty when there is none. Said twice with one value it is said once; with two values nobody knows which counts.
    pub(super) fn value(&self, key: &str, faults: &mut Faults) -> &str {
        let mut values = self.pairs.iter().filter(|pair| pair.key == key && !pair.value.trim().is_empty());
        let Some(first) = values.next() else { return "" };
        let first = first.value.trim();
        if let Some(other) = values.find(|pair| pair.value.trim() != first) {
            let kind = FaultKind::Twice(shortened(first), shortened(other.value.trim()));
            faults.add(Some(other.row), key, kind);
        }
        first
    }

    /// The row of a key, or of the section that lacks it.
    pub(super) fn row_of(&self, key: &str) -> u32 {
        self.pairs.iter().find(|pair| pair.key == key).map_or(self.row, |pair| pair.row)
    }
}

/// An exchange file.
pub(super) struct Exchange<'a> {
    /// What stands before the first section.
    pub(super) header: Section<'a>,
    /// Sections «СекцияРасчСчет».
    pub(super) balances: Vec<Section<'a>>,
    /// Sections «СекцияДокумент».
    pub(super) documents: Vec<Section<'a>>,
}

/// Where the reader is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Outside of any section.
    Between,
    Balances,
    Document,
    /// Behind the last line.
    End,
}

/// Takes a file apart.
pub(super) fn sections<'a>(text: &'a str, faults: &mut Faults) -> Exchange<'a> {
    let mut file = Exchange { header: Section::new(1, ""), balances: Vec::new(), documents: Vec::new() };
    let mut place = Place::Between;
    let mut rows = 0;
    for (row, line) in (1..).zip(text.lines()) {
        rows = row;
        // Ctrl+Z is how a file of DOS may end.
        let line = line.trim_matches(|sign: char| sign.is_whitespace() || sign == '\u{1a}' || sign == '\u{feff}');
        if line.is_empty() || (row == 1 && line.ends_with("ClientBankExchange")) {
            continue;
        }
        if place == Place::End {
            faults.add(Some(row), "", FaultKind::AfterEnd);
            return file;
        }
        place = file.take(place, row, line, faults);
        if file.documents.len() > LINES_MAX {
            faults.add(Some(row), "", FaultKind::TooManyLines);
            return file;
        }
    }
    if place != Place::End {
        faults.add(Some(rows), "", FaultKind::NoEnd);
    }
    file
}

impl<'a> Exchange<'a> {
    /// One line that is not empty; where the reader is behind it.
    fn take(&mut self, place: Place, row: u32, line: &'a str, faults: &mut Faults) -> Place {
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        let opens = |opened: Place, file: &Self, faults: &mut Faults| {
            if let Some(open) = file.open(place) {
                faults.add(Some(open.row), "", FaultKind::NotClosed);
            }
            opened
        };
        let closes = |closed: Place, faults: &mut Faults| {
            if place != closed {
                faults.add(Some(row), key.trim(), FaultKind::NotOpened);
            }
            Place::Between
        };
        match key.trim() {
            "СекцияРасчСчет" => {
                let place = opens(Place::Balances, self, faults);
                self.balances.push(Section::new(row, ""));
                place
            }
            "СекцияДокумент" => {
                let place = opens(Place::Document, self, faults);
                self.documents.push(Section::new(row, value.trim()));
                place
            }
            "КонецРасчСчет" => closes(Place::Balances, faults),
            "КонецДокумента" => closes(Place::Document, faults),
            "КонецФайла" => opens(Place::End, self, faults),
            key => {
                let pair = (line.contains('=') && is_key(key)).then_some(Pair { row, key, value: value.into() });
                self.put(place, row, pair, line, faults);
                place
            }
        }
    }

    /// The section that is open at a place.
    fn open(&self, place: Place) -> Option<&Section<'a>> {
        match place {
            Place::Balances => self.balances.last(),
            Place::Document => self.documents.last(),
            Place::Between | Place::End => None,
        }
    }

    /// Puts a pair into the section that is open, or a line that is none behind the value before it.
    fn put(&mut self, place: Place, row: u32, pair: Option<Pair<'a>>, line: &str, faults: &mut Faults) {
        let section = match place {
            Place::Balances => self.balances.last_mut(),
            Place::Document => self.documents.last_mut(),
            Place::Between | Place::End => None,
        };
        let in_document = place == Place::Document;
        let section = section.unwrap_or(&mut self.header);
        match (pair, section.pairs.last_mut()) {
            (Some(pair), _) if pair.value.len() <= VALUE_BYTES_MAX => section.pairs.push(pair),
            (None, Some(last)) if in_document && last.value.len() + line.len() < VALUE_BYTES_MAX => {
                let value = last.value.to_mut();
                value.push(' ');
                value.push_str(line);
            }
            (Some(pair), _) => faults.add(Some(row), pair.key, FaultKind::TooLong(VALUE_BYTES_MAX)),
            (None, Some(last)) if in_document => faults.add(Some(row), last.key, FaultKind::TooLong(VALUE_BYTES_MAX)),
            (None, _) => faults.add(Some(row), "", FaultKind::NotAPair(shortened(line))),
        }
    }
}

/// Whether a text before `=` may be a key: the second line of a purpose may have that sign too.
fn is_key(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= KEY_CHARS_MAX && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "1CClientBankExchange\nВерсияФормата=1.03\n";

    fn faults_of(text: &str) -> Vec<(Option<u32>, FaultKind)> {
        let mut faults = Faults::default();
        sections(text, &mut faults);
        faults.first.into_iter().map(|fault| (fault.row, fault.kind)).collect()
    }

    /// what follows the two first rows | row, what is wrong
    #[test]
    fn sections_begin_and_end() {
        use FaultKind::{AfterEnd, NoEnd, NotClosed, NotOpened};
        for (rest, expected) in [
            ("КонецФайла\n", vec![]),
            ("КонецФайла\r\n\x1a", vec![]),
            ("КонецФайла\n\n \n", vec![]),
            ("СекцияДокумент=Платежное поручение\nНомер=1\nКонецДокумента\nКонецФайла", vec![]),
            ("", vec![(Some(2), NoEnd)]),
            ("СекцияДокумент=Платежное поручение\nНомер=1\n", vec![(Some(4), NoEnd)]),
            ("СекцияДокумент=П\nСекцияДокумент=П\nКонецДокумента\nКонецФайла\n", vec![(Some(3), NotClosed)]),
            ("СекцияРасчСчет\nКонецФайла\n", vec![(Some(3), NotClosed)]),
            ("СекцияРасчСчет\nКонецДокумента\nКонецФайла\n", vec![(Some(4), NotOpened)]),
            ("КонецРасчСчет\nКонецФайла\n", vec![(Some(3), NotOpened)]),
            ("КонецФайла\n1CClientBankExchange\nКонецФайла\n", vec![(Some(4), AfterEnd)]),
            ("что это\nКонецФайла\n", vec![]),
        ] {
            let mut found = faults_of(&format!("{HEAD}{rest}"));
            found.retain(|(_, kind)| !matches!(kind, FaultKind::NotAPair(_)));
            assert_eq!(found, expected, "{rest}");
        }
        for long in [
            format!("СекцияДокумент=П\nНазначениеПлатежа={}\n", "x".repeat(VALUE_BYTES_MAX + 1)),
            format!("СекцияДокумент=П\nНазначениеПлатежа=\n{}\n", "x".repeat(VALUE_BYTES_MAX)),
        ] {
            let found = faults_of(&format!("{HEAD}{long}КонецДокумента\nКонецФайла\n"));
            assert!(matches!(found[..], [(Some(4 | 5), FaultKind::TooLong(VALUE_BYTES_MAX))]), "{found:?}");
        }
        let stray = faults_of(&format!("{HEAD}что это\nКонецФайла\n"));
        assert_eq!(stray, [(Some(3), FaultKind::NotAPair("что это".into()))]);
    }

    #[test]
    fn values_run_over_lines_and_may_be_said_twice() {
        let text = format!(
            "{HEAD}СекцияДокумент=Платежное поручение\nНомер=17\nНомер= 17 \nДата=01.02.2026\nДата=02.02.2026\nПустой=\n\
             НазначениеПлатежа=Оплата по счету\n№ 123, в т.ч. НДС 20% = 545.00\n\nруб.\nКонецДокумента\nКонецФайла\n"
        );
        let mut faults = Faults::default();
        let file = sections(&text, &mut faults);
        assert_eq!(faults.count, 0);
        let document = &file.documents[0];
        assert_eq!((document.row, document.title), (3, "Платежное поручение"));
        assert_eq!(document.value("Номер", &mut faults), "17");
        assert_eq!(document.value("Пустой", &mut faults), "");
        assert_eq!(
            document.value("НазначениеПлатежа", &mut faults),
            "Оплата по счету № 123, в т.ч. НДС 20% = 545.00 руб."
        );
        assert_eq!((faults.count, document.row_of("Номер"), document.row_of("Нет такого")), (0, 4, 3));
        assert_eq!(document.value("Дата", &mut faults), "01.02.2026");
        let twice = FaultKind::Twice("01.02.2026".into(), "02.02.2026".into());
        assert_eq!((faults.first[0].row, &*faults.first[0].field, &faults.first[0].kind), (Some(7), "Дата", &twice));
        assert_eq!(document.values("Дата").count(), 2);
    }
}
