//! Endpoints for whoever writes programs against the API.
//!
//! Owns: the list of them.
//! Does not own: the document (`crate::openapi`).
//! Always: no token is needed; the document holds examples only.

pub(crate) mod document;
