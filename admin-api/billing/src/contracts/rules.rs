//! How contracts are numbered, filled in and move on.
//!
//! Owns: the form of numbers, the fields of templates, the steps between states.
//! Does not own: what stands in a field of a certain contract (`fill`), the next number (`drafts`).
//! Always: pure; what was filled in is not searched for fields again.

use std::str::FromStr;

/// Where a contract stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ContractState {
    /// Being prepared: it may change.
    Draft,
    /// Signed and in force.
    Active,
    /// Ended.
    Terminated,
}

impl ContractState {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Draft, Self::Active, Self::Terminated];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Active => "active",
            Self::Terminated => "terminated",
        }
    }

    /// Whether the step exists: draft, active, terminated, and no other way.
    pub const fn may_become(self, next: Self) -> bool {
        matches!((self, next), (Self::Draft, Self::Active) | (Self::Active, Self::Terminated))
    }
}

impl FromStr for ContractState {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|one| one.as_str() == text).ok_or(())
    }
}

/// Longest form of a number.
const FORMAT_CHARS_MAX: usize = 60;
/// Most digits that a number can be filled up to.
const DIGITS_MAX: usize = 9;

/// The form of the numbers of contracts: `{number}` or `{number:5}` once, `{year}` or `{yy}`, and `{entity}` if wanted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NumberFormat(Vec<Part>);

#[derive(Clone, PartialEq, Eq, Debug)]
enum Part {
    Text(String),
    Entity,
    Year,
    ShortYear,
    /// With so many digits at least.
    Number(usize),
}

impl NumberFormat {
    /// Reads a form; `None`: numbers written by it would not differ, or it cannot be read.
    pub fn parse(text: &str) -> Option<Self> {
        if text.chars().count() > FORMAT_CHARS_MAX || text.chars().any(char::is_control) {
            return None;
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let plain = rest.find(['{', '}']).unwrap_or(rest.len());
            if plain > 0 {
                parts.push(Part::Text(rest[..plain].to_owned()));
            }
            rest = &rest[plain..];
            if let Some(after) = rest.strip_prefix('{') {
                let (name, after) = after.split_once('}')?;
                parts.push(part(name)?);
                rest = after;
            } else if !rest.is_empty() {
                return None;
            }
        }
        let count = |wanted: fn(&Part) -> bool| parts.iter().filter(|part| wanted(part)).count();
        let numbers = count(|part| matches!(part, Part::Number(_)));
        let years = count(|part| matches!(part, Part::Year | Part::ShortYear));
        (numbers == 1 && years == 1).then_some(Self(parts))
    }

    /// A number.
    pub fn write(&self, entity: &str, year: i32, number: i64) -> String {
        let written = |part: &Part| match part {
            Part::Text(plain) => plain.clone(),
            Part::Entity => entity.to_owned(),
            Part::Year => format!("{year:04}"),
            Part::ShortYear => format!("{:02}", year.rem_euclid(100)),
            Part::Number(digits) => {
                let digits = *digits;
                format!("{number:0digits$}")
            }
        };
        self.0.iter().map(written).collect::<Vec<String>>().concat()
    }
}

fn part(name: &str) -> Option<Part> {
    match name {
        "entity" => Some(Part::Entity),
        "year" => Some(Part::Year),
        "yy" => Some(Part::ShortYear),
        "number" => Some(Part::Number(1)),
        other => {
            let digits: usize = other.strip_prefix("number:")?.parse().ok()?;
            (1..=DIGITS_MAX).contains(&digits).then_some(Part::Number(digits))
        }
    }
}

/// Names that a template may use, as `{{name}}`.
pub const FIELDS: &[&str] = &[
    "client.city",
    "client.code",
    "client.contact_person",
    "client.email",
    "client.inn",
    "client.kpp",
    "client.legal_address",
    "client.legal_name",
    "client.name",
    "client.ogrn",
    "client.phone",
    "contract.accounts",
    "contract.kind",
    "contract.number",
    "contract.signed_on",
    "contract.valid_from",
    "contract.valid_to",
    "issuer.code",
    "issuer.inn",
    "issuer.kpp",
    "issuer.name",
];

/// Stands for what is not known.
const NOTHING: &str = "—";

