//! The lists of discounts, exchange rates and taxes of clients (B18, B19, B22).
//!
//! Owns: what the list shows and by what it can be asked.
//! Does not own: changes of them, how a list is read (`grid`).
//! Always: what was ended stays in its list.

use crate::grid::{Column, Filter, Grid, Read};

/// Discounts.
pub static DISCOUNTS: Grid = Grid {
    name: "discounts",
    ru: "Скидки",
    en: "Discounts",
    from: "discount d LEFT JOIN account a ON a.id = d.account_id LEFT JOIN client c ON c.id = d.client_id LEFT JOIN client_group g ON g.id = d.group_id",
    key: "d.id::bigint",
    columns: &[
        Column::number("id", "d.id::bigint", "№", "Number", "7").sorted(),
        Column::text("level", "d.level", "Уровень", "Level", "personal"),
        Column::text("account", "a.code", "Лицевой счёт", "Account", ""),
        Column::text("client", "c.code", "Клиент", "Client", "C-000001"),
        Column::text("group", "g.code", "Группа", "Group", ""),
        Column::amount("percent", "trim_scale(d.percent)", "Процент", "Percent", "10").sorted_by("d.percent"),
        Column::text("service", "d.service", "Услуга", "Service", ""),
        Column::text("prefix", "d.prefix", "Префикс", "Prefix", "79"),
        Column::moment("from", "d.valid_from", "С", "From", "2026-07-01T10:00:00Z")
            .sorted_by("coalesce(d.valid_from, timestamptz '1900-01-01')"),
        Column::moment("to", "d.valid_to", "По", "To", ""),
        Column::moment("ended_at", "d.ended_at", "Завершена", "Ended", ""),
        Column::text("name", "d.name", "Название", "Name", "За верность").sorted(),
        Column::text("author", "d.author", "Автор", "Author", "petrov"),
        Column::text("reason", "d.reason", "Причина", "Reason", "договор 12"),
    ],
    filters: &[
        Filter::new(
            "account",
            "d.account_id = (SELECT id FROM account WHERE code = {})",
            Read::Word,
            "Лицевой счёт",
            "Given to this account",
        ),
        Filter::new(
            "client",
            "d.client_id = (SELECT id FROM client WHERE code = {})",
            Read::Word,
            "Клиент",
            "Given to this client",
        ),
        Filter::new(
            "group",
            "d.group_id = (SELECT id FROM client_group WHERE code = {})",
            Read::Word,
            "Группа",
            "Given to this group",
        ),
        Filter::new("level", "d.level = {}", Read::OneOf(&["personal", "group", "promo"]), "Уровень", "Level"),
        Filter::new(
            "in_force",
            "{} = (coalesce(d.valid_from, '-infinity') <= {now} AND {now} < coalesce(least(d.valid_to, d.ended_at), 'infinity'))",
            Read::Flag,
            "Действует сейчас",
            "In force now, or not",
        ),
    ],
    order: "-id",
    required: &[],
    keys_first: false,
};

