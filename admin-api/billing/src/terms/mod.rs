//! Terms of clients: what they have of their own.
//!
//! Owns: tables `discount`, `exchange_rate`, `client_tax`, `client_group` and `client_group_member`, as people read, enter and end their rows.
//! Does not own: which of them counts for a call (`rating::terms`), what is kept for groups (`availability`), the bulk load (`operator`), currencies
//! (`currencies`).
//! Always: a row is ended, never erased or rewritten, so that a charge stays explainable; nothing is entered for days of a closed period; what is
//! shown is what the hot path reads.

mod account;
mod discounts;
mod exchange;
mod group_card;
mod groups;
mod list;
mod parties;
mod rules;
mod taxes;

pub use account::{AccountDiscount, discounts_of};
pub use discounts::{NewDiscount, end_discount, give_discount};
pub use exchange::{NewExchange, end_exchange, enter_exchange};
pub use group_card::{
    Group, GroupUpdate, NewGroup, add_group, close_group, group, outage_calls, permissions, permissions_now,
    update_group,
};
pub use groups::{BY_GROUP, GroupCard, MemberCard, NewMember, add_member, end_member, groups, members};
pub use list::{CLIENT_TAXES, DISCOUNTS, EXCHANGE_RATES};
pub use parties::{Holder, TermsError};
pub use rules::{ClientPermissions, Decided, GroupRights, Permit, Stance, permissions_of};
pub use taxes::{NewTax, end_tax, give_tax};
