//! The list of letters to liquidated clients (M58).
//!
//! Owns: its columns and filters.
//! Does not own: how lists are read (`grid`).
//! Always: a day of liquidation is asked for; persons with a bad passport stand in it under a kind of their own.

use crate::grid::{Column, Filter, Grid, Read};

/// Clients whose party is liquidated, the latest first.
///
/// The day of a liquidation is the date of termination that has come, else the day on which the status became known; of the kind `passport` it is the day of the check.
pub static GRID: Grid = Grid {
    name: "liquidation-notices",
    ru: "Уведомления о ликвидации",
    en: "Notices to liquidated clients",
    from: "client c JOIN party p ON p.id = c.party_id
        CROSS JOIN LATERAL (SELECT z.value AS zone, ({now} AT TIME ZONE z.value)::date AS today,
            (SELECT value FROM setting WHERE key = 'liquidation.trigger') AS trigger_by FROM setting z WHERE z.key = 'billing.zone') s
        CROSS JOIN LATERAL (SELECT CASE WHEN party_liquidated(p.registry_status, p.termination_date, s.trigger_by, s.today) THEN 'registry'
            WHEN p.kind = 'natural' AND p.passport_check = 'invalid' THEN 'passport' END AS kind) k
        CROSS JOIN LATERAL (SELECT CASE k.kind WHEN 'passport' THEN (coalesce(p.passport_checked_at, p.updated_at) AT TIME ZONE s.zone)::date
            ELSE CASE WHEN p.termination_date <= s.today THEN p.termination_date ELSE (p.status_at AT TIME ZONE s.zone)::date END END AS liquidated_on) d
        LEFT JOIN LATERAL (SELECT min(n.at) AS first_at, max(n.at) AS last_at, count(*) AS letters FROM liquidation_notice n
            JOIN mail m ON m.id = n.mail_id AND m.state IN ('queued', 'sent') WHERE n.client_id = c.id AND n.party_id = p.id) l ON true
        WHERE k.kind IS NOT NULL AND (p.registry_status <> 'active' OR p.termination_date IS NOT NULL OR p.passport_check = 'invalid')",
    key: "c.id",
    columns: &[
        Column::text("client", "c.code", "Клиент", "Client", "C-000001").sorted(),
        Column::text("name", "c.name", "Наименование", "Name", "ООО «Строй Сервис»").sorted_by("c.name_key"),
        Column::words(
            "accounts",
            "array(SELECT a.code FROM account a WHERE a.client_id = c.id ORDER BY a.code LIMIT 20)",
            "Лицевые счета",
            "Accounts",
            "A-000001",
        ),
        Column::text("kind", "k.kind", "Основание", "Ground", "registry"),
        Column::text("status", "p.registry_status", "Статус", "Status", "inactive"),
        Column::day("liquidation_date", "d.liquidated_on", "Дата ликвидации", "Liquidated", "2020-05-01").sorted(),
        Column::moment(
            "first_notified_at",
            "l.first_at",
            "Дата первого уведомления",
            "First notice",
            "2026-07-01T01:30:00Z",
        )
        .sorted_by("coalesce(l.first_at, timestamptz '0001-01-01 00:00:00+00')"),
        Column::moment("last_notified_at", "l.last_at", "Последнее уведомление", "Last notice", "2026-07-01T01:30:00Z"),
        Column::number("letters", "l.letters", "Писем", "Letters", "1"),
        Column::flag("excluded", "c.excluded_from_liquidation_mail", "Исключён из рассылки", "Excluded", "false"),
        Column::text("comment", "c.liquidation_comment", "Комментарий", "Comment", "письмо возвращено"),
        Column::text("email", "c.email", "Почта", "E-mail", "office@example.ru"),
    ],
    filters: &[
        Filter::new(
            "liquidation_from",
            "d.liquidated_on >= {}",
            Read::Day,
            "Дата ликвидации не раньше этой; обязательна она или liquidation_to",
            "Liquidated no earlier; this or liquidation_to is required",
        ),
        Filter::new(
            "liquidation_to",
            "d.liquidated_on <= {}",
            Read::Day,
            "Дата ликвидации не позже этой",
            "Liquidated no later",
        ),
        Filter::new(
            "first_notified_from",
            "l.first_at >= {}",
            Read::From,
            "Первое уведомление не раньше",
            "First notice no earlier",
        ),
        Filter::new(
            "first_notified_to",
            "l.first_at < {}",
            Read::To,
            "Первое уведомление не позже",
            "First notice no later",
        ),
        Filter::new(
            "kind",
            "k.kind = {}",
            Read::OneOf(&["registry", "passport"]),
            "registry: по реестру; passport: физические лица с недействительным паспортом",
            "registry: by the registry; passport: persons with a bad passport",
        ),
        Filter::new("client", "c.code = {}", Read::Word, "Клиент", "Client"),
        Filter::new(
            "excluded",
            "c.excluded_from_liquidation_mail = {}",
            Read::Flag,
            "Исключён из рассылки",
            "Excluded",
        ),
        Filter::new("notified", "(l.first_at IS NOT NULL) = {}", Read::Flag, "Уведомлён", "Notified"),
        // Says what a list without its required filters answers; where they are there it changes nothing.
        Filter::new(
            "legacy_empty",
            "{} IS NOT NULL",
            Read::Flag,
            "Без даты ликвидации отвечать пустым списком, а не отказом",
            "Without a day of liquidation answer an empty list and no refusal",
        )
        .excusing(),
    ],
    order: "-liquidation_date",
    required: &["liquidation_from", "liquidation_to"],
    keys_first: false,
};
