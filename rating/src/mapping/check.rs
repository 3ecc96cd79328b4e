//! A mapping is read, or everything that is wrong with it is said.

use chrono::format::{Item, Parsed, StrftimeItems};
use chrono::{DateTime, FixedOffset, NaiveDate};

use super::{COLUMNS_MAX, FIELDS, Field, FieldText, Mapping, MappingFault, MappingText, Rule, Shape, Tree, Written};
use crate::code::Service;

/// Words of the fields that have a closed list of them.
const DIRECTIONS: &[&str] = &["out", "in"];
const DISPOSITIONS: &[&str] = &["answered", "no_answer", "busy", "failed", "cancelled"];
const TRUTHS: &[&str] = &["true", "false"];

/// How times are written, for people.
const TIMES: &str = "rfc3339, epoch_s, epoch_ms, epoch_us, %Y-%m-%d %H:%M:%S";
/// How durations are written, for people.
const DURATIONS: &str = "s, ms, h:m:s";

struct Checking {
    faults: Vec<MappingFault>,
}

impl Checking {
    fn fault(&mut self, field: &str, russian: String, english: String) {
        self.faults.push(MappingFault { field: field.to_owned(), russian, english });
    }

    fn one_of(&mut self, field: &str, found: &str, known: &str) {
        self.fault(
            field,
            format!("`{found}` не подходит; бывает: {known}"),
            format!("`{found}` does not fit; it is one of: {known}"),
        );
    }
}

pub(super) fn read(text: MappingText) -> Result<Mapping, Vec<MappingFault>> {
    let mut checking = Checking { faults: Vec::new() };
    let is_json = match text.shape.as_str() {
        "json" => true,
        "csv" => false,
        other => {
            checking.one_of("shape", other, "json, csv");
            return Err(checking.faults);
        }
    };
    let separator = separator(&mut checking, &text, is_json);
    header(&mut checking, &text, is_json);
    let mut tree = Tree::default();
    let mut rules = [const { None }; FIELDS];
    for (name, said) in &text.fields {
        let Ok(field) = name.parse::<Field>() else {
            let known: Vec<&str> = Field::ALL.iter().map(|field| field.as_str()).collect();
            checking.one_of(name, name, &known.join(", "));
            continue;
        };
        rules[field as usize] = rule(&mut checking, field, said, &text, is_json, &mut tree);
    }
    nested(&mut checking, &tree);
    obligatory(&mut checking, &text);
    if !checking.faults.is_empty() {
        return Err(checking.faults);
    }
    let columns = rules.iter().flatten().filter_map(|rule| rule.column).max().map_or(0, |column| column + 1);
    let shape = if is_json { Shape::Json(tree) } else { Shape::Csv { separator, columns } };
    Ok(Mapping { text, shape, rules })
}

fn separator(checking: &mut Checking, text: &MappingText, is_json: bool) -> u8 {
    match text.separator.as_deref() {
        None => b',',
        Some(_) if is_json => {
            let (russian, english) =
                ("разделитель бывает только у csv; уберите его", "only csv has a separator; leave it out");
            checking.fault("separator", russian.into(), english.into());
            b','
        }
        Some("tab") => b'\t',
        Some(one) => match one.as_bytes() {
            [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n') && !byte.is_ascii_alphanumeric() => {
                *byte
            }
            _ => {
                checking.fault(
                    "separator",
                    format!("`{one}` — не один знак; укажите, например, ; или tab"),
                    format!("`{one}` is not one character; give for example ; or tab"),
                );
                b','
            }
        },
    }
}

fn header(checking: &mut Checking, text: &MappingText, is_json: bool) {
    let Some(header) = &text.header else { return };
    if is_json {
        checking.fault(
            "header",
            "названия колонок бывают только у csv; уберите их".into(),
            "only csv has names of columns; leave them out".into(),
        );
    }
    for (index, name) in header.iter().enumerate() {
        if !name.is_empty() && header[..index].contains(name) {
            checking.fault(
                "header",
                format!("колонка `{name}` стоит дважды; назовите её номером"),
                format!("the column `{name}` stands twice; refer to it by its number"),
            );
        }
    }
}

