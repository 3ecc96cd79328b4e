//! The list of documents.
//!
//! Owns: what it shows and by what it can be asked.
//! Does not own: the rows.
//! Always: what was paid, lowered or withdrawn stays in it; how far something is paid is said of what asks for money alone.

use super::kinds::DocumentKind;
use super::paid::Paid;
use crate::grid::{Column, Filter, Grid, Read};

/// How far the document `d` is paid: [`Paid::of`].
macro_rules! state {
    () => {
        "CASE WHEN d.payable AND d.withdrawn_at IS NULL THEN CASE WHEN d.paid >= d.amount THEN 'paid' WHEN d.paid > 0 THEN 'partly_paid' ELSE 'unpaid' END END"
    };
}

/// Documents that were issued, and how far they are paid (L17).
pub static DOCUMENTS: Grid = Grid {
    name: "documents",
    ru: "Выставленные документы",
    en: "Documents that were issued",
    from: "document d LEFT JOIN account a ON a.id = d.account_id LEFT JOIN client c ON c.id = a.client_id LEFT JOIN legal_entity e ON e.id = a.legal_entity_id
           LEFT JOIN contract k ON k.id = d.contract_id",
    key: "d.id",
    columns: &[
        Column::number("id", "d.id", "№", "Number of the row", "3").sorted(),
        Column::text("account", "a.code", "Лицевой счёт", "Account", "A-000001"),
        Column::text("client", "c.code", "Клиент", "Client", "C-000001"),
        Column::text("client_name", "c.name", "Название клиента", "Name of the client", "ООО «Строй Сервис»"),
        Column::text("legal_entity", "e.code", "Собственная организация", "Legal entity", "T"),
        Column::text("contract", "k.number", "Договор", "Contract", "17/2026"),
        Column::text("kind", "d.kind", "Вид", "Kind", "payment_invoice"),
        Column::text("number", "d.number", "Номер", "Number", "123"),
        Column::day("month", "d.month", "За месяц", "Month", "2026-07-01").sorted(),
        Column::day("issued_on", "d.issued_on", "Выставлен", "Issued", "2026-08-03").sorted(),
        Column::amount("amount", "trim_scale(d.amount)", "Сумма с налогом", "Amount with tax", "3270"),
        Column::text("currency", "a.currency::text", "Валюта", "Currency", "RUB"),
        Column::flag("payable", "d.payable", "К оплате", "Asks for money", "true"),
        Column::amount("paid", "CASE WHEN d.payable THEN trim_scale(d.paid) END", "Оплачено", "Paid", "3000"),
        Column::amount(
            "rest",
            "CASE WHEN d.payable AND d.withdrawn_at IS NULL THEN trim_scale(d.amount - d.paid) END",
            "Осталось",
            "Left to pay",
            "270",
        ),
        Column::text("state", state!(), "Оплата", "How far it is paid", "partly_paid"),
        Column::moment("withdrawn_at", "d.withdrawn_at", "Отозван", "Withdrawn", ""),
        Column::text("withdrawn_by", "d.withdrawn_by", "Кем отозван", "Withdrawn by", ""),
        Column::text("author", "d.author", "Автор", "Author", "ivanova"),
        Column::moment("created_at", "d.created_at", "Введён", "Entered", "2026-08-03T10:00:00Z"),
    ],
    filters: &[
        Filter::new(
            "account",
            "d.account_id = (SELECT x.id FROM account x WHERE x.code = {})",
            Read::Word,
            "Лицевой счёт (код)",
            "Of this account",
        ),
        Filter::new(
            "client",
            "d.account_id = ANY(array(SELECT x.id FROM account x JOIN client y ON y.id = x.client_id WHERE y.code = {}))",
            Read::Word,
            "Клиент (код)",
            "Of the accounts of this client",
        ),
        Filter::new("legal_entity", "e.code = {}", Read::Word, "Собственная организация (код)", "Of this legal entity"),
        Filter::new("kind", "d.kind = ANY({})", Read::SomeOf(DocumentKind::NAMES), "Виды", "Of these kinds"),
        Filter::new("number", "d.number = {}", Read::Word, "Номер", "With this number"),
        Filter::new(
            "month",
            "d.month = date_trunc('month', {}::date)::date",
            Read::Day,
            "За месяц, в котором этот день",
            "For the month of this day",
        ),
        Filter::new("issued_from", "d.issued_on >= {}", Read::Day, "Выставлены с", "Issued on this day or later"),
        Filter::new("issued_to", "d.issued_on <= {}", Read::Day, "Выставлены по", "Issued on this day or earlier"),
        Filter::new("payable", "d.payable = {}", Read::Flag, "К оплате или нет", "That ask for money, or do not"),
        Filter::new(
            "state",
            concat!("(", state!(), ") = ANY({})"),
            Read::SomeOf(Paid::NAMES),
            "Оплата",
            "Of those that ask for money: paid so far",
        ),
        Filter::new(
            "withdrawn",
            "(d.withdrawn_at IS NOT NULL) = {}",
            Read::Flag,
            "Отозванные или действующие",
            "Withdrawn, or not",
        ),
    ],
    order: "-id",
    required: &[],
    keys_first: true,
};
