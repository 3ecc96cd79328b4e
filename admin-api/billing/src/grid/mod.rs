//! Lists: one way for all of them.
//!
//! ```text
//! Grid (a constant beside the room that owns the rows) + Asked (filters, order, cursor) -> page -> JSON, CSV, XLSX
//! ```
//!
//! Owns: what a list is made of ([`Grid`]), the statement that reads a page of it, the count, the cursor; saved filters; exports in the background.
//! Does not own: which lists there are (each room has its own `GRID`), the form of a request or a file (`admin-api`).
//! Always: what a caller writes is bound, never put into a statement; rows have one total order, so that no page repeats or loses one; a total is exact to
//! [`TOTAL_EXACT_MAX`] and "at least" beyond (M65).
//!
//! | what | statements |
//! | --- | --- |
//! | a page | one, of `limit + 1` rows; or two, where keys are chosen first: `limit + 1` keys, then the rows of those |
//! | its total | one, that stops at 10,001 rows |
//!
//! A filter that finds its rows by an index of its own ([`Found`]) gives the list an order of its own, in which any page is near: [`AS_FOUND`].

mod asked;
mod exports;
mod page;
mod pattern;
mod saved;
mod statement;

pub use asked::{Asked, Caller, Position, Value};
pub use exports::{
    Claimed, Export, ExportError, NewExport, beat, cancel, chunk, claim, export, fail, finish, order, progress,
    put_chunk, size, sweep,
};
pub use page::{Page, Reader, Row, Walk};
pub use pattern::{begins_a_word, pattern};
pub use saved::{NewSavedFilter, SavedError, SavedFilter, find_saved, save_filter, saved_filters, take_saved_filter};

/// Rows up to which a total is exact.
pub const TOTAL_EXACT_MAX: i64 = 10_000;

/// A list: what it shows and by what it can be asked.
///
/// In `from`, `key` and every `sql`, `{now}` is the moment of the request (`timestamptz`), `{caller}` the identifier of who asks (`bigint`), `{rights}` the
/// names of his permissions (`text[]`).
#[derive(Debug)]
pub struct Grid {
    /// Name, plural, with dashes: of saved filters, files, the operation (`job-runs` -> `job_runs_list`).
    pub name: &'static str,
    /// Title in Russian.
    pub ru: &'static str,
    /// Title in English.
    pub en: &'static str,
    /// What stands after FROM; a condition that always holds may end it (`.. WHERE d.closed_at IS NULL`).
    pub from: &'static str,
    /// A `bigint` that no two rows share: the last word in every order, and the identifier in the cursor.
    pub key: &'static str,
    /// Columns, as they are shown.
    pub columns: &'static [Column],
    /// By what rows can be chosen.
    pub filters: &'static [Filter],
    /// Order where none is asked for: name of a sortable column, with `-` for descending.
    pub order: &'static str,
    /// Filters of which at least one has to be given; none: the list may be read whole.
    pub required: &'static [&'static str],
    /// Whether the keys of a page are chosen before anything else of its rows is read: worth it where an index has all that the choice needs, as a name that
    /// is searched along the order of names; not where FROM computes rows.
    pub keys_first: bool,
}

/// What a column holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// `text`.
    Text,
    /// `bigint`.
    Number,
    /// `numeric`; a decimal as a string.
    Amount,
    /// `boolean`.
    Flag,
    /// `timestamptz`; RFC 3339 in UTC.
    Moment,
    /// `date`.
    Day,
    /// `text[]`.
    Words,
}

/// A column of a list.
#[derive(Debug)]
pub struct Column {
    /// Name in JSON and in `sort`.
    pub name: &'static str,
    /// Expression of the type that `kind` says; NULL is `null`.
    pub sql: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Expression that rows are ordered by, never NULL and never infinite; `None` = not sortable.
    pub sort: Option<Sort>,
    /// Title in Russian.
    pub ru: &'static str,
    /// Title in English.
    pub en: &'static str,
    /// An example, as it stands in JSON without its quotes, several words with commas between them; empty = `null`.
    pub example: &'static str,
}

