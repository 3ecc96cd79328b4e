//! One operation, as the page for people shows it.
//!
//! Owns: its title, permission, parameters, bodies and examples as HTML.
//! Does not own: the page around it (`render`).
//! Always: what comes from the document is escaped; an operation without a Russian title has its English one.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::LazyLock;

use billing::staff::Permission;
use serde_json::Value;

use super::render::{escaped, said, text_of};
use crate::language::Language;
use crate::router::Access;

/// Russian titles of operations and sentences on tags, by operation id and by `tag:NAME`.
static RUSSIAN: LazyLock<BTreeMap<&str, &str>> = LazyLock::new(|| {
    let lines = include_str!("assets/russian.txt").lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once(" = ")).collect()
});

/// The Russian words for something of the document, if there are any.
pub(super) fn in_russian(id: &str) -> Option<&'static str> {
    RUSSIAN.get(id).copied()
}

/// An operation of the document with what the table of routes says about it.
pub(super) struct Operation<'a> {
    /// `GET`.
    pub(super) verb: String,
    /// Path with its parameters.
    pub(super) path: &'static str,
    /// What the caller needs.
    pub(super) access: Access,
    /// What the document says.
    pub(super) said: &'a Value,
}

impl<'a> Operation<'a> {
    /// Its identifier.
    pub(super) fn id(&self) -> &'a str {
        text_of(&self.said["operationId"])
    }

    /// The tag that it stands under.
    pub(super) fn tag(&self) -> &'a str {
        text_of(&self.said["tags"][0])
    }

    /// Its title.
    pub(super) fn title(&self, language: Language) -> &'a str {
        let english = text_of(&self.said["summary"]);
        match language {
            Language::Russian => in_russian(self.id()).or(self.said["x-title-ru"].as_str()).unwrap_or(english),
            Language::English => english,
        }
    }

    /// Writes it down.
    pub(super) fn write(&self, page: &mut String, document: &Value, language: Language) {
        let (id, title) = (escaped(self.id()), self.title(language));
        let words = format!("{} {} {} {title} {}", self.verb, self.path, self.id(), text_of(&self.said["summary"]));
        let words = escaped(&words.to_lowercase());
        let _ = write!(
            page,
            "<article id=\"op-{id}\" data-words=\"{words}\"><h3>{}</h3><p><span class=\"verb\">{}</span> <code>{}</code></p>",
            escaped(title),
            self.verb,
            escaped(self.path)
        );
        self.write_description(page);
        let _ = write!(page, "<p class=\"permission\">{}</p>", self.permission(language));
        self.write_parameters(page, document, language);
        self.write_body(page, document, language);
        self.write_answers(page, language);
        page.push_str("</article>\n");
    }

    /// The description without the sentence on the permission, which is said in the reader's language.
    fn write_description(&self, page: &mut String) {
        for paragraph in text_of(&self.said["description"]).split("\n\n") {
            if !paragraph.is_empty() && !paragraph.starts_with("Permission: ") {
                let _ = write!(page, "<p>{}</p>", said(paragraph));
            }
        }
    }

    fn permission(&self, language: Language) -> String {
        let one = |permission: Permission| {
            let (ru, en) = permission.about();
            let about = match language {
                Language::Russian => ru,
                Language::English => en,
            };
            format!("<code>{}</code> ({})", permission.as_str(), escaped(about))
        };
        match (self.access, language) {
            (Access::Open, Language::Russian) => "Без токена".to_owned(),
            (Access::Open, Language::English) => "No token".to_owned(),
            (Access::SignedIn, Language::Russian) => "Достаточно любого действующего токена".to_owned(),
            (Access::SignedIn, Language::English) => "Any valid token is enough".to_owned(),
            (Access::InSession, Language::Russian) => "Вход по паролю; API-токена мало".to_owned(),
            (Access::InSession, Language::English) => "A session; an API token is not enough".to_owned(),
            (Access::Enrolling, Language::Russian) => {
                "Вход по паролю, в том числе без второго фактора; API-токена мало".to_owned()
            }
            (Access::Enrolling, Language::English) => {
                "A session, also one that may only enrol a second factor; an API token is not enough".to_owned()
            }
            (Access::Needs(needed), Language::Russian) => format!("Право: {}", one(needed)),
            (Access::Needs(needed), Language::English) => format!("Permission: {}", one(needed)),
            (Access::NeedsOrSelf(needed), Language::Russian) => format!("Право: {}; о себе — без него", one(needed)),
            (Access::NeedsOrSelf(needed), Language::English) => {
                format!("Permission: {}; none about oneself", one(needed))
            }
            (Access::NeedsOrOwn(needed, own), Language::Russian) => {
                format!("Право: {}; для своих записей {}", one(needed), one(own))
            }
            (Access::NeedsOrOwn(needed, own), Language::English) => {
                format!("Permission: {}; for records of one's own {}", one(needed), one(own))
            }
            (Access::Cabinet(None), Language::Russian) => "Любой сеанс в кабинете клиента".to_owned(),
            (Access::Cabinet(None), Language::English) => "Any session in the cabinet of a client".to_owned(),
            (Access::Cabinet(Some(right)), Language::Russian) => {
                format!("Право в кабинете: <code>{}</code>", right.as_str())
            }
            (Access::Cabinet(Some(right)), Language::English) => {
                format!("Right in the cabinet: <code>{}</code>", right.as_str())
            }
        }
    }

    fn write_parameters(&self, page: &mut String, document: &Value, language: Language) {
        let parameters = self.said["parameters"].as_array().map_or(&[][..], Vec::as_slice);
        if parameters.is_empty() {
            return;
        }
        let (name, place, about, example) = match language {
            Language::Russian => ("Параметр", "Где", "Что", "Пример"),
            Language::English => ("Parameter", "Where", "What", "Example"),
        };
        let _ = write!(page, "<table><tr><th>{name}<th>{place}<th>{about}<th>{example}</tr>");
        for parameter in parameters {
            let star = if parameter["required"] == true { " *" } else { "" };
            let example = match &parameter["example"] {
                Value::Null => String::new(),
                Value::String(text) => format!("<code>{}</code>", escaped(text)),
                other => format!("<code>{}</code>", escaped(&other.to_string())),
            };
            let about = text_of(&parameter["description"]);
            let _ = write!(
                page,
                "<tr><td><code>{}</code>{star}<td>{}<td>{}{}<td>{example}</tr>",
                escaped(text_of(&parameter["name"])),
                escaped(text_of(&parameter["in"])),
                said(about),
                in_a_row(about, &words_of(document, &parameter["schema"]))
            );
        }
        page.push_str("</table>");
    }

    fn write_body(&self, page: &mut String, document: &Value, language: Language) {
        let Some(contents) = self.said["requestBody"]["content"].as_object() else { return };
        let title = match language {
            Language::Russian => "Тело запроса",
            Language::English => "Body of the request",
        };
        for (kind, content) in contents {
            let _ = write!(page, "<p><b>{title}</b> <code>{}</code></p>", escaped(kind));
            write_fields(page, document, &content["schema"]);
            write_example(page, &content["example"]);
        }
    }

    fn write_answers(&self, page: &mut String, language: Language) {
        let title = match language {
            Language::Russian => "Ответ",
            Language::English => "Answer",
        };
        let Some(answers) = self.said["responses"].as_object() else { return };
        for (status, answer) in answers.iter().filter(|(status, _)| *status != "default") {
            let about = said(text_of(&answer["description"]));
            let _ = write!(page, "<details><summary><b>{title} {}</b>: {about}</summary>", escaped(status));
            for (kind, content) in answer["content"].as_object().into_iter().flatten() {
                let _ = write!(page, "<p><code>{}</code></p>", escaped(kind));
                write_example(page, &content["example"]);
            }
            page.push_str("</details>");
        }
    }
}

