//! The document against the table of routes, against itself, and against the committed one.

use super::*;
use crate::router::Access;
use serde_json::Value;

fn described() -> Value {
    serde_json::from_str(&openapi_json()).unwrap()
}

#[test]
fn the_document_has_the_routes_of_the_table_and_no_others() {
    let document = described();
    let mut routes = 0;
    for route in router::table() {
        let method = format!("{:?}", route.verb).to_lowercase();
        let operation = &document["paths"][route.path][&method];
        assert!(operation.is_object(), "{method} {} is not described", route.path);
        let guarded = operation["security"][0]["bearer"].is_array();
        assert_eq!(guarded, route.access != Access::Open, "{}", route.path);
        if let Some(permission) = route.access.permission() {
            assert!(operation["description"].as_str().unwrap().contains(permission.as_str()), "{}", route.path);
        }
        if let Access::Cabinet(Some(right)) = route.access {
            let words = format!("Right: `{}`", right.as_str());
            assert!(operation["description"].as_str().unwrap().contains(&words), "{}", route.path);
        }
        routes += 1;
    }
    let paths = document["paths"].as_object().unwrap();
    let described: usize = paths.values().map(|item| item.as_object().unwrap().len()).sum();
    assert_eq!(described, routes);
}

#[test]
fn every_operation_has_an_example_and_a_problem() {
    let document = described();
    assert_eq!(document["openapi"], "3.1.0");
    assert!(document["components"]["schemas"]["Problem"].is_object());
    for (path, item) in document["paths"].as_object().unwrap() {
        for operation in item.as_object().unwrap().values() {
            let has_example = |part: &Value| {
                let mut types = part["content"].as_object().unwrap().values();
                types.all(|content| !content["example"].is_null())
            };
            let responses = operation["responses"].as_object().unwrap();
            let done = responses.iter().find(|(status, _)| status.starts_with('2')).unwrap();
            assert!(has_example(done.1), "{path}");
            let body = &operation["requestBody"];
            assert!(body.is_null() || has_example(body), "{path}");
            assert!(operation["responses"]["default"]["content"]["application/problem+json"].is_object(), "{path}");
            assert!(!operation["operationId"].as_str().unwrap().is_empty(), "{path}");
        }
    }
}

#[test]
fn the_committed_document_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(committed == openapi_json(), "run: cargo run -p admin-api -- openapi > admin-api/openapi.json");
}

#[test]
fn names_that_are_referred_to_exist() {
    let text = openapi_json();
    let document = described();
    for reference in text.split("#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(document["components"]["schemas"][name].is_object(), "{name}");
    }
}

/// What is wrong with a value, by a schema of the document. `alone`: no other schema says more about the value.
fn faults(document: &Value, schema: &Value, value: &Value, at: &str, alone: bool) -> Vec<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let named = document.pointer(reference.trim_start_matches('#')).unwrap_or(&Value::Null);
        assert!(named.is_object(), "{reference}");
        return faults(document, named, value, at, alone);
    }
    let mut found = Vec::new();
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one.as_str()],
        several => several.as_array().into_iter().flatten().filter_map(Value::as_str).collect(),
    };
    if !types.is_empty() && !types.iter().any(|name| is_of_type(value, name)) {
        return vec![format!("{at}: {value} is not {types:?}")];
    }
    let list = |key: &str| schema[key].as_array().cloned().unwrap_or_default();
    for key in ["oneOf", "anyOf"] {
        let choices = list(key);
        let each = choices.iter().map(|choice| faults(document, choice, value, at, alone));
        let fitting = each.filter(Vec::is_empty).count();
        if !choices.is_empty() && (fitting == 0 || (key == "oneOf" && fitting > 1)) {
            found.push(format!("{at}: fits {fitting} of {key}"));
        }
    }
    let parts = list("allOf");
    found.extend(parts.iter().flat_map(|part| faults(document, part, value, at, false)));
    let known = schema["enum"].as_array();
    if known.is_some_and(|known| !known.contains(value)) {
        found.push(format!("{at}: {value} is none of the enum"));
    }
    if let Some(fields) = value.as_object() {
        let required = list("required");
        let missing = required.iter().filter_map(Value::as_str).filter(|name| !fields.contains_key(*name));
        found.extend(missing.map(|name| format!("{at}: lacks {name}")));
        let closed = alone && parts.is_empty() && schema["properties"].is_object();
        for (name, field) in fields {
            let at = format!("{at}/{name}");
            match (&schema["properties"][name], &schema["additionalProperties"]) {
                (property @ Value::Object(_), _) => found.extend(faults(document, property, field, &at, true)),
                (_, further @ Value::Object(_)) => found.extend(faults(document, further, field, &at, true)),
                (_, Value::Bool(false)) => found.push(format!("{at}: is not in the schema")),
                (_, Value::Null) if closed => found.push(format!("{at}: is not in the schema")),
                _ => {}
            }
        }
    }
    for (number, item) in value.as_array().into_iter().flatten().enumerate() {
        found.extend(faults(document, &schema["items"], item, &format!("{at}/{number}"), true));
    }
    if schema["minimum"].as_i64().zip(value.as_i64()).is_some_and(|(least, number)| number < least) {
        found.push(format!("{at}: {value} is too little"));
    }
    let text = value.as_str();
    let fits = match (schema["format"].as_str(), text) {
        (Some("date-time"), Some(text)) => text.parse::<chrono::DateTime<chrono::Utc>>().is_ok(),
        (Some("date"), Some(text)) => text.parse::<chrono::NaiveDate>().is_ok(),
        _ => true,
    };
    if !fits {
        found.push(format!("{at}: {value} is no {}", schema["format"]));
    }
    found
}

