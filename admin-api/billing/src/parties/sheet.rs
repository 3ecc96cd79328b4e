//! A file of the registry: which column is which, and what its cells say.
//!
//! Owns: the titles by which columns are recognised, the reading of cells.
//! Does not own: encodings and delimiters (`price_lists::read_sheet`), what becomes of the rows (`import`).
//! Always: the first row has the titles; a column that the file does not have leaves what stands in the books; nothing is guessed.

use std::collections::HashMap;

use chrono::{Datelike, NaiveDate};
use rating::wording::Language;

use super::faults::{Fault, Faults};
use super::rules::{self, Kind, PartyFault, RegistryStatus};
use crate::price_lists::{Sheet, SheetRow};

/// A column of ours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Column {
    /// INN.
    Inn,
    /// KPP.
    Kpp,
    /// OGRN or OGRNIP.
    Ogrn,
    /// What it is.
    Kind,
    /// Name.
    Name,
    /// Status.
    Status,
    /// When it ends or ended.
    TerminationDate,
    /// Day of its entry into the registry.
    RegisteredAt,
    /// Region.
    Region,
    /// City.
    City,
    /// Legal address.
    LegalAddress,
    /// Phone.
    Phone,
    /// E-mail.
    Email,
}

impl Column {
    /// All of them, in the order of their numbers.
    pub const ALL: &'static [Self] = &[
        Self::Inn,
        Self::Kpp,
        Self::Ogrn,
        Self::Kind,
        Self::Name,
        Self::Status,
        Self::TerminationDate,
        Self::RegisteredAt,
        Self::Region,
        Self::City,
        Self::LegalAddress,
        Self::Phone,
        Self::Email,
    ];
    /// Without these a file is none.
    const NEEDED: &'static [Self] = &[Self::Inn, Self::Name, Self::Status];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inn => "inn",
            Self::Kpp => "kpp",
            Self::Ogrn => "ogrn",
            Self::Kind => "kind",
            Self::Name => "name",
            Self::Status => "status",
            Self::TerminationDate => "termination_date",
            Self::RegisteredAt => "registered_at",
            Self::Region => "region",
            Self::City => "city",
            Self::LegalAddress => "legal_address",
            Self::Phone => "phone",
            Self::Email => "email",
        }
    }

    /// Titles by which it is recognised besides its name, in lower case.
    const fn titles(self) -> &'static [&'static str] {
        match self {
            Self::Inn => &["инн"],
            Self::Kpp => &["кпп"],
            Self::Ogrn => &["огрн", "огрнип", "огрн/огрнип", "ogrnip"],
            Self::Kind => &["вид", "тип"],
            Self::Name => &["наименование", "название", "фио", "полное наименование"],
            Self::Status => &["статус", "состояние"],
            Self::TerminationDate => &["дата прекращения", "дата прекращения деятельности", "дата ликвидации"],
            Self::RegisteredAt => &["дата регистрации", "registered"],
            Self::Region => &["регион"],
            Self::City => &["город", "населенный пункт", "населённый пункт"],
            Self::LegalAddress => &["адрес", "юридический адрес", "address"],
            Self::Phone => &["телефон"],
            Self::Email => &["почта", "e-mail", "эл. почта", "электронная почта"],
        }
    }
}

/// Why the titles of a file do not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TitlesError {
    /// No title for a column that is needed.
    Missing(Column),
    /// Two titles for one column.
    Twice(Column),
}

impl TitlesError {
    /// The column.
    pub const fn column(&self) -> Column {
        match self {
            Self::Missing(column) | Self::Twice(column) => *column,
        }
    }

    /// What is wrong and what to do.
    pub fn text(&self, language: Language) -> String {
        let russian = language == Language::Russian;
        let titles = |column: &Column| column.titles().join(", ");
        match self {
            Self::Missing(column) if russian => {
                format!("В первой строке нет столбца {}; подойдут: {}", column.as_str(), titles(column))
            }
            Self::Missing(column) => {
                format!("The first row has no column {}; these fit too: {}", column.as_str(), titles(column))
            }
            Self::Twice(column) if russian => format!("Столбец {} стоит дважды", column.as_str()),
            Self::Twice(column) => format!("The column {} stands twice", column.as_str()),
        }
    }
}