/// Depth to which fields of objects inside objects are told.
const DEPTH_MAX: usize = 3;

/// The fields of a body: name, type, whether it is obligatory, what it means. Those of an object inside stand below it, with its name before theirs.
fn write_fields(page: &mut String, document: &Value, schema: &Value) {
    let schema = resolved(document, schema);
    if schema["properties"].is_object() {
        page.push_str("<table>");
        write_rows(page, document, schema, "", 1);
        page.push_str("</table>");
    }
}

fn write_rows(page: &mut String, document: &Value, schema: &Value, above: &str, depth: usize) {
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().map(text_of).collect();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let star = if required.contains(&name.as_str()) { " *" } else { "" };
        let name = format!("{above}{name}");
        let _ = write!(
            page,
            "<tr><td><code>{}</code>{star}<td>{}<td>{}{}</tr>",
            escaped(&name),
            escaped(&type_of(property)),
            said(about(property)),
            in_a_row(about(property), &words_of(document, property))
        );
        if depth < DEPTH_MAX {
            let (inner, below) = match inside(property) {
                items if property["items"].is_object() => (items, format!("{name}[].")),
                object => (object, format!("{name}.")),
            };
            write_rows(page, document, resolved(document, inner), &below, depth + 1);
        }
    }
}

/// What a reference refers to.
fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let named = schema["$ref"].as_str().and_then(|path| document.pointer(path.trim_start_matches('#')));
    named.unwrap_or(schema)
}

