//! Lists of calls: those that go on, those whose record never came, those that were refused.
//!
//! Owns: what they show and by what they can be asked.
//! Does not own: the rows.
//! Always: a call that is charged in time is in none of them but the list of calls.

use rating::authorize::Check;

use super::rules::ENDED_BY_STAFF;
use crate::grid::{Column, Filter, Grid, Read};

/// Calls that were let go and are not charged yet.
pub static OPEN: Grid = Grid {
    name: "open-calls",
    ru: "Идущие звонки",
    en: "Calls that go on",
    from: "hold h LEFT JOIN account a ON a.id = h.account_id LEFT JOIN client c ON c.id = a.client_id",
    key: "h.id",
    columns: &[
        Column::number("id", "h.id", "№", "Number", "3").sorted(),
        Column::text("source", "h.source", "Коммутатор", "Source", "sbc"),
        Column::text("call_id", "h.call_id", "Звонок", "Call", "7f3a@10.0.0.1"),
        Column::number("leg", "h.leg::bigint", "Плечо", "Leg", "0"),
        Column::text("account", "a.code", "Лицевой счёт", "Account", "A-000001"),
        Column::text("client", "c.code", "Клиент", "Client", "C-000001"),
        Column::text("client_name", "c.name", "Название клиента", "Name of the client", "ООО «Строй Сервис»"),
        Column::text("state", "h.state", "Состояние", "State", "open"),
        Column::text("service", "h.service", "Услуга", "Service", "outgoing"),
        Column::text("src", "h.src", "Кто звонит", "Calling number", "74951201031"),
        Column::text("dst", "h.dst", "Куда", "Dialled number", "381114112060"),
        Column::amount("hold", "trim_scale(h.amount)", "Удержано", "Reserved", "6"),
        Column::text("currency", "h.currency::text", "Валюта", "Currency", "RUB"),
        Column::number("seconds", "h.seconds::bigint", "Разрешено секунд", "Seconds granted", "600"),
        Column::number("used", "h.used::bigint", "Проговорено секунд", "Seconds talked", ""),
        Column::moment("created_at", "h.created_at", "Разрешён", "Let go", "2026-07-01T10:00:00Z").sorted(),
        Column::moment("answered_at", "h.answered_at", "Ответ", "Answered", "2026-07-01T10:00:05Z"),
        Column::moment("extended_at", "h.extended_at", "Продлён", "Extended", ""),
        Column::moment("released_at", "h.released_at", "Завершён коммутатором", "Released", ""),
        Column::moment("ends_by", "h.ends_by", "Кончится не позже", "Over by", "2026-07-01T10:13:00Z"),
        Column::moment(
            "expires_at",
            "h.expires_at",
            "Деньги удержаны до",
            "Money reserved until",
            "2026-07-02T10:13:00Z",
        ),
        Column::flag(
            "is_unheld",
            "h.is_unheld",
            "Разрешён без проверки денег",
            "Let go without a look at the books",
            "false",
        ),
        Column::moment("end_asked_at", "h.end_asked_at", "Завершён сотрудником", "Asked to end", ""),
        Column::text("end_asked_by", "h.end_asked_by", "Кем завершён", "Asked to end by", ""),
        Column::text("end_reason", "h.end_reason", "Почему", "Why", ""),
        Column::text("checks", "h.checks::text", "Проверки", "Checks", "[]"),
    ],
    filters: &[
        Filter::new(
            "account",
            "h.account_id = (SELECT x.id FROM account x WHERE x.code = {})",
            Read::Word,
            "Лицевой счёт (код)",
            "Of this account",
        ),
        Filter::new(
            "state",
            "h.state = {}",
            Read::OneOf(&["open", "released"]),
            "Идут или ждут записи о звонке",
            "That go on, or wait for their record",
        )
        .or("open"),
        Filter::new("source", "h.source = {}", Read::Word, "Коммутатор", "Of this source"),
        Filter::new("call_id", "h.call_id = {}", Read::Word, "Звонок", "Of this call"),
        Filter::new(
            "unheld",
            "h.is_unheld = {}",
            Read::Flag,
            "Разрешённые без проверки денег",
            "Let go without a look at the books",
        ),
        Filter::new(
            "overdue",
            "(h.ends_by <= {now}) = {}",
            Read::Flag,
            "Которые должны были кончиться",
            "That should be over",
        ),
    ],
    order: "-id",
    required: &[],
    keys_first: false,
};