/// A row of the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// What it is.
    pub(super) kind: Kind,
    /// INN.
    pub(super) inn: String,
    /// KPP.
    pub(super) kpp: Option<String>,
    /// OGRN or OGRNIP.
    pub(super) ogrn: Option<String>,
    /// Name.
    pub(super) name: String,
    /// Status.
    pub(super) status: RegistryStatus,
    /// When it ends or ended.
    pub(super) termination_date: Option<NaiveDate>,
    /// Day of its entry into the registry.
    pub(super) registered_at: Option<NaiveDate>,
    /// Region.
    pub(super) region: String,
    /// City.
    pub(super) city: String,
    /// Legal address.
    pub(super) legal_address: String,
    /// Phone.
    pub(super) phone: Option<String>,
    /// E-mail.
    pub(super) email: Option<String>,
}

/// Which cell is which column.
#[derive(Clone, Debug)]
pub(super) struct Titles {
    cells: Vec<Option<usize>>,
    titles: Vec<String>,
}

impl Titles {
    /// Of the first row.
    pub(super) fn read(sheet: &Sheet) -> Result<Self, Vec<TitlesError>> {
        let titles: Vec<String> = sheet
            .rows
            .first()
            .map(|row| row.cells.iter().map(|title| title.trim().trim_start_matches('\u{feff}').to_owned()).collect())
            .unwrap_or_default();
        let mut cells = vec![None; Column::ALL.len()];
        let mut errors = Vec::new();
        for (at, title) in titles.iter().enumerate() {
            let title = title.to_lowercase();
            let found =
                Column::ALL.iter().find(|column| column.as_str() == title || column.titles().contains(&&*title));
            let Some(column) = found else { continue };
            if cells[*column as usize].replace(at).is_some() {
                errors.push(TitlesError::Twice(*column));
            }
        }
        errors.extend(
            Column::NEEDED
                .iter()
                .filter(|column| cells[**column as usize].is_none())
                .map(|column| TitlesError::Missing(*column)),
        );
        if errors.is_empty() { Ok(Self { cells, titles }) } else { Err(errors) }
    }

    /// Whether the file has a column.
    pub(super) fn has(&self, column: Column) -> bool {
        self.cells[column as usize].is_some()
    }

    fn title(&self, column: Column) -> &str {
        self.cells[column as usize].and_then(|at| self.titles.get(at)).map_or("", String::as_str)
    }

    fn cell<'a>(&self, row: &'a SheetRow, column: Column) -> &'a str {
        self.cells[column as usize].and_then(|at| row.cells.get(at)).unwrap_or_default().trim()
    }
}

/// The rows of a file, or all that is wrong with them.
pub(super) fn rows(sheet: &Sheet, titles: &Titles) -> Result<Vec<Row>, Faults> {
    let mut faults = Faults::default();
    let mut rows = Vec::with_capacity(sheet.rows.len());
    let mut known: HashMap<(String, Option<String>), u32> = HashMap::new();
    for sheet_row in sheet.rows.iter().skip(1) {
        let Some(row) = read(sheet_row, titles, &mut faults) else { continue };
        if let Some(earlier) = known.insert((row.inn.clone(), row.kpp.clone()), sheet_row.number) {
            faults.add(sheet_row.number, Column::Inn, titles.title(Column::Inn), Fault::Twice(earlier));
        }
        rows.push(row);
    }
    if faults.count == 0 { Ok(rows) } else { Err(faults) }
}

