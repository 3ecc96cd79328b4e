//! A statement as a table with titles: CSV, or a workbook with the same columns.
//!
//! Owns: the titles by which columns are recognised, the reading of cells.
//! Does not own: encodings, delimiters and workbooks (`price_lists::read_sheet`), which way a payment goes (`assemble`).
//! Always: pure; the row of titles is the first that names all columns that are needed; a table without the payee's account is a list of what came.

use chrono::NaiveDate;

use super::LINES_MAX;
use super::document::Document;
use super::faults::{FaultKind, Faults};
use super::model::Party;
use super::values;
use crate::price_lists::{Sheet, SheetOptions, SheetRow, read_sheet};

/// Rows in which the titles are looked for: banks write who and when above them.
const TITLES_WITHIN: usize = 30;

/// A column of ours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Column {
    /// Date of the document.
    Date,
    /// The day on which the money moved.
    ValueDate,
    /// What document it is.
    Kind,
    /// Number of the document.
    Number,
    /// How much.
    Amount,
    /// Name of who pays.
    Payer,
    /// His INN.
    PayerInn,
    /// His KPP.
    PayerKpp,
    /// His account.
    PayerAccount,
    /// BIC of his bank.
    PayerBic,
    /// Name of his bank.
    PayerBank,
    /// Name of who is paid.
    Payee,
    /// His INN.
    PayeeInn,
    /// His KPP.
    PayeeKpp,
    /// His account.
    PayeeAccount,
    /// BIC of his bank.
    PayeeBic,
    /// Name of his bank.
    PayeeBank,
    /// What for.
    Purpose,
    /// Unique number of a charge.
    Uin,
    /// Code of budget classification.
    Kbk,
    /// What the bank knows it by.
    Id,
}

impl Column {
    /// All of them, in the order of their numbers.
    pub const ALL: &'static [Self] = &[
        Self::Date,
        Self::ValueDate,
        Self::Kind,
        Self::Number,
        Self::Amount,
        Self::Payer,
        Self::PayerInn,
        Self::PayerKpp,
        Self::PayerAccount,
        Self::PayerBic,
        Self::PayerBank,
        Self::Payee,
        Self::PayeeInn,
        Self::PayeeKpp,
        Self::PayeeAccount,
        Self::PayeeBic,
        Self::PayeeBank,
        Self::Purpose,
        Self::Uin,
        Self::Kbk,
        Self::Id,
    ];
    /// Without these a table is no statement.
    const NEEDED: [Self; 4] = [Self::Date, Self::Number, Self::Amount, Self::Purpose];

    /// Its name, which is a title too.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Date => "date",
            Self::ValueDate => "value_date",
            Self::Kind => "kind",
            Self::Number => "number",
            Self::Amount => "amount",
            Self::Payer => "payer",
            Self::PayerInn => "payer_inn",
            Self::PayerKpp => "payer_kpp",
            Self::PayerAccount => "payer_account",
            Self::PayerBic => "payer_bic",
            Self::PayerBank => "payer_bank",
            Self::Payee => "payee",
            Self::PayeeInn => "payee_inn",
            Self::PayeeKpp => "payee_kpp",
            Self::PayeeAccount => "payee_account",
            Self::PayeeBic => "payee_bic",
            Self::PayeeBank => "payee_bank",
            Self::Purpose => "purpose",
            Self::Uin => "uin",
            Self::Kbk => "kbk",
            Self::Id => "id",
        }
    }

    /// Titles by which it is recognised besides its name, in lower case, with `е` for `ё`.
    pub(super) const fn titles(self) -> &'static [&'static str] {
        match self {
            Self::Date => &["дата", "дата документа", "дата платежа", "document date"],
            Self::ValueDate => {
                &["дата поступления", "дата списания", "дата проводки", "дата операции", "value date", "booking date"]
            }
            Self::Kind => &["вид", "вид документа", "тип документа", "document"],
            Self::Number => &["номер", "№", "номер документа", "№ документа", "n", "document number"],
            Self::Amount => &["сумма", "сумма платежа", "sum"],
            Self::Payer => &["плательщик", "наименование плательщика", "payer name"],
            Self::PayerInn => &["инн", "инн плательщика", "inn", "payer inn"],
            Self::PayerKpp => &["кпп", "кпп плательщика", "kpp", "payer kpp"],
            Self::PayerAccount => &["счет", "счет плательщика", "р/с плательщика", "account", "payer account"],
            Self::PayerBic => &["бик", "бик плательщика", "бик банка плательщика", "bic", "payer bic"],
            Self::PayerBank => &["банк", "банк плательщика", "bank", "payer bank"],
            Self::Payee => &["получатель", "наименование получателя", "payee name"],
            Self::PayeeInn => &["инн получателя", "payee inn"],
            Self::PayeeKpp => &["кпп получателя", "payee kpp"],
            Self::PayeeAccount => &["счет получателя", "р/с получателя", "payee account"],
            Self::PayeeBic => &["бик получателя", "бик банка получателя", "payee bic"],
            Self::PayeeBank => &["банк получателя", "payee bank"],
            Self::Purpose => &["назначение", "назначение платежа", "details", "payment details"],
            Self::Uin => &["уин", "код", "уип"],
            Self::Kbk => &["кбк"],
            Self::Id => &["ид", "идентификатор", "external id", "external_id"],
        }
    }
}

