//! Reports on tags (M10).
//!
//! Owns: what they show and by what they are asked.
//! Does not own: the statements (`grid`).
//! Always: the newest first.

use crate::grid::{Column, Filter, Grid, Read};

const SOURCES: &[&str] = &["people", "rules"];

/// Which clients have which tags now.
pub static REPORT: Grid = Grid {
    name: "tag-report",
    ru: "Отчёт по тегам",
    en: "Report by tags",
    from: "tag_assignment a JOIN tag t ON t.id = a.tag_id LEFT JOIN tag f ON f.id = t.parent_id JOIN client c ON c.id = a.client_id
           LEFT JOIN staff_user u ON u.id = c.manager_id WHERE a.removed_at IS NULL",
    key: "a.id",
    columns: &[
        Column::text("client", "c.code", "Код клиента", "Code of the client", "C-000001").sorted(),
        Column::text("client_name", "c.name", "Название клиента", "Client", "ООО «Строй Сервис»").sorted_by("c.name_key"),
        Column::text("manager", "u.login", "Менеджер", "Manager", "ivanova"),
        Column::text("tag", "a.name", "Тег", "Tag", "Клиент в зоне риска: мало звонков").sorted(),
        Column::text("folder", "f.name", "Папка", "Folder", "Риски"),
        Column::text("note", "a.note", "Что найдено", "What was found", "57 < 100"),
        Column::moment("added_at", "a.added_at", "Поставлен", "Given", "2026-07-01T10:00:00Z").sorted(),
        Column::text("added_by", "a.added_by", "Кем поставлен", "By", "rule few_calls"),
        Column::text("reason", "a.add_reason", "Причина", "Reason", ""),
    ],
    filters: &[
        Filter::new("tag", "t.id = {}", Read::Number, "Идентификатор тега", "Identifier of the tag"),
        Filter::new("name", "search_key(a.name) LIKE {}", Read::Pattern, "Название тега", "Name of the tag"),
        Filter::new("folder", "f.id = {}", Read::Number, "Идентификатор папки", "Identifier of the folder"),
        Filter::new("client", "c.code = {}", Read::Word, "Код клиента", "Code of the client"),
        Filter::new("manager", "lower(u.login) = lower({})", Read::Word, "Логин менеджера", "Login of the manager"),
        Filter::new("author", "a.added_by = {}", Read::Word, "Кто поставил", "Who gave it"),
        Filter::new(
            "source",
            "(CASE WHEN t.rule IS NULL THEN 'people' ELSE 'rules' END) = {}",
            Read::OneOf(SOURCES),
            "Кем поставлен: людьми или правилами",
            "People or rules",
        ),
        Filter::new("from", "a.added_at >= {}", Read::From, "Поставлен не раньше", "Given from"),
        Filter::new("to", "a.added_at < {}", Read::To, "Поставлен не позже", "Given up to"),
    ],
    order: "-added_at",
    required: &[],
    keys_first: false,
};

/// When which tag was given to whom and taken from whom; each of the two is a row. Neither half has a condition of its own: only then the planner merges them
/// by their indexes instead of sorting both.
pub static HISTORY: Grid = Grid {
    name: "tag-history",
    ru: "Отчёт по истории тегов",
    en: "Report by tag history",
    from: "(SELECT id * 2 AS id, client_id, tag_id, name, note, 'add' AS event, added_at AS at, added_by AS author, add_reason AS reason FROM tag_assignment
            UNION ALL SELECT id * 2 + 1, client_id, tag_id, name, note, 'remove', removed_at, removed_by, remove_reason FROM tag_assignment
           ) h JOIN tag t ON t.id = h.tag_id LEFT JOIN tag f ON f.id = t.parent_id JOIN client c ON c.id = h.client_id
           WHERE h.at IS NOT NULL",
    key: "h.id",
    columns: &[
        Column::moment("at", "h.at", "Когда", "When", "2019-10-11T06:07:19Z").sorted(),
        Column::text("event", "h.event", "Событие", "Event", "add"),
        Column::text("author", "h.author", "Автор", "Author", "ivanova"),
        Column::text("client", "c.code", "Код клиента", "Code of the client", "C-000001").sorted(),
        Column::text("client_name", "c.name", "Название клиента", "Client", "ООО «Строй Сервис»"),
        Column::text("tag", "h.name", "Тег", "Tag", "X"),
        Column::text("folder", "f.name", "Папка", "Folder", "Профили коллтрекинга"),
        Column::text("note", "h.note", "Что найдено", "What was found", ""),
        Column::text("reason", "h.reason", "Причина", "Reason", "заявка клиента"),
    ],
    filters: &[
        Filter::new("tag", "h.tag_id = {}", Read::Number, "Идентификатор тега", "Identifier of the tag"),
        Filter::new("client", "c.code = {}", Read::Word, "Код клиента", "Code of the client"),
        Filter::new("event", "h.event = {}", Read::OneOf(&["add", "remove"]), "Событие", "Event"),
        Filter::new("author", "h.author = {}", Read::Word, "Автор", "Author"),
        Filter::new("from", "h.at >= {}", Read::From, "Не раньше", "From"),
        Filter::new("to", "h.at < {}", Read::To, "Не позже", "Up to"),
    ],
    order: "-at",
    required: &[],
    keys_first: false,
};
