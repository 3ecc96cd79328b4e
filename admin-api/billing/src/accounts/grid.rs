//! The list of accounts: how staff find them (S46).
//!
//! Owns: what the list shows and by what it can be asked.
//! Does not own: the card (`store`), how a list is read (`grid`).
//! Always: closed ones are in it (T25); what names an account or its client has an index. Balances, currency and city have none: they look at all accounts.

use crate::clients::{are_words, in_words};
use crate::grid::{Column, Filter, Grid, Read};

/// Accounts, closed ones too (T25). Not sorted by balance: an index of balances would be written with every charge.
pub static GRID: Grid = Grid {
    name: "accounts",
    ru: "Лицевые счета",
    en: "Accounts",
    from: FROM,
    key: "a.id",
    columns: &[
        Column::text("code", "a.code", "Номер", "Code", "A-000001").sorted(),
        Column::text("client", "c.code", "Клиент", "Client", "C-000001"),
        Column::text("client_name", "c.name", "Название клиента", "Name of the client", "ООО «Строй Сервис»"),
        Column::text("inn", "p.inn", "ИНН", "INN", "7707083893"),
        Column::text("legal_entity", "e.code", "Собственная организация", "Legal entity", "T"),
        Column::text("currency", "a.currency::text", "Валюта", "Currency", "RUB"),
        Column::amount("balance", "trim_scale(b.balance)", "Баланс", "Balance", "-12.5"),
        Column::text("payment_mode", "a.payment_mode", "Порядок оплаты", "Payment mode", "prepaid"),
        Column::text("credit_policy", "a.credit_policy", "Кредитная политика", "Credit policy", "none"),
        Column::amount("credit_limit", "trim_scale(a.credit_limit)", "Кредитный лимит", "Credit limit", "0"),
        Column::text("plan", PLAN, "Тарифный план", "Tariff plan", "basic"),
        Column::text("responsible", "u.login", "Ответственный", "Responsible", "ivanova"),
        Column::text("card_code", "a.card_code", "Код карточки", "Card code", "К-00017"),
        Column::flag("active", "a.active", "Активен", "Active", "true"),
        Column::moment("opened_at", "a.opened_at", "Открыт", "Opened", "2026-07-01T10:00:00Z").sorted(),
        Column::moment("closed_at", "a.closed_at", "Закрыт", "Closed", ""),
    ],
    filters: &[
        Filter::new(
            "code",
            // Everything begins with nothing: what has neither letter nor digit is no code.
            "upper(regexp_replace({}, '[^[:alnum:]]', '', 'g')) <> '' AND a.code_key ^@ upper(regexp_replace({}, '[^[:alnum:]]', '', 'g'))",
            Read::Word,
            "С таким началом номера; пробелы и знаки не важны",
            "With this beginning of the code; blanks and signs do not matter",
        ),
        Filter::new("client", "c.code = {}", Read::Word, "Клиента с этим кодом", "Of the client with this code"),
        Filter::new(
            "inn",
            "p.inn = replace({}, ' ', '')",
            Read::Word,
            "Клиента с этим ИНН",
            "Of a client with this INN",
        ),
        Filter::new(
            "name",
            "c.name_key LIKE {}",
            Read::Pattern,
            "С такими словами в названии клиента",
            "With such words in the name of the client",
        )
        .found(
            concat!(
                "SELECT x.id, n.tail AS place FROM client_name_tail n JOIN account x ON x.client_id = n.client_id WHERE ",
                in_words!("{}"),
                " ORDER BY place, id"
            ),
            are_words,
        ),
        Filter::new(
            "city",
            "p.city <> '' AND lower(p.city) = lower({})",
            Read::Word,
            "Клиента из этого города",
            "Of a client in this city",
        ),
        Filter::new(
            "responsible",
            "lower(u.login) = lower({})",
            Read::Word,
            "За которые отвечает этот сотрудник (логин)",
            "That this user answers for",
        ),
        Filter::new(
            "mine",
            "CASE WHEN {} THEN a.responsible_id = {caller} ELSE a.responsible_id IS DISTINCT FROM {caller} END",
            Read::Flag,
            "Мои или не мои",
            "Mine, or not mine",
        ),
        Filter::new(
            "legal_entity",
            "e.code = {}",
            Read::Word,
            "У собственной организации с этим кодом",
            "At the legal entity with this code",
        ),
        Filter::new("plan", ON_PLAN, Read::Word, "На этом тарифном плане сейчас", "On this tariff plan now"),
        Filter::new(
            "payment_mode",
            "a.payment_mode = {}",
            Read::OneOf(&["prepaid", "postpaid"]),
            "Порядок оплаты",
            "Payment mode",
        ),
        Filter::new(
            "credit_policy",
            "a.credit_policy = {}",
            Read::OneOf(&["none", "monthly", "days"]),
            "Кредитная политика",
            "Credit policy",
        ),
        Filter::new("active", "a.active = {}", Read::Flag, "Активные или закрытые", "Active ones, or closed ones"),
        Filter::new("currency", "a.currency::text = {}", Read::Currency, "В этой валюте", "In this currency"),
        Filter::new(
            "balance_from",
            "b.balance >= {}",
            Read::Amount,
            "С балансом не меньше",
            "With a balance of at least",
        ),
        Filter::new("balance_to", "b.balance <= {}", Read::Amount, "С балансом не больше", "With a balance of at most"),
        Filter::new(
            "beyond_limit",
            BEYOND_LIMIT,
            Read::Flag,
            "Баланс ниже допустимого: кредитный и временный лимиты исчерпаны с избытком",
            "Whose balance is below what credit and temporary limits allow, or not",
        ),
        Filter::new(
            "has_card_code",
            "(a.card_code IS NOT NULL) = {}",
            Read::Flag,
            "С кодом карточки или без него",
            "With a card code, or without one",
        ),
        Filter::new("opened_from", "a.opened_at >= {}", Read::From, "Открытые не раньше", "Opened at the earliest"),
        Filter::new("opened_to", "a.opened_at < {}", Read::To, "Открытые не позже", "Opened at the latest"),
    ],
    order: "-opened_at",
    required: &[],
    keys_first: true,
};

