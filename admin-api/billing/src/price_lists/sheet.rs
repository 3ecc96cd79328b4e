//! A sheet as rows of texts: CSV or XLSX.
//!
//! Owns: encodings, delimiters, sheets of a workbook, cells as exact texts, the numbers of rows as people see them.
//! Does not own: what a column means (`columns`), what a text may be (`rows`).
//! Always: a number of a workbook becomes the shortest text that means the same number; a file that is broken or too large is an error, never a panic.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{Data, DataRef, ExcelDateTime, Reader, Xlsx};
use csv::StringRecord;
use rating::wording::Language;

/// Most rows of a sheet.
const ROWS_MAX: usize = 1_000_000;
/// Most columns that are looked at.
const COLUMNS_MAX: usize = 200;
/// Longest text of a cell.
const CELL_BYTES_MAX: usize = 10_000;
/// Most bytes that a workbook may unpack to.
const UNPACKED_BYTES_MAX: u64 = 1 << 30;
/// Rows that are looked at to find the delimiter.
const PROBED_ROWS: usize = 30;

/// How a sheet is to be read; what is `None` is found out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SheetOptions {
    /// What the file is.
    pub kind: Option<FileKind>,
    /// Delimiter of a CSV.
    pub delimiter: Option<u8>,
    /// Encoding of a CSV.
    pub encoding: Option<TextEncoding>,
    /// Name of the sheet of a workbook; its first one.
    pub sheet: Option<String>,
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// Text with delimiters.
    Csv,
    /// A workbook of Excel 2007 and later.
    Xlsx,
}

/// Encoding of a text file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextEncoding {
    /// UTF-8.
    Utf8,
    /// UTF-16, little endian, as Excel writes "Unicode text".
    Utf16,
    /// The Cyrillic code page of Windows.
    Windows1251,
}

impl TextEncoding {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Utf16 => "utf-16",
            Self::Windows1251 => "windows-1251",
        }
    }
}

/// A row with anything in it.
#[derive(Clone, Debug)]
pub struct SheetRow {
    /// Its number as people see it, from 1.
    pub number: u32,
    /// Its cells.
    pub cells: StringRecord,
}

/// A sheet.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// What it was read as, in a word or two: `csv; utf-8`, `xlsx Prices`.
    pub read_as: String,
    /// Whether its numbers may be written with a comma.
    pub decimal_comma: bool,
    /// Rows, in order.
    pub rows: Vec<SheetRow>,
}

/// Why a file is no sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SheetError {
    /// Nothing in it.
    Empty,
    /// Too many rows.
    TooManyRows,
    /// The workbook unpacks to too much.
    TooLarge,
    /// A cell is too long: most often a quotation mark that is never closed.
    CellTooLong(u32),
    /// A row is not in the encoding that was named.
    NotInEncoding(u32, &'static str),
    /// The workbook cannot be read.
    BrokenWorkbook(String),
    /// The workbook has no sheet of that name; those that it has.
    NoSuchSheet(String, Vec<String>),
}

impl SheetError {
    /// What is wrong and what to do.
    pub fn text(&self, language: Language) -> String {
        let russian = language == Language::Russian;
        match self {
            Self::Empty if russian => "В файле нет ни одной строки".into(),
            Self::Empty => "The file has no rows".into(),
            Self::TooManyRows if russian => format!("В файле больше {ROWS_MAX} строк; разделите его"),
            Self::TooManyRows => format!("The file has more than {ROWS_MAX} rows; split it"),
            Self::TooLarge if russian => "Книга после распаковки больше 1 ГБ; сохраните один лист как CSV".into(),
            Self::TooLarge => "The workbook unpacks to more than 1 GB; save the one sheet as CSV".into(),
            Self::CellTooLong(row) if russian => {
                format!("Строка {row}: ячейка длиннее {CELL_BYTES_MAX} байт; проверьте незакрытую кавычку")
            }
            Self::CellTooLong(row) => {
                format!(
                    "Row {row}: a cell is longer than {CELL_BYTES_MAX} bytes; look for a quotation mark that is not closed"
                )
            }
            Self::NotInEncoding(row, name) if russian => {
                format!("Строка {row} не в кодировке {name}; укажите другую")
            }
            Self::NotInEncoding(row, name) => format!("Row {row} is not in the encoding {name}; name another one"),
            Self::BrokenWorkbook(why) if russian => format!("Книга XLSX не читается: {why}"),
            Self::BrokenWorkbook(why) => format!("The XLSX workbook cannot be read: {why}"),
            Self::NoSuchSheet(name, known) if russian => {
                format!("Листа «{name}» в книге нет; есть: {}", known.join(", "))
            }
            Self::NoSuchSheet(name, known) => {
                format!("The workbook has no sheet `{name}`; it has {}", known.join(", "))
            }
        }
    }
}