fn read(row: &SheetRow, titles: &Titles, faults: &mut Faults) -> Option<Row> {
    let before = faults.count;
    let mut add = |column: Column, fault: Fault| faults.add(row.number, column, titles.title(column), fault);
    let cell = |column: Column| titles.cell(row, column);
    let digits = |column: Column| Some(cell(column).replace(' ', "")).filter(|text| !text.is_empty());

    let mut text = |column: Column, most: usize| {
        let text = cell(column);
        if text.chars().count() > most || text.chars().any(char::is_control) {
            add(column, Fault::Long(most));
        }
        text.to_owned()
    };
    let name = text(Column::Name, 300);
    let region = text(Column::Region, 300);
    let city = text(Column::City, 300);
    let legal_address = text(Column::LegalAddress, 1_000);
    let phone = Some(text(Column::Phone, 100)).filter(|phone| !phone.is_empty());
    if name.is_empty() {
        add(Column::Name, Fault::Empty);
    }
    let email = Some(cell(Column::Email).to_owned()).filter(|email| !email.is_empty());
    if email.as_deref().is_some_and(|email| !is_email(email)) {
        add(Column::Email, Fault::Email);
    }
    let mut date = |column: Column| {
        let text = cell(column);
        let day = day(text);
        if day.is_none() && !text.is_empty() {
            add(column, Fault::Date(shortened(text)));
        }
        day
    };
    let termination_date = date(Column::TerminationDate);
    let registered_at = date(Column::RegisteredAt);
    let status = status(cell(Column::Status));
    if status.is_none() {
        add(Column::Status, Fault::Status(shortened(cell(Column::Status))));
    }
    let (inn, kpp, ogrn) = (digits(Column::Inn).unwrap_or_default(), digits(Column::Kpp), digits(Column::Ogrn));
    let Some(kind) = kind(cell(Column::Kind), &inn, ogrn.as_deref()) else {
        add(Column::Kind, Fault::Kind(shortened(cell(Column::Kind))));
        return None;
    };
    for fault in rules::check(kind, Some(&inn), kpp.as_deref(), ogrn.as_deref()) {
        match fault {
            PartyFault::Inn => add(Column::Inn, Fault::Inn),
            PartyFault::Kpp => add(Column::Kpp, Fault::Kpp),
            PartyFault::Ogrn => add(Column::Ogrn, Fault::Ogrn),
        }
    }
    let row = Row {
        kind,
        inn,
        kpp,
        ogrn,
        name,
        status: status?,
        termination_date,
        registered_at,
        region,
        city,
        legal_address,
        phone,
        email,
    };
    (faults.count == before).then_some(row)
}

/// What a fault tells of a cell.
fn shortened(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(100).collect()
}

/// The kind by its word; without one by the length of INN and OGRN.
fn kind(text: &str, inn: &str, ogrn: Option<&str>) -> Option<Kind> {
    Some(match text.to_lowercase().as_str() {
        "" if inn.len() == 12 && ogrn.is_some() => Kind::SoleProprietor,
        "" if inn.len() == 12 => Kind::Natural,
        "" | "legal" | "юл" | "юридическое лицо" => Kind::Legal,
        "sole_proprietor" | "ип" | "индивидуальный предприниматель" => {
            Kind::SoleProprietor
        }
        "natural" | "фл" | "физическое лицо" => Kind::Natural,
        _ => return None,
    })
}

fn status(text: &str) -> Option<RegistryStatus> {
    let text = text.to_lowercase();
    match text.as_str() {
        "действующий" | "действующая" | "действующее" | "действует" => {
            Some(RegistryStatus::Active)
        }
        "недействующий" | "недействующая" | "недействующее" | "прекращено" | "ликвидирован" | "ликвидирована" => {
            Some(RegistryStatus::Inactive)
        }
        "реорганизация" | "в стадии реорганизации" => {
            Some(RegistryStatus::Reorganisation)
        }
        "банкротство" | "в стадии банкротства" => Some(RegistryStatus::Bankruptcy),
        "ликвидация" | "в стадии ликвидации" => Some(RegistryStatus::Liquidation),
        other => other.parse().ok(),
    }
}

fn day(text: &str) -> Option<NaiveDate> {
    if text.len() != 10 {
        return None;
    }
    let forms = ["%Y-%m-%d", "%d.%m.%Y"];
    let day = forms.iter().find_map(|form| NaiveDate::parse_from_str(text, form).ok())?;
    // An organisation may be old; a year of another millennium is a slip, not a day.
    (1_800..2_200).contains(&day.year()).then_some(day)
}

