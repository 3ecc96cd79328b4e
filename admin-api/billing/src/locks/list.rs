//! The list of locks (M25, M26).
//!
//! Owns: what the list shows and by what it can be asked.
//! Does not own: changes of locks (`store`), how a list is read (`grid`).
//! Always: deleted ones are among them unless only active ones are asked for.

use crate::grid::{Column, Filter, Grid, Read};

/// Locks as they stand now.
pub static GRID: Grid = Grid {
    name: "locks",
    ru: "Блокировки",
    en: "Locks",
    from: "lock l LEFT JOIN account a ON a.id = l.account_id LEFT JOIN provider p ON p.id = l.provider_id
           LEFT JOIN LATERAL (SELECT * FROM lock_period t WHERE t.lock_id = l.id AND coalesce(t.valid_from, '-infinity') <= {now}
                                  AND {now} < coalesce(t.valid_to, 'infinity') LIMIT 1) f ON true",
    key: "l.id",
    columns: &[
        Column::number("id", "l.id", "№", "Number", "5").sorted(),
        Column::text("scope", "CASE WHEN l.account_id IS NULL THEN 'global' ELSE 'local' END", "Область действия", "Scope", "local"),
        Column::text("account", "a.code", "Лицевой счёт", "Account", "A-000001"),
        Column::text("mask", "l.mask", "Маска", "Mask", "38").sorted(),
        Column::text("provider", "p.code", "Провайдер", "Provider", "mts"),
        Column::text("origin", "l.origin", "Источник", "Origin", "client"),
        Column::flag("active", "l.active", "Включена", "Active", "true"),
        Column::moment("from", "l.valid_from", "С", "From", "2026-07-01T10:00:00Z"),
        Column::moment("to", "l.valid_to", "По", "To", ""),
        Column::flag("in_force", "f.lock_id IS NOT NULL", "Действует", "In force", "true"),
        Column::moment("since", "f.valid_from", "Действует с", "Since", "2026-07-01T10:00:00Z"),
        Column::text("author", "l.author", "Автор", "Author", "ivanova"),
        Column::text("comment", "l.reason", "Примечание", "Comment", "письмо клиента от 1 июля"),
        Column::moment("created_at", "l.created_at", "Создана", "Created", "2026-07-01T10:00:00Z").sorted(),
        Column::moment("deleted_at", "l.deleted_at", "Удалена", "Deleted", ""),
        Column::number("revision", "l.revision", "Редакция", "Revision", "1"),
    ],
    filters: &[
        Filter::new("account", "l.account_id = (SELECT id FROM account WHERE code = {})", Read::Word, "Лицевой счёт", "Of this account"),
        Filter::new("scope", "(l.account_id IS NULL) = ({} = 'global')", Read::OneOf(&["local", "global"]), "Область действия", "Of one account, or of all"),
        Filter::new("number", "l.mask = ANY({})", Read::Masks, "Запрещающие этот номер", "Whose mask bars this number"),
        Filter::new("origin", "l.origin = {}", Read::OneOf(&["client", "operator", "fraud"]), "Источник", "Who asked for it"),
        Filter::new("provider", "l.provider_id = (SELECT id FROM provider WHERE code = {})", Read::Word, "Провайдер", "Tied to this provider"),
        Filter::new("active", "l.active = {}", Read::Flag, "Включённые; false — выключенные и удалённые", "Meant to bar; false: switched off or deleted"),
        Filter::new("author", "l.author = {}", Read::Word, "Автор", "Login of the author"),
    ],
    order: "-id",
    required: &[],
    keys_first: false,
};
