//! The list of parties (S1, S3).
//!
//! Owns: its columns and filters.
//! Does not own: how lists are read (`grid`).
//! Always: who is a client and who is not stand side by side.

use crate::grid::{Column, Filter, Grid, Read};

/// All parties, by name.
pub static GRID: Grid = Grid {
    name: "parties",
    ru: "Организации",
    en: "Organisations",
    from: "party p
        CROSS JOIN LATERAL (SELECT ({now} AT TIME ZONE (SELECT value FROM setting WHERE key = 'billing.zone'))::date AS today) d
        CROSS JOIN LATERAL (SELECT coalesce(p.registered_at <= d.today
            AND p.registered_at > d.today - make_interval(months => (SELECT value::integer FROM setting WHERE key = 'client.new_months')), false) AS is_new) n",
    key: "p.id",
    columns: &[
        Column::number("id", "p.id", "Номер", "Number", "17").sorted(),
        Column::text("kind", "p.kind", "Вид", "Kind", "legal"),
        Column::text("name", "p.name", "Наименование", "Name", "ООО «Строй Сервис»").sorted_by("p.name_key"),
        Column::text("inn", "p.inn", "ИНН", "INN", "7707083893"),
        Column::text("kpp", "p.kpp", "КПП", "KPP", "770701001"),
        Column::text("ogrn", "p.ogrn", "ОГРН", "OGRN", "1027700132195"),
        Column::text("status", "p.registry_status", "Статус", "Status", "active"),
        Column::day("termination_date", "p.termination_date", "Дата прекращения", "Terminated", "")
            .sorted_by("coalesce(p.termination_date, date '0001-01-01')"),
        Column::day("registered_at", "p.registered_at", "Дата регистрации", "Registered", "2002-07-22")
            .sorted_by("coalesce(p.registered_at, date '0001-01-01')"),
        Column::flag("is_new", "n.is_new", "Новая", "New", "false"),
        Column::text("region", "p.region", "Регион", "Region", "Москва").sorted(),
        Column::text("city", "p.city", "Город", "City", "Москва").sorted(),
        Column::text("legal_address", "p.legal_address", "Адрес", "Address", "Москва, ул. Ленина, 1"),
        Column::text("phone", "p.phone", "Телефон", "Phone", "8 (495) 200-0-200"),
        Column::text("email", "p.email", "Почта", "E-mail", "office@example.ru"),
        Column::words(
            "clients",
            "array(SELECT c.code FROM client c WHERE c.party_id = p.id ORDER BY c.code LIMIT 20)",
            "Клиенты",
            "Clients",
            "C-000001",
        ),
        Column::text("passport_check", "p.passport_check", "Проверка паспорта", "Check of the passport", "unknown"),
        Column::text("updated_from", "p.updated_from", "Источник", "Source", "registry"),
        Column::moment("updated_at", "p.updated_at", "Изменена", "Changed", "2026-07-01T10:00:00Z").sorted(),
    ],
    filters: &[
        Filter::new("inn", "p.inn = {}", Read::Word, "ИНН", "INN"),
        Filter::new("name", "p.name_key LIKE {}", Read::Pattern, "Слово из наименования", "A word of the name"),
        Filter::new(
            "status",
            "p.registry_status = ANY({})",
            Read::SomeOf(&["active", "inactive", "reorganisation", "bankruptcy", "liquidation"]),
            "Статусы",
            "Statuses",
        ),
        Filter::new(
            "kind",
            "p.kind = ANY({})",
            Read::SomeOf(&["legal", "sole_proprietor", "natural"]),
            "Виды",
            "Kinds",
        ),
        Filter::new(
            "registered",
            NEW_OR_OLD,
            Read::OneOf(&["new", "old"]),
            "new: зарегистрирована меньше чем client.new_months месяцев назад",
            "new: registered less than client.new_months months ago",
        ),
        Filter::new("with_phone", "(p.phone IS NOT NULL) = {}", Read::Flag, "С телефоном", "With a phone"),
        Filter::new(
            "connected",
            "EXISTS (SELECT FROM client c WHERE c.party_id = p.id) = {}",
            Read::Flag,
            "Есть среди клиентов",
            "Is a client",
        ),
        Filter::new("region", "lower(p.region) = lower({})", Read::Word, "Регион", "Region"),
        Filter::new("city", "p.city <> '' AND lower(p.city) = lower({})", Read::Word, "Город", "City"),
    ],
    order: "name",
    required: &[],
    keys_first: false,
};

/// New ones are found by the index of registrations.
const NEW_OR_OLD: &str = "CASE WHEN {} = 'new' THEN p.registered_at <= d.today
    AND p.registered_at > d.today - make_interval(months => (SELECT value::integer FROM setting WHERE key = 'client.new_months')) ELSE NOT n.is_new END";
