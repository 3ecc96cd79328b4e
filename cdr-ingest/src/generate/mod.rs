//! Makes a believable operator and its call records, and says what they must cost.
//!
//! **Owns:** the operator directory that `generate operator` writes, the stream of records that `generate traffic` sends, and an
//! independent oracle that judges each of those calls.
//!
//! **Does not own:** decoding, rating, or any code of the engine. The oracle is the engine's check and therefore shares nothing with it but
//! the files and the text of `FORMATS.md`; it reads them its own way, slowly and plainly.
//!
//! **Always:** the same seed gives the same bytes. Time comes in as an argument. Money is whole nano-units or a fraction of `i128`.
//!
//! | step | module |
//! | --- | --- |
//! | write a directory | `operator`, with `price_book`, `price_lists`, `pack`, `list_rows`, `subscribers` |
//! | read it back | `model`, with `rates`, `table`, `money` |
//! | draw calls | `traffic`, with `call`, `schedule`, `pools`, `calls`, `special`, `spoiled` |
//! | write them as a switch does | `encode`, `encode_foreign` |
//! | say what they cost | `oracle`, with `price`, `bands`, `counted`, `terms`, `number_rules` |
//! | keep the sums | `expectation` |

pub mod error;
pub mod rng;

mod list_rows;
mod money;
pub mod operator;
mod pack;
mod price_book;
mod price_lists;
mod subscribers;
mod table;

pub mod bands;
pub mod counted;
pub mod model;
pub mod number_rules;
pub mod oracle;
pub mod price;
mod rates;
pub mod terms;

mod call;
mod calls;
mod encode;
mod encode_foreign;
pub mod expectation;
mod pools;
mod schedule;
mod special;
mod spoiled;
pub mod traffic;

#[cfg(test)]
mod tests;

pub use error::GenerateError;
pub use expectation::{Expectation, RetailKey, SuspenseCode, WholesaleKey};
pub use model::Operator;
pub use operator::{OperatorOptions, OperatorSummary, write_operator};
pub use traffic::{GeneratedRecord, TrafficOptions, generate};
