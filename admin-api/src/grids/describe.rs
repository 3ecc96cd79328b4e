//! A list, described for programs.
//!
//! Owns: its operation in the OpenAPI document: parameters, the schema of its rows, an example.
//! Does not own: what holds for every operation (`openapi`).
//! Always: made of the same constant that answers, so that they cannot differ.

use billing::grid::{Column, Filter, Grid, Kind, Read};
use serde_json::{Map, Value as Json, json};
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::{Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn, ParameterStyle};
use utoipa::openapi::schema::{
    ArrayBuilder, KnownFormat, Object, ObjectBuilder, Schema, SchemaFormat, SchemaType, Type,
};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, ResponseBuilder};

/// The operation of a list and the schemas that it refers to, by name.
pub(crate) fn described(grid: &Grid, tag: &str) -> (Operation, Vec<(String, RefOr<Schema>)>) {
    let row = format!("{}Row", capitalised(grid.name));
    let page = format!("List_{row}");
    let example = json!({"items": [example_of(grid)], "next_cursor": null, "total": 1, "total_exact": true});
    let json = ContentBuilder::new().schema(Some(Ref::from_schema_name(&page))).example(Some(example)).build();
    let text = || ContentBuilder::new().schema(Some(string())).example(Some(json!("…"))).build();
    let answer = ResponseBuilder::new()
        .description(format!("{}; as a file with `format`", grid.en))
        .content("application/json", json)
        .content("text/csv", text())
        .content("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", text())
        .build();
    let mut operation = OperationBuilder::new()
        .operation_id(Some(format!("{}_list", grid.name.replace('-', "_"))))
        .tag(tag)
        .summary(Some(grid.en))
        .description(Some("A page in the order asked for, with the total; the same rows as CSV or XLSX."))
        .response("200", answer);
    for filter in grid.filters {
        let mut described = of_filter(filter);
        if grid.required.contains(&filter.name) {
            // Not `required`: one of them is enough, and a saved filter may bring it.
            described.extensions = Some(Extensions::builder().add("x-required-one-of", json!(true)).build());
        }
        operation = operation.parameter(described);
    }
    for parameter in common(grid) {
        operation = operation.parameter(parameter);
    }
    let operation = operation.extensions(Some(Extensions::builder().add("x-title-ru", json!(grid.ru)).build()));
    (operation.build(), vec![(row.clone(), schema_of_row(grid)), (page, schema_of_page(&row))])
}

/// `client-groups` -> `ClientGroups`.
fn capitalised(name: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
    };
    name.split('-').map(word).collect()
}

fn string() -> Object {
    ObjectBuilder::new().schema_type(Type::String).build()
}

fn parameter(name: &str, about: String, schema: impl Into<RefOr<Schema>>, example: Option<Json>) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Query)
        .description(Some(about))
        .schema(Some(schema.into()))
        .example(example)
        .build()
}

/// How words are searched for.
const WORDS: &str = "words together in their order, the last may be cut; `%` between them stands for anything, at the beginning for the inside of a word";
/// The same, where what is meant may be no words.
const ANYTHING: &str = "of a name words together in their order, the last may be cut, `%` between them stands for anything, at the beginning for the inside of a word; anything else whole, whatever its punctuation; who is named exactly comes first, then by the words that were found";

fn of_filter(filter: &Filter) -> Parameter {
    let (how, schema) = match filter.read {
        Read::Word => ("1 to 100 characters", word()),
        Read::Pattern => (WORDS, word()),
        Read::Anything => (ANYTHING, word()),
        Read::OneOf(words) => ("one of the words", one_of(words)),
        Read::SomeOf(words) => {
            let several = ArrayBuilder::new().items(one_of(words)).build();
            let how = format!("{} (some of the words, with commas between them)", about(filter));
            let mut described = parameter(filter.name, how, several, None);
            described.style = Some(ParameterStyle::Form);
            described.explode = Some(false);
            return described;
        }
        Read::Number => (
            "a whole number",
            ObjectBuilder::new()
                .schema_type(Type::Integer)
                .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
                .build(),
        ),
        Read::Amount => ("a decimal", written(r"-?[0-9]+(\.[0-9]+)?")),
        Read::Flag => ("`true` or `false`", ObjectBuilder::new().schema_type(Type::Boolean).build()),
        Read::From => ("a day or a moment; from it on", string()),
        Read::To => ("a day or a moment; up to it", string()),
        Read::Day => ("a day, 2026-07-31", written("[0-9]{4}-[0-9]{2}-[0-9]{2}")),
        Read::Phone => ("a telephone number in any writing", string()),
        Read::Currency => ("three capital letters", written("[A-Z]{3}")),
        Read::Masks => ("a dialled number", string()),
    };
    parameter(filter.name, format!("{} ({how})", about(filter)), schema, None)
}

fn about(filter: &Filter) -> String {
    let default = filter.default.map(|value| format!("; `{value}` when absent")).unwrap_or_default();
    format!("{} — {}{default}", filter.ru, filter.en)
}

