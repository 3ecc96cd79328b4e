//! The list of contracts that are to be ended for debt, and that were (M70).
//!
//! Owns: its columns and filters.
//! Does not own: the rows (`look`, `terminate`), the requests (`approvals`).
//! Always: what is due first stands first; debts are those of the last look, or of the moment when it was done.

use crate::grid::{Column, Filter, Grid, Read};

/// Where it stands at the moment of the list.
macro_rules! state {
    () => {
        "CASE WHEN t.state <> 'waiting' THEN t.state WHEN p.state = 'requested' AND p.expires_at > {now} THEN 'proposed'
              WHEN p.state IN ('refused', 'withdrawn', 'failed') THEN 'declined'
              WHEN t.due_on <= ({now} AT TIME ZONE (SELECT z.value FROM setting z WHERE z.key = 'billing.zone'))::date THEN 'due' ELSE 'waiting' END"
    };
}

/// Accounts behind a notice of intention: whose term runs, whose is over, whose contract was ended.
pub static GRID: Grid = Grid {
    name: "terminations",
    ru: "Расторжение за неоплату",
    en: "Contracts ended for debt",
    from: "account_termination t JOIN account a ON a.id = t.account_id JOIN client c ON c.id = a.client_id LEFT JOIN staff_user u ON u.id = c.manager_id
        LEFT JOIN mail m ON m.id = t.mail_id
        LEFT JOIN LATERAL (SELECT x.id, x.state, x.expires_at FROM approval x
            WHERE x.kind = 'account.terminate' AND x.entity_id = a.code AND x.entity_revision = t.notice_id ORDER BY x.id DESC LIMIT 1) p ON true",
    key: "t.id",
    columns: &[
        Column::number("id", "t.id", "№", "Number", "3").sorted(),
        Column::text("account", "a.code", "Лицевой счёт", "Account", "A-000001"),
        Column::text("client", "c.code", "Клиент", "Client", "C-000001"),
        Column::text("client_name", "c.name", "Название клиента", "Name of the client", "ООО «Строй Сервис»"),
        Column::text("manager", "u.login", "Менеджер", "Manager", "ivanova"),
        Column::text("state", state!(), "Состояние", "State", "due"),
        Column::number("notice", "t.notice_id", "Уведомление", "Notice", "7"),
        Column::day("noticed_on", "t.noticed_on", "Дата уведомления", "Notified on", "2026-08-31"),
        Column::day("due_on", "t.due_on", "Можно расторгнуть с", "Due on", "2027-02-28").sorted(),
        Column::amount("owed", "trim_scale(t.owed)", "Долг из уведомления", "Owed of the notice", "1000"),
        Column::amount("debt", "trim_scale(t.debt)", "Весь долг", "Debt in all", "1700"),
        Column::text("currency", "a.currency::text", "Валюта", "Currency", "RUB"),
        Column::number("approval", "p.id", "Согласование", "Approval", "5"),
        Column::moment("looked_at", "t.looked_at", "Проверено", "Looked at", "2027-02-28T01:50:00Z"),
        Column::moment("executed_at", "t.executed_at", "Расторгнут", "Ended", ""),
        Column::text("executed_by", "t.executed_by", "Кем", "By", ""),
        Column::words("contracts", "t.contracts", "Расторгнутые договоры", "Contracts ended", "2026-17"),
        Column::words("contracts_kept", "t.contracts_kept", "Договоры остались", "Contracts that stay", ""),
        Column::number("numbers", "cardinality(t.numbers)::bigint", "Номеров в архив", "Numbers archived", "0"),
        Column::number("mail", "t.mail_id", "Письмо", "Mail", ""),
        Column::text("mail_state", "m.state", "Состояние письма", "State of the mail", ""),
        Column::number("manager_mail", "t.manager_mail_id", "Письмо менеджеру", "Mail to the manager", ""),
    ],
    filters: &[
        Filter::new(
            "account",
            "t.account_id = (SELECT x.id FROM account x WHERE x.code = {})",
            Read::Word,
            "Лицевой счёт (код)",
            "Of this account",
        ),
        Filter::new("client", "c.code = {}", Read::Word, "Клиент (код)", "Of this client"),
        Filter::new("manager", "lower(u.login) = lower({})", Read::Word, "Менеджер (логин)", "Of this manager"),
        Filter::new(
            "state",
            concat!("(", state!(), ") = ANY({})"),
            Read::SomeOf(&["waiting", "due", "proposed", "declined", "resolved", "executed"]),
            "waiting: срок идёт; due: можно расторгнуть; proposed: ждёт согласования; declined: отказано; resolved: долг погашен; executed: расторгнут",
            "waiting: the term runs; due: it is over; proposed: an approval is waited for; declined: it was refused; resolved: the debt is paid; executed: it is ended",
        ),
        Filter::new("due_from", "t.due_on >= {}", Read::Day, "Срок не раньше", "Due no earlier"),
        Filter::new("due_to", "t.due_on <= {}", Read::Day, "Срок не позже", "Due no later"),
        Filter::new("executed_from", "t.executed_at >= {}", Read::From, "Расторгнут не раньше", "Ended no earlier"),
        Filter::new("executed_to", "t.executed_at < {}", Read::To, "Расторгнут не позже", "Ended no later"),
    ],
    order: "due_on",
    required: &[],
    keys_first: false,
};
