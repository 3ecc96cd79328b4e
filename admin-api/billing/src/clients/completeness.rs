//! What clients lack before they can be billed without questions.
//!
//! Owns: the list of T14: requisites, tariff plan, e-mail, contract.
//! Does not own: any of these.
//! Always: a contract counts while its days have come and not gone, and a person needs no INN; who lacks nothing is not in it; nor is a lead, a client who
//! is not active, or one whose data were cleaned.

use crate::grid::{Column, Filter, Grid, Read};

/// Clients who lack something (T14). Agent and his type are always among the columns, and filters count whatever else is asked (M3).
pub static COMPLETENESS: Grid = Grid {
    name: "completeness",
    ru: "Полнота данных клиентов",
    en: "Completeness of clients",
    from: "client c LEFT JOIN party p ON p.id = c.party_id LEFT JOIN staff_user u ON u.id = c.manager_id LEFT JOIN agent g ON g.id = c.agent_id
           CROSS JOIN LATERAL (SELECT array_remove(ARRAY[
               CASE WHEN p.id IS NULL OR p.inn IS NULL AND p.kind <> 'natural' THEN 'requisites' END,
               CASE WHEN NOT EXISTS (SELECT FROM account a JOIN account_plan t ON t.account_id = a.id AND t.withdrawn_in IS NULL WHERE a.client_id = c.id AND a.active
                    AND coalesce(t.valid_from, '-infinity') <= {now} AND {now} < coalesce(t.valid_to, 'infinity')) THEN 'tariff' END,
               CASE WHEN c.email IS NULL THEN 'email' END,
               CASE WHEN NOT EXISTS (SELECT FROM contract k JOIN legal_entity e ON e.id = k.legal_entity_id WHERE k.client_id = c.id AND k.state = 'active'
                    AND k.valid_from <= ({now} AT TIME ZONE e.zone)::date
                    AND ({now} AT TIME ZONE e.zone)::date <= coalesce(k.valid_to, 'infinity')) THEN 'contract' END]::text[], NULL) AS missing) m
           WHERE c.active AND c.stage <> 'lead' AND c.gdpr_state = 'none' AND cardinality(m.missing) > 0",
    key: "c.id",
    columns: &[
        Column::text("code", "c.code", "Код", "Code", "C-000001").sorted(),
        Column::text("name", "c.name", "Название", "Name", "ООО «Строй Сервис»").sorted_by("c.name_key"),
        Column::text("kind", "p.kind", "Вид лица", "Kind", "legal"),
        Column::text("inn", "p.inn", "ИНН", "INN", ""),
        Column::words("missing", "m.missing", "Не хватает", "Lacks", "requisites,email"),
        Column::text("manager", "u.login", "Менеджер", "Manager", "ivanova"),
        Column::text("agent", "g.code", "Агент", "Agent", "A-1"),
        Column::text("agent_type", "g.type", "Тип агента", "Type of agent", "partner"),
        Column::text("stage", "c.stage", "Стадия", "Stage", "sales"),
    ],
    filters: &[
        Filter::new(
            "lacks",
            "{} = ANY(m.missing)",
            Read::OneOf(&["requisites", "tariff", "email", "contract"]),
            "Чего не хватает",
            "What is lacking",
        ),
        Filter::new("client", "c.code = {}", Read::Word, "Код клиента", "Code of the client"),
        Filter::new("name", "c.name_key LIKE {}", Read::Pattern, "Название", "Name"),
        Filter::new(
            "kind",
            "p.kind = {}",
            Read::OneOf(&["legal", "sole_proprietor", "natural"]),
            "Вид лица",
            "Kind of party",
        ),
        Filter::new("manager", "lower(u.login) = lower({})", Read::Word, "Логин менеджера", "Login of the manager"),
        Filter::new("agent", "g.code = {}", Read::Word, "Код агента", "Code of the agent"),
        Filter::new(
            "agent_type",
            "g.type = {}",
            Read::OneOf(&["partner", "licensee", "own"]),
            "Тип агента",
            "Type of agent",
        ),
        Filter::new(
            "agent_type_not",
            "g.type IS DISTINCT FROM {}",
            Read::OneOf(&["partner", "licensee", "own"]),
            "Кроме агентов этого типа",
            "Type of agent that is left out",
        ),
        Filter::new("stage", "c.stage = {}", Read::OneOf(&["sales", "support"]), "Стадия", "Stage"),
    ],
    order: "code",
    required: &[],
    keys_first: false,
};