fn rule(
    checking: &mut Checking,
    field: Field,
    said: &FieldText,
    text: &MappingText,
    is_json: bool,
    tree: &mut Tree,
) -> Option<Rule> {
    let name = field.as_str();
    let before = checking.faults.len();
    let mut column = None;
    match said.from.as_deref() {
        Some(from) if is_json => {
            if let Some(path) = pointer(checking, name, from) {
                tree.insert(&path, field);
            }
        }
        Some(from) => column = self::column(checking, name, from, text),
        None => without_place(checking, name, said),
    }
    let written = written(checking, field, said);
    words(checking, field, said);
    (checking.faults.len() == before).then(|| Rule {
        column,
        written,
        values: said.values.iter().map(|(text, value)| (text.clone(), value.clone())).collect(),
        otherwise: said.otherwise.clone(),
        value: said.value.clone(),
    })
}

/// What a field without a place in the record may not say.
fn without_place(checking: &mut Checking, name: &str, said: &FieldText) {
    if said.value.is_none() {
        checking.fault(
            name,
            "не сказано, откуда поле берётся; укажите from или value".into(),
            "nothing says where it comes from; give from or value".into(),
        );
    }
    if !said.values.is_empty() || said.otherwise.is_some() {
        checking.fault(
            name,
            "values и otherwise бывают только вместе с from".into(),
            "values and otherwise go with from only".into(),
        );
    }
}

/// The keys of a JSON pointer.
fn pointer(checking: &mut Checking, name: &str, from: &str) -> Option<Vec<String>> {
    let keys = from.strip_prefix('/').map(|rest| {
        let unescape = |key: &str| {
            let tildes_are_escapes = key.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
            tildes_are_escapes.then(|| key.replace("~1", "/").replace("~0", "~"))
        };
        rest.split('/').map(unescape).collect::<Option<Vec<_>>>()
    });
    let keys = keys.flatten();
    if keys.is_none() {
        checking.fault(
            name,
            format!("from `{from}` — не JSON-указатель; он начинается с /, например /call/src"),
            format!("from `{from}` is not a JSON pointer; it begins with /, for example /call/src"),
        );
    }
    keys
}

/// The index of a column, by number from 1 or by name.
fn column(checking: &mut Checking, name: &str, from: &str, text: &MappingText) -> Option<usize> {
    let by_name = text.header.as_ref().and_then(|header| header.iter().position(|column| column == from));
    let by_number = from.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    let index = by_name.or(by_number).filter(|index| *index < COLUMNS_MAX);
    if index.is_none() {
        checking.fault(
            name,
            format!("from `{from}` — не номер колонки от 1 до {COLUMNS_MAX} и не её название; названия перечисляет header"),
            format!("from `{from}` is neither a number of a column, 1 to {COLUMNS_MAX}, nor its name; header lists the names"),
        );
    }
    index
}

/// What is a text cannot hold another one.
fn nested(checking: &mut Checking, tree: &Tree) {
    if !tree.below.is_empty() {
        for field in &tree.fields {
            checking.fault(
                field.as_str(),
                "from указывает на объект, внутри которого стоит другое поле; укажите текст".into(),
                "from points to an object that another field stands in; point to a text".into(),
            );
        }
    }
    for (_, below) in &tree.below {
        nested(checking, below);
    }
}

