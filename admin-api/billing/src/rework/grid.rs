//! The list of jobs that rate again.
//!
//! Owns: its columns and filters.
//! Does not own: filing and releasing jobs (`desk`), how lists are read (`grid`).
//! Always: every job ever filed is in it, the newest first.

use crate::grid::{Column, Filter, Grid, Read};

/// Jobs; scope and counts are JSON as text.
pub static GRID: Grid = Grid {
    name: "rework",
    ru: "Задания перерасчёта",
    en: "Jobs that rate again",
    from: "rework_job j",
    key: "j.id",
    columns: &[
        Column::number("id", "j.id", "Номер", "Number", "3").sorted(),
        Column::text("kind", "j.kind", "Вид", "Kind", "recycle"),
        Column::text("scope", "j.scope::text", "Что", "What", r#"{"suspense": {"code": "NO_RETAIL_PRICE"}}"#),
        Column::text("reason", "j.reason", "Причина", "Reason", "добавлены цены Сербии"),
        Column::text("state", "j.state", "Состояние", "State", "done"),
        Column::flag("dry_run", "j.pass = 0", "Пробный прогон", "Dry run", "false"),
        Column::number("catalogue_version", "j.catalogue_version", "Версия каталога", "Version of the catalogue", "12"),
        Column::number("portions", "j.portions", "Порций", "Portions", "1"),
        Column::number("done", "j.done", "Сделано порций", "Portions done", "1"),
        Column::text("counts", "j.counts::text", "Результат", "Result", r#"{"recycled": 14}"#),
        Column::text("problem", "j.problem", "Почему не удалось", "Why it failed", ""),
        Column::text("author", "j.author", "Автор", "Author", "support"),
        Column::moment("filed_at", "j.filed_at", "Подано", "Filed", "2026-07-01T10:00:00Z").sorted(),
        Column::moment("started_at", "j.started_at", "Начато", "Begun", "2026-07-01T10:00:01Z"),
        Column::moment("finished_at", "j.finished_at", "Закончено", "Ended", "2026-07-01T10:00:02Z"),
    ],
    filters: &[
        Filter::new(
            "kind",
            "j.kind = ANY({})",
            Read::SomeOf(&["recycle", "discard", "rerate", "rollback"]),
            "Виды",
            "Kinds",
        ),
        Filter::new(
            "state",
            "j.state = ANY({})",
            Read::SomeOf(&["queued", "running", "previewed", "done", "failed", "cancelled"]),
            "Состояния",
            "States",
        ),
        Filter::new("author", "j.author = {}", Read::Word, "Автор", "Author"),
        Filter::new("from", "j.filed_at >= {}", Read::From, "Поданы не раньше", "Filed no earlier"),
        Filter::new("to", "j.filed_at < {}", Read::To, "Поданы не позже", "Filed no later"),
    ],
    order: "-id",
    required: &[],
    keys_first: false,
};
