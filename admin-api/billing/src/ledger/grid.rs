//! The list of postings: every movement of money with its author (M42, M49, B16).
//!
//! Owns: what the list shows and by what it can be asked.
//! Does not own: postings (`post`), how a list is read (`grid`).
//! Always: what was taken back stays in it beside what took it back; amounts are signed from the account's side.

use super::PostingKind;
use crate::grid::{Column, Filter, Grid, Read};

/// What a posting is for whoever reads it: derived, nobody writes it (M42).
const OPERATION: &str = "CASE WHEN p.kind = 'charge' AND p.amount > 0 THEN 'charge_return' ELSE p.kind END";

/// Postings.
pub static GRID: Grid = Grid {
    name: "postings",
    ru: "Движения по счетам",
    en: "Postings",
    from: "posting p LEFT JOIN account a ON a.id = p.account_id LEFT JOIN client c ON c.id = a.client_id LEFT JOIN product g ON g.id = p.product_id
           LEFT JOIN posting r ON r.reverses = p.id",
    key: "p.id",
    columns: &[
        Column::number("id", "p.id", "№", "Number", "12").sorted(),
        Column::day("day", "p.day", "Дата", "Day", "2026-07-01").sorted(),
        Column::moment("at", "p.at", "Проведено", "Booked at", "2026-07-01T10:00:00Z"),
        Column::text("account", "a.code", "Лицевой счёт", "Account", "A-000001"),
        Column::text("client", "c.code", "Клиент", "Client", "C-000001"),
        Column::text("client_name", "c.name", "Название клиента", "Name of the client", "ООО «Строй Сервис»"),
        Column::text("kind", "p.kind", "Вид", "Kind", "charge"),
        Column::text("operation", OPERATION, "Операция", "Operation", "charge"),
        Column::flag("is_real", "p.is_real", "Реальные деньги", "Real money", "false"),
        Column::amount("amount", "trim_scale(p.amount)", "Сумма", "Amount", "-150"),
        Column::text("currency", "a.currency::text", "Валюта", "Currency", "RUB"),
        Column::text("product", "g.code", "Продукт", "Product", "telephony"),
        Column::text("service", "p.service", "Услуга", "Service", ""),
        Column::text("document", "p.document", "Документ", "Document", "СФ-17"),
        Column::text("reference", "p.reference", "Основание", "Reference", "manual"),
        Column::text("description", "p.description", "Описание", "Description", "Выезд мастера"),
        Column::text("author", "p.author", "Автор", "Author", "ivanova"),
        Column::number("reverses", "p.reverses", "Сторнирует", "Takes back", ""),
        Column::number("reversed_by", "r.id", "Сторнировано", "Taken back by", ""),
    ],
    filters: &[
        Filter::new("id", "p.id = {}", Read::Number, "Номер движения", "With this identifier"),
        Filter::new("account", "p.account_id = (SELECT x.id FROM account x WHERE x.code = {})", Read::Word, "Лицевой счёт (код)", "Of this account"),
        Filter::new(
            "client",
            "p.account_id = ANY(array(SELECT x.id FROM account x JOIN client y ON y.id = x.client_id WHERE y.code = {}))",
            Read::Word,
            "Клиент (код)",
            "Of the accounts of this client",
        ),
        Filter::new("kind", "p.kind = ANY({})", Read::SomeOf(PostingKind::NAMES), "Виды", "Of these kinds"),
        Filter::new("is_real", "p.is_real = {}", Read::Flag, "Реальные деньги или виртуальные", "Real money, or virtual"),
        Filter::new("product", "p.product_id = (SELECT x.id FROM product x WHERE x.code = {})", Read::Word, "Продукт (код)", "For this product"),
        Filter::new("document", "p.document = {}", Read::Word, "Номер документа", "Of the document with this number"),
        Filter::new("author", "p.author = {}", Read::Word, "Автор (логин)", "By this user"),
        Filter::new("day_from", "p.day >= {}", Read::Day, "С даты", "Of this day or later"),
        Filter::new("day_to", "p.day <= {}", Read::Day, "По дату", "Of this day or earlier"),
        Filter::new("reversed", "(r.id IS NOT NULL) = {}", Read::Flag, "Сторнированные или нет", "Taken back, or not"),
    ],
    order: "-id",
    required: &[],
    keys_first: true,
};
