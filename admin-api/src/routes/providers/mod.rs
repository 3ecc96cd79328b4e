//! Endpoints of providers: carriers.
//!
//! Owns: the list of them, and what they have in common.
//! Does not own: providers (`billing::providers`), our own companies (`legal_entities`).
//! Always: a provider is named by his code.

pub(crate) mod get;
pub(crate) mod update;

use billing::providers::{Provider, ProviderError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::{Code, Problem};

/// A provider.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProviderView {
    /// Code.
    code: String,
    /// Name.
    name: String,
    /// Trunks by which he is recognised.
    trunks: Vec<String>,
    /// Codes of the price lists by which he charges us.
    price_lists: Vec<String>,
    /// Whether his numbers are our own capacity.
    is_own: bool,
    /// Raised with every change; the ETag.
    revision: i64,
}

impl From<Provider> for ProviderView {
    fn from(provider: Provider) -> Self {
        Self {
            code: provider.code,
            name: provider.name,
            trunks: provider.trunks,
            price_lists: provider.price_lists,
            is_own: provider.is_own,
            revision: provider.revision,
        }
    }
}

impl From<ProviderError> for Problem {
    fn from(error: ProviderError) -> Self {
        match error {
            ProviderError::NotFound => Self::new(Code::NotFound),
            ProviderError::Stale => Self::new(Code::Stale),
            ProviderError::Store(error) => error.into(),
        }
    }
}
