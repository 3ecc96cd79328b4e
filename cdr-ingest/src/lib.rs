//! The stream: bytes of call records in, charges out, exactly once in effect.
//!
//! Owns: decoding ([`decode`]), the stages [`normalise`] -> [`admit`] -> [`rate`] -> [`charge`] that a record passes ([`stages`] is the page that shows
//! them all), the batches of a partition ([`stream`]), the rows of ClickHouse ([`clickhouse`]), charges priced again ([`replay`]) and put right ([`rework`]),
//! calls that come in parts ([`long_calls`]), the collector of files and posts ([`collect`]), figures and traces ([`meters`], [`traces`]), the operator directory ([`operator_dir`]), the generator of
//! demonstration data with its independent oracle ([`generate`]), and the command line ([`cli`]).
//! Does not own: prices (`rating`), the books (`billing`).
//! Always: every leg of every record ends as exactly one of rated, non-target, suspended, duplicate; a bad record is data and never an error; an effect is
//! committed with the position that stands behind it.
//!
//! ```text
//! bytes -> DecodedCdr -> NormalisedCdr -> AdmittedLeg -> RatedLeg -> ChargedLeg -> Assembled -> Postgres -> ClickHouse
//!          decode        normalise        admit          rate        charge        assemble     one TX      from the outbox
//! ```

pub mod cli;

pub mod collect;

pub mod text;

pub mod decode;

pub mod meters;
pub mod monitor;
pub mod normalise;
pub mod traces;

pub mod admit;

pub mod rate;

pub mod charge;
pub mod long_calls;

pub mod counters;

pub mod stages;

pub mod assemble;

pub mod clickhouse;

pub mod replay;
pub mod rework;

pub mod stream;

pub mod operator_dir;

pub mod generate;
