//! The list of notices: what was sent, and what was held back and why (M31).
//!
//! Owns: its columns and filters.
//! Does not own: the rows (`notify`).
//! Always: the newest first.

use crate::grid::{Column, Filter, Grid, Read};

/// All notices of a critical balance.
pub static GRID: Grid = Grid {
    name: "critical-notices",
    ru: "Уведомления о критическом остатке",
    en: "Notices of a critical balance",
    from: "critical_notice n LEFT JOIN account a ON a.id = n.account_id LEFT JOIN client c ON c.id = a.client_id LEFT JOIN mail m ON m.id = n.mail_id",
    key: "n.id",
    columns: &[
        Column::number("id", "n.id", "№", "Number", "3").sorted(),
        Column::moment("at", "n.at", "Когда", "When", "2027-03-10T09:00:00Z").sorted(),
        Column::text("account", "a.code", "Лицевой счёт", "Account", "A-000001"),
        Column::text("client", "c.code", "Клиент", "Client", "C-000001"),
        Column::text("client_name", "c.name", "Название клиента", "Name of the client", "ООО «Строй Сервис»"),
        Column::amount("balance", "trim_scale(n.balance)", "Остаток", "Balance", "168"),
        Column::amount("critical", "trim_scale(n.critical)", "Критический остаток", "Critical balance", "200"),
        Column::text("currency", "a.currency::text", "Валюта", "Currency", "RUB"),
        Column::text("outcome", "n.outcome", "Итог", "Outcome", "suppressed"),
        Column::text("cause", "n.cause", "Причина", "Cause", "interval"),
        Column::text("reason", "n.reason", "Пояснение", "Reason", "suppressed: interval, last sent 10.03 12:00"),
        Column::flag("with_invoice", "n.with_invoice", "Со счётом на оплату", "With a payment invoice", ""),
        Column::amount("to_pay", "trim_scale(n.to_pay)", "К оплате", "To pay", ""),
        Column::number("mail", "n.mail_id", "Письмо", "Mail", ""),
        Column::text("mail_state", "m.state", "Состояние письма", "State of the mail", ""),
    ],
    filters: &[
        Filter::new(
            "account",
            "n.account_id = (SELECT x.id FROM account x WHERE x.code = {})",
            Read::Word,
            "Лицевой счёт (код)",
            "Of this account",
        ),
        Filter::new(
            "client",
            "n.account_id = ANY(array(SELECT x.id FROM account x JOIN client y ON y.id = x.client_id WHERE y.code = {}))",
            Read::Word,
            "Клиент (код)",
            "Of the accounts of this client",
        ),
        Filter::new("outcome", "n.outcome = {}", Read::OneOf(&["sent", "suppressed"]), "Итог", "With this outcome"),
        Filter::new(
            "cause",
            "n.cause = {}",
            Read::OneOf(&["interval", "no_email"]),
            "Причина, по которой не отправлено",
            "Held back for this cause",
        ),
        Filter::new("from", "n.at >= {}", Read::From, "Не раньше", "No earlier"),
        Filter::new("to", "n.at < {}", Read::To, "Не позже", "No later"),
    ],
    order: "-id",
    required: &[],
    keys_first: false,
};