/// Calls that were let go and whose record did not come while their money was reserved: it never came, or came late.
pub static OVERDUE: Grid = Grid {
    name: "overdue-holds",
    ru: "Звонки без записи",
    en: "Calls without a record",
    from: "overdue_hold h LEFT JOIN account a ON a.id = h.account_id",
    key: "h.id",
    columns: &[
        Column::number("id", "h.id", "№", "Number", "3").sorted(),
        Column::text("source", "h.source", "Коммутатор", "Source", "sbc"),
        Column::text("call_id", "h.call_id", "Звонок", "Call", "7f3a@10.0.0.1"),
        Column::number("leg", "h.leg::bigint", "Плечо", "Leg", "0"),
        Column::text("account", "a.code", "Лицевой счёт", "Account", "A-000001"),
        Column::text("state", "h.state", "Состояние", "State", "released"),
        Column::text("service", "h.service", "Услуга", "Service", "outgoing"),
        Column::text("src", "h.src", "Кто звонил", "Calling number", "74951201031"),
        Column::text("dst", "h.dst", "Куда", "Dialled number", "381114112060"),
        Column::amount("hold", "trim_scale(h.amount)", "Было удержано", "Was reserved", "6"),
        Column::text("currency", "h.currency::text", "Валюта", "Currency", "RUB"),
        Column::number("seconds", "h.seconds::bigint", "Разрешено секунд", "Seconds granted", "600"),
        Column::number("used", "h.used::bigint", "Проговорено секунд", "Seconds talked", "42"),
        Column::moment("created_at", "h.created_at", "Разрешён", "Let go", "2026-07-01T10:00:00Z").sorted(),
        Column::moment("answered_at", "h.answered_at", "Ответ", "Answered", ""),
        Column::moment("released_at", "h.released_at", "Завершён коммутатором", "Released", "2026-07-01T10:01:00Z"),
        Column::moment(
            "expires_at",
            "h.expires_at",
            "Запись ждали до",
            "Record waited for until",
            "2026-07-02T10:01:00Z",
        )
        .sorted(),
    ],
    filters: &[
        Filter::new(
            "account",
            "h.account_id = (SELECT x.id FROM account x WHERE x.code = {})",
            Read::Word,
            "Лицевой счёт (код)",
            "Of this account",
        ),
        Filter::new("source", "h.source = {}", Read::Word, "Коммутатор", "Of this source"),
        Filter::new(
            "state",
            "h.state = {}",
            Read::OneOf(&["open", "released"]),
            "Завершён ли коммутатором",
            "Released by their switch, or not",
        ),
        Filter::new(
            "from",
            "h.expires_at >= {}",
            Read::From,
            "Запись ждали не меньше чем до",
            "Waited for until this or later",
        ),
        Filter::new("to", "h.expires_at < {}", Read::To, "Запись ждали до", "Waited for no longer"),
    ],
    order: "-expires_at",
    required: &[],
    keys_first: false,
};

/// Calls that were refused.
pub static REFUSED: Grid = Grid {
    name: "refused-calls",
    ru: "Отклонённые звонки",
    en: "Calls that were refused",
    from: "refused_call r LEFT JOIN account a ON a.id = r.account_id LEFT JOIN client c ON c.id = a.client_id",
    key: "r.id",
    columns: &[
        Column::number("id", "r.id", "№", "Number", "3").sorted(),
        Column::moment("at", "r.at", "Когда", "When", "2026-07-01T10:00:00Z").sorted(),
        Column::text("code", "r.code", "Код", "Code", "LOCKED_LOCAL"),
        Column::number("lock", "r.lock_id", "Блокировка", "Lock", "5"),
        Column::text("words", "r.words_ru", "Почему", "Why (in Russian)", "запрет лицевого счёта 5 на 38, клиента"),
        Column::text(
            "words_en",
            "r.words_en",
            "Почему (по-английски)",
            "Why",
            "lock of the account 5 on 38, by the client",
        ),
        Column::text("account", "a.code", "Лицевой счёт", "Account", "A-000001"),
        Column::text("client", "c.code", "Клиент", "Client", "C-000001"),
        Column::text("service", "r.service", "Услуга", "Service", "outgoing"),
        Column::text("src", "r.src", "Кто звонил", "Calling number", "74951201031"),
        Column::text("dst", "r.dst", "Куда", "Dialled number", "381114112060"),
        Column::text("source", "r.source", "Коммутатор", "Source", "sbc"),
        Column::text("call_id", "r.call_id", "Звонок", "Call", "7f3a@10.0.0.1"),
        Column::number("leg", "r.leg::bigint", "Плечо", "Leg", "0"),
        Column::text("checks", "r.checks::text", "Проверки", "Checks", "[]"),
    ],
    filters: &[
        Filter::new(
            "account",
            "r.account_id = (SELECT x.id FROM account x WHERE x.code = {})",
            Read::Word,
            "Лицевой счёт (код)",
            "Of this account",
        ),
        Filter::new("code", "r.code = {}", Read::OneOf(&CODES), "Код", "Refused by this code"),
        Filter::new("source", "r.source = {}", Read::Word, "Коммутатор", "Of this source"),
        Filter::new("call_id", "r.call_id = {}", Read::Word, "Звонок", "Of this call"),
        Filter::new("lock", "r.lock_id = {}", Read::Number, "Блокировка (№)", "Refused by this lock"),
        Filter::new(
            "number",
            "starts_with(r.src, {}) OR starts_with(r.dst, {})",
            Read::Word,
            "Начало номера звонившего или набранного, как сообщён",
            "Whose calling or dialled number, as reported, begins so",
        ),
        Filter::new("from", "r.at >= {}", Read::From, "Не раньше", "No earlier"),
        Filter::new("to", "r.at < {}", Read::To, "Не позже", "No later"),
    ],
    order: "-id",
    required: &[],
    keys_first: false,
};

/// Why calls are refused: the checks but the first, which lets them go, and the word of staff.
const CODES: [&str; Check::ALL.len()] = {
    let mut codes = [ENDED_BY_STAFF; Check::ALL.len()];
    let mut at = 1;
    while at < codes.len() {
        codes[at] = Check::ALL[at].as_str();
        at += 1;
    }
    codes
};
