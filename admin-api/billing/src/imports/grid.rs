//! The list of imports.
//!
//! Owns: its columns and filters.
//! Does not own: one import with what became of its records (`read`), how lists are read (`grid`).
//! Always: the newest first, refused files among them; an import that was rolled back names the job that did it.

use super::read::STATES;
use super::store::ROLLED_BACK;
use crate::grid::{Column, Filter, Grid, Read};

/// Files of call records.
pub static GRID: Grid = Grid {
    name: "imports",
    ru: "Файлы записей о звонках",
    en: "Files of call records",
    from: "import i",
    key: "i.id",
    columns: &[
        Column::number("id", "i.id", "Номер", "Number", "7").sorted(),
        Column::text("source", "i.source", "Источник", "Source", "pbx-9"),
        Column::text("file_name", "i.file_name", "Файл", "File", "cdr_000123.csv"),
        Column::number("size_bytes", "i.size_bytes", "Байт", "Bytes", "18233"),
        Column::text("sha256", "encode(i.sha256, 'hex')", "SHA-256", "SHA-256", "9f2c…"),
        Column::moment("modified_at", "i.modified_at", "Файл изменён", "File written", "2026-07-01T10:00:00Z"),
        Column::number("sequence", "i.sequence", "Номер в имени файла", "Number in the name", "123"),
        Column::text("state", "i.state", "Состояние", "State", "sent"),
        Column::number("repeats", "i.repeats", "Повторяет импорт", "Repeats import", ""),
        Column::number("records_found", "i.records_found", "Записей в файле", "Records in the file", "120"),
        Column::number("records_sent", "i.records_sent", "Отправлено", "Sent", "120"),
        Column::number("records_rejected", "i.records_rejected", "Отвергнуто", "Rejected", "0"),
        Column::number("position_bytes", "i.position_bytes", "Обработано байт", "Bytes done", "18233"),
        Column::number(
            "found_answered",
            "i.found_answered",
            "Отвеченных по нашему счёту",
            "Answered as we count",
            "97",
        ),
        Column::number("found_seconds", "i.found_seconds", "Секунд по нашему счёту", "Seconds as we count", "8120"),
        Column::number("trailer_records", "i.trailer_records", "Записей по концевику", "Records by the trailer", "120"),
        Column::number(
            "trailer_answered",
            "i.trailer_answered",
            "Отвеченных по концевику",
            "Answered by the trailer",
            "97",
        ),
        Column::number("trailer_seconds", "i.trailer_seconds", "Секунд по концевику", "Seconds by the trailer", "8120"),
        Column::moment("started_at", "i.started_at", "Начат", "Begun", "2026-07-01T10:01:00Z"),
        Column::moment("finished_at", "i.finished_at", "Закончен", "Ended", "2026-07-01T10:01:01Z"),
        Column::text("problem", "i.problem", "Почему отклонён", "Why refused", ""),
        Column::number("rolled_back_by", ROLLED_BACK, "Откачен заданием", "Rolled back by job", ""),
    ],
    filters: &[
        Filter::new("source", "i.source = {}", Read::Word, "Источник", "Of this source"),
        Filter::new("state", "i.state = {}", Read::OneOf(STATES), "Состояние", "In this state"),
        Filter::new("from", "i.started_at >= {}", Read::From, "Начаты не раньше", "Begun no earlier"),
        Filter::new("to", "i.started_at < {}", Read::To, "Начаты не позже", "Begun no later"),
    ],
    order: "-id",
    required: &[],
    keys_first: false,
};
