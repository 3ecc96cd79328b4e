//! Lists of automatic payment: which accounts have it, and what was tried.
//!
//! Owns: their columns and filters.
//! Does not own: the rows.
//! Always: of a card no more than its mask; tokens are in no list.

use crate::grid::{Column, Filter, Grid, Read};

/// Answers by which attempts can be asked for.
const ANSWERS: &[&str] = &[
    "paid",
    "insufficient_funds",
    "lost",
    "stolen",
    "closed",
    "do_not_retry",
    "soft_decline",
    "not_made",
    "timeout",
    "unknown",
];

/// Accounts that have automatic payment, or had it (M33).
pub static AUTOPAYMENTS: Grid = Grid {
    name: "autopayments",
    ru: "Автоплатежи лицевых счетов",
    en: "Automatic payment of accounts",
    from: "autopay p LEFT JOIN account a ON a.id = p.account_id LEFT JOIN client c ON c.id = a.client_id LEFT JOIN card k ON k.id = p.card_id",
    key: "p.account_id",
    columns: &[
        Column::text("account", "a.code", "Лицевой счёт", "Account", "A-000001"),
        Column::text("client", "c.code", "Клиент", "Client", "C-000001"),
        Column::text("client_name", "c.name", "Название клиента", "Name of the client", "ООО «Строй Сервис»"),
        Column::flag("enabled", "p.enabled", "Включён", "On", "false"),
        Column::text("off_reason", "p.off_reason", "Почему отключён", "Why it is off", "insufficient_funds"),
        Column::amount("threshold", "trim_scale(p.threshold)", "Порог", "Threshold", "200"),
        Column::amount("amount", "trim_scale(p.amount)", "Сумма", "Amount", "1000"),
        Column::amount("up_to", "trim_scale(p.up_to)", "Пополнять до", "Up to", ""),
        Column::text("currency", "a.currency::text", "Валюта", "Currency", "RUB"),
        Column::text("card", "k.mask", "Карта", "Card", "427600******1234"),
        Column::moment("rests_until", "p.rests_until", "Не раньше", "Not before", ""),
        Column::moment("changed_at", "p.changed_at", "Изменён", "Changed", "2027-02-04T00:00:00Z"),
        Column::text("changed_by", "p.changed_by", "Кем", "By", "system"),
        Column::number("id", "p.account_id", "№", "Number", "3").sorted(),
    ],
    filters: &[
        Filter::new(
            "account",
            "p.account_id = (SELECT x.id FROM account x WHERE x.code = {})",
            Read::Word,
            "Лицевой счёт (код)",
            "Of this account",
        ),
        Filter::new("client", "c.code = {}", Read::Word, "Клиент (код)", "Of the accounts of this client"),
        Filter::new("enabled", "p.enabled = {}", Read::Flag, "Включён или отключён", "On, or off"),
        Filter::new(
            "off_reason",
            "p.off_reason = ANY({})",
            Read::SomeOf(&[
                "client",
                "staff",
                "card_unlinked",
                "insufficient_funds",
                "lost",
                "stolen",
                "closed",
                "do_not_retry",
            ]),
            "Почему отключён",
            "Off for one of these reasons",
        ),
    ],
    order: "-id",
    required: &[],
    keys_first: false,
};

/// Attempts to charge a card.
pub static ATTEMPTS: Grid = Grid {
    name: "gateway-attempts",
    ru: "Попытки автоплатежа",
    en: "Attempts of automatic payment",
    from: "gateway_attempt g LEFT JOIN account a ON a.id = g.account_id LEFT JOIN client c ON c.id = a.client_id LEFT JOIN card k ON k.id = g.card_id",
    key: "g.id",
    columns: &[
        Column::number("id", "g.id", "№", "Number", "3").sorted(),
        Column::moment("at", "g.at", "Когда", "When", "2027-02-04T00:00:00Z").sorted(),
        Column::text("account", "a.code", "Лицевой счёт", "Account", "A-000001"),
        Column::text("client", "c.code", "Клиент", "Client", "C-000001"),
        Column::amount("amount", "trim_scale(g.amount)", "Сумма", "Amount", "1000"),
        Column::text("currency", "g.currency::text", "Валюта", "Currency", "RUB"),
        Column::text("card", "k.mask", "Карта", "Card", "427600******1234"),
        Column::amount("balance", "trim_scale(g.balance)", "Баланс до попытки", "Balance before", "168"),
        Column::amount("threshold", "trim_scale(g.threshold)", "Порог", "Threshold", "200"),
        Column::text("answer", "g.answer", "Ответ шлюза", "Answer of the gateway", "insufficient_funds"),
        Column::moment("answered_at", "g.answered_at", "Когда ответил", "Answered", "2027-02-04T00:00:01Z"),
        Column::number("asks", "g.asks::bigint", "Переспросов", "Asked again", "0"),
        Column::moment("asked_at", "g.asked_at", "Когда переспросили", "Asked again at", ""),
        Column::text("key", "g.key", "Ключ у шлюза", "Key at the gateway", "2f6d1c0e-7a55-4d0c-9d0b-3a0a5d7f3f11"),
        Column::number("payment", "g.payment_id", "Платёж", "Payment", "17"),
        Column::text("unbooked", "g.unbooked", "Почему не проведён", "Why it is not booked", ""),
    ],
    filters: &[
        Filter::new(
            "account",
            "g.account_id = (SELECT x.id FROM account x WHERE x.code = {})",
            Read::Word,
            "Лицевой счёт (код)",
            "Of this account",
        ),
        Filter::new(
            "client",
            "g.account_id = ANY(array(SELECT x.id FROM account x JOIN client y ON y.id = x.client_id WHERE y.code = {}))",
            Read::Word,
            "Клиент (код)",
            "Of the accounts of this client",
        ),
        Filter::new("answer", "g.answer = ANY({})", Read::SomeOf(ANSWERS), "Ответы шлюза", "With one of these answers"),
        Filter::new(
            "in_doubt",
            "(g.answer IS NULL OR g.answer IN ('timeout', 'unknown')) = {}",
            Read::Flag,
            "Исход неизвестен или известен",
            "In doubt, or not",
        ),
        Filter::new(
            "unbooked",
            "(coalesce(g.answer, '') = 'paid' AND g.payment_id IS NULL) = {}",
            Read::Flag,
            "Деньги списаны, но не проведены",
            "Paid and not booked",
        ),
        Filter::new("from", "g.at >= {}", Read::From, "Не раньше", "No earlier"),
        Filter::new("to", "g.at < {}", Read::To, "Не позже", "No later"),
    ],
    order: "-id",
    required: &[],
    keys_first: false,
};
