//! The audit as a list: who did or tried what, over all records (M67).
//!
//! Owns: what the list shows and by what it can be asked.
//! Does not own: the values before and after (`read`: the history of one record), how a list is read (`grid`).
//! Always: lines about records that the caller may not see are left out.

use crate::grid::{Column, Filter, Grid, Read};

/// Kinds of records whose audit is for those alone who may see the records: for the history of one ([`CLOSED`]) and for the list.
macro_rules! closed {
    ($($entity:literal $permission:literal,)+) => {
        /// Kinds of records whose audit is for those alone who have a permission, by its name.
        pub const CLOSED: &[(&str, &str)] = &[$(($entity, $permission)),+];
        const FROM: &str = concat!("audit_record r WHERE true", $(" AND (r.entity <> '", $entity, "' OR '", $permission, "' = ANY({rights}))"),+);
    };
}

closed! {
    "account_contact" "client.view",
    "agent" "agent.view",
    "approval" "approval.view",
    "bank_statement" "payment.view",
    "card" "client.view",
    "client" "client.view",
    "contract" "contract.view",
    "department" "staff.view",
    "fiscal_receipt" "payment.view",
    "legal_entity" "entity.view",
    "lock" "lock.view",
    "party" "party.view",
    "payment" "payment.view",
    "payment_search" "payment.view",
    "product_instance" "subscription.view",
    "role" "staff.view",
    "session" "staff.view",
    "setting" "setting.view",
    "staff" "staff.view",
    "subscriber" "subscription.view",
    "tag" "client.view",
}

/// Lines of the audit.
pub static GRID: Grid = Grid {
    name: "audit",
    ru: "Журнал действий",
    en: "Audit",
    from: FROM,
    key: "r.id",
    columns: &[
        Column::number("id", "r.id", "№", "Number", "17").sorted(),
        Column::moment("at", "r.at", "Когда", "When", "2026-07-01T10:00:00Z").sorted(),
        Column::text("login", "r.login", "Кто", "Who", "ivanova"),
        Column::text("on_behalf", "r.on_behalf", "От имени клиента", "As client", ""),
        Column::text("address", "r.address", "Адрес", "Address", "192.0.2.9"),
        Column::text("action", "r.action", "Действие", "Action", "account.credit"),
        Column::text("entity", "r.entity", "Вид записи", "Kind of record", "account"),
        Column::text("entity_id", "r.entity_id", "Запись", "Record", "A-000001"),
        Column::text("outcome", "r.outcome", "Итог", "Outcome", "done"),
        Column::text("reason", "r.reason", "Причина", "Reason", "письмо клиента от 1 июля"),
        Column::text("request_id", "r.request_id", "Запрос", "Request", "5f0c7a52-9a7e-4a0b-8f6e-0a4f2f6f3c11"),
    ],
    filters: &[
        Filter::new(
            "login",
            "r.user_id = (SELECT id FROM staff_user u WHERE lower(u.login) = lower({}))",
            Read::Word,
            "Кто",
            "Author",
        ),
        Filter::new("client", "r.on_behalf = {}", Read::Word, "От имени клиента", "As this client"),
        Filter::new("action", "r.action = {}", Read::Word, "Действие", "Action"),
        Filter::new("entity", "r.entity = {}", Read::Word, "Вид записи", "Kind of record"),
        Filter::new("record", "r.entity_id = {}", Read::Word, "Запись", "Record"),
        Filter::new("outcome", "r.outcome = {}", Read::OneOf(&["done", "refused"]), "Итог", "Outcome"),
        Filter::new("address", "r.address = {}", Read::Word, "Адрес", "Address"),
        Filter::new("request", "r.request_id = {}", Read::Word, "Запрос", "Request"),
        Filter::new("from", "r.at >= {}", Read::From, "С", "From"),
        Filter::new("to", "r.at < {}", Read::To, "По", "To"),
    ],
    order: "-id",
    required: &[],
    keys_first: false,
};
