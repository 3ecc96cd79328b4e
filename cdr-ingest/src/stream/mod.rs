//! x
pub mod seen;
