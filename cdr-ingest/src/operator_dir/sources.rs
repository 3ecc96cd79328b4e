//! `sources.csv` and `mappings.csv`.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use billing::operator::SourceDetails;
use numbering::NumberRules;
use rating::WholeSeconds;
use rating::identify::Identify;
use rating::mapping::{FieldText, Mapping, MappingText};
use rating::rows::SourceRow;
use rating::wording::Language;

use super::Reading;
use super::parties::ZONE;
use super::table::{RowReader, read_table};
use crate::decode::{AccountFields, FORMATS};

const MAPPINGS: &str = "mappings.csv";
/// The format of a source that has a mapping.
const MAPPED: &str = "mapped";

pub(super) fn read_sources(reading: &mut Reading<'_>) {
    let columns = [
        ("source", true),
        ("format", true),
        ("zone", false),
        ("duration_rounding", false),
        ("on_net", false),
        ("rules", false),
        ("tech", false),
        ("account_by", false),
        ("account_field", false),
    ];
    let mut mappings = read_mappings(reading);
    read_table(reading, "sources.csv", false, &columns, |reading, row| {
        let code = row.required("source");
        let formats: Vec<&'static str> = FORMATS.iter().map(|format| format.name).collect();
        let format = row.must_word("format", &formats).unwrap_or_default().to_owned();
        let zone = row.parse("zone", ZONE).unwrap_or(chrono_tz::UTC);
        let whole_seconds =
            row.parse("duration_rounding", "one of none, down, half_up, up").unwrap_or(WholeSeconds::HalfUp);
        let on_net_once = row.word("on_net", &["both", "once"], "both") == "once";
        let rules_text = row.text("rules").unwrap_or("+> >").to_owned();
        let tech = row.text("tech").unwrap_or_default().to_owned();
        let rules = NumberRules::parse(&rules_text, &tech)
            .map_err(|error| row.problem("rules", error.to_string()))
            .unwrap_or_default();
        if reading.operator.rows.sources.iter().any(|source| source.code == code) {
            row.problem("source", format!("source `{code}` stands twice"));
        }
        let identify = read_identify(row, &format);
        let mapping = take_mapping(row, &mut mappings, &code, &format);
        reading.operator.rows.sources.push(SourceRow {
            code,
            format,
            zone,
            whole_seconds,
            on_net_once,
            rules,
            identify,
            mapping,
        });
        reading.operator.sources.push(SourceDetails { rules: rules_text, tech });
    });
    for (source, read) in mappings {
        let problem =
            format!("`{source}` is not in sources.csv with the format mapped; add it there or leave the rows out");
        reading.fail(MAPPINGS, read.line, "source", problem);
    }
}

/// Columns `account_by` and `account_field`.
fn read_identify(row: &mut RowReader<'_>, format: &str) -> Identify {
    let field = row.text("account_field").map(str::to_owned);
    let identify = Identify::parse(row.text("account_by").unwrap_or("code trunk number"), field.as_deref());
    let identify = identify.map_err(|bad| row.problem("account_by", bad.text(Language::English))).unwrap_or_default();
    let known = FORMATS.iter().find(|known| known.name == format).map(|known| known.account_fields);
    if let (Some(field), Some(AccountFields::OneOf(fields))) = (field, known)
        && !fields.contains(&&*field)
    {
        let fields = fields.join(", ");
        row.problem(
            "account_field",
            format!("records of format {format} have no `{field}` for this; it is one of {fields}"),
        );
    }
    identify
}

/// A mapping that was read, or was not.
struct ReadMapping {
    /// Its first line.
    line: u64,
    /// `None`: what is wrong was said.
    mapping: Option<Arc<Mapping>>,
}

/// A mapping whose rows are being read.
struct Rows {
    line: u64,
    text: MappingText,
    /// Names of the columns, in one text until the separator is known.
    header: Option<String>,
    /// Lines of what is said.
    lines: HashMap<String, u64>,
}

