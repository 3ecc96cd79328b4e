//! The lists of the room: payments and the work list among them, statements and their lines, what is to be paid and what pays it, refunds, requests to find a
//! payment.
//!
//! Owns: what they show and by what they can be asked.
//! Does not own: the rows.
//! Always: what has ended stays in them; sums are shown without zeros behind the last digit. Without an index of their own are the filters by name of the payer, sum
//! without an account of ours, rule, doubt and author: they are asked together with others.

use super::distribute::free_of_payment;
use super::open::Paid;
use super::searches::STATES as SEARCH_STATES;
use super::words::{Source, State};
use crate::grid::{Column, Filter, Grid, Read};

/// Payments; those that wait are the work list (L17).
pub static PAYMENTS: Grid = Grid {
    name: "payments",
    ru: "Платежи",
    en: "Payments",
    from: "payment p LEFT JOIN legal_entity e ON e.id = p.legal_entity_id LEFT JOIN account a ON a.id = p.account_id LEFT JOIN client c ON c.id = a.client_id
           LEFT JOIN bank_statement_line n ON n.id = p.line_id LEFT JOIN payment m ON m.moved_from = p.id",
    key: "p.id",
    columns: &[
        Column::number("id", "p.id", "№", "Number", "17").sorted(),
        Column::day("value_date", "p.value_date", "Дата поступления", "Value date", "2026-07-01").sorted(),
        Column::amount("amount", "trim_scale(p.amount)", "Сумма", "Amount", "3270"),
        Column::text("currency", "p.currency::text", "Валюта", "Currency", "RUB"),
        Column::text("source", "p.source", "Источник", "Source", "bank"),
        Column::text("state", "p.state", "Состояние", "State", "unmatched"),
        Column::text("legal_entity", "e.code", "Собственная организация", "Legal entity", "T"),
        Column::text("bank_account", "p.bank_account", "Расчётный счёт", "Bank account", "40702810400000000001"),
        Column::text("number", "p.document_number", "Номер документа", "Number of the document", "17"),
        Column::day("date", "p.document_date", "Дата документа", "Date of the document", "2026-06-30"),
        Column::text("payer_name", "p.payer_name", "Плательщик", "Payer", "ООО «Ромашка»"),
        Column::text("payer_inn", "p.payer_inn", "ИНН плательщика", "INN of the payer", "7702000029"),
        Column::text("purpose", "p.purpose", "Назначение", "Purpose", "Оплата по счёту № 123"),
        Column::text("account", "a.code", "Лицевой счёт", "Account", ""),
        Column::text("client", "c.code", "Клиент", "Client", ""),
        Column::text("client_name", "c.name", "Название клиента", "Name of the client", ""),
        Column::text("rule", "p.rule", "По какому признаку", "By what", ""),
        Column::text("doubt", "p.doubt", "Почему в списке", "Why it waits", "several_accounts"),
        Column::text("why", "p.why_ru", "Пояснение", "In words, Russian", "Подходят лицевые счета A-000043, A-000044: сумма не равна остатку ни одного счёта"),
        Column::words(
            "candidates",
            "array(SELECT x.code FROM account x WHERE x.id = ANY(p.candidates) ORDER BY x.id)",
            "Подходящие счета",
            "Accounts that may be meant",
            "A-000043,A-000044",
        ),
        Column::amount(
            "paid",
            "trim_scale(coalesce((SELECT sum(y.amount) FROM payment_allocation y WHERE y.payment_id = p.id AND y.ended_at IS NULL), 0))",
            "Распределено",
            "Distributed",
            "0",
        ),
        Column::amount(
            "refunded",
            "trim_scale(coalesce((SELECT sum(y.amount) FROM payment_refund y WHERE y.payment_id = p.id), 0))",
            "Возвращено",
            "Given back",
            "0",
        ),
        Column::amount(
            "free",
            concat!("CASE WHEN p.state IN ('unmatched', 'booked') THEN trim_scale", free_of_payment!(), " ELSE 0 END"),
            "Остаток",
            "Left",
            "3270",
        ),
        Column::number("statement", "n.statement_id", "Выписка", "Statement", "4"),
        Column::number("posting", "p.posting_id", "Движение", "Posting", ""),
        Column::number("moved_from", "p.moved_from", "Вместо платежа", "Stands for", ""),
        Column::number("moved_to", "m.id", "Заменён платежом", "Replaced by", ""),
        Column::moment("matched_at", "p.matched_at", "Разнесён", "Matched at", ""),
        Column::text("matched_by", "p.matched_by", "Кем разнесён", "Matched by", ""),
        Column::moment("created_at", "p.created_at", "Внесён", "Written down at", "2026-07-01T10:00:00Z"),
        Column::text("created_by", "p.created_by", "Кем внесён", "Written down by", "ivanova"),
        Column::number("revision", "p.revision", "Редакция", "Revision", "1"),
    ],
    filters: &[
        Filter::new("id", "p.id = {}", Read::Number, "Номер платежа", "With this number"),
        Filter::new("state", "p.state = ANY({})", Read::SomeOf(State::NAMES), "Состояния", "In these states"),
        Filter::new("source", "p.source = {}", Read::OneOf(Source::NAMES), "Источник", "From this source"),
        Filter::new("account", "p.account_id = (SELECT x.id FROM account x WHERE x.code = {})", Read::Word, "Лицевой счёт (код)", "On this account"),
        Filter::new(
            "client",
            "p.account_id = ANY(array(SELECT x.id FROM account x JOIN client y ON y.id = x.client_id WHERE y.code = {}))",
            Read::Word,
            "Клиент (код)",
            "On the accounts of this client",
        ),
        Filter::new("legal_entity", "e.code = {}", Read::Word, "Собственная организация (код)", "Of this legal entity"),
        Filter::new("bank_account", "p.bank_account = {}", Read::Word, "Расчётный счёт", "On this account at a bank"),
        Filter::new("statement", "n.statement_id = {}", Read::Number, "Выписка", "Of this statement"),
        Filter::new("number", "ltrim(p.document_number, '0') = ltrim({}, '0')", Read::Word, "Номер документа", "With this number of the document"),
        Filter::new("amount", "p.amount = {}", Read::Amount, "Сумма", "Of this sum"),
        Filter::new("payer_inn", "p.payer_inn = {}", Read::Word, "ИНН плательщика", "Of the payer with this INN"),
        Filter::new("payer", "search_key(p.payer_name) LIKE {}", Read::Pattern, "Плательщик", "Of this payer"),
        Filter::new(
            "pays",
            "EXISTS (SELECT FROM payment_allocation y WHERE y.payment_id = p.id AND y.number = {} AND y.ended_at IS NULL)",
            Read::Word,
            "Что оплачивает: номер документа или движения",
            "That pay the document or posting with this number",
        ),
        Filter::new("rule", "p.rule = {}", Read::Word, "По какому признаку разнесён", "Matched by this"),
        Filter::new("doubt", "p.doubt = {}", Read::Word, "Почему в списке", "That wait for this reason"),
        Filter::new("value_from", "p.value_date >= {}", Read::Day, "Поступил с даты", "That came on this day or later"),
        Filter::new("value_to", "p.value_date <= {}", Read::Day, "Поступил по дату", "That came on this day or earlier"),
        Filter::new("created_by", "p.created_by = {}", Read::Word, "Кем внесён (логин)", "Written down by this user"),
    ],
    order: "-id",
    required: &[],
    keys_first: true,
};

