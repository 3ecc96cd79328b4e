//! Lists of contracts, of their templates, and of clients who lack a contract.
//!
//! Owns: what the lists show and by what they can be asked.
//! Does not own: how a list is read (`grid`).
//! Always: a contract counts as formed while it is active and its days have come and not gone, by the calendar of its issuer (T14, T16).

use crate::availability::{group_filter, groups_column};
use crate::grid::{Column, Filter, Grid, Read};

/// Contracts.
pub static GRID: Grid = Grid {
    name: "contracts",
    ru: "Договоры",
    en: "Contracts",
    from: "contract d JOIN client c ON c.id = d.client_id JOIN legal_entity e ON e.id = d.legal_entity_id
           JOIN contract_template t ON t.id = d.template_id",
    key: "d.id",
    columns: &[
        Column::number("id", "d.id", "№", "Id", "7").sorted(),
        Column::text("number", "d.number", "Номер", "Number", "T-2026-00001").sorted(),
        Column::text("client", "c.code", "Клиент", "Client", "C-000001").sorted(),
        Column::text("client_name", "c.name", "Название клиента", "Name of the client", "ООО «Строй Сервис»")
            .sorted_by("c.name_key"),
        Column::text("legal_entity", "e.code", "Собственная организация", "Legal entity", "T"),
        Column::text("kind", "d.kind", "Вид", "Kind", "service"),
        Column::text("template", "t.code", "Образец", "Template", "services"),
        Column::number(
            "template_version",
            "d.template_version::bigint",
            "Версия образца",
            "Version of the template",
            "2",
        ),
        Column::text("state", "d.state", "Состояние", "State", "active"),
        Column::day("signed_on", "d.signed_on", "Подписан", "Signed on", "2026-07-01")
            .sorted_by("coalesce(d.signed_on, date '0001-01-01')"),
        Column::day("valid_from", "d.valid_from", "Действует с", "First day", "2026-07-01").sorted(),
        Column::day("valid_to", "d.valid_to", "Действует по", "Last day", ""),
        Column::words(
            "accounts",
            "ARRAY(SELECT a.code FROM contract_account x JOIN account a ON a.id = x.account_id WHERE x.contract_id = d.id ORDER BY a.code LIMIT 100)",
            "Лицевые счета",
            "Accounts",
            "A-000001",
        ),
        Column::moment("created_at", "d.created_at", "Заведён", "Made", "2026-07-01T10:00:00Z").sorted(),
        Column::text("created_by", "d.created_by", "Кем заведён", "Made by", "ivanova"),
        Column::number("revision", "d.revision", "Редакция", "Revision", "2"),
    ],
    filters: &[
        Filter::new("client", "c.code = {}", Read::Word, "Этого клиента (код)", "Of this client (code)"),
        Filter::new(
            "legal_entity",
            "e.code = {}",
            Read::Word,
            "С этой собственной организацией (код)",
            "Of this legal entity (code)",
        ),
        Filter::new(
            "state",
            "d.state = ANY({})",
            Read::SomeOf(&["draft", "active", "terminated"]),
            "В этих состояниях",
            "In these states",
        ),
        Filter::new("kind", "d.kind = {}", Read::Word, "Этого вида (код)", "Of this kind (code)"),
        Filter::new("template", "t.code = {}", Read::Word, "По этому образцу (код)", "Of this template (code)"),
        Filter::new(
            "number",
            "search_key(d.number) LIKE {}",
            Read::Pattern,
            "С таким началом слова в номере",
            "With such a beginning of a word in the number",
        ),
        Filter::new(
            "signed_from",
            "d.signed_on >= {}",
            Read::Day,
            "Подписан не раньше этого дня",
            "Signed on this day or later",
        ),
        Filter::new(
            "signed_to",
            "d.signed_on <= {}",
            Read::Day,
            "Подписан не позже этого дня",
            "Signed on this day or earlier",
        ),
        Filter::new(
            "without_accounts",
            "(NOT EXISTS (SELECT FROM contract_account x WHERE x.contract_id = d.id)) = {}",
            Read::Flag,
            "Без лицевых счетов или с ними",
            "Whether it covers no account",
        ),
    ],
    order: "-created_at",
    required: &[],
    keys_first: false,
};

