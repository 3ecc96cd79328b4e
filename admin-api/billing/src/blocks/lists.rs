//! Lists of blocks, notices and temporary limits.
//!
//! Owns: what they show and by what they can be asked.
//! Does not own: the rows.
//! Always: what has ended stays in them.

use crate::grid::{Column, Filter, Grid, Read};

/// Blocks of accounts, ended ones too (M55).
pub static BLOCKS: Grid = Grid {
    name: "account-blocks",
    ru: "Блокировки лицевых счетов",
    en: "Blocks of accounts",
    from: "account_block b LEFT JOIN account a ON a.id = b.account_id LEFT JOIN client c ON c.id = a.client_id",
    key: "b.id",
    columns: &[
        Column::number("id", "b.id", "№", "Number", "3").sorted(),
        Column::text("account", "a.code", "Лицевой счёт", "Account", "A-000001"),
        Column::text("client", "c.code", "Клиент", "Client", "C-000001"),
        Column::text("client_name", "c.name", "Название клиента", "Name of the client", "ООО «Строй Сервис»"),
        Column::text("cause", "b.cause", "Причина", "Cause", "manual"),
        Column::text("scope", "b.scope", "Что остановлено", "Scope", "all"),
        Column::text("reason", "b.reason", "Пояснение", "Reason", "письмо клиента"),
        Column::number("notice", "b.notice_id", "Уведомление", "Notice", ""),
        Column::moment("begun_at", "b.begun_at", "С", "Since", "2026-07-01T10:00:00Z").sorted(),
        Column::text("begun_by", "b.begun_by", "Кем", "By", "ivanova"),
        Column::moment("ended_at", "b.ended_at", "Снята", "Ended", ""),
        Column::text("ended_by", "b.ended_by", "Кем снята", "Ended by", ""),
        Column::text("ended_reason", "b.ended_reason", "Почему снята", "Why it ended", ""),
    ],
    filters: &[
        Filter::new(
            "account",
            "b.account_id = (SELECT x.id FROM account x WHERE x.code = {})",
            Read::Word,
            "Лицевой счёт (код)",
            "Of this account",
        ),
        Filter::new(
            "cause",
            "b.cause = {}",
            Read::OneOf(&["balance", "credit_closed", "postpaid_debt", "overdue", "manual", "fraud", "terminated"]),
            "Причина",
            "For this cause",
        ),
        Filter::new(
            "scope",
            "b.scope = {}",
            Read::OneOf(&["outgoing_paid", "operations", "all"]),
            "Что остановлено",
            "That stop this",
        ),
        Filter::new("in_force", "(b.ended_at IS NULL) = {}", Read::Flag, "Действуют или сняты", "In force, or ended"),
    ],
    order: "-id",
    required: &[],
    keys_first: false,
};

/// Notices of the intention to block (A16).
pub static NOTICES: Grid = Grid {
    name: "account-notices",
    ru: "Уведомления о намерении заблокировать",
    en: "Notices of the intention to block",
    from: "account_notice n LEFT JOIN account a ON a.id = n.account_id",
    key: "n.id",
    columns: &[
        Column::number("id", "n.id", "№", "Number", "3").sorted(),
        Column::text("account", "a.code", "Лицевой счёт", "Account", "A-000001"),
        Column::moment("sent_at", "n.sent_at", "Отправлено", "Sent", "2026-07-01T10:00:00Z").sorted(),
        Column::text("channel", "n.channel", "Способ", "Channel", "mail"),
        Column::text("text", "n.text", "Текст", "Text", "исх. 17 от 1 июля"),
        Column::text("author", "n.author", "Автор", "Author", "ivanova"),
    ],
    filters: &[Filter::new(
        "account",
        "n.account_id = (SELECT x.id FROM account x WHERE x.code = {})",
        Read::Word,
        "Лицевой счёт (код)",
        "Of this account",
    )],
    order: "-id",
    required: &[],
    keys_first: false,
};

/// Temporary limits, ended ones too.
pub static LIMITS: Grid = Grid {
    name: "temporary-limits",
    ru: "Временные лимиты",
    en: "Temporary limits",
    from: "account_limit l LEFT JOIN account a ON a.id = l.account_id",
    key: "l.id",
    columns: &[
        Column::number("id", "l.id", "№", "Number", "3").sorted(),
        Column::text("account", "a.code", "Лицевой счёт", "Account", "A-000001"),
        Column::amount("amount", "trim_scale(l.amount)", "Сумма", "Amount", "500"),
        Column::text("currency", "a.currency::text", "Валюта", "Currency", "RUB"),
        Column::moment("from", "l.valid_from", "С", "From", "2026-07-01T10:00:00Z"),
        Column::moment("until", "l.valid_to", "До", "Until", "2026-07-08T10:00:00Z").sorted(),
        Column::flag(
            "in_force",
            "l.ended_at IS NULL AND l.valid_from <= {now} AND {now} < l.valid_to",
            "Действует",
            "In force",
            "true",
        ),
        Column::text("author", "l.author", "Автор", "Author", "ivanova"),
        Column::text("reason", "l.reason", "Причина", "Reason", "обещанный платёж"),
        Column::moment("ended_at", "l.ended_at", "Завершён досрочно", "Ended before its time", ""),
        Column::text("ended_by", "l.ended_by", "Кем завершён", "Ended by", ""),
    ],
    filters: &[
        Filter::new(
            "account",
            "l.account_id = (SELECT x.id FROM account x WHERE x.code = {})",
            Read::Word,
            "Лицевой счёт (код)",
            "Of this account",
        ),
        Filter::new(
            "in_force",
            "(l.ended_at IS NULL AND l.valid_from <= {now} AND {now} < l.valid_to) = {}",
            Read::Flag,
            "Действуют сейчас или нет",
            "In force now, or not",
        ),
    ],
    order: "-id",
    required: &[],
    keys_first: false,
};