/// Statements of banks.
pub static STATEMENTS: Grid = Grid {
    name: "bank-statements",
    ru: "Банковские выписки",
    en: "Bank statements",
    from: "bank_statement s LEFT JOIN legal_entity e ON e.id = s.legal_entity_id LEFT JOIN payment_file f ON f.id = s.file_id",
    key: "s.id",
    columns: &[
        Column::number("id", "s.id", "№", "Number", "4").sorted(),
        Column::text("legal_entity", "e.code", "Собственная организация", "Legal entity", "T"),
        Column::text("bank_account", "s.bank_account", "Расчётный счёт", "Bank account", "40702810400000000001"),
        Column::text("currency", "s.currency::text", "Валюта", "Currency", "RUB"),
        Column::day("from", "s.from_day", "С", "From", "2026-07-01").sorted(),
        Column::day("to", "s.to_day", "По", "To", "2026-07-01").sorted(),
        Column::amount("opening", "trim_scale(s.opening)", "Остаток на начало", "Opening balance", "1000"),
        Column::amount("credited", "trim_scale(s.credited)", "Поступило", "Came", "3270"),
        Column::amount("debited", "trim_scale(s.debited)", "Списано", "Went", "0"),
        Column::amount("closing", "trim_scale(s.closing)", "Остаток на конец", "Closing balance", "4270"),
        Column::number("lines", "s.lines::bigint", "Строк", "Lines", "1"),
        Column::number("new", "s.lines_new::bigint", "Новых строк", "New lines", "1"),
        Column::words("problems", "s.problems_ru", "Что не сходится", "What does not add up, in Russian", ""),
        Column::text("file", "f.name", "Файл", "File", "kl_to_1c.txt"),
        Column::moment("created_at", "s.created_at", "Загружена", "Imported at", "2026-07-02T06:00:00Z").sorted(),
        Column::text("created_by", "s.created_by", "Кем", "Imported by", "ivanova"),
    ],
    filters: &[
        Filter::new("legal_entity", "e.code = {}", Read::Word, "Собственная организация (код)", "Of this legal entity"),
        Filter::new("bank_account", "s.bank_account = {}", Read::Word, "Расчётный счёт", "Of this account at a bank"),
        Filter::new("day", "s.from_day <= {} AND {} <= s.to_day", Read::Day, "За день", "That have this day"),
        Filter::new(
            "with_problems",
            "(cardinality(s.problems_ru) > 0) = {}",
            Read::Flag,
            "С расхождениями или без",
            "In which something does not add up, or not",
        ),
    ],
    order: "-id",
    required: &[],
    keys_first: false,
};

