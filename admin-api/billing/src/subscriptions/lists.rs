//! Lists of products of accounts, and of subscribers.
//!
//! Owns: what the lists show and by what they can be asked.
//! Does not own: how a list is read (`grid`).
//! Always: a number is searched as staff write it; closed ones are among them.

use super::rules::{InstanceStatus, SubscriberStatus};
use crate::grid::{Column, Filter, Grid, Read};

/// Products of accounts.
pub static INSTANCES: Grid = Grid {
    name: "products-of-accounts",
    ru: "Продукты лицевых счетов",
    en: "Products of accounts",
    from: "product_instance i JOIN account a ON a.id = i.account_id JOIN client c ON c.id = a.client_id JOIN product p ON p.id = i.product_id",
    key: "i.id",
    columns: &[
        Column::number("id", "i.id", "№", "Id", "7").sorted(),
        Column::text("account", "a.code", "Лицевой счёт", "Account", "A-000017"),
        Column::text("client", "c.code", "Клиент", "Client", "C-000017"),
        Column::text("client_name", "c.name", "Название клиента", "Name of the client", "ООО «Строй Сервис»"),
        Column::text("product", "p.code", "Продукт", "Product", "telephony"),
        Column::text("product_name", "p.name", "Название продукта", "Name of the product", "Услуги связи"),
        Column::number("quantity", "i.quantity::bigint", "Количество", "Quantity", "1"),
        Column::text("status", "i.status", "Состояние", "State", "in_work"),
        Column::day("planned_activation", "i.planned_activation", "Плановая активация", "Planned activation", "")
            .sorted_by("coalesce(i.planned_activation, date '0001-01-01')"),
        Column::moment("offer_accepted_at", "i.offer_accepted_at", "Оферта принята", "Offer accepted", ""),
        Column::moment("activated_at", "i.activated_at", "В работе с", "In work since", "2026-07-01T10:05:00Z"),
        Column::day("next_payment_date", "i.next_payment_date", "Следующая оплата", "Next payment", ""),
        Column::moment("created_at", "i.created_at", "Подключён", "Connected", "2026-07-01T10:00:00Z").sorted(),
        Column::text("created_by", "i.created_by", "Кем подключён", "Connected by", "ivanova"),
        Column::moment("closed_at", "i.closed_at", "Закрыт", "Closed", ""),
        Column::number("revision", "i.revision", "Редакция", "Revision", "2"),
    ],
    filters: &[
        Filter::new(
            "account",
            "i.account_id = (SELECT id FROM account WHERE code = {})",
            Read::Word,
            "Лицевого счёта (код)",
            "Of this account (code)",
        ),
        Filter::new("client", "c.code = {}", Read::Word, "Клиента (код)", "Of this client (code)"),
        Filter::new(
            "product",
            "i.product_id = (SELECT id FROM product WHERE code = {})",
            Read::Word,
            "Этот продукт (код)",
            "This product (code)",
        ),
        Filter::new("status", "i.status = ANY({})", Read::SomeOf(InstanceStatus::NAMES), "Состояние", "State"),
        Filter::new(
            "planned_to",
            "i.planned_activation <= {}",
            Read::Day,
            "Плановая активация не позже",
            "Planned for this day at the latest",
        ),
    ],
    order: "-id",
    required: &[],
    keys_first: false,
};

/// Subscribers.
pub static SUBSCRIBERS: Grid = Grid {
    name: "subscribers",
    ru: "Абоненты",
    en: "Subscribers",
    from: "subscriber s JOIN product_instance i ON i.id = s.instance_id JOIN account a ON a.id = i.account_id JOIN client c ON c.id = a.client_id
           JOIN product p ON p.id = i.product_id JOIN did d ON d.id = s.did_id",
    key: "s.id",
    columns: &[
        Column::number("id", "s.id", "№", "Id", "7").sorted(),
        Column::text("number", "d.number", "Номер", "Number", "74951201031"),
        Column::text("status", "s.status", "Состояние", "State", "in_work"),
        Column::text("number_status", "d.status", "Состояние номера", "State of the number", "in_work"),
        Column::text("account", "a.code", "Лицевой счёт", "Account", "A-000017"),
        Column::text("client", "c.code", "Клиент", "Client", "C-000017"),
        Column::text("client_name", "c.name", "Название клиента", "Name of the client", "ООО «Строй Сервис»"),
        Column::text("product", "p.code", "Продукт", "Product", "telephony"),
        Column::number("product_of_account", "s.instance_id", "№ продукта счёта", "Product of the account", "7"),
        Column::moment("created_at", "s.created_at", "Создан", "Made", "2026-07-01T10:00:00Z").sorted(),
        Column::text("created_by", "s.created_by", "Кем создан", "Made by", "ivanova"),
        Column::day("reserved_through", "s.reserved_through", "Резерв по", "Reserved through", "2026-07-13")
            .sorted_by("coalesce(s.reserved_through, date '0001-01-01')"),
        Column::moment("activated_at", "s.activated_at", "В работе с", "In work since", ""),
        Column::moment("closed_at", "s.closed_at", "Закрыт", "Closed", ""),
        Column::text("closed_by", "s.closed_by", "Кем закрыт", "Closed by", ""),
        Column::text("closed_for", "s.closed_for", "Почему закрыт", "Closed for", ""),
        Column::number("revision", "s.revision", "Редакция", "Revision", "2"),
    ],
    filters: &[
        Filter::new("number", "d.number = {}", Read::Phone, "Номер", "The number"),
        Filter::new("status", "s.status = ANY({})", Read::SomeOf(SubscriberStatus::NAMES), "Состояние", "State"),
        Filter::new(
            "account",
            "i.account_id = (SELECT id FROM account WHERE code = {})",
            Read::Word,
            "Лицевого счёта (код)",
            "Of this account (code)",
        ),
        Filter::new("client", "c.code = {}", Read::Word, "Клиента (код)", "Of this client (code)"),
        Filter::new(
            "product_of_account",
            "s.instance_id = {}",
            Read::Number,
            "Продукта лицевого счёта (№)",
            "Of this product of an account (id)",
        ),
        Filter::new(
            "reserved_to",
            "s.status = 'new' AND s.reserved_through <= {}",
            Read::Day,
            "Резерв заканчивается не позже",
            "Whose reservation ends on this day at the latest",
        ),
    ],
    order: "-id",
    required: &[],
    keys_first: false,
};
