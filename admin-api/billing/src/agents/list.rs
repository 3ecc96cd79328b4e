//! The list of agents (M5).
//!
//! Owns: what it shows and by what it is searched.
//! Does not own: the statement (`grid`).
//! Always: closed ones are among them, and say so.

use crate::grid::{Column, Filter, Grid, Read};

/// Agents: by code, name, type, or the account of a client of theirs.
pub static GRID: Grid = Grid {
    name: "agents",
    ru: "Агенты",
    en: "Agents",
    from: "agent g LEFT JOIN party p ON p.id = g.party_id",
    key: "g.id",
    columns: &[
        Column::text("code", "g.code", "Код", "Code", "A-1").sorted(),
        Column::text("name", "g.name", "Название", "Name", "ООО «Партнёр»").sorted_by("g.name_key"),
        Column::text("type", "g.type", "Тип", "Type", "partner").sorted(),
        Column::text("inn", "p.inn", "ИНН", "INN", "7707083893"),
        Column::text("city", "p.city", "Город", "City", "Москва"),
        Column::flag("active", "g.active", "Действует", "In work", "true").sorted(),
        Column::number(
            "clients",
            "(SELECT count(*) FROM client c WHERE c.agent_id = g.id)",
            "Клиентов",
            "Clients",
            "12",
        ),
        Column::moment("created_at", "g.created_at", "Заведён", "Added", "2026-07-01T10:00:00Z").sorted(),
        Column::text("created_by", "g.created_by", "Кем заведён", "By", "ivanova"),
    ],
    filters: &[
        Filter::new("code", "g.code = {}", Read::Word, "Код", "Code"),
        Filter::new("name", "g.name_key LIKE {}", Read::Pattern, "Название", "Name"),
        Filter::new("type", "g.type = {}", Read::OneOf(&["partner", "licensee", "own"]), "Тип", "Type"),
        Filter::new("active", "g.active = {}", Read::Flag, "Действует", "In work"),
        Filter::new("inn", "p.inn = {}", Read::Word, "ИНН", "INN"),
        Filter::new(
            "account",
            "EXISTS (SELECT FROM client c JOIN account a ON a.client_id = c.id WHERE c.agent_id = g.id AND a.code = {})",
            Read::Word,
            "Лицевой счёт клиента",
            "Account of a client",
        ),
    ],
    order: "code",
    required: &[],
    keys_first: false,
};