/// Lines of statements, both ways.
pub static LINES: Grid = Grid {
    name: "bank-statement-lines",
    ru: "Строки банковских выписок",
    en: "Lines of bank statements",
    from: "bank_statement_line n LEFT JOIN bank_statement s ON s.id = n.statement_id LEFT JOIN payment p ON p.line_id = n.id",
    key: "n.id",
    columns: &[
        Column::number("id", "n.id", "№", "Number", "31").sorted(),
        Column::number("statement", "n.statement_id", "Выписка", "Statement", "4"),
        Column::text("bank_account", "s.bank_account", "Расчётный счёт", "Bank account", "40702810400000000001"),
        Column::text("direction", "n.direction", "Направление", "Direction", "in"),
        Column::day("value_date", "n.value_date", "Дата движения", "Value date", "2026-07-01"),
        Column::text("kind", "n.document_kind", "Вид документа", "Kind of the document", "Платежное поручение"),
        Column::text("number", "n.document_number", "Номер", "Number of the document", "17"),
        Column::day("date", "n.document_date", "Дата документа", "Date of the document", "2026-06-30"),
        Column::amount("amount", "trim_scale(n.amount)", "Сумма", "Amount", "3270"),
        Column::text("counterparty_name", "n.counterparty_name", "Контрагент", "Other side", "ООО «Ромашка»"),
        Column::text("counterparty_inn", "n.counterparty_inn", "ИНН контрагента", "Its INN", "7702000029"),
        Column::text(
            "counterparty_account",
            "n.counterparty_account",
            "Счёт контрагента",
            "Its account",
            "40702810900000000777",
        ),
        Column::text("purpose", "n.purpose", "Назначение", "Purpose", "Оплата по счёту № 123"),
        Column::number("payment", "p.id", "Платёж", "Payment", "17"),
        Column::text("state", "p.state", "Состояние платежа", "State of the payment", "booked"),
    ],
    filters: &[
        Filter::new("statement", "n.statement_id = {}", Read::Number, "Выписка", "Of this statement"),
        Filter::new("direction", "n.direction = {}", Read::OneOf(&["in", "out"]), "Направление", "That came, or went"),
        Filter::new(
            "counterparty_inn",
            "n.counterparty_inn = {}",
            Read::Word,
            "ИНН контрагента",
            "With this INN of the other side",
        ),
    ],
    order: "id",
    required: &[],
    keys_first: false,
};