/// Whether a text is an address of e-mail.
pub(crate) fn is_email(text: &str) -> bool {
    let strange = |letter: char| letter.is_whitespace() || letter.is_control();
    let parts = text.split_once('@');
    text.len() <= 254
        && !text.contains(strange)
        && parts.is_some_and(|(name, domain)| {
            !name.is_empty()
                && domain.contains('.')
                && !domain.contains('@')
                && domain.split('.').all(|part| !part.is_empty())
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::price_lists::{SheetOptions, read_sheet};

    fn read_all(text: &str) -> Result<Vec<Row>, Faults> {
        let sheet = read_sheet(text.as_bytes(), &SheetOptions::default()).unwrap();
        let titles = Titles::read(&sheet).unwrap();
        rows(&sheet, &titles)
    }

    #[test]
    fn rows_as_the_registry_writes_them() {
        let rows = read_all(
            "ИНН;КПП;ОГРН;Наименование;Статус;Дата прекращения;Дата регистрации;Город;Телефон\n\
             7707083893;770701001;1027700132195;ООО «Ромашка»;Недействующий;01.05.2020;2002-07-22;Москва;\n\
             500100732259;;304500116000157;ИП Иванов;Действующий;;;Тверь;8 495 200-02-00\n\
             500100732259;;;Иванов И. И.;В стадии банкротства;;;;\n",
        );
        // The last two have one INN and no KPP.
        let faults = rows.unwrap_err();
        assert_eq!((faults.count, faults.first[0].row, &faults.first[0].fault), (1, 4, &Fault::Twice(3)));
        let rows = read_all(
            "inn,kpp,name,status,termination_date\n7707083893,770701001,A,inactive,2020-05-01\n500100732259,,B,active,\n",
        )
        .unwrap();
        assert_eq!((rows[0].kind, rows[1].kind), (Kind::Legal, Kind::Natural));
        assert_eq!((rows[0].status, rows[0].termination_date), (RegistryStatus::Inactive, day("01.05.2020")));
    }

    /// cell | value | what is wrong
    #[test]
    fn faults_name_row_and_column() {
        for (column, value, fault) in [
            ("inn", "7707083894", Fault::Inn),
            ("kpp", "", Fault::Kpp),
            ("ogrn", "1027700132196", Fault::Ogrn),
            ("name", "", Fault::Empty),
            ("status", "жив", Fault::Status("жив".into())),
            ("kind", "что-то", Fault::Kind("что-то".into())),
            ("termination_date", "2020-13-01", Fault::Date("2020-13-01".into())),
            ("termination_date", "01.05.0020", Fault::Date("01.05.0020".into())),
            ("email", "никто", Fault::Email),
        ] {
            let good = [
                ("inn", "7707083893"),
                ("kpp", "770701001"),
                ("ogrn", "1027700132195"),
                ("name", "ООО"),
                ("status", "active"),
                ("kind", "legal"),
                ("termination_date", "2020-12-01"),
                ("email", "a@b.ru"),
            ];
            let titles = good.map(|(name, _)| name).join(",");
            let cells = good.map(|(name, text)| if name == column { value } else { text }).join(",");
            let faults = read_all(&format!("{titles}\n{cells}\n")).unwrap_err();
            let first = &faults.first[0];
            assert_eq!((faults.count, first.row, first.column.as_str(), &first.fault), (1, 2, column, &fault));
            assert!(first.text(Language::English).contains(column) && first.text(Language::Russian).contains('2'));
        }
    }

    #[test]
    fn titles_are_recognised_once() {
        let sheet = |text: &str| read_sheet(text.as_bytes(), &SheetOptions::default()).unwrap();
        let missing = Titles::read(&sheet("ИНН,Наименование\n1,2\n")).unwrap_err();
        assert_eq!(missing, [TitlesError::Missing(Column::Status)]);
        let twice = Titles::read(&sheet("ИНН,inn,name,status\n1,2,3,4\n")).unwrap_err();
        assert_eq!(twice, [TitlesError::Twice(Column::Inn)]);
        for (at, column) in Column::ALL.iter().enumerate() {
            assert_eq!(*column as usize, at);
        }
    }
}