fn is_of_type(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}

#[test]
fn every_example_fits_its_schema() {
    let document = described();
    let mut found = Vec::new();
    let mut examples = 0;
    for operation in document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values())
    {
        let name = operation["operationId"].as_str().unwrap();
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let at = format!("{name} {}", parameter["name"]);
            let example = Some(&parameter["example"]).filter(|example| !example.is_null());
            found.extend(
                example.into_iter().flat_map(|value| faults(&document, &parameter["schema"], value, &at, true)),
            );
        }
        let responses =
            operation["responses"].as_object().unwrap().iter().map(|(status, part)| (status.as_str(), part));
        for (part, holder) in responses.chain([("body", &operation["requestBody"])]) {
            for (kind, content) in holder["content"].as_object().into_iter().flatten() {
                if !content["example"].is_null() {
                    let at = format!("{name} {part} {kind}: ");
                    found.extend(faults(&document, &content["schema"], &content["example"], &at, true));
                    examples += 1;
                }
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert!(examples > 100, "{examples}");
}

#[test]
fn a_schema_finds_what_does_not_fit() {
    let document = serde_json::json!({"components": {"schemas": {"Inner": {"type": "integer", "minimum": 1}}}});
    let schema = serde_json::json!({
        "type": "object", "required": ["a"], "additionalProperties": false,
        "properties": {
            "a": {"type": ["string", "null"], "format": "date"},
            "b": {"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Inner"}]},
            "c": {"type": "array", "items": {"enum": ["x"]}}
        }
    });
    for (value, fault) in [
        (serde_json::json!({"a": "2026-07-01", "b": 1, "c": ["x"]}), ""),
        (serde_json::json!({"a": null, "b": null, "c": []}), ""),
        (serde_json::json!({}), ": lacks a"),
        (serde_json::json!({"a": 1}), "/a: 1 is not [\"string\", \"null\"]"),
        (serde_json::json!({"a": "1 July"}), "/a: \"1 July\" is no \"date\""),
        (serde_json::json!({"a": null, "b": 0}), "/b: fits 0 of oneOf"),
        (serde_json::json!({"a": null, "c": ["y"]}), "/c/0: \"y\" is none of the enum"),
        (serde_json::json!({"a": null, "d": 1}), "/d: is not in the schema"),
        (serde_json::json!([]), ": [] is not [\"object\"]"),
    ] {
        assert_eq!(faults(&document, &schema, &value, "", true).join("; "), fault, "{value}");
    }
}

/// Of two schemas with one name the document keeps one, and an operation would be described by the other's.
#[test]
fn names_of_schemas_are_given_once() {
    let mut names: std::collections::BTreeMap<String, Vec<String>> = std::collections::BTreeMap::new();
    let mut folders = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                for name in schemas_of(&text) {
                    names.entry(name).or_default().push(path.display().to_string());
                }
            }
        }
    }
    assert!(names.len() > 100, "{}", names.len());
    let doubled: Vec<_> = names.iter().filter(|(_, files)| files.len() > 1).collect();
    assert!(doubled.is_empty(), "say `#[schema(as = OtherName)]` at one of them: {doubled:?}");
}

/// Names of the schemas that a file derives.
fn schemas_of(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if !(line.starts_with("#[derive(") && line.contains("ToSchema")) {
            continue;
        }
        let mut given = None;
        for line in lines.by_ref() {
            if let Some((_, rest)) = line.split_once("#[schema(as = ") {
                given = rest.split(|letter: char| !letter.is_alphanumeric()).next().map(str::to_owned);
            }
            let item = line.split_once("struct ").or_else(|| line.split_once("enum "));
            if let (false, Some((_, rest))) = (line.starts_with(['#', '/']), item) {
                let own = rest.split(|letter: char| !letter.is_alphanumeric()).next().unwrap_or_default();
                names.push(given.unwrap_or_else(|| own.to_owned()));
                break;
            }
        }
    }
    names
}
