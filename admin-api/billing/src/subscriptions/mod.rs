//! Subscriptions: products that accounts have, and the subscribers that numbers are attached to.
//!
//! Owns: tables `product_instance`, `subscriber`; their states (M12, 6.4), the term of a reservation (M18, A30), when a number may be replaced (A32).
//! Does not own: what is sold (`products`), numbers and their states (`numbers`), business days (`production_calendar`).
//! Always: a subscriber that was closed stays closed; a number goes where the state of its subscriber sends it.

pub mod rules;

pub use rules::{Initiator, InstanceStatus, SubscriberStatus};