/// Documents that ask for money, and how far they are paid (L17).
pub static DOCUMENTS: Grid = Grid {
    name: "payable-documents",
    ru: "Документы к оплате",
    en: "Documents that ask for money",
    from: "payable_document d LEFT JOIN account a ON a.id = d.account_id LEFT JOIN client c ON c.id = a.client_id
           LEFT JOIN LATERAL (SELECT coalesce(sum(y.amount), 0) AS paid FROM payment_allocation y
                              WHERE y.account_id = d.account_id AND y.kind = d.kind AND y.number = d.number AND y.ended_at IS NULL) x ON true
           WHERE d.withdrawn_at IS NULL",
    key: "d.id",
    columns: &[
        Column::text("kind", "d.kind", "Вид", "Kind", "payment_invoice"),
        Column::text("number", "d.number", "Номер", "Number", "123"),
        Column::day("issued_on", "d.issued_on", "Дата", "Day", "2026-06-30").sorted(),
        Column::text("account", "a.code", "Лицевой счёт", "Account", "A-000001"),
        Column::text("client", "c.code", "Клиент", "Client", "C-000001"),
        Column::text("client_name", "c.name", "Название клиента", "Name of the client", "ООО «Ромашка»"),
        Column::amount("amount", "trim_scale(d.amount)", "Сумма", "Amount", "3270"),
        Column::text("currency", "a.currency::text", "Валюта", "Currency", "RUB"),
        Column::amount("paid", "trim_scale(x.paid)", "Оплачено", "Paid", "3000"),
        Column::amount("rest", "trim_scale(greatest(d.amount - x.paid, 0))", "Осталось", "Left to pay", "270"),
        Column::text("state", STATE_OF_DOCUMENT, "Оплата", "State", "partly_paid"),
    ],
    filters: &[
        Filter::new("account", "d.account_id = (SELECT z.id FROM account z WHERE z.code = {})", Read::Word, "Лицевой счёт (код)", "Of this account"),
        Filter::new("kind", "d.kind = {}", Read::Word, "Вид", "Of this kind"),
        Filter::new("number", "d.number = {}", Read::Word, "Номер", "With this number"),
        Filter::new("state", "(CASE WHEN x.paid >= d.amount THEN 'paid' WHEN x.paid > 0 THEN 'partly_paid' ELSE 'unpaid' END) = {}", Read::OneOf(Paid::NAMES), "Оплата", "Paid so far"),
        Filter::new("issued_from", "d.issued_on >= {}", Read::Day, "С даты", "Of this day or later"),
        Filter::new("issued_to", "d.issued_on <= {}", Read::Day, "По дату", "Of this day or earlier"),
    ],
    order: "-issued_on",
    required: &[],
    keys_first: false,
};

/// How far a document is paid: [`Paid::of`].
const STATE_OF_DOCUMENT: &str =
    "CASE WHEN x.paid >= d.amount THEN 'paid' WHEN x.paid > 0 THEN 'partly_paid' ELSE 'unpaid' END";

/// What payments pay: from a charge or a document to its payments, and back (B20, B21).
pub static ALLOCATIONS: Grid = Grid {
    name: "payment-allocations",
    ru: "Распределение платежей",
    en: "What payments pay",
    from: "payment_allocation y LEFT JOIN payment p ON p.id = y.payment_id LEFT JOIN account a ON a.id = y.account_id",
    key: "y.id",
    columns: &[
        Column::number("id", "y.id", "№", "Number", "40").sorted(),
        Column::number("payment", "y.payment_id", "Платёж", "Payment", "17"),
        Column::day("value_date", "p.value_date", "Дата поступления", "Value date", "2026-07-01"),
        Column::text("account", "a.code", "Лицевой счёт", "Account", "A-000001"),
        Column::text("kind", "y.kind", "Вид", "Kind", "payment_invoice"),
        Column::text("number", "y.number", "Номер", "Number of the document or posting", "123"),
        Column::amount("amount", "trim_scale(y.amount)", "Сумма", "Amount", "3000"),
        Column::text("currency", "p.currency::text", "Валюта", "Currency", "RUB"),
        Column::moment("created_at", "y.created_at", "Распределено", "Since", "2026-07-01T10:00:00Z"),
        Column::text("created_by", "y.created_by", "Кем", "By", "ivanova"),
        Column::moment("ended_at", "y.ended_at", "Снято", "Ended", ""),
        Column::text("ended_by", "y.ended_by", "Кем снято", "Ended by", ""),
    ],
    filters: &[
        Filter::new("payment", "y.payment_id = {}", Read::Number, "Платёж", "Of this payment"),
        Filter::new(
            "account",
            "y.account_id = (SELECT z.id FROM account z WHERE z.code = {})",
            Read::Word,
            "Лицевой счёт (код)",
            "On this account",
        ),
        Filter::new("kind", "y.kind = {}", Read::Word, "Вид", "Of this kind"),
        Filter::new(
            "number",
            "y.number = {}",
            Read::Word,
            "Номер документа или движения",
            "Of the document or posting with this number",
        ),
        Filter::new("in_force", "(y.ended_at IS NULL) = {}", Read::Flag, "Действует или снято", "In force, or ended"),
    ],
    order: "-id",
    required: &[],
    keys_first: false,
};

