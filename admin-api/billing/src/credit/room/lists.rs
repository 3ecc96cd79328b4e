//! Lists of verdicts and bank days.
//!
//! Owns: what they show and by what they can be asked.
//! Does not own: the rows.
//! Always: what was paid or voided stays in them.

use crate::grid::{Column, Filter, Grid, Read};

/// Verdicts of the nightly check (M51).
pub static VERDICTS: Grid = Grid {
    name: "credit-verdicts",
    ru: "Проверки кредита в конце месяца",
    en: "Checks of credit at the end of a month",
    from: "credit_verdict v LEFT JOIN account a ON a.id = v.account_id LEFT JOIN client c ON c.id = a.client_id",
    key: "v.id",
    columns: &[
        Column::number("id", "v.id", "№", "Number", "3").sorted(),
        Column::day("night", "v.night", "Последний день месяца", "Last day of the month", "2026-08-31").sorted(),
        Column::text("account", "a.code", "Лицевой счёт", "Account", "A-000001"),
        Column::text("client", "c.code", "Клиент", "Client", "C-000001"),
        Column::text("client_name", "c.name", "Название клиента", "Name of the client", "ООО «Строй Сервис»"),
        Column::text("outcome", "v.outcome", "Итог", "Outcome", "closed"),
        Column::text("why", "v.why", "Почему не касается", "Why not concerned", ""),
        Column::text("cause", "v.cause", "Причина блокировки", "Cause of the block", "credit_closed"),
        Column::amount("debt", "trim_scale(v.debt)", "Не оплачено", "Debt", "2000"),
        Column::amount("amount", "trim_scale(v.amount)", "Проведено", "Posted", "-2000"),
        Column::text("currency", "a.currency::text", "Валюта", "Currency", "RUB"),
        Column::number("posting", "v.posting_id", "Движение", "Posting", "12"),
        Column::moment("judged_at", "v.judged_at", "Проверено", "Judged", "2026-08-30T21:00:00Z"),
        Column::text("fate", "v.fate", "Что стало с закрытием", "What became of the closing", "stands"),
        Column::moment("ended_at", "v.ended_at", "Оплачено или отменено", "Paid or void since", ""),
        Column::number("voided_by", "v.voided_by", "Отменено движением", "Voided by", ""),
    ],
    filters: &[
        Filter::new(
            "account",
            "v.account_id = (SELECT x.id FROM account x WHERE x.code = {})",
            Read::Word,
            "Лицевой счёт (код)",
            "Of this account",
        ),
        Filter::new(
            "outcome",
            "v.outcome = ANY({})",
            Read::SomeOf(&["waiting", "not_concerned", "passed", "closed"]),
            "Итоги",
            "With these outcomes",
        ),
        Filter::new(
            "fate",
            "v.fate = {}",
            Read::OneOf(&["stands", "paid", "void"]),
            "Что стало с закрытием",
            "Closings that stand, were paid, are void",
        ),
        Filter::new(
            "night_from",
            "v.night >= {}",
            Read::Day,
            "Последний день месяца с",
            "Of this last day of a month or later",
        ),
        Filter::new(
            "night_to",
            "v.night <= {}",
            Read::Day,
            "Последний день месяца по",
            "Of this last day of a month or earlier",
        ),
    ],
    order: "-id",
    required: &[],
    keys_first: true,
};

/// Days whose bank statement is complete (A15).
pub static BANK_DAYS: Grid = Grid {
    name: "bank-days",
    ru: "Дни с полной банковской выпиской",
    en: "Days whose bank statement is complete",
    from: "bank_day b LEFT JOIN legal_entity e ON e.id = b.legal_entity_id",
    key: "b.id",
    columns: &[
        Column::number("id", "b.id", "№", "Number", "3").sorted(),
        Column::text("legal_entity", "e.code", "Собственная организация", "Legal entity", "T"),
        Column::day("day", "b.day", "День", "Day", "2026-08-28").sorted(),
        Column::moment("loaded_at", "b.loaded_at", "Загружена", "Complete since", "2026-08-29T06:00:00Z"),
        Column::text("loaded_by", "b.loaded_by", "Кем", "By", "ivanova"),
    ],
    filters: &[
        Filter::new("legal_entity", "e.code = {}", Read::Word, "Собственная организация (код)", "Of this legal entity"),
        Filter::new("day_from", "b.day >= {}", Read::Day, "С даты", "Of this day or later"),
        Filter::new("day_to", "b.day <= {}", Read::Day, "По дату", "Of this day or earlier"),
    ],
    order: "-day",
    required: &[],
    keys_first: false,
};