/// The mapping of a source; one of the format `mapped` has one.
fn take_mapping(
    row: &mut RowReader<'_>,
    mappings: &mut BTreeMap<String, ReadMapping>,
    code: &str,
    format: &str,
) -> Option<Arc<Mapping>> {
    if format != MAPPED {
        return None;
    }
    let read = mappings.remove(code);
    if read.is_none() {
        row.problem(
            "format",
            format!("a source of this format needs rows in {MAPPINGS} that say where its records have what"),
        );
    }
    read.and_then(|read| read.mapping)
}

/// Reads `mappings.csv`: one row a field of a source; `shape`, `separator` and `header` say what its records look like.
fn read_mappings(reading: &mut Reading<'_>) -> BTreeMap<String, ReadMapping> {
    let columns = [
        ("source", true),
        ("field", true),
        ("from", false),
        ("as", false),
        ("values", false),
        ("otherwise", false),
        ("value", false),
    ];
    let mut sources: BTreeMap<String, Rows> = BTreeMap::new();
    read_table(reading, MAPPINGS, false, &columns, |_, row| {
        let (source, field) = (row.required("source"), row.required("field"));
        let rows = sources.entry(source).or_insert_with(|| Rows {
            line: row.line,
            text: MappingText::default(),
            header: None,
            lines: HashMap::new(),
        });
        if let Some(first) = rows.lines.insert(field.clone(), row.line) {
            row.problem("field", format!("`{field}` stands twice, first in line {first}; leave one of them"));
        }
        rows.take(row, field);
    });
    sources.into_iter().map(|(source, rows)| (source, rows.read(reading))).collect()
}

impl Rows {
    fn take(&mut self, row: &mut RowReader<'_>, field: String) {
        let text = |column| row.text(column).map(str::to_owned);
        match field.as_str() {
            "shape" | "separator" | "header" => {
                let value = row.required("value");
                for column in ["from", "as", "values", "otherwise"] {
                    if row.text(column).is_some() {
                        row.problem(column, format!("the row `{field}` has only a value; leave this empty"));
                    }
                }
                match field.as_str() {
                    "shape" => self.text.shape = value,
                    "separator" => self.text.separator = Some(value),
                    _ => self.header = Some(value),
                }
            }
            _ => {
                let said = FieldText {
                    from: text("from"),
                    written: text("as"),
                    otherwise: text("otherwise"),
                    value: text("value"),
                    values: values(row),
                };
                self.text.fields.insert(field, said);
            }
        }
    }

    fn read(self, reading: &mut Reading<'_>) -> ReadMapping {
        let mut text = self.text;
        let separator = text.separator.as_deref().map_or(",", |one| if one == "tab" { "\t" } else { one });
        text.header = self.header.map(|names| names.split(separator).map(|name| name.trim().to_owned()).collect());
        let mapping = Mapping::read(text).map_err(|faults| {
            for fault in faults {
                let line = self.lines.get(&fault.field).copied().unwrap_or(self.line);
                let problem = format!("{}: {}", fault.field, fault.text(Language::English));
                reading.fail(MAPPINGS, line, "field", problem);
            }
        });
        ReadMapping { line: self.line, mapping: mapping.ok().map(Arc::new) }
    }
}

/// Column `values`: `OK>answered; NA>no_answer`.
fn values(row: &mut RowReader<'_>) -> BTreeMap<String, String> {
    let text = row.text("values").unwrap_or_default().to_owned();
    let mut values = BTreeMap::new();
    for pair in text.split(';').map(str::trim).filter(|pair| !pair.is_empty()) {
        match pair.split_once('>') {
            Some((from, to)) => {
                if values.insert(from.trim().to_owned(), to.trim().to_owned()).is_some() {
                    row.problem("values", format!("`{}` stands twice; say once what it stands for", from.trim()));
                }
            }
            None => row.problem("values", format!("`{pair}` is not of the form OK>answered; separate pairs with ;")),
        }
    }
    values
}
