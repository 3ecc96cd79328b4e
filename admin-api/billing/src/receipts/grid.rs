//! The list of receipts; those that wait for a person are the work list.
//!
//! Owns: what it shows and by what it can be asked.
//! Does not own: the rows.
//! Always: what is settled stays in it.

use super::words::{Kind, State};
use crate::grid::{Column, Filter, Grid, Read};

/// Fiscal receipts.
pub static RECEIPTS: Grid = Grid {
    name: "fiscal-receipts",
    ru: "Кассовые чеки",
    en: "Fiscal receipts",
    from: "fiscal_receipt r LEFT JOIN account a ON a.id = r.account_id LEFT JOIN client c ON c.id = a.client_id LEFT JOIN legal_entity e ON e.id = r.legal_entity_id",
    key: "r.id",
    columns: &[
        Column::number("id", "r.id", "№", "Number", "5").sorted(),
        Column::moment("created_at", "r.created_at", "Поставлен в очередь", "Queued at", "2026-07-15T10:00:00Z")
            .sorted(),
        Column::text("kind", "r.kind", "Вид", "Kind", "income"),
        Column::text("state", "r.state", "Состояние", "State", "done"),
        Column::text("problem", "r.problem", "Почему не пробит", "Why it is not done", ""),
        Column::text("words", "r.words", "Ответ кассы", "Words of the register", ""),
        Column::text("account", "a.code", "Лицевой счёт", "Account", "A-000001"),
        Column::text("client", "c.code", "Клиент", "Client", "C-000001"),
        Column::text("legal_entity", "e.code", "Собственная организация", "Legal entity", "T"),
        Column::number("payment", "r.payment_id", "Платёж", "Payment", "17"),
        Column::number("refund", "r.refund_id", "Возврат", "Refund", ""),
        Column::text("document", "r.document_number", "Документ", "Document", ""),
        Column::amount("amount", "trim_scale(r.amount)", "Сумма", "Amount", "1000"),
        Column::text("currency", "r.currency::text", "Валюта", "Currency", "RUB"),
        Column::text("vat", "r.vat", "Ставка НДС", "Rate of tax", "vat122"),
        Column::amount("vat_amount", "trim_scale(r.vat_amount)", "НДС", "Tax", "180.33"),
        Column::text("paid_by", "r.paid_by", "Как оплачено", "Paid by", "electronic"),
        Column::text("contact", "r.contact", "Куда отправлен", "Sent to", "i***@example.ru"),
        Column::number("attempts", "r.attempts::bigint", "Попыток", "Attempts", "1"),
        Column::moment("due_at", "r.due_at", "Следующий шаг", "Next step at", "2026-07-15T10:01:00Z"),
        Column::text("fn", "r.fn", "ФН", "Fiscal drive", "9999078900000001"),
        Column::text("fd", "r.fd", "ФД", "Fiscal document", "133"),
        Column::text("fpd", "r.fpd", "ФПД", "Fiscal sign", "3449555941"),
        Column::moment("issued_at", "r.issued_at", "Пробит", "Issued at", "2026-07-15T10:00:30Z"),
        Column::text("url", "r.url", "Ссылка на чек", "Where it is shown", ""),
        Column::moment("resolved_at", "r.resolved_at", "Закрыт вручную", "Resolved at", ""),
        Column::text("resolved_by", "r.resolved_by", "Кем закрыт", "Resolved by", ""),
        Column::text("resolution", "r.resolution", "Почему закрыт", "Why it is resolved", ""),
        Column::number("revision", "r.revision", "Редакция", "Revision", "2"),
    ],
    filters: &[
        Filter::new("state", "r.state = ANY({})", Read::SomeOf(State::NAMES), "Состояния", "In these states"),
        Filter::new("kind", "r.kind = {}", Read::OneOf(Kind::NAMES), "Вид", "Of this kind"),
        Filter::new("problem", "r.problem = {}", Read::Word, "Почему не пробит", "Not done for this reason"),
        Filter::new(
            "missing",
            "(r.state NOT IN ('done', 'resolved')) = {}",
            Read::Flag,
            "Чека ещё нет",
            "Those that are not there yet",
        ),
        Filter::new("payment", "r.payment_id = {}", Read::Number, "Платёж (номер)", "Of this payment"),
        Filter::new(
            "account",
            "r.account_id = (SELECT x.id FROM account x WHERE x.code = {})",
            Read::Word,
            "Лицевой счёт (код)",
            "Of this account",
        ),
        Filter::new("legal_entity", "e.code = {}", Read::Word, "Собственная организация (код)", "Of this legal entity"),
        Filter::new("from", "r.created_at >= {}", Read::From, "В очереди не раньше", "Queued no earlier"),
        Filter::new("to", "r.created_at < {}", Read::To, "В очереди не позже", "Queued no later"),
    ],
    order: "-id",
    required: &[],
    keys_first: false,
};
