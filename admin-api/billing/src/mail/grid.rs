//! The list of mails: the notification manager (M68).
//!
//! Owns: its columns and filters.
//! Does not own: how lists are read (`grid`).
//! Always: the newest first; texts are not in it, nor addresses of clients whose data were cleaned.

use crate::grid::{Column, Filter, Grid, Read};

/// All mails.
pub static GRID: Grid = Grid {
    name: "mails",
    ru: "Уведомления",
    en: "Notifications",
    from: "mail m LEFT JOIN client c ON c.id = m.client_id",
    key: "m.id",
    columns: &[
        Column::number("id", "m.id", "Номер", "Number", "31").sorted(),
        Column::text("client", "c.code", "Клиент", "Client", "C-000001"),
        Column::text("kind", "m.kind", "Вид", "Kind", "liquidation"),
        Column::text("class", "m.class", "Класс", "Class", "legal"),
        Column::text("channel", "'email'::text", "Канал", "Channel", "email"),
        Column::text(
            "address",
            "CASE WHEN coalesce(c.gdpr_state, 'none') = 'none' THEN m.recipient END",
            "Адрес",
            "Address",
            "office@example.ru",
        ),
        Column::text("subject", "m.subject", "Тема", "Subject", "Необходимо переоформить договор"),
        Column::text("state", "m.state", "Состояние", "State", "sent"),
        Column::text("reason", "m.reason", "Причина", "Reason", ""),
        Column::number("attempts", "m.attempts::bigint", "Попыток", "Attempts", "1"),
        Column::moment("created_at", "m.created_at", "Создано", "Written", "2026-07-01T01:30:00Z").sorted(),
        Column::text("created_by", "m.created_by", "Автор", "Author", "system"),
        Column::moment(
            "next_attempt_at",
            "CASE WHEN m.state = 'queued' THEN m.next_attempt_at END",
            "Следующая попытка",
            "Next attempt",
            "",
        ),
        Column::moment("sent_at", "m.sent_at", "Отправлено", "Sent", "2026-07-01T01:30:05Z"),
        Column::text("message_id", "m.message_id", "Message-ID", "Message-ID", "<mail.31@example.ru>"),
    ],
    filters: &[
        Filter::new("client", "c.code = {}", Read::Word, "Клиент", "Client"),
        Filter::new("kind", "m.kind = {}", Read::Word, "Вид", "Kind"),
        Filter::new(
            "state",
            "m.state = ANY({})",
            Read::SomeOf(&["queued", "sent", "failed", "suppressed"]),
            "Состояния",
            "States",
        ),
        Filter::new(
            "class",
            "m.class = ANY({})",
            Read::SomeOf(&["service", "legal", "advertising"]),
            "Классы",
            "Classes",
        ),
        Filter::new("from", "m.created_at >= {}", Read::From, "Создано не раньше", "Written no earlier"),
        Filter::new("to", "m.created_at < {}", Read::To, "Создано не позже", "Written no later"),
    ],
    order: "-created_at",
    required: &[],
    keys_first: false,
};