fn written(checking: &mut Checking, field: Field, said: &FieldText) -> Written {
    let name = field.as_str();
    let known = match field {
        Field::SetupAt | Field::AnswerAt | Field::EndAt => TIMES,
        Field::Billable => DURATIONS,
        _ => {
            if said.written.is_some() {
                checking.fault(
                    name,
                    "as бывает только у времени и длительности; уберите его".into(),
                    "only times and durations have as; leave it out".into(),
                );
            }
            return Written::Plain;
        }
    };
    if said.value.is_some() || said.otherwise.is_some() {
        checking.fault(
            name,
            "время и длительность не бывают постоянными; уберите value и otherwise".into(),
            "a time and a duration are never constant; leave value and otherwise out".into(),
        );
    }
    let Some(text) = said.written.as_deref() else {
        checking.fault(
            name,
            format!("не сказано, как оно записано; укажите as: {known}"),
            format!("nothing says how it is written; give as: {known}"),
        );
        return Written::Plain;
    };
    let written = match (known, text) {
        (DURATIONS, "s") => Some(Written::Seconds),
        (DURATIONS, "ms") => Some(Written::Ms),
        (DURATIONS, "h:m:s") => Some(Written::Clock),
        (DURATIONS, _) => None,
        (_, "rfc3339") => Some(Written::Rfc3339),
        (_, "epoch_s") => Some(Written::EpochSeconds),
        (_, "epoch_ms") => Some(Written::EpochMs),
        (_, "epoch_us") => Some(Written::EpochUs),
        (_, text) => pattern(text).map(Written::Pattern),
    };
    written.unwrap_or_else(|| {
        checking.one_of(name, text, known);
        Written::Plain
    })
}

/// A pattern that says a moment to the second: what it writes, it reads.
fn pattern(text: &str) -> Option<Vec<Item<'static>>> {
    let items = StrftimeItems::new(text).parse_to_owned().ok().filter(|_| text.contains('%'))?;
    let reads_back = |at: DateTime<FixedOffset>| {
        let written = at.format_with_items(items.iter()).to_string();
        moment(&written, &items).is_some_and(|read| read == at.naive_local() || read == at.naive_utc())
    };
    let offset = FixedOffset::east_opt(3 * 3600)?;
    let samples = [(2026, 11, 1, 13, 0, 5), (2027, 2, 28, 0, 59, 40)];
    let all = samples.into_iter().all(|(year, month, day, hour, minute, second)| {
        let at = NaiveDate::from_ymd_opt(year, month, day).and_then(|day| day.and_hms_opt(hour, minute, second));
        at.and_then(|at| at.and_local_timezone(offset).single()).is_some_and(reads_back)
    });
    all.then_some(items)
}

