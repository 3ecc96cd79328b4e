//! The list of records that could not be rated.
//!
//! Owns: its columns and filters.
//! Does not own: one entry with its whole record, the counts (`read`), how lists are read (`grid`).
//! Always: the newest first; open entries, unless another state is asked for.

use rating::SuspenseCode;

use super::read::STATUSES;
use crate::grid::{Column, Filter, Grid, Read};

/// Entries. A correction is JSON as text; of the record there is the beginning, in which bytes beyond ASCII are written `\ooo`.
pub static GRID: Grid = Grid {
    name: "suspense",
    ru: "Отложенные записи",
    en: "Records in suspense",
    from: "suspense s",
    key: "s.id",
    columns: &[
        Column::number("id", "s.id", "Номер", "Number", "42").sorted(),
        Column::text("code", "s.code", "Код", "Code", "NO_RETAIL_PRICE"),
        Column::text("stage", "s.stage", "Стадия", "Stage", "rate"),
        Column::text("detail", "s.detail", "Что не так", "What is wrong", "no rate for outgoing"),
        Column::text("source", "s.source", "Источник", "Source", "sbc-1"),
        Column::text("cdr_id", "s.cdr_id", "Запись в источнике", "Record at its source", "7f3a"),
        Column::number("leg", "s.leg::bigint", "Плечо", "Leg", "0"),
        Column::text("src", "s.src", "Кто звонил", "Calling number", "74951201031"),
        Column::text("dst", "s.dst", "Куда", "Dialled number", "88201112233"),
        Column::moment("started_at", "s.started_at", "Начало", "Begun", "2026-07-01T10:00:00Z"),
        Column::moment("received_at", "s.received_at", "Получена", "Received", "2026-07-01T10:02:00Z"),
        Column::text("status", "s.status", "Состояние", "State", "open"),
        Column::number("tries", "s.tries::bigint", "Попыток", "Tries", "0"),
        Column::moment("tried_at", "s.tried_at", "Последняя попытка", "Tried last", ""),
        Column::moment("settled_at", "s.settled_at", "Закрыта", "Settled", ""),
        Column::number("settled_by", "s.settled_by", "Закрыта заданием", "Settled by job", ""),
        Column::text("correction", "s.correction::text", "Исправление", "Correction", ""),
        Column::text("raw", RAW, "Начало записи", "Beginning of the record", r#"{"cdr_id":"7f3a"}"#),
    ],
    filters: &[
        Filter::new("code", "s.code = {}", Read::OneOf(&CODES), "Код", "Only this code"),
        Filter::new("source", "s.source = {}", Read::Word, "Источник", "Of this source"),
        Filter::new("status", "s.status = {}", Read::OneOf(STATUSES), "Состояние", "In this state").or("open"),
        Filter::new("from", "s.received_at >= {}", Read::From, "Получены не раньше", "Received no earlier"),
        Filter::new("to", "s.received_at < {}", Read::To, "Получены не позже", "Received no later"),
        Filter::new(
            "number",
            "starts_with(s.src, {}) OR starts_with(s.dst, {})",
            Read::Word,
            "Начало номера звонившего или набранного, как сообщён",
            "Whose calling or dialled number, as reported, begins so",
        ),
    ],
    order: "-id",
    required: &[],
    keys_first: false,
};

/// The first 400 bytes as text, whatever they are.
const RAW: &str = r"replace(encode(substr(s.raw, 1, 400), 'escape'), '\\', '\')";

/// Why records wait.
const CODES: [&str; SuspenseCode::ALL.len()] = {
    let mut codes = [""; SuspenseCode::ALL.len()];
    let mut at = 0;
    while at < codes.len() {
        codes[at] = SuspenseCode::ALL[at].as_str();
        at += 1;
    }
    codes
};