/// How a column is ordered.
#[derive(Clone, Copy, Debug)]
pub struct Sort {
    /// Expression, never NULL.
    pub sql: &'static str,
    /// Its type.
    pub kind: Kind,
}

impl Column {
    const fn new(
        name: &'static str,
        sql: &'static str,
        kind: Kind,
        ru: &'static str,
        en: &'static str,
        example: &'static str,
    ) -> Self {
        Self { name, sql, kind, sort: None, ru, en, example }
    }

    /// A text.
    pub const fn text(
        name: &'static str,
        sql: &'static str,
        ru: &'static str,
        en: &'static str,
        example: &'static str,
    ) -> Self {
        Self::new(name, sql, Kind::Text, ru, en, example)
    }

    /// A whole number.
    pub const fn number(
        name: &'static str,
        sql: &'static str,
        ru: &'static str,
        en: &'static str,
        example: &'static str,
    ) -> Self {
        Self::new(name, sql, Kind::Number, ru, en, example)
    }

    /// A decimal.
    pub const fn amount(
        name: &'static str,
        sql: &'static str,
        ru: &'static str,
        en: &'static str,
        example: &'static str,
    ) -> Self {
        Self::new(name, sql, Kind::Amount, ru, en, example)
    }

    /// Yes or no.
    pub const fn flag(
        name: &'static str,
        sql: &'static str,
        ru: &'static str,
        en: &'static str,
        example: &'static str,
    ) -> Self {
        Self::new(name, sql, Kind::Flag, ru, en, example)
    }

    /// A moment.
    pub const fn moment(
        name: &'static str,
        sql: &'static str,
        ru: &'static str,
        en: &'static str,
        example: &'static str,
    ) -> Self {
        Self::new(name, sql, Kind::Moment, ru, en, example)
    }

    /// A day.
    pub const fn day(
        name: &'static str,
        sql: &'static str,
        ru: &'static str,
        en: &'static str,
        example: &'static str,
    ) -> Self {
        Self::new(name, sql, Kind::Day, ru, en, example)
    }

    /// Several words.
    pub const fn words(
        name: &'static str,
        sql: &'static str,
        ru: &'static str,
        en: &'static str,
        example: &'static str,
    ) -> Self {
        Self::new(name, sql, Kind::Words, ru, en, example)
    }

    /// The same, sortable as it is: its expression is never NULL.
    #[must_use]
    pub const fn sorted(self) -> Self {
        let sort = Some(Sort { sql: self.sql, kind: self.kind });
        Self { sort, ..self }
    }

    /// The same, sortable by another expression of the same type, never NULL: one that an index has, or one that puts NULL somewhere.
    #[must_use]
    pub const fn sorted_by(self, sql: &'static str) -> Self {
        let sort = Some(Sort { sql, kind: self.kind });
        Self { sort, ..self }
    }
}

/// How the value of a filter is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Read {
    /// 1 to 100 characters; bound as `text`.
    Word,
    /// A word, in which `%` stands for anything and which matches at the beginning of a word of the text (A33); bound as a pattern for LIKE over `search_key`.
    Pattern,
    /// One of these words; bound as `text`.
    OneOf(&'static [&'static str]),
    /// Several of these words with commas between them; bound as `text[]`.
    SomeOf(&'static [&'static str]),
    /// A whole number; bound as `bigint`.
    Number,
    /// A decimal; bound as `numeric`.
    Amount,
    /// `true` or `false`; bound as `boolean`.
    Flag,
    /// A moment in RFC 3339, or a day, whose beginning in the billing zone is meant; bound as `timestamptz`, for `>=`.
    From,
    /// The same, but a day's end is meant; for `<`.
    To,
    /// A day; bound as `date`.
    Day,
    /// A telephone number as staff write it; bound as digits of an international number, `text`.
    Phone,
    /// Three capital letters; bound as `text`.
    Currency,
    /// A dialled number; bound as the masks that would bar it, `text[]`.
    Masks,
    /// Anything by which somebody is known; bound as `text[]` of a pattern over `search_key`, a code in capital letters without punctuation, digits, an
    /// international number, an e-mail in small letters. What the text cannot be is empty: compare with `=` and LIKE only.
    Anything,
}