/// Code of the plan of now.
const PLAN: &str = "(SELECT t.code FROM account_plan o JOIN tariff_plan t ON t.id = o.plan_id WHERE o.account_id = a.id AND o.withdrawn_in IS NULL
     AND coalesce(o.valid_from, '-infinity') <= {now} AND {now} < coalesce(o.valid_to, 'infinity') LIMIT 1)";

/// Accounts that owe more than they may: the floor is that of [`crate::credit::floor`]; payment by fact has none (A13).
const BEYOND_LIMIT: &str =
    "((a.payment_mode <> 'postpaid' OR a.credit_policy <> 'none')
      AND b.balance < 0 - CASE a.credit_policy WHEN 'days' THEN a.credit_limit ELSE 0 END
                        - coalesce((SELECT sum(l.amount) FROM account_limit l
                                    WHERE l.account_id = a.id AND l.ended_at IS NULL AND l.valid_from <= {now} AND {now} < l.valid_to), 0)) = {}";

/// Accounts on a plan now.
const ON_PLAN: &str =
    "a.id IN (SELECT o.account_id FROM account_plan o JOIN tariff_plan f ON f.id = o.plan_id WHERE f.code = {} AND o.withdrawn_in IS NULL
              AND coalesce(o.valid_from, '-infinity') <= {now} AND {now} < coalesce(o.valid_to, 'infinity'))";

/// LEFT where each account has the row, too: what a statement does not speak of is then not joined, and the total speaks of little.
const FROM: &str =
    "account a LEFT JOIN client c ON c.id = a.client_id LEFT JOIN legal_entity e ON e.id = a.legal_entity_id
     LEFT JOIN account_balance b ON b.account_id = a.id LEFT JOIN party p ON p.id = c.party_id LEFT JOIN staff_user u ON u.id = a.responsible_id";