/// What is wrong with the text of a template.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TemplateFault {
    /// There is no such field.
    Unknown(String),
    /// A field begins and does not end.
    Unclosed,
}

enum Piece<'a> {
    Text(&'a str),
    Field(&'a str),
}

fn pieces(body: &str) -> Result<Vec<Piece<'_>>, TemplateFault> {
    let mut pieces = Vec::new();
    let mut rest = body;
    while let Some((text, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").ok_or(TemplateFault::Unclosed)?;
        let name = name.trim();
        if !FIELDS.contains(&name) {
            let shown = name.chars().filter(|letter| !letter.is_control()).take(100).collect();
            return Err(TemplateFault::Unknown(shown));
        }
        pieces.push(Piece::Text(text));
        pieces.push(Piece::Field(name));
        rest = after;
    }
    pieces.push(Piece::Text(rest));
    Ok(pieces)
}

/// Whether every field of a text is known.
pub(super) fn check(body: &str) -> Result<(), TemplateFault> {
    pieces(body).map(drop)
}

/// The text with its fields filled in; what has no value is a dash.
pub(super) fn fill<'a>(body: &str, value: impl Fn(&str) -> Option<&'a str>) -> Result<String, TemplateFault> {
    let mut text = String::with_capacity(body.len());
    for piece in pieces(body)? {
        text.push_str(match piece {
            Piece::Text(plain) => plain,
            Piece::Field(name) => value(name).filter(|value| !value.is_empty()).unwrap_or(NOTHING),
        });
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_go_one_way() {
        use ContractState::{Active, Draft, Terminated};
        for (from, to, exists) in [
            (Draft, Active, true),
            (Active, Terminated, true),
            (Draft, Terminated, false),
            (Draft, Draft, false),
            (Active, Draft, false),
            (Active, Active, false),
            (Terminated, Active, false),
            (Terminated, Draft, false),
        ] {
            assert_eq!(from.may_become(to), exists, "{from:?} {to:?}");
        }
        for state in ContractState::ALL {
            assert_eq!(state.as_str().parse(), Ok(*state));
        }
    }

    #[test]
    fn numbers_are_written_by_their_form() {
        for (format, number, expected) in [
            ("{entity}-{year}-{number:5}", 17, Some("T-2026-00017")),
            ("Д/{number}/{yy}", 17, Some("Д/17/26")),
            ("{year}{number:2}", 1234, Some("20261234")),
            ("{number}", 1, None),
            ("{year}", 1, None),
            ("{year}-{number}-{number}", 1, None),
            ("{year}-{yy}-{number}", 1, None),
            ("{year}-{number:0}", 1, None),
            ("{year}-{number:10}", 1, None),
            ("{year}-{number", 1, None),
            ("{year}-number}", 1, None),
            ("{month}-{year}-{number}", 1, None),
            ("", 1, None),
        ] {
            let written = NumberFormat::parse(format).map(|format| format.write("T", 2026, number));
            assert_eq!(written.as_deref(), expected, "{format}");
        }
        let long = format!("{}{{year}}{{number}}", "x".repeat(60));
        assert!(NumberFormat::parse(&long).is_none());
    }

    #[test]
    fn fields_are_known_and_filled_in_once() {
        let value = |name: &str| match name {
            "client.name" => Some("ООО «{{contract.number}}»"),
            "contract.number" => Some("T-2026-00001"),
            _ => None,
        };
        for (body, expected) in [
            ("Договор {{contract.number}}\n{{ client.name }}", "Договор T-2026-00001\nООО «{{contract.number}}»"),
            ("до {{contract.valid_to}}.", "до —."),
            ("{одна скобка} }}", "{одна скобка} }}"),
            ("", ""),
        ] {
            assert_eq!(fill(body, value).as_deref(), Ok(expected), "{body}");
        }
        for (body, fault) in [
            ("{{client.nme}}", TemplateFault::Unknown("client.nme".into())),
            ("{{}}", TemplateFault::Unknown(String::new())),
            ("{{client.name}} {{contract.number", TemplateFault::Unclosed),
        ] {
            assert_eq!(check(body), Err(fault), "{body}");
        }
        assert!(FIELDS.is_sorted());
    }
}