/// One of some words, or nothing: an empty parameter is none.
fn one_of(words: &[&str]) -> Object {
    let words = words.iter().copied().chain([""]);
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build()
}

/// Text of a form, or nothing: an empty filter is none, and takes away that of a saved filter.
fn written(form: &str) -> Object {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some(format!("^({form})?$"))).build()
}

fn word() -> Object {
    ObjectBuilder::new().schema_type(Type::String).max_length(Some(100)).build()
}

/// The parameters that every list has.
fn common(grid: &Grid) -> Vec<Parameter> {
    let sortable: Vec<&str> =
        grid.columns.iter().filter(|column| column.sort.is_some()).map(|column| column.name).collect();
    let orders: Vec<String> = sortable.iter().flat_map(|name| [(*name).to_owned(), format!("-{name}")]).collect();
    let order = one_of(&orders.iter().map(String::as_str).collect::<Vec<_>>());
    let count = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).build();
    let identifier = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(1))
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
        .build();
    let is_found = grid.filters.iter().any(|filter| filter.found.is_some());
    let by_words = if is_found { "; of a search for words, the words that were found" } else { "" };
    vec![
        parameter(
            "sort",
            format!("Order; with a minus the greatest first. Default: {}{by_words}", grid.order),
            order,
            Some(json!(grid.order)),
        ),
        parameter(
            "limit",
            "Rows: at most as many as the setting `grid.max_rows` says; as many as `grid.default_rows` says when absent, of a file all".to_owned(),
            count,
            Some(json!(100)),
        ),
        parameter("cursor", "`next_cursor` of the page before".to_owned(), string(), None),
        parameter(
            "format",
            "`json` (default), or a file: `csv`, `xlsx`".to_owned(),
            one_of(&["json", "csv", "xlsx"]),
            Some(json!("json")),
        ),
        parameter(
            "saved",
            "Identifier of a saved filter; what the request says itself counts more, also an empty value, which takes the kept one away".to_owned(),
            identifier,
            None,
        ),
    ]
}

fn schema_of_row(grid: &Grid) -> RefOr<Schema> {
    let mut row = ObjectBuilder::new().description(Some(format!("{} — {}", grid.ru, grid.en)));
    for column in grid.columns {
        row = row.property(column.name, schema_of(column)).required(column.name);
    }
    RefOr::T(Schema::Object(row.build()))
}

fn schema_of(column: &Column) -> RefOr<Schema> {
    let about = format!("{} — {}", column.ru, column.en);
    let of = |kind: Type, format: Option<SchemaFormat>| {
        let types = SchemaType::from_iter([kind, Type::Null]);
        RefOr::T(Schema::Object(
            ObjectBuilder::new().schema_type(types).format(format).description(Some(about.clone())).build(),
        ))
    };
    let known = |format| Some(SchemaFormat::KnownFormat(format));
    match column.kind {
        Kind::Text | Kind::Amount => of(Type::String, None),
        Kind::Number => of(Type::Integer, known(KnownFormat::Int64)),
        Kind::Flag => of(Type::Boolean, None),
        Kind::Moment => of(Type::String, known(KnownFormat::DateTime)),
        Kind::Day => of(Type::String, known(KnownFormat::Date)),
        Kind::Words => {
            let types = SchemaType::from_iter([Type::Array, Type::Null]);
            RefOr::T(Schema::Array(
                ArrayBuilder::new().schema_type(types).items(string()).description(Some(about)).build(),
            ))
        }
    }
}

fn schema_of_page(row: &str) -> RefOr<Schema> {
    let rows = ArrayBuilder::new().items(Ref::from_schema_name(row)).build();
    let nullable = ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .description(Some("Where the next page begins; `null` on the last one."))
        .build();
    let total = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(0))
        .description(Some("Rows of the whole list."))
        .build();
    let exact = ObjectBuilder::new()
        .schema_type(Type::Boolean)
        .description(Some("Whether `total` is exact; else there are at least that many."))
        .build();
    let page = ObjectBuilder::new()
        .property("items", rows)
        .required("items")
        .property("next_cursor", nullable)
        .required("next_cursor")
        .property("total", total)
        .required("total")
        .property("total_exact", exact)
        .required("total_exact");
    RefOr::T(Schema::Object(page.build()))
}

fn example_of(grid: &Grid) -> Json {
    let fields = grid.columns.iter().map(|column| {
        let text = column.example;
        let value = match column.kind {
            _ if text.is_empty() => Json::Null,
            Kind::Number | Kind::Flag => serde_json::from_str(text).expect("the example of a number or flag is one"),
            Kind::Words => json!(text.split(',').collect::<Vec<_>>()),
            Kind::Text | Kind::Amount | Kind::Moment | Kind::Day => json!(text),
        };
        (column.name.to_owned(), value)
    });
    Json::Object(fields.collect::<Map<_, _>>())
}