/// Which cell is which column.
struct Titles {
    /// Index of the row of titles among the rows of the sheet.
    at: usize,
    texts: Vec<String>,
    cells: Vec<Option<usize>>,
}

impl Titles {
    fn of(at: usize, row: &SheetRow) -> Self {
        let texts: Vec<String> = row.cells.iter().map(|title| title.trim().to_owned()).collect();
        let mut cells = vec![None; Column::ALL.len()];
        for (index, title) in texts.iter().enumerate() {
            if let Some(column) = recognised(title) {
                // A title that stands twice is told by `refuse_doubles`; the first one counts until then.
                cells[column as usize].get_or_insert(index);
            }
        }
        Self { at, texts, cells }
    }

    fn has(&self, column: Column) -> bool {
        self.cells[column as usize].is_some()
    }

    /// How many of the needed columns are there.
    fn needed(&self) -> usize {
        Column::NEEDED.iter().filter(|column| self.has(**column)).count()
    }

    fn title(&self, column: Column) -> &str {
        self.cells[column as usize].and_then(|at| self.texts.get(at)).map_or(column.as_str(), String::as_str)
    }

    fn cell<'a>(&self, row: &'a SheetRow, column: Column) -> &'a str {
        self.cells[column as usize].and_then(|at| row.cells.get(at)).unwrap_or_default().trim()
    }
}

fn recognised(title: &str) -> Option<Column> {
    let words: Vec<&str> = title.split_whitespace().collect();
    let title = words.join(" ").to_lowercase().replace('ё', "е");
    let title = title.trim_start_matches('\u{feff}');
    Column::ALL.iter().copied().find(|column| column.as_str() == title || column.titles().contains(&title))
}

/// The payments of a table about the account `own`.
pub(super) fn read(bytes: &[u8], own: &str, faults: &mut Faults) -> Option<Vec<Document>> {
    let sheet = match read_sheet(bytes, &SheetOptions::default()) {
        Ok(sheet) => sheet,
        Err(error) => {
            faults.add(None, "", FaultKind::Sheet(error));
            return None;
        }
    };
    let titles = titles(&sheet, faults)?;
    let rows = &sheet.rows[titles.at + 1..];
    if let Some(row) = rows.get(LINES_MAX) {
        faults.add(Some(row.number), "", FaultKind::TooManyLines);
        return None;
    }
    Some(rows.iter().filter_map(|row| document(row, &titles, own, faults)).collect())
}

