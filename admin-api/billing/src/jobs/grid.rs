//! The list of runs.
//!
//! Owns: its columns and filters.
//! Does not own: how lists are read (`grid`).
//! Always: one row a job and date.

use crate::grid::{Column, Filter, Grid, Read};

/// All runs, the latest dates first.
pub static GRID: Grid = Grid {
    name: "job-runs",
    ru: "Запуски заданий",
    en: "Runs of jobs",
    from: "job_run j",
    key: "j.id",
    columns: &[
        Column::number("id", "j.id", "Номер", "Number", "5").sorted(),
        Column::text("name", "j.name", "Задание", "Job", "liquidation_notice").sorted(),
        Column::day("for_date", "j.for_date", "За дату", "For the date", "2026-07-01").sorted(),
        Column::text("outcome", "j.outcome", "Итог", "Outcome", "done").sorted(),
        Column::number("attempts", "j.attempts::bigint", "Попыток", "Attempts", "1"),
        Column::text("ordered_by", "j.ordered_by", "Кто запустил", "Ordered by", ""),
        Column::moment("started_at", "j.started_at", "Начато", "Started", "2026-07-01T01:30:00Z")
            .sorted_by("coalesce(j.started_at, timestamptz '0001-01-01 00:00:00+00')"),
        Column::moment("finished_at", "j.finished_at", "Закончено", "Finished", "2026-07-01T01:30:04Z"),
        Column::text("counts", "j.counts::text", "Результат", "Result", ""),
        Column::text("error", "j.error", "Ошибка", "Error", ""),
    ],
    filters: &[
        Filter::new("name", "j.name = {}", Read::Word, "Задание", "Job"),
        Filter::new(
            "outcome",
            "j.outcome = ANY({})",
            Read::SomeOf(&["ordered", "running", "done", "failed"]),
            "Итоги",
            "Outcomes",
        ),
        Filter::new("from", "j.for_date >= {}", Read::Day, "За дни не раньше этого", "For a date no earlier"),
        Filter::new("to", "j.for_date <= {}", Read::Day, "За дни не позже этого", "For a date no later"),
    ],
    order: "-for_date",
    required: &[],
    keys_first: false,
};
