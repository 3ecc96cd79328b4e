//! The list of legal entities.
//!
//! Owns: what the list shows and by what it can be asked.
//! Does not own: the card (`card`), how a list is read (`grid`).
//! Always: closed ones are in it.

use crate::grid::{Column, Filter, Grid, Read};

/// Legal entities: an operator has some dozens at most.
pub static GRID: Grid = Grid {
    name: "legal-entities",
    ru: "Собственные организации",
    en: "Legal entities",
    from: "legal_entity e",
    key: "e.id::bigint",
    columns: &[
        Column::text("code", "e.code", "Код", "Code", "T").sorted(),
        Column::text("name", "e.name", "Название", "Name", "ООО «Телеком»").sorted(),
        Column::text("kind", "e.kind", "Вид", "Kind", "legal"),
        Column::text("inn", "e.inn", "ИНН", "INN", "7707083893"),
        Column::text("kpp", "e.kpp", "КПП", "KPP", "770701001"),
        Column::text("currency", "e.currency::text", "Валюта", "Currency", "RUB"),
        Column::text("zone", "e.zone", "Часовой пояс", "Zone", "Europe/Moscow"),
        Column::text("tax_regime", "e.tax_regime", "Налоговый режим", "Tax regime", "general"),
        Column::text("external_code", "e.external_code", "Внешний код", "External code", "T-001"),
        Column::flag("closed", "e.closed_at IS NOT NULL", "Закрыта", "Closed", "false"),
    ],
    filters: &[
        Filter::new("code", "e.code = {}", Read::Word, "С этим кодом", "With this code"),
        Filter::new("inn", "e.inn = {}", Read::Word, "С этим ИНН", "With this INN"),
        Filter::new(
            "name",
            "search_key(e.name) LIKE {}",
            Read::Pattern,
            "С такими словами в названии",
            "With such words in the name",
        ),
        Filter::new("currency", "e.currency::text = {}", Read::Currency, "С этой валютой", "In this currency"),
        Filter::new(
            "closed",
            "(e.closed_at IS NOT NULL) = {}",
            Read::Flag,
            "Закрытые или действующие",
            "Closed ones, or those that are not",
        ),
    ],
    order: "code",
    required: &[],
    keys_first: false,
};
