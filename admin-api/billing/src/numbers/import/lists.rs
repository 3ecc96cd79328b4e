//! Imports of numbers as lists.
//!
//! Owns: columns and filters of imports, of their rows, of what they changed.
//! Does not own: how lists are read (`grid`).
//! Always: rows are asked for by import, changes by import or by number.

use crate::grid::{Column, Filter, Grid, Read};

/// Imports, the latest first.
pub static IMPORTS: Grid = Grid {
    name: "did-imports",
    ru: "Загрузки номеров",
    en: "Imports of numbers",
    from: "did_import i",
    key: "i.id",
    columns: &[
        Column::number("id", "i.id", "Номер загрузки", "Import", "3").sorted(),
        Column::text("state", "i.state", "Состояние", "State", "applied"),
        Column::text("file_name", "i.file_name", "Файл", "File", "numbers.xlsx"),
        Column::number("numbers", "(i.summary->>'numbers')::bigint", "Номеров", "Numbers", "10000"),
        Column::number("new", "(i.summary->>'new')::bigint", "Новых", "New", "9990"),
        Column::number("returned", "(i.summary->>'returned')::bigint", "Вернулось в ёмкость", "Come back", "0"),
        Column::number("changed", "(i.summary->>'changed')::bigint", "Изменено", "Changed", "4"),
        Column::number("same", "(i.summary->>'same')::bigint", "Без изменений", "The same", "6"),
        Column::moment("created_at", "i.created_at", "Загружен", "Brought in", "2026-07-01T10:00:00Z").sorted(),
        Column::text("created_by", "i.created_by", "Кто загрузил", "By", "petrova"),
        Column::moment(
            "closed_at",
            "i.closed_at",
            "Применён или отброшен",
            "Applied or discarded",
            "2026-07-01T10:05:00Z",
        ),
        Column::text("closed_by", "i.closed_by", "Кем", "By whom", "petrova"),
        Column::text("close_reason", "i.close_reason", "Причина", "Reason", "новая ёмкость"),
    ],
    filters: &[
        Filter::new(
            "state",
            "i.state = ANY({})",
            Read::SomeOf(&["draft", "applied", "discarded"]),
            "Состояние",
            "State",
        ),
        Filter::new("created_by", "i.created_by = {}", Read::Word, "Кто загрузил", "Brought in by"),
    ],
    order: "-id",
    required: &[],
    keys_first: false,
};

/// Rows of an import: ranges, and what they say of their numbers.
pub static IMPORT_ROWS: Grid = Grid {
    name: "did-import-rows",
    ru: "Строки загрузки номеров",
    en: "Rows of an import of numbers",
    from: "did_import_row r LEFT JOIN provider p ON p.id = r.provider_id LEFT JOIN number_region g ON g.id = r.region_id",
    // Rows of one import alone are ever asked for.
    key: "r.no::bigint",
    columns: &[
        Column::number("row", "r.no::bigint", "Строка файла", "Row of the file", "2").sorted(),
        Column::text("first", "r.first", "Первый номер", "First number", "74951000000").sorted(),
        Column::text("last", "r.last", "Последний номер", "Last number", "74951009999"),
        Column::number("numbers", "r.last::bigint - r.first::bigint + 1", "Номеров", "Numbers", "10000"),
        Column::text("provider", "p.code", "Провайдер", "Provider", "mtt"),
        Column::text("region", "g.code", "Регион", "Region", "moscow"),
        Column::text("place", "r.place", "Место оказания услуг", "Place of service", ""),
        Column::text("kind", "r.kind", "Вид", "Kind", "ordinary"),
        Column::text("sale", "r.sale", "Доступен для продажи", "For sale", "yes"),
        Column::amount("price", "r.price", "Цена", "Price", ""),
        Column::words("says", "r.says", "О чём говорит строка", "What the row says", "provider,region,kind,sale"),
    ],
    filters: &[Filter::new("import", "r.import_id = {}", Read::Number, "Номер загрузки", "Of this import")],
    order: "row",
    required: &["import"],
    keys_first: false,
};

/// Numbers that an import changed, and what they were before it.
pub static IMPORT_CHANGES: Grid = Grid {
    name: "did-import-changes",
    ru: "Что загрузки изменили в номерах",
    en: "What imports changed of numbers",
    from: "did_import_change x JOIN did d ON d.id = x.did_id JOIN did_import i ON i.id = x.import_id",
    key: "x.id",
    columns: &[
        Column::number("id", "x.id", "Номер записи", "Record", "17").sorted(),
        Column::number("import", "x.import_id", "Загрузка", "Import", "3"),
        Column::text("number", "d.number", "Номер", "Number", "74951000001"),
        Column::moment("at", "i.closed_at", "Когда", "When", "2026-07-01T10:05:00Z"),
        Column::text("by", "i.closed_by", "Кто", "By", "petrova"),
        Column::text("status_before", "x.before->>'status'", "Состояние до", "State before", "free"),
        Column::text("provider_before", "x.before->>'provider'", "Провайдер до", "Provider before", "mtt"),
        Column::text("region_before", "x.before->>'region'", "Регион до", "Region before", "moscow"),
        Column::text("place_before", "x.before->>'place'", "Место до", "Place before", ""),
        Column::text("kind_before", "x.before->>'kind'", "Вид до", "Kind before", "ordinary"),
        Column::text("sale_before", "x.before->>'sale'", "Доступен для продажи до", "For sale before", "yes"),
        Column::amount("price_before", "(x.before->>'price')::numeric", "Цена до", "Price before", ""),
    ],
    filters: &[
        Filter::new("import", "x.import_id = {}", Read::Number, "Номер загрузки", "Of this import"),
        Filter::new(
            "number",
            "x.did_id = (SELECT y.id FROM did y WHERE y.number = {})",
            Read::Phone,
            "Номер",
            "Of this number",
        ),
    ],
    order: "-id",
    required: &["import", "number"],
    keys_first: false,
};
