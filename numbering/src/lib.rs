//! Which number is this, and where does it lead?
//!
//! Owns: packed digits ([`digits`]), E.164 numbers, short codes and masks ([`number`]), normalisation of dialled text by a source's rules
//! ([`normalise`]), the set of prefixes with longest-match and chain-of-matches look-up ([`prefix_set`]), ranges as minimal prefixes
//! ([`ranges`]), a registry of ranges as a plan ([`registry`]), the world's numbering plan ([`plan`]) with its overlay of ported numbers ([`ported`]),
//! masks by which numbers are searched for sale ([`mask`]), classes of beautiful numbers ([`beauty`]).
//! Does not own: prices, locks, who a number belongs to.
//! Always: pure. No IO, no clock, no environment; a number that exists is valid, because its only constructor checks.

pub mod digits;
pub mod faults;
pub mod number;

pub mod beauty;
pub mod mask;
pub mod normalise;
pub mod plan;
pub mod ported;
pub mod prefix_set;
pub mod ranges;
pub mod registry;
mod spans;

pub use beauty::{BadRule, BeautyClasses, BeautyRule};
pub use digits::Digits;
pub use faults::{Faults, LineFault};
pub use mask::{MaskFault, NumberMask};
pub use normalise::{NotANumber, NumberRules};
pub use number::{Dialled, E164, ShortCode, parse_mask};
pub use plan::{Destination, DestinationId, Kind, NumberingPlan};
pub use ported::Ported;
pub use prefix_set::{Chain, PrefixId, PrefixSet};

/// The world's numbering plan as this project carries it: gzip of CSV `prefix,country,kind,name_en,name_ru` (see NOTICE).
pub const WORLD_PLAN_CSV_GZ: &[u8] = include_bytes!("../data/destinations.csv.gz");