/// Reads a file.
pub fn read(bytes: &[u8], options: &SheetOptions) -> Result<Sheet, SheetError> {
    let zipped = bytes.starts_with(b"PK\x03\x04");
    let sheet = match options.kind.unwrap_or(if zipped { FileKind::Xlsx } else { FileKind::Csv }) {
        // A workbook that bears the name of a CSV is none the less a workbook.
        FileKind::Csv if !zipped => read_csv(bytes, options)?,
        _ => read_xlsx(bytes, options)?,
    };
    if sheet.rows.is_empty() { Err(SheetError::Empty) } else { Ok(sheet) }
}

/// The text of a CSV file and its encoding.
fn decoded(bytes: &[u8], wanted: Option<TextEncoding>) -> Result<(String, TextEncoding), SheetError> {
    let bytes_of_8 = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let found = match wanted {
        Some(encoding) => encoding,
        None if bytes.starts_with(b"\xff\xfe") => TextEncoding::Utf16,
        None if std::str::from_utf8(bytes_of_8).is_ok() => TextEncoding::Utf8,
        None => TextEncoding::Windows1251,
    };
    let decoder = match found {
        TextEncoding::Utf8 => {
            let valid = std::str::from_utf8(bytes_of_8).map_err(|error| {
                let before = &bytes_of_8[..error.valid_up_to()];
                let row = before.split(|byte| *byte == b'\n').count() as u32;
                SheetError::NotInEncoding(row, found.as_str())
            })?;
            return Ok((valid.to_owned(), found));
        }
        TextEncoding::Utf16 => encoding_rs::UTF_16LE,
        TextEncoding::Windows1251 => encoding_rs::WINDOWS_1251,
    };
    let (text, _) = decoder.decode_with_bom_removal(bytes);
    if let Some(at) = text.find('\u{fffd}') {
        let row = text[..at].matches('\n').count() as u32 + 1;
        return Err(SheetError::NotInEncoding(row, found.as_str()));
    }
    Ok((text.into_owned(), found))
}

fn read_csv(bytes: &[u8], options: &SheetOptions) -> Result<Sheet, SheetError> {
    let (text, encoding) = decoded(bytes, options.encoding)?;
    let delimiter = options.delimiter.unwrap_or_else(|| delimiter_of(&text));
    let mut reader = reader_of(&text, delimiter);
    let mut rows = Vec::new();
    let mut record = StringRecord::new();
    // The text is UTF-8 already, and rows may have any length: nothing is left that the reader could refuse.
    while reader.read_record(&mut record).unwrap_or(false) {
        let number = row_number(&text, record.position());
        if record.iter().any(|cell| cell.len() > CELL_BYTES_MAX) {
            return Err(SheetError::CellTooLong(number));
        }
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        if rows.len() == ROWS_MAX {
            return Err(SheetError::TooManyRows);
        }
        rows.push(SheetRow { number, cells: record.clone() });
    }
    let shown = if delimiter == b'\t' { "tab".to_owned() } else { char::from(delimiter).to_string() };
    Ok(Sheet { read_as: format!("csv {shown} {}", encoding.as_str()), decimal_comma: delimiter != b',', rows })
}

/// The line on which a record begins: the reader's position is that of the empty lines before it.
fn row_number(text: &str, position: Option<&csv::Position>) -> u32 {
    let Some(position) = position else { return 0 };
    let before = text.as_bytes().get(position.byte() as usize..).unwrap_or_default();
    let empty = before.iter().take_while(|byte| matches!(byte, b'\n' | b'\r'));
    (position.line() as usize + empty.filter(|byte| **byte == b'\n').count()) as u32
}

fn reader_of(text: &str, delimiter: u8) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(text.as_bytes())
}