fn moment(text: &str, items: &[Item<'static>]) -> Option<chrono::NaiveDateTime> {
    let mut parsed = Parsed::new();
    chrono::format::parse(&mut parsed, text, items.iter()).ok()?;
    parsed.to_naive_datetime_with_offset(parsed.offset().unwrap_or(0)).ok()
}

/// Words of closed lists and numbers, wherever the mapping itself gives them.
fn words(checking: &mut Checking, field: Field, said: &FieldText) {
    let given = said.values.values().chain(&said.otherwise).chain(&said.value).filter(|word| !word.is_empty());
    let services: Vec<&str> = Service::ALL.iter().map(|service| service.as_str()).collect();
    let known: &[&str] = match field {
        Field::Service => &services,
        Field::Direction => DIRECTIONS,
        Field::Disposition => DISPOSITIONS,
        Field::Final => TRUTHS,
        Field::Leg | Field::Sequence | Field::Quantity => {
            for word in given.filter(|word| word.parse::<u64>().is_err()) {
                checking.fault(
                    field.as_str(),
                    format!("`{word}` — не целое число от 0"),
                    format!("`{word}` is not a whole number of 0 or more"),
                );
            }
            return;
        }
        _ => return,
    };
    for word in given.filter(|word| !known.contains(&word.as_str())) {
        checking.one_of(field.as_str(), word, &known.join(", "));
    }
}

/// Fields without which no record is one.
fn obligatory(checking: &mut Checking, text: &MappingText) {
    let has = |fields: &[Field]| fields.iter().any(|field| text.fields.contains_key(field.as_str()));
    let wanted: [(&[Field], &str, &str); 4] = [
        (
            &[Field::Dst],
            "поля нет; скажите, где в записи набранный номер",
            "it is missing; say where the record has the dialled number",
        ),
        (
            &[Field::Service],
            "поля нет; укажите from, или value, например outgoing",
            "it is missing; give from, or a value, for example outgoing",
        ),
        (
            &[Field::SetupAt, Field::AnswerAt],
            "нет ни setup_at, ни answer_at; укажите хотя бы одно",
            "neither setup_at nor answer_at is there; give at least one",
        ),
        (
            &[Field::Billable, Field::EndAt, Field::Quantity],
            "нет ни billable, ни end_at, ни quantity; укажите хотя бы одно",
            "none of billable, end_at and quantity is there; give at least one",
        ),
    ];
    for (fields, russian, english) in wanted {
        if !has(fields) {
            checking.fault(fields[0].as_str(), russian.into(), english.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Meaning;
    use super::*;
    use crate::wording::Language;

    fn from(place: &str) -> FieldText {
        FieldText { from: Some(place.into()), ..FieldText::default() }
    }

    fn good() -> MappingText {
        let mut text = MappingText { shape: "json".into(), ..MappingText::default() };
        let mut put = |name: &str, said: FieldText| text.fields.insert(name.into(), said);
        put("dst", from("/to/number"));
        put("service", FieldText { value: Some("outgoing".into()), ..FieldText::default() });
        put("setup_at", FieldText { written: Some("%d.%m.%Y %H:%M:%S".into()), ..from("/at") });
        put("billable", FieldText { written: Some("h:m:s".into()), ..from("/to/0") });
        text
    }

    #[test]
    fn a_good_mapping_is_read_and_said_again() {
        let mapping = Mapping::read(good()).unwrap();
        assert_eq!(mapping.text(), &good());
        let Shape::Json(tree) = mapping.shape() else { panic!("json") };
        let keys: Vec<&str> = tree.below.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["to", "at"]);
        assert!(matches!(mapping.rule(Field::SetupAt).unwrap().written, Written::Pattern(_)));
        assert!(mapping.rule(Field::Src).is_none());
        let mut csv = MappingText { shape: "csv".into(), separator: Some("tab".into()), ..good() };
        csv.header = Some(vec!["a".into(), "b".into(), "b c".into()]);
        csv.fields.values_mut().for_each(|said| said.from = said.from.as_ref().map(|_| "b c".into()));
        let mapping = Mapping::read(csv).unwrap();
        assert_eq!(mapping.shape(), &Shape::Csv { separator: b'\t', columns: 3 });
    }

    #[test]
    fn texts_stand_for_others() {
        let said = FieldText {
            values: [("OK".to_owned(), "answered".to_owned()), ("-".to_owned(), String::new())].into(),
            otherwise: Some("failed".into()),
            value: Some("busy".into()),
            ..from("/x")
        };
        let mut text = good();
        text.fields.insert("disposition".into(), said);
        let mapping = Mapping::read(text).unwrap();
        let rule = mapping.rule(Field::Disposition).unwrap();
        for (text, expected) in [("OK", "answered"), ("-", "busy"), ("", "busy"), ("NA", "failed")] {
            assert_eq!(rule.meaning(text), Meaning::Another(expected), "{text}");
        }
        let rule = mapping.rule(Field::Dst).unwrap();
        assert_eq!((rule.meaning("7"), rule.meaning("")), (Meaning::Itself, Meaning::Nothing));
    }

    /// what is changed | field | what is said
    #[test]
    fn everything_wrong_is_named_with_its_remedy() {
        type Change = fn(&mut MappingText);
        fn field<'t>(text: &'t mut MappingText, name: &str) -> &'t mut FieldText {
            text.fields.entry(name.into()).or_default()
        }
        let cases: &[(Change, &str, &str)] = &[
            (|text| text.shape = "xml".into(), "shape", "`xml` does not fit; it is one of: json, csv"),
            (|text| text.separator = Some(";".into()), "separator", "only csv has a separator"),
            (|text| text.header = Some(vec![]), "header", "only csv has names"),
            (|text| *field(text, "number") = from("/x"), "number", "it is one of: cdr_id, call_id"),
            (
                |text| field(text, "dst").from = Some("to".into()),
                "dst",
                "from `to` is not a JSON pointer; it begins with /",
            ),
            (|text| field(text, "dst").from = Some("/a~2".into()), "dst", "is not a JSON pointer"),
            (|text| *field(text, "src") = from("/to"), "src", "points to an object that another field stands in"),
            (|text| field(text, "dst").from = None, "dst", "nothing says where it comes from; give from or value"),
            (|text| field(text, "dst").written = Some("s".into()), "dst", "only times and durations have as"),
            (|text| field(text, "setup_at").written = None, "setup_at", "give as: rfc3339, epoch_s"),
            (|text| field(text, "setup_at").written = Some("%H:%M:%S".into()), "setup_at", "`%H:%M:%S` does not fit"),
            (|text| field(text, "setup_at").written = Some("%Q".into()), "setup_at", "`%Q` does not fit"),
            (|text| field(text, "setup_at").value = Some("0".into()), "setup_at", "never constant"),
            (|text| field(text, "billable").written = Some("minutes".into()), "billable", "it is one of: s, ms, h:m:s"),
            (
                |text| field(text, "service").value = Some("smoke".into()),
                "service",
                "`smoke` does not fit; it is one of: outgoing",
            ),
            (|text| field(text, "service").otherwise = Some("outgoing".into()), "service", "go with from only"),
            (
                |text| *field(text, "leg") = FieldText { value: Some("a".into()), ..from("/l") },
                "leg",
                "`a` is not a whole number",
            ),
            (|text| drop(text.fields.remove("dst")), "dst", "say where the record has the dialled number"),
            (|text| drop(text.fields.remove("service")), "service", "for example outgoing"),
            (|text| drop(text.fields.remove("setup_at")), "setup_at", "neither setup_at nor answer_at"),
            (|text| drop(text.fields.remove("billable")), "billable", "none of billable, end_at and quantity"),
        ];
        for (change, name, says) in cases {
            let mut text = good();
            change(&mut text);
            let faults = Mapping::read(text).unwrap_err();
            assert_eq!(faults.len(), 1, "{says}: {faults:?}");
            assert_eq!(faults[0].field, *name);
            assert!(faults[0].text(Language::English).contains(says), "{faults:?}");
            assert!(!faults[0].text(Language::Russian).is_empty());
        }
        let mut csv = MappingText { shape: "csv".into(), separator: Some("ab".into()), ..good() };
        csv.header = Some(vec!["a".into(), "a".into()]);
        csv.fields.values_mut().for_each(|said| said.from = said.from.as_ref().map(|_| "0".into()));
        let faults = Mapping::read(csv).unwrap_err();
        assert_eq!(faults.len(), 5, "{faults:?}");
    }

    #[test]
    fn patterns() {
        for (text, good) in [
            ("%Y-%m-%d %H:%M:%S", true),
            ("%d/%m/%y %H:%M:%S", true),
            ("%Y%m%d%H%M%S", true),
            ("%Y-%m-%dT%H:%M:%S%z", true),
            ("%d.%m.%Y %H:%M:%S%.3f", true),
            ("%s", true),
            ("%Y-%m-%d", false),
            ("%Y-%m-%d %H:%M", false),
            ("now", false),
        ] {
            assert_eq!(pattern(text).is_some(), good, "{text}");
        }
    }
}
