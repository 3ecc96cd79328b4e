//! Endpoints of the search over everything.
//!
//! Owns: the list of them.
//! Does not own: what is searched (the lists of the rooms).
//! Always: nobody finds what he may not see.

pub(crate) mod anything;
