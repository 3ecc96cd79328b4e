//! Endpoints for whoever watches the program.
//!
//! Owns: the list of them.
//! Does not own: what they look at.
//! Always: no token is needed and nothing about clients is told.

pub(crate) mod alive;
pub(crate) mod ready;