/// The schema of what a value holds: of an array its items, of something that may be `null` the other thing.
fn inside(schema: &Value) -> &Value {
    if schema["items"].is_object() {
        return inside(&schema["items"]);
    }
    let mut choices = schema["oneOf"].as_array().into_iter().flatten();
    choices.find(|choice| choice["$ref"].is_string()).unwrap_or(schema)
}

/// What a field means; said beside the reference where the field may be `null`.
fn about(schema: &Value) -> &str {
    let own = text_of(&schema["description"]);
    if own.is_empty() { text_of(&inside(schema)["description"]) } else { own }
}

/// The words that a value is one of, or several. Empty is none of them, and the order with a minus is said once for all.
fn words_of<'a>(document: &'a Value, schema: &'a Value) -> Vec<&'a str> {
    let words = resolved(document, inside(schema))["enum"].as_array().into_iter().flatten().map(text_of);
    words.filter(|word| !word.is_empty() && !word.starts_with('-')).collect()
}

/// The words, unless the sentence before names all of them.
fn in_a_row(sentence: &str, words: &[&str]) -> String {
    if words.iter().all(|word| sentence.contains(&format!("`{word}`"))) {
        return String::new();
    }
    let words: Vec<String> = words.iter().map(|word| format!("<code>{}</code>", escaped(word))).collect();
    format!(": {}", words.join(", "))
}

/// The type of a value in a few words; `null` among several is no news.
fn type_of(schema: &Value) -> String {
    let named = |schema: &Value| schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()).map(str::to_owned);
    if let Some(name) = named(schema) {
        return name;
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        return choices.iter().filter_map(named).collect::<Vec<_>>().join(" | ");
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one.as_str()],
        several => several.as_array().into_iter().flatten().map(text_of).filter(|kind| *kind != "null").collect(),
    };
    match (kinds.as_slice(), text_of(&schema["format"])) {
        (["array"], _) => format!("{}[]", type_of(&schema["items"])),
        (kinds, "") => kinds.join(" | "),
        (kinds, format) => format!("{} ({format})", kinds.join(" | ")),
    }
}

/// An example, as it is sent: JSON in lines, anything else as it is.
fn write_example(page: &mut String, example: &Value) {
    let text = match example {
        Value::Null => return,
        Value::String(text) => text.clone(),
        other => serde_json::to_string_pretty(other).unwrap_or_default(),
    };
    let _ = write!(page, "<pre>{}</pre>", escaped(&text));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_of_objects_inside_are_told() {
        let document = json!({"components": {"schemas": {
            "Party": {"type": "object", "required": ["kind"], "properties": {
                "kind": {"type": "string", "enum": ["legal", "natural"], "description": "What it is"},
                "banks": {"type": ["array", "null"], "items": {"$ref": "#/components/schemas/Bank"}}
            }},
            "Bank": {"type": "object", "properties": {"bic": {"type": "string", "description": "BIC"}, "again": {"$ref": "#/components/schemas/Bank"}}}
        }}});
        let schema = json!({"type": "object", "properties": {
            "party": {"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Party", "description": "Who he is"}]},
            "mode": {"type": "string", "enum": ["prepaid", ""], "description": "`prepaid` alone"}
        }});
        let mut page = String::new();
        write_fields(&mut page, &document, &schema);
        for told in [
            "<code>party</code><td>Party<td>Who he is</tr>",
            "<code>party.kind</code> *<td>string<td>What it is: <code>legal</code>, <code>natural</code></tr>",
            "<code>party.banks</code><td>Bank[]<td></tr>",
            "<code>party.banks[].bic</code><td>string<td>BIC</tr>",
            "<code>mode</code><td>string<td><code>prepaid</code> alone</tr>",
        ] {
            assert!(page.contains(told), "{told}: {page}");
        }
        assert!(!page.contains("again.again"), "what holds itself ends: {page}");
    }

    #[test]
    fn types_in_a_few_words() {
        for (schema, expected) in [
            (json!({"type": "string"}), "string"),
            (json!({"type": ["string", "null"], "format": "date"}), "string (date)"),
            (json!({"type": "array", "items": {"$ref": "#/components/schemas/Thing"}}), "Thing[]"),
            (json!({"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Thing"}]}), "Thing"),
            (json!({}), ""),
        ] {
            assert_eq!(type_of(&schema), expected, "{schema}");
        }
    }
}
