//! The list of numbers: who holds which (M2).
//!
//! Owns: what the list shows and by what it can be asked.
//! Does not own: sale and quarantine as such (`sale`, `rules`), the search for sale by masks, how a list is read (`grid`).
//! Always: a number is searched as staff write it; what it is on the shelf is told of numbers that nobody has.

use super::sale::{Offer, Sale};
use crate::grid::{Column, Filter, Grid, Read};

macro_rules! zone {
    () => {
        "(SELECT value FROM setting WHERE key = 'billing.zone')"
    };
}
macro_rules! today {
    () => {
        concat!("({now} AT TIME ZONE ", zone!(), ")::date")
    };
}
/// The name of the [`Offer`] of a number, by the rules of `Offer::of` and `rules::class`; a test compares it with them.
macro_rules! offer {
    () => {
        concat!(
            "(CASE WHEN d.status NOT IN ('free', 'archive') THEN NULL
                   WHEN d.sale = 'no' THEN 'no'
                   WHEN d.is_mobile AND (d.archived_at AT TIME ZONE ",
            zone!(),
            ")::date + (SELECT value::int FROM setting WHERE key = 'did.mobile_rest_days') > ",
            today!(),
            " THEN 'rests'
                   WHEN d.sale = 'forced' THEN CASE WHEN d.forced_for IS NULL THEN 'forced' ELSE 'forced_for_one' END
                   WHEN d.kind = 'fmtn' OR d.place = 'agent' THEN 'ignore'
                   ELSE (SELECT CASE WHEN w.first IS NULL THEN 'no_data' WHEN w.first > w.since THEN 'insufficient_data'
                                     WHEN EXISTS (SELECT FROM non_target_last l WHERE l.did_number = d.number AND l.day BETWEEN w.since AND ",
            today!(),
            ") THEN 'has_calls' ELSE 'no_calls' END
                         FROM (SELECT (SELECT min(r.day) FROM non_target_run r WHERE r.day > (greatest(d.archived_at, d.added_at) AT TIME ZONE ",
            zone!(),
            ")::date) AS first, ",
            today!(),
            " - coalesce((SELECT q.days FROM quarantine_term q WHERE q.kind = d.kind AND q.provider_id = d.provider_id),
                         (SELECT q.days FROM quarantine_term q WHERE q.kind = d.kind AND q.provider_id IS NULL),
                         (SELECT value::int FROM setting WHERE key = 'did.quarantine_days')) AS since) AS w) END)"
        )
    };
}

/// Numbers of our capacity.
pub static GRID: Grid = Grid {
    name: "dids",
    ru: "Номера",
    en: "Numbers",
    from: "did d LEFT JOIN account a ON a.id = d.account_id LEFT JOIN client c ON c.id = a.client_id LEFT JOIN provider p ON p.id = d.provider_id
           LEFT JOIN number_region g ON g.id = d.region_id LEFT JOIN number_class k ON k.id = d.class_id",
    key: "d.id",
    columns: &[
        Column::text("number", "d.number", "Номер", "Number", "74952000200").sorted(),
        Column::text("status", "d.status", "Состояние", "State", "in_work"),
        Column::text("account", "a.code", "Лицевой счёт", "Account", "A-000017"),
        Column::text("client", "c.code", "Клиент", "Client", "C-000017"),
        Column::text("client_name", "c.name", "Название клиента", "Name of the client", "ООО «Строй Сервис»"),
        Column::text("provider", "p.code", "Провайдер", "Provider", "mtt"),
        Column::text("region", "g.code", "Регион", "Region", "moscow"),
        Column::text("region_name", "g.name", "Название региона", "Name of the region", "Москва"),
        Column::text("place", "d.place", "Место оказания услуг", "Place of service", ""),
        Column::text("kind", "d.kind", "Вид", "Kind", "ordinary"),
        Column::flag("mobile", "d.is_mobile", "Мобильный", "Mobile", "false"),
        Column::text("class", "k.code", "Класс", "Class", "gold"),
        Column::amount("price", "coalesce(d.price, k.price)", "Цена", "Price", "15000"),
        Column::text("sale", "d.sale", "Доступен для продажи", "For sale", "yes"),
        Column::text("offer", offer!(), "Можно ли продать", "What it is on the shelf", "no_calls"),
        Column::moment("archived_at", "d.archived_at", "В архиве с", "Archived", ""),
        Column::moment("added_at", "d.added_at", "Добавлен", "Added", "2026-06-01T09:00:00Z").sorted(),
        Column::number("revision", "d.revision", "Редакция", "Revision", "4"),
    ],
    filters: &[
        Filter::new("number", "d.number = {}", Read::Phone, "Номер", "The number"),
        Filter::new(
            "status",
            "d.status = ANY({})",
            Read::SomeOf(&["free", "reserved", "in_work", "archive", "withdrawn"]),
            "Состояние",
            "State",
        ),
        Filter::new(
            "account",
            "d.account_id = (SELECT id FROM account WHERE code = {})",
            Read::Word,
            "Лицевой счёт",
            "Of this account",
        ),
        Filter::new(
            "client",
            "d.account_id IN (SELECT x.id FROM account x JOIN client y ON y.id = x.client_id WHERE y.code = {})",
            Read::Word,
            "Клиент",
            "Of this client",
        ),
        Filter::new("provider", "p.code = {}", Read::Word, "Провайдер", "Of this provider"),
        Filter::new(
            "own",
            "(d.provider_id IS NULL OR p.is_own) = {}",
            Read::Flag,
            "Собственной ёмкости или чужой",
            "Whether it is of our own capacity",
        ),
        Filter::new(
            "region",
            "d.region_id = (SELECT id FROM number_region WHERE code = {})",
            Read::Word,
            "Регион (код)",
            "Of this region (code)",
        ),
        Filter::new("place", "d.place = {}", Read::Word, "Место оказания услуг", "Place of service"),
        Filter::new("kind", "d.kind = {}", Read::OneOf(&["ordinary", "fmtn"]), "Вид", "Kind"),
        Filter::new("mobile", "d.is_mobile = {}", Read::Flag, "Мобильный или нет", "Whether it is mobile"),
        Filter::new(
            "class",
            "d.class_id = (SELECT id FROM number_class WHERE code = {})",
            Read::Word,
            "Класс красивых номеров (код)",
            "Of this class of beautiful numbers (code)",
        ),
        Filter::new("sale", "d.sale = ANY({})", Read::SomeOf(Sale::NAMES), "Доступен для продажи", "For sale"),
        Filter::new(
            "offer",
            concat!(offer!(), " = ANY({})"),
            Read::SomeOf(Offer::NAMES),
            "Можно ли продать; для свободных и карантинных номеров",
            "What it is on the shelf; of free and archived numbers",
        ),
    ],
    order: "number",
    required: &[],
    keys_first: false,
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numbers::DidKind;

    #[test]
    fn the_filter_knows_the_kinds() {
        let names: Vec<&str> = DidKind::ALL.iter().map(|kind| kind.as_str()).collect();
        let filter = GRID.filter("kind").unwrap();
        assert!(matches!(filter.read, Read::OneOf(words) if words == names), "{:?}", filter.read);
    }
}