/// The delimiter that gives most of the first rows one width above 1.
fn delimiter_of(text: &str) -> u8 {
    let rows_of_one_width = |delimiter: u8| {
        let mut widths: Vec<usize> =
            reader_of(text, delimiter).records().take(PROBED_ROWS).flatten().map(|record| record.len()).collect();
        widths.retain(|width| *width > 1);
        widths.sort_unstable();
        widths.chunk_by(|a, b| a == b).map(<[usize]>::len).max().unwrap_or(0)
    };
    let mut best = (0, b',');
    for delimiter in [b'\t', b';', b','] {
        let rows = rows_of_one_width(delimiter);
        if rows > best.0 {
            best = (rows, delimiter);
        }
    }
    best.1
}

fn read_xlsx(bytes: &[u8], options: &SheetOptions) -> Result<Sheet, SheetError> {
    refuse_bombs(bytes)?;
    // The reader is a library's: what it may stumble over in a broken workbook is the workbook's fault, not ours.
    catch_unwind(AssertUnwindSafe(|| read_workbook(bytes, options)))
        .unwrap_or_else(|_| Err(SheetError::BrokenWorkbook("its parts contradict each other".into())))
}

fn refuse_bombs(bytes: &[u8]) -> Result<(), SheetError> {
    let broken = |error: zip::result::ZipError| SheetError::BrokenWorkbook(error.to_string());
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
    let mut total = 0u64;
    for index in 0..archive.len() {
        total = total.saturating_add(archive.by_index_raw(index).map_err(broken)?.size());
    }
    if total > UNPACKED_BYTES_MAX { Err(SheetError::TooLarge) } else { Ok(()) }
}

fn read_workbook(bytes: &[u8], options: &SheetOptions) -> Result<Sheet, SheetError> {
    let broken = |error: calamine::XlsxError| SheetError::BrokenWorkbook(error.to_string());
    let mut workbook: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(broken)?;
    let names = workbook.sheet_names();
    let name = match &options.sheet {
        Some(wanted) => names
            .iter()
            .find(|name| name.trim().to_lowercase() == wanted.trim().to_lowercase())
            .ok_or_else(|| SheetError::NoSuchSheet(wanted.clone(), names.clone()))?,
        None => names.first().ok_or(SheetError::Empty)?,
    };
    let mut cells = workbook.worksheet_cells_reader(name).map_err(broken)?;
    let mut rows: Vec<SheetRow> = Vec::new();
    let (mut number, mut texts): (u32, Vec<String>) = (0, Vec::new());
    while let Some(cell) = cells.next_cell().map_err(broken)? {
        let (row, column) = cell.get_position();
        if row.saturating_add(1) != number {
            close(&mut rows, number, &mut texts)?;
            number = row.saturating_add(1);
        }
        let column = column as usize;
        if column >= COLUMNS_MAX {
            continue;
        }
        let text = cell_text(cell.get_value());
        if text.len() > CELL_BYTES_MAX {
            return Err(SheetError::CellTooLong(number));
        }
        if texts.len() <= column {
            texts.resize(column + 1, String::new());
        }
        texts[column] = text;
    }
    close(&mut rows, number, &mut texts)?;
    rows.sort_by_key(|row| row.number);
    Ok(Sheet { read_as: format!("xlsx {name}"), decimal_comma: false, rows })
}

/// Ends a row of a workbook.
fn close(rows: &mut Vec<SheetRow>, number: u32, texts: &mut Vec<String>) -> Result<(), SheetError> {
    if texts.iter().any(|text| !text.trim().is_empty()) {
        if rows.len() == ROWS_MAX {
            return Err(SheetError::TooManyRows);
        }
        rows.push(SheetRow { number, cells: StringRecord::from(std::mem::take(texts)) });
    }
    texts.clear();
    Ok(())
}

/// A cell as a text. A number is written without an exponent, with as many decimals as it needs to be that number again.
fn cell_text(value: &DataRef<'_>) -> String {
    match value {
        DataRef::SharedString(text) => (*text).to_owned(),
        other => owned_text(&Data::from(other.clone())),
    }
}

fn owned_text(value: &Data) -> String {
    match value {
        Data::Int(number) => number.to_string(),
        Data::Float(number) => number.to_string(),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => text.clone(),
        Data::Bool(yes) => yes.to_string(),
        Data::DateTime(moment) => moment_text(moment),
        Data::Error(error) => error.to_string(),
        Data::Empty => String::new(),
    }
}