/// Templates of contracts.
pub static TEMPLATES: Grid = Grid {
    name: "contract-templates",
    ru: "Образцы договоров",
    en: "Templates of contracts",
    from: "contract_template t JOIN legal_entity e ON e.id = t.legal_entity_id",
    key: "t.id::bigint",
    columns: &[
        Column::text("code", "t.code", "Код", "Code", "services").sorted(),
        Column::text("title", "t.title", "Название", "Title", "Договор об оказании услуг связи").sorted(),
        Column::text("legal_entity", "e.code", "Собственная организация", "Legal entity", "T").sorted(),
        Column::text("language", "t.language::text", "Язык", "Language", "ru").sorted(),
        Column::number("version", "t.version::bigint", "Версия", "Version", "2"),
        groups_column!("r.contract_template_id = t.id"),
        Column::moment("created_at", "t.created_at", "Заведён", "Made", "2026-07-01T10:00:00Z").sorted(),
        Column::moment("closed_at", "t.closed_at", "Закрыт", "Closed", ""),
        Column::number("revision", "t.revision", "Редакция", "Revision", "2"),
    ],
    filters: &[
        Filter::new(
            "legal_entity",
            "e.code = {}",
            Read::Word,
            "Этой собственной организации (код)",
            "Of this legal entity (code)",
        ),
        Filter::new("language", "t.language = {}", Read::OneOf(&["ru", "en"]), "На этом языке", "In this language"),
        Filter::new(
            "closed",
            "(t.closed_at IS NOT NULL) = {}",
            Read::Flag,
            "Закрытые или действующие",
            "Whether it is closed",
        ),
        group_filter!("r.contract_template_id = t.id"),
    ],
    order: "code",
    required: &[],
    keys_first: false,
};

/// Clients who have no formed contract at all, or none with an issuer with whom they have an active account; neither leads nor those whose data were cleaned.
pub static WITHOUT_CONTRACT: Grid = Grid {
    name: "clients-without-contract",
    ru: "Клиенты без договора",
    en: "Clients without a contract",
    from: "client c CROSS JOIN LATERAL (
               SELECT ARRAY(SELECT e.code FROM legal_entity e
                            WHERE EXISTS (SELECT FROM account a WHERE a.client_id = c.id AND a.legal_entity_id = e.id AND a.active)
                                  AND NOT EXISTS (SELECT FROM contract d WHERE d.client_id = c.id AND d.legal_entity_id = e.id AND d.state = 'active'
                                                         AND d.valid_from <= ({now} AT TIME ZONE e.zone)::date
                                                         AND ({now} AT TIME ZONE e.zone)::date <= coalesce(d.valid_to, 'infinity'))
                            ORDER BY e.code) AS issuers
           ) AS lacking
           WHERE c.active AND c.stage <> 'lead' AND c.gdpr_state = 'none' AND (cardinality(lacking.issuers) > 0
               OR NOT EXISTS (SELECT FROM contract d JOIN legal_entity e ON e.id = d.legal_entity_id WHERE d.client_id = c.id AND d.state = 'active'
                              AND d.valid_from <= ({now} AT TIME ZONE e.zone)::date
                              AND ({now} AT TIME ZONE e.zone)::date <= coalesce(d.valid_to, 'infinity')))",
    key: "c.id",
    columns: &[
        Column::number("id", "c.id", "№", "Number", "1").sorted(),
        Column::text("code", "c.code", "Код клиента", "Client", "C-000001").sorted(),
        Column::text("name", "c.name", "Название клиента", "Name", "ООО «Строй Сервис»").sorted_by("c.name_key"),
        Column::words(
            "legal_entities",
            "lacking.issuers",
            "Собственные организации, с которыми нет договора",
            "Legal entities without a contract",
            "T",
        ),
        Column::text(
            "manager",
            "(SELECT u.login FROM staff_user u WHERE u.id = c.manager_id)",
            "Менеджер",
            "Manager",
            "ivanova",
        ),
        Column::moment("registered_at", "c.registered_at", "Зарегистрирован", "Registered", "2026-07-01T10:00:00Z").sorted(),
    ],
    filters: &[
        Filter::new(
            "legal_entity",
            "{} = ANY(lacking.issuers)",
            Read::Word,
            "Без договора с этой собственной организацией (код), хотя лицевой счёт у неё есть",
            "Without a contract with this legal entity (code), with whom there is an account",
        ),
        Filter::new(
            "manager",
            "c.manager_id = (SELECT u.id FROM staff_user u WHERE lower(u.login) = lower({}))",
            Read::Word,
            "Этого менеджера (логин)",
            "Of this manager (login)",
        ),
        Filter::new(
            "has_accounts",
            "EXISTS (SELECT FROM account a WHERE a.client_id = c.id AND a.active) = {}",
            Read::Flag,
            "Есть ли действующие лицевые счета",
            "Whether there are active accounts",
        ),
    ],
    order: "code",
    required: &[],
    keys_first: false,
};