/// Exchange rates.
pub static EXCHANGE_RATES: Grid = Grid {
    name: "exchange-rates",
    ru: "Курсы валют",
    en: "Exchange rates",
    from: "exchange_rate r LEFT JOIN client c ON c.id = r.client_id LEFT JOIN client_group g ON g.id = r.group_id",
    key: "r.id::bigint",
    columns: &[
        Column::number("id", "r.id::bigint", "№", "Number", "4").sorted(),
        Column::text("level", EXCHANGE_LEVEL, "Уровень", "Level", "personal"),
        Column::text("client", "c.code", "Клиент", "Client", "C-000001"),
        Column::text("group", "g.code", "Группа", "Group", ""),
        Column::text("from", "r.currency_from::text", "Из валюты", "From", "USD").sorted(),
        Column::text("to", "r.currency_to::text", "В валюту", "To", "RUB").sorted(),
        Column::amount("rate", "trim_scale(r.rate)", "Курс", "Rate", "8000"),
        Column::number("quantity", "r.quantity::bigint", "За сколько единиц", "Units", "100"),
        Column::day("day", "r.valid_from", "С дня", "First day", "2026-05-01").sorted(),
        Column::moment("ended_at", "r.ended_at", "Завершён", "Ended", ""),
        Column::text("author", "r.author", "Автор", "Author", "sidorova"),
        Column::text("reason", "r.reason", "Причина", "Reason", "договор 12"),
    ],
    filters: &[
        Filter::new("from", "r.currency_from::text = {}", Read::Currency, "Из валюты", "From this currency"),
        Filter::new("to", "r.currency_to::text = {}", Read::Currency, "В валюту", "Into this currency"),
        Filter::new(
            "level",
            "{} = CASE WHEN r.client_id IS NOT NULL THEN 'personal' WHEN r.group_id IS NOT NULL THEN 'group' ELSE 'general' END",
            Read::OneOf(&["personal", "group", "general"]),
            "Уровень",
            "Level",
        ),
        Filter::new("client", "c.code = {}", Read::Word, "Клиент", "Of this client"),
        Filter::new("group", "g.code = {}", Read::Word, "Группа", "Of this group"),
        Filter::new(
            "at",
            COUNTS_ON,
            Read::Day,
            "Только действующие в этот день: последний у каждого владельца и пары валют",
            "Only what counts on this day: of each holder and pair the latest",
        ),
    ],
    order: "-id",
    required: &[],
    keys_first: false,
};

const EXCHANGE_LEVEL: &str =
    "CASE WHEN r.client_id IS NOT NULL THEN 'personal' WHEN r.group_id IS NOT NULL THEN 'group' ELSE 'general' END";

const COUNTS_ON: &str = "r.id IN (SELECT DISTINCT ON (client_id, group_id, currency_from, currency_to) id
              FROM exchange_rate x, (SELECT zone FROM legal_entity ORDER BY id LIMIT 1) AS issuer
              WHERE x.valid_from <= {} AND (x.ended_at IS NULL OR (x.ended_at AT TIME ZONE issuer.zone)::date > {})
              ORDER BY client_id, group_id, currency_from, currency_to, valid_from DESC, id DESC)";

/// Tax rates of clients.
pub static CLIENT_TAXES: Grid = Grid {
    name: "client-taxes",
    ru: "Налоговые ставки клиентов",
    en: "Tax rates of clients",
    from: "client_tax t JOIN client c ON c.id = t.client_id",
    key: "t.id::bigint",
    columns: &[
        Column::number("id", "t.id::bigint", "№", "Number", "2").sorted(),
        Column::text("client", "c.code", "Клиент", "Client", "C-000001").sorted(),
        Column::amount("percent", "trim_scale(t.percent)", "Процент", "Percent", "10").sorted_by("t.percent"),
        Column::moment("from", "t.valid_from", "С", "From", "2023-12-31T21:00:00Z"),
        Column::moment("to", "t.valid_to", "По", "To", "2024-12-31T21:00:00Z"),
        Column::moment("ended_at", "t.ended_at", "Завершена", "Ended", ""),
        Column::text("document", "t.document", "Документ", "Document", "Уведомление № 5 от 20.12.2023"),
        Column::text("author", "t.author", "Автор", "Author", "sidorova"),
        Column::text("reason", "t.reason", "Причина", "Reason", "льгота"),
    ],
    filters: &[
        Filter::new("client", "c.code = {}", Read::Word, "Клиент", "Of this client"),
        Filter::new(
            "in_force",
            "{} = (coalesce(t.valid_from, '-infinity') <= {now} AND {now} < coalesce(least(t.valid_to, t.ended_at), 'infinity'))",
            Read::Flag,
            "Действует сейчас",
            "In force now, or not",
        ),
    ],
    order: "-id",
    required: &[],
    keys_first: false,
};