/// The row of titles: the first with all that is needed, else the one that has most of it, so that what it lacks can be told.
fn titles(sheet: &Sheet, faults: &mut Faults) -> Option<Titles> {
    let mut best: Option<Titles> = None;
    for (at, row) in sheet.rows.iter().enumerate().take(TITLES_WITHIN) {
        let titles = Titles::of(at, row);
        if best.as_ref().is_none_or(|best| titles.needed() > best.needed()) {
            best = Some(titles);
        }
    }
    let best = best?;
    let before = faults.count;
    let row = sheet.rows.get(best.at).map(|row| row.number);
    for column in Column::NEEDED {
        if !best.has(column) {
            let shown = best.texts.iter().filter(|title| !title.is_empty()).cloned().collect();
            faults.add(row, "", FaultKind::NoColumn(column, shown));
        }
    }
    let columns: Vec<Column> = best.texts.iter().filter_map(|title| recognised(title)).collect();
    for (index, column) in columns.iter().enumerate() {
        if columns[..index].contains(column) {
            faults.add(row, best.title(*column), FaultKind::ColumnTwice(*column));
        }
    }
    (faults.count == before).then_some(best)
}

fn document(row: &SheetRow, titles: &Titles, own: &str, faults: &mut Faults) -> Option<Document> {
    let before = faults.count;
    let mut fault = |column: Column, kind: FaultKind| faults.add(Some(row.number), titles.title(column), kind);
    let cell = |column: Column| titles.cell(row, column);
    let code = |column: Column| values::code(cell(column));
    let mut day = |column: Column, needed: bool| -> Option<NaiveDate> {
        let text = cell(column);
        let day = values::day(text);
        if day.is_none() && needed && text.is_empty() {
            fault(column, FaultKind::Empty);
        } else if day.is_none() && !text.is_empty() {
            fault(column, FaultKind::Date(values::shortened(text)));
        }
        day
    };
    let date = day(Column::Date, true);
    let value_date = day(Column::ValueDate, false);
    let amount = values::amount(cell(Column::Amount)).filter(|amount| !amount.is_zero() && amount.is_sign_positive());
    if amount.is_none() {
        let text = cell(Column::Amount);
        fault(
            Column::Amount,
            if text.is_empty() { FaultKind::Empty } else { FaultKind::Amount(values::shortened(text)) },
        );
    }
    if cell(Column::Number).is_empty() {
        fault(Column::Number, FaultKind::Empty);
    }
    let paying = Party {
        name: cell(Column::Payer).to_owned(),
        inn: code(Column::PayerInn),
        kpp: code(Column::PayerKpp),
        account: values::account_text(cell(Column::PayerAccount)),
        bic: code(Column::PayerBic),
        bank: cell(Column::PayerBank).to_owned(),
    };
    let mut paid = Party {
        name: cell(Column::Payee).to_owned(),
        inn: code(Column::PayeeInn),
        kpp: code(Column::PayeeKpp),
        account: values::account_text(cell(Column::PayeeAccount)),
        bic: code(Column::PayeeBic),
        bank: cell(Column::PayeeBank).to_owned(),
    };
    // A list of what came does not say to whom.
    if !titles.has(Column::PayeeAccount) && paying.account != own {
        own.clone_into(&mut paid.account);
    }
    if row.cells.iter().skip(titles.texts.len()).any(|cell| !cell.trim().is_empty()) {
        faults.add(Some(row.number), "", FaultKind::Shifted);
    }
    let document = Document {
        row: row.number,
        kind: cell(Column::Kind).to_owned(),
        number: cell(Column::Number).to_owned(),
        date: date?,
        received: value_date,
        written_off: value_date,
        amount: amount?,
        payer: paying,
        payee: paid,
        payer_other: String::new(),
        payee_other: String::new(),
        purpose: cell(Column::Purpose).to_owned(),
        uin: cell(Column::Uin).to_owned(),
        kbk: cell(Column::Kbk).to_owned(),
        external_id: cell(Column::Id).to_owned(),
    };
    (faults.count == before).then_some(document)
}
