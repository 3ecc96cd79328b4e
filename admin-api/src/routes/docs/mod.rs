//! Endpoints for whoever writes programs against the API, and for whoever only looks.
//!
//! Owns: the list of them.
//! Does not own: the document (`crate::openapi`).
//! Always: no token is needed; what is shown are examples only; a page loads nothing from elsewhere.

pub(crate) mod document;
pub(crate) mod page;
pub(crate) mod script;
pub(crate) mod style;

mod operation;
mod render;
mod tour;