/// What was given back.
pub static REFUNDS: Grid = Grid {
    name: "payment-refunds",
    ru: "Возвраты платежей",
    en: "Refunds of payments",
    from: "payment_refund r LEFT JOIN payment p ON p.id = r.payment_id LEFT JOIN account a ON a.id = p.account_id",
    key: "r.id",
    columns: &[
        Column::number("id", "r.id", "№", "Number", "2").sorted(),
        Column::number("payment", "r.payment_id", "Платёж", "Payment", "17"),
        Column::text("account", "a.code", "Лицевой счёт", "Account", "A-000001"),
        Column::amount("amount", "trim_scale(r.amount)", "Сумма", "Amount", "100"),
        Column::text("currency", "p.currency::text", "Валюта", "Currency", "RUB"),
        Column::text("number", "r.document_number", "Номер поручения", "Number of our order", "205"),
        Column::text("payee", "r.payee", "Получатель", "Payee", ""),
        Column::number("posting", "r.posting_id", "Движение", "Posting", "52"),
        Column::text("reason", "r.reason", "Причина", "Reason", "заявление от 5 июля"),
        Column::moment("created_at", "r.created_at", "Оформлен", "Made at", "2026-07-06T10:00:00Z"),
        Column::text("created_by", "r.created_by", "Кем", "By", "ivanova"),
    ],
    filters: &[
        Filter::new("payment", "r.payment_id = {}", Read::Number, "Платёж", "Of this payment"),
        Filter::new("account", "a.code = {}", Read::Word, "Лицевой счёт (код)", "From this account"),
        Filter::new("from", "r.created_at >= {}", Read::From, "С", "From"),
        Filter::new("to", "r.created_at < {}", Read::To, "По", "To"),
    ],
    order: "-id",
    required: &[],
    keys_first: false,
};

/// Requests to find a payment (L18).
pub static SEARCHES: Grid = Grid {
    name: "payment-searches",
    ru: "Запросы на поиск платежа",
    en: "Requests to find a payment",
    from: "payment_search s LEFT JOIN account a ON a.id = s.account_id LEFT JOIN client c ON c.id = a.client_id LEFT JOIN payment_file f ON f.id = s.file_id
           LEFT JOIN mail m ON m.id = s.mail_id",
    key: "s.id",
    columns: &[
        Column::number("id", "s.id", "№", "Number", "3").sorted(),
        Column::text("state", "s.state", "Состояние", "State", "sent"),
        Column::text("account", "a.code", "Лицевой счёт", "Account", "A-000001"),
        Column::text("client", "c.code", "Клиент", "Client", "C-000001"),
        Column::text("client_name", "c.name", "Название клиента", "Name of the client", "ООО «Ромашка»"),
        Column::text("inn", "s.inn", "ИНН", "INN", "7702000029"),
        Column::text("card_code", "s.card_code", "Код карточки", "Code of the card", "00-17"),
        Column::text("bank_mark", "s.bank_mark", "Отметка банка", "Mark of the bank", "ИСПОЛНЕНО 01.07.2026"),
        Column::text("order_number", "s.order_number", "Номер поручения", "Number of the order", "17"),
        Column::day("order_date", "s.order_date", "Дата поручения", "Date of the order", "2026-07-01"),
        Column::amount("amount", "trim_scale(s.amount)", "Сумма", "Amount", "3270"),
        Column::text("document", "s.document_number", "Документ", "Document", "123"),
        Column::text("file", "f.name", "Файл", "File", "order.pdf"),
        Column::text("mail", "m.state", "Письмо", "Letter", "sent"),
        Column::number("payment", "s.payment_id", "Платёж", "Payment", ""),
        Column::text("answer", "s.answer", "Ответ", "Answer", ""),
        Column::moment("answered_at", "s.answered_at", "Отвечено", "Answered at", ""),
        Column::text("answered_by", "s.answered_by", "Кем отвечено", "Answered by", ""),
        Column::moment("created_at", "s.created_at", "Создан", "Made at", "2026-07-02T10:00:00Z"),
        Column::text("created_by", "s.created_by", "Кем", "Made by", "petrov"),
        Column::number("revision", "s.revision", "Редакция", "Revision", "1"),
    ],
    filters: &[
        Filter::new("state", "s.state = {}", Read::OneOf(SEARCH_STATES), "Состояние", "In this state"),
        Filter::new("account", "s.account_id = (SELECT z.id FROM account z WHERE z.code = {})", Read::Word, "Лицевой счёт (код)", "Of this account"),
        Filter::new("inn", "s.inn = {}", Read::Word, "ИНН", "With this INN"),
        Filter::new("created_by", "s.created_by = {}", Read::Word, "Кем создан (логин)", "Made by this user"),
        Filter::new("from", "s.created_at >= {}", Read::From, "С", "From"),
        Filter::new("to", "s.created_at < {}", Read::To, "По", "To"),
    ],
    order: "-id",
    required: &[],
    keys_first: false,
};