/// Rows that a filter finds by an index that has all that it needs, however many they are.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    /// Statement of `id`, the key of a row, and `place`, a text, in the order of both; each row once. `{}` is the value of the filter, `{parts}` those of
    /// `parts` that hold.
    pub sql: &'static str,
    /// Statements of keys, for which the statement has a place.
    pub parts: &'static [Part],
    /// Whether it finds the rows of this value; those of others are chosen by the condition of the filter.
    pub finds: fn(&Value) -> bool,
}

/// A part of the statement of [`Found`]: what it has no use for is not planned.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// Whether it can have rows for this value.
    pub holds: fn(&Value) -> bool,
    /// Statement of keys.
    pub sql: &'static str,
}

/// The order of rows by the place where a filter found them ([`Found`]). No list shows it as a column.
pub static AS_FOUND: Column = Column::text("found", "f.place", "", "", "").sorted();

/// Something by which rows can be chosen.
#[derive(Debug)]
pub struct Filter {
    /// Name of the parameter.
    pub name: &'static str,
    /// Condition; `{}` is the value, once or several times.
    pub sql: &'static str,
    /// How the value is written.
    pub read: Read,
    /// What it asks, in Russian.
    pub ru: &'static str,
    /// What it asks, in English.
    pub en: &'static str,
    /// Value where a request does not say one.
    pub default: Option<&'static str>,
    /// Whether its `true` makes a list without the filters that it requires empty instead of refused.
    pub excuses: bool,
    /// The same rows by an index; `None` = the condition alone says which they are.
    pub found: Option<Found>,
}

impl Filter {
    /// A filter.
    pub const fn new(name: &'static str, sql: &'static str, read: Read, ru: &'static str, en: &'static str) -> Self {
        Self { name, sql, read, ru, en, default: None, excuses: false, found: None }
    }

    /// The same, whose `true` makes a list without the filters that it requires empty instead of refused.
    #[must_use]
    pub const fn excusing(self) -> Self {
        Self { excuses: true, ..self }
    }

    /// The same, whose rows an index finds.
    #[must_use]
    pub const fn found(self, sql: &'static str, finds: fn(&Value) -> bool) -> Self {
        self.found_by(Found { sql, parts: &[], finds })
    }

    /// The same, whose rows several indexes find.
    #[must_use]
    pub const fn found_by(self, found: Found) -> Self {
        Self { found: Some(found), ..self }
    }

    /// The same with a value where a request does not say one.
    #[must_use]
    pub const fn or(self, default: &'static str) -> Self {
        Self { default: Some(default), ..self }
    }
}

impl Grid {
    /// The column with this name.
    pub fn column(&self, name: &str) -> Option<&'static Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The filter with this name.
    pub fn filter(&self, name: &str) -> Option<&'static Filter> {
        self.filters.iter().find(|filter| filter.name == name)
    }

    /// Whether what it shows depends on what its reader may beside seeing the list.
    pub fn goes_by_rights(&self) -> bool {
        let columns = self.columns.iter().flat_map(|column| [Some(column.sql), column.sort.map(|sort| sort.sql)]);
        let found = |filter: &'static Filter| {
            filter.found.iter().flat_map(|found| found.parts.iter().map(|part| part.sql).chain([found.sql]))
        };
        let filters = self.filters.iter().flat_map(|filter| found(filter).chain([filter.sql]).map(Some));
        let mut constants = columns.chain(filters).chain([Some(self.from)]).flatten();
        constants.any(|sql| sql.contains("{rights}"))
    }
}
