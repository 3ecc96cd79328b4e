//! How answers of the checks are shown.
//!
//! Owns: the contract of price lines and locks at the API.
//! Does not own: what is in them (`rating::check`).
//! Always: amounts are decimals as strings.

use rating::check;
use serde::Serialize;
use utoipa::ToSchema;

/// The price inside a time band, or from a step of the volume on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VariantLine {
    /// Name of the band; `null` outside all bands.
    band: Option<String>,
    /// Units that must have been charged for in the period before; 0 = none.
    from_volume: u64,
    /// Tiers, as those of the line.
    tiers: String,
}

/// A price line.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PriceLine {
    /// Code of the list.
    list: String,
    /// Matched prefix.
    prefix: String,
    /// Identifier of the row.
    row: u64,
    /// Currency.
    currency: String,
    /// Tiers, `from second:increment@price/unit seconds`.
    tiers: String,
    /// Other tiers, inside time bands and by volume; empty when there is one price.
    variants: Vec<VariantLine>,
    /// Fee for the answer.
    connect_fee: String,
    /// The incoming service that the row asks for, where the check asked for all of them.
    incoming_service: Option<String>,
}

impl From<check::PriceLine> for PriceLine {
    fn from(line: check::PriceLine) -> Self {
        Self {
            list: line.list,
            prefix: line.prefix,
            row: line.row,
            currency: line.currency.as_str().to_owned(),
            tiers: line.tiers,
            variants: line.variants.into_iter().map(VariantLine::from).collect(),
            connect_fee: line.connect_fee.to_string(),
            incoming_service: line.incoming_service,
        }
    }
}

impl From<check::VariantLine> for VariantLine {
    fn from(line: check::VariantLine) -> Self {
        Self { band: line.band, from_volume: line.from_volume, tiers: line.tiers }
    }
}

/// Both sides for one provider.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProviderPrices {
    /// Code of the provider.
    provider: String,
    /// What the client pays for a call through it; `null` = no price.
    retail: Option<PriceLine>,
    /// What the provider charges us; `null` = no price.
    wholesale: Option<PriceLine>,
}

impl From<check::ProviderAnswer> for ProviderPrices {
    fn from(answer: check::ProviderAnswer) -> Self {
        Self {
            provider: answer.provider,
            retail: answer.retail.map(PriceLine::from),
            wholesale: answer.wholesale.map(PriceLine::from),
        }
    }
}

/// What lies below a prefix (A6).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Below {
    /// How many longer retail lines there are.
    lines: usize,
    /// Lowest price of a minute among them, without fees.
    minute_min: Option<String>,
    /// Highest price of a minute among them.
    minute_max: Option<String>,
    /// Identifiers of locks on longer masks.
    locks: Vec<u64>,
}

impl From<check::Below> for Below {
    fn from(below: check::Below) -> Self {
        Self { lines: below.lines, minute_min: below.minute_min, minute_max: below.minute_max, locks: below.locks }
    }
}

/// A lock that matches.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LockLine {
    /// Identifier.
    pub(crate) id: u64,
    /// `local` (of the account) or `global`.
    scope: &'static str,
    /// The barred prefix or number.
    mask: String,
    /// Code of the provider it is tied to.
    provider: Option<String>,
    /// Who asked for it: `client`, `operator` or `fraud`.
    origin: &'static str,
    /// Whether this one decides.
    effective: bool,
}

impl From<check::LockLine> for LockLine {
    fn from(line: check::LockLine) -> Self {
        Self {
            id: line.id,
            scope: line.scope.as_str(),
            mask: line.mask,
            provider: line.provider,
            origin: line.origin.as_str(),
            effective: line.effective,
        }
    }
}