/// A date of a workbook as `2026-11-01`, with a time where it has one.
fn moment_text(moment: &ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
    if (hour, minute, second) == (0, 0, 0) {
        format!("{year:04}-{month:02}-{day:02}")
    } else {
        format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cells(sheet: &Sheet) -> Vec<(u32, Vec<&str>)> {
        sheet.rows.iter().map(|row| (row.number, row.cells.iter().collect())).collect()
    }

    #[test]
    fn delimiters_and_encodings_are_found() {
        for (bytes, read_as) in [
            (&b"a,b\n1,2\n"[..], "csv , utf-8"),
            (b"\xef\xbb\xbfa;b\n1;2,5\n", "csv ; utf-8"),
            (b"a\tb\n1\t2\n", "csv tab utf-8"),
            (b"\xea\xee\xe4;b\n1;2\n", "csv ; windows-1251"),
            (b"\xff\xfea\x00\t\x00b\x00\n\x001\x00\t\x002\x00", "csv tab utf-16"),
        ] {
            let sheet = read(bytes, &SheetOptions::default()).unwrap();
            assert_eq!((sheet.read_as.as_str(), sheet.rows.len()), (read_as, 2));
        }
        let sheet = read(b"\xea\xee\xe4;b\n", &SheetOptions::default()).unwrap();
        assert_eq!(&sheet.rows[0].cells[0], "код");
        let utf8 = SheetOptions { encoding: Some(TextEncoding::Utf8), ..SheetOptions::default() };
        assert_eq!(read(b"a;b\n\xea;1\n", &utf8).unwrap_err(), SheetError::NotInEncoding(2, "utf-8"));
    }

    #[test]
    fn rows_keep_their_numbers() {
        let sheet = read(b"title\n\nprefix;price\n;\n7;\"1;5\"\n", &SheetOptions::default()).unwrap();
        let expected = vec![(1, vec!["title"]), (3, vec!["prefix", "price"]), (5, vec!["7", "1;5"])];
        assert_eq!(cells(&sheet), expected);
        assert_eq!(read(b"\n \n", &SheetOptions::default()).unwrap_err(), SheetError::Empty);
        let open = format!("a,b\n\"{}\n", "x".repeat(CELL_BYTES_MAX + 1));
        assert_eq!(read(open.as_bytes(), &SheetOptions::default()).unwrap_err(), SheetError::CellTooLong(2));
    }

    /// Numbers of a workbook are binary fractions; their shortest text is what was typed.
    #[test]
    fn numbers_of_a_workbook_are_what_was_typed() {
        let mut workbook = rust_xlsxwriter::Workbook::new();
        let sheet = workbook.add_worksheet();
        sheet.set_name("Prices").unwrap();
        let date = rust_xlsxwriter::Format::new().set_num_format("dd.mm.yyyy");
        sheet.write(2, 1, "prefix").unwrap();
        for (column, number) in [7_916.0, 0.1, 1.005, 0.000_000_001, 123_456_789.123_456, 3.0].into_iter().enumerate() {
            sheet.write(4, column as u16, number).unwrap();
        }
        // The serial number of 1 November 2026.
        sheet.write_with_format(5, 0, 46_327, &date).unwrap();
        let bytes = workbook.save_to_buffer().unwrap();
        let sheet = read(&bytes, &SheetOptions::default()).unwrap();
        assert_eq!(sheet.read_as, "xlsx Prices");
        let expected = vec![
            (3, vec!["", "prefix"]),
            (5, vec!["7916", "0.1", "1.005", "0.000000001", "123456789.123456", "3"]),
            (6, vec!["2026-11-01"]),
        ];
        assert_eq!(cells(&sheet), expected);
        let missing = SheetOptions { sheet: Some("Sheet9".into()), ..SheetOptions::default() };
        assert_eq!(
            read(&bytes, &missing).unwrap_err(),
            SheetError::NoSuchSheet("Sheet9".into(), vec!["Prices".into()])
        );
        // Cut anywhere, it is an error that says so.
        for end in (4..bytes.len()).step_by(97) {
            assert!(read(&bytes[..end], &SheetOptions::default()).is_err());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_sheet_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            if let Ok(sheet) = read(&bytes, &SheetOptions::default()) {
                prop_assert!(sheet.rows.iter().all(|row| row.number > 0));
            }
            let _ = read(&[b"PK\x03\x04", &bytes[..]].concat(), &SheetOptions::default());
        }
    }
}
