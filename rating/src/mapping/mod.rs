//! Where the records of a format of the operator's own have each canonical field, and how it is written.
//!
//! Owns: a mapping as it is written ([`MappingText`]) and as decoders use it ([`Mapping`]), checked once.
//! Does not own: reading JSON, CSV and clocks (`cdr-ingest`), where a mapping is kept (`billing`, files).
//! Always: a mapping that exists is whole: every field says where it comes from, every word of a closed list is one.

mod check;

use std::collections::BTreeMap;

use chrono::format::Item;
use serde::{Deserialize, Serialize};

use crate::code::words;
use crate::wording::Language;

words! {
    /// A field of the canonical record.
    Field {
        /// Identity at the source.
        CdrId = "cdr_id",
        /// Identity of the call.
        CallId = "call_id",
        /// Leg.
        Leg = "leg",
        /// Part of a long call.
        Sequence = "sequence",
        /// Whether it is the last part.
        Final = "final",
        /// Account.
        Account = "account",
        /// Calling number.
        Src = "src",
        /// Dialled number.
        Dst = "dst",
        /// Service.
        Service = "service",
        /// Direction.
        Direction = "direction",
        /// Set-up.
        SetupAt = "setup_at",
        /// Answer.
        AnswerAt = "answer_at",
        /// End.
        EndAt = "end_at",
        /// Duration that is billed.
        Billable = "billable",
        /// Pieces of an event.
        Quantity = "quantity",
        /// How it ended.
        Disposition = "disposition",
        /// Cause of the release.
        ReleaseCause = "release_cause",
        /// Trunk the call came in by.
        TrunkIn = "trunk_in",
        /// Trunk the call went out by.
        TrunkOut = "trunk_out",
        /// The forwarding number.
        ForwardedFrom = "forwarded_from",
        /// Qualifier for the choice of the rate.
        IncomingService = "incoming_service",
        /// Qualifier for the choice of the rate.
        Place = "place",
    }
}

/// How many fields there are.
pub const FIELDS: usize = Field::ALL.len();

/// Most columns of a line that are looked at.
pub const COLUMNS_MAX: usize = 256;

/// A mapping as it is written.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MappingText {
    /// `json` or `csv`.
    pub shape: String,
    /// What separates the columns of a line; `tab`, or one character. Default: a comma.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub separator: Option<String>,
    /// Names of the columns, in order; without them columns are numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<Vec<String>>,
    /// What is said of each field, by its name.
    pub fields: BTreeMap<String, FieldText>,
}

/// What is said of a field.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldText {
    /// Where the record has it: a JSON pointer, or a column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// How a time or a duration is written.
    #[serde(default, rename = "as", skip_serializing_if = "Option::is_none")]
    pub written: Option<String>,
    /// What a text of the record stands for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, String>,
    /// What a text stands for that is not among `values`; without it the text stays as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<String>,
    /// What the field is where the record has nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// What is wrong with a mapping.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MappingFault {
    /// The field, or `shape`, `separator`, `header`.
    pub field: String,
    /// The problem and its remedy.
    russian: String,
    english: String,
}

impl MappingFault {
    /// The problem and its remedy.
    pub fn text(&self, language: Language) -> &str {
        match language {
            Language::Russian => &self.russian,
            Language::English => &self.english,
        }
    }
}

/// How a time or a duration is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Written {
    /// A text, whatever it says.
    Plain,
    /// RFC 3339.
    Rfc3339,
    /// Seconds of the epoch, whole or with decimals.
    EpochSeconds,
    /// Milliseconds of the epoch.
    EpochMs,
    /// Microseconds of the epoch.
    EpochUs,
    /// A pattern; on the clock of the source where it has no offset.
    Pattern(Vec<Item<'static>>),
    /// Seconds, whole or with decimals.
    Seconds,
    /// Milliseconds.
    Ms,
    /// Hours, minutes and seconds.
    Clock,
}

/// What a text of the record stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Meaning<'m> {
    /// Nothing.
    Nothing,
    /// Itself.
    Itself,
    /// Another text.
    Another(&'m str),
}

/// What is known of a field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rule {
    /// Column of a line, from 0; `None`: the record does not have it, or is JSON.
    pub column: Option<usize>,
    /// How it is written.
    pub written: Written,
    /// In order of the texts.
    values: Vec<(String, String)>,
    otherwise: Option<String>,
    value: Option<String>,
}

impl Rule {
    /// What a text of the record stands for; the empty one where it has nothing.
    pub fn meaning(&self, text: &str) -> Meaning<'_> {
        let default = self.value.as_deref().filter(|value| !value.is_empty());
        let nothing = default.map_or(Meaning::Nothing, Meaning::Another);
        match self.values.binary_search_by(|(known, _)| known.as_str().cmp(text)) {
            Ok(index) if self.values[index].1.is_empty() => nothing,
            Ok(index) => Meaning::Another(&self.values[index].1),
            Err(_) if text.is_empty() => nothing,
            Err(_) => self.otherwise.as_deref().map_or(Meaning::Itself, Meaning::Another),
        }
    }
}

/// Keys of a JSON document that lead to fields.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tree {
    /// Fields that stand here.
    pub fields: Vec<Field>,
    /// What lies below, by key or by index.
    pub below: Vec<(String, Tree)>,
}

impl Tree {
    fn insert(&mut self, path: &[String], field: Field) {
        let Some((key, rest)) = path.split_first() else {
            self.fields.push(field);
            return;
        };
        let at = self.below.iter().position(|(known, _)| known == key).unwrap_or_else(|| {
            self.below.push((key.clone(), Self::default()));
            self.below.len() - 1
        });
        self.below[at].1.insert(rest, field);
    }
}

/// What a record looks like.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Shape {
    /// A JSON document.
    Json(Tree),
    /// A line of columns.
    Csv {
        /// What separates them.
        separator: u8,
        /// How many a line must have at least.
        columns: usize,
    },
}

/// A mapping that is well formed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mapping {
    text: MappingText,
    shape: Shape,
    rules: [Option<Rule>; FIELDS],
}

impl Mapping {
    /// Reads a mapping.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(text: MappingText) -> Result<Self, Vec<MappingFault>> {
        check::read(text)
    }

    /// As it is written.
    pub const fn text(&self) -> &MappingText {
        &self.text
    }

    /// What a record looks like.
    pub const fn shape(&self) -> &Shape {
        &self.shape
    }

    /// What is known of a field.
    pub const fn rule(&self, field: Field) -> Option<&Rule> {
        self.rules[field as usize].as_ref()
    }
}
