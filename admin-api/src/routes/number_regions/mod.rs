//! Endpoints of regions that numbers are of.
//!
//! Owns: how a region is shown, which problem each refusal is.
//! Does not own: regions (`billing::numbers`, whose `REGIONS` is the list of them).
//! Always: no change without a reason; a closed region stays readable.

pub(crate) mod add;
pub(crate) mod update;

use billing::numbers::{Region, RegionError};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::language::Text;
use crate::problem::{Code, Problem};

/// A region.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NumberRegionView {
    /// Code.
    code: String,
    /// Name.
    name: String,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// By whom.
    created_by: String,
    /// Since when it takes no more numbers.
    closed_at: Option<DateTime<Utc>>,
    /// Raised with every change; also the ETag.
    revision: i64,
}

impl From<Region> for NumberRegionView {
    fn from(region: Region) -> Self {
        Self {
            code: region.code,
            name: region.name,
            created_at: region.created_at,
            created_by: region.created_by,
            closed_at: region.closed_at,
            revision: region.revision,
        }
    }
}

impl From<RegionError> for Problem {
    fn from(error: RegionError) -> Self {
        match error {
            RegionError::NotFound => Self::new(Code::NotFound),
            RegionError::CodeInUse => {
                Self::new(Code::AlreadyExists).at("/code", Text::fixed("Код занят", "The code is taken"))
            }
            RegionError::Stale => Self::new(Code::Stale),
            RegionError::Store(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_its_code() {
        for (error, code) in [
            (RegionError::NotFound, Code::NotFound),
            (RegionError::CodeInUse, Code::AlreadyExists),
            (RegionError::Stale, Code::Stale),
        ] {
            assert_eq!(Problem::from(error).code(), code);
        }
    }
}
