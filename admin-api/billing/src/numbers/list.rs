//! The list of numbers: who holds which (M2).
//!
//! Owns: what the list shows and by what it can be asked.
//! Does not own: sale and quarantine as such, how a list is read (`grid`).
//! Always: a number is searched as staff write it.

use crate::grid::{Column, Filter, Grid, Read};

/// Numbers of our capacity.
pub static GRID: Grid = Grid {
    name: "dids",
    ru: "Номера",
    en: "Numbers",
    from: "did d LEFT JOIN account a ON a.id = d.account_id LEFT JOIN client c ON c.id = a.client_id LEFT JOIN provider p ON p.id = d.provider_id",
    key: "d.id",
    columns: &[
        Column::text("number", "d.number", "Номер", "Number", "74952000200").sorted(),
        Column::text("status", "d.status", "Состояние", "State", "in_work"),
        Column::text("account", "a.code", "Лицевой счёт", "Account", "A-000017"),
        Column::text("client", "c.code", "Клиент", "Client", "C-000017"),
        Column::text("client_name", "c.name", "Название клиента", "Name of the client", "ООО «Строй Сервис»"),
        Column::text("provider", "p.code", "Провайдер", "Provider", "mtt"),
        Column::text("place", "d.place", "Место оказания услуг", "Place of service", ""),
        Column::text("kind", "d.kind", "Вид", "Kind", "ordinary"),
        Column::text("sale", "d.sale", "Доступен для продажи", "For sale", "yes"),
        Column::moment("archived_at", "d.archived_at", "В архиве с", "Archived", ""),
        Column::moment("added_at", "d.added_at", "Добавлен", "Added", "2026-06-01T09:00:00Z").sorted(),
        Column::number("revision", "d.revision", "Редакция", "Revision", "4"),
    ],
    filters: &[
        Filter::new("number", "d.number = {}", Read::Phone, "Номер", "The number"),
        Filter::new(
            "status",
            "d.status = ANY({})",
            Read::SomeOf(&["free", "reserved", "in_work", "archive", "withdrawn"]),
            "Состояние",
            "State",
        ),
        Filter::new(
            "account",
            "d.account_id = (SELECT id FROM account WHERE code = {})",
            Read::Word,
            "Лицевой счёт",
            "Of this account",
        ),
        Filter::new(
            "client",
            "d.account_id IN (SELECT x.id FROM account x JOIN client y ON y.id = x.client_id WHERE y.code = {})",
            Read::Word,
            "Клиент",
            "Of this client",
        ),
        Filter::new("provider", "p.code = {}", Read::Word, "Провайдер", "Of this provider"),
        Filter::new("place", "d.place = {}", Read::Word, "Место оказания услуг", "Place of service"),
        Filter::new("kind", "d.kind = {}", Read::OneOf(&["ordinary", "fmtn"]), "Вид", "Kind"),
    ],
    order: "number",
    required: &[],
    keys_first: false,
};
