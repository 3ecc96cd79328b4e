//! Endpoints of suspense.
//!
//! Owns: the list of them, and how entries are chosen for a job.
//! Does not own: suspense (`billing::suspense`), its jobs (`billing::rework`).
//! Always: an entry is corrected here and charged by the ingest.

pub(crate) mod correct;
pub(crate) mod counts;
pub(crate) mod discard;
pub(crate) mod get;
pub(crate) mod recycle;

use billing::rework::{Scope, SuspenseScope};
use rating::SuspenseCode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::inputs::{self, given};
use crate::language::Text;
use crate::problem::{Code, Problem};

/// Most entries that one request names.
const IDS_MAX: usize = 5_000;

/// Which entries, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Chosen {
    /// These entries alone, 5000 at most.
    ids: Option<Vec<i64>>,
    /// All open ones of this code.
    code: Option<String>,
    /// All open ones of this source.
    source: Option<String>,
    /// All open ones.
    #[serde(default)]
    all: bool,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

impl Chosen {
    fn scope(&self) -> Result<Scope, Problem> {
        let code = given(self.code.as_deref());
        let codes = || SuspenseCode::ALL.iter().map(|code| code.as_str());
        let code = code.map(|text| inputs::one_of("/code", text, codes())).transpose()?;
        let source = given(self.source.as_deref()).map(|text| inputs::word("/source", text)).transpose()?;
        if self.ids.as_ref().is_some_and(|ids| ids.len() > IDS_MAX) {
            let most = Text::fixed("Не больше 5000 записей; отберите по коду", "At most 5000 entries; choose by code");
            return Err(Problem::new(Code::LimitTooLarge).at("/ids", most));
        }
        if self.ids.as_ref().is_none_or(Vec::is_empty) && code.is_none() && source.is_none() && !self.all {
            let which = Text::fixed(
                "Укажите ids, code или source; все открытые записи — \"all\": true",
                "Name ids, code or source; for every open entry say \"all\": true",
            );
            return Err(Problem::field("/ids", which));
        }
        Ok(Scope::Suspense(SuspenseScope {
            ids: self.ids.clone().filter(|ids| !ids.is_empty()),
            code: code.map(|code: SuspenseCode| code.as_str().to_owned()),
            source: source.map(str::to_owned),
        }))
    }
}
