//! The page for people, made of the document.
//!
//! Owns: the order of the page, its words in both languages, the table of problems, escaping.
//! Does not own: an operation (`operation`), the tour (`tour`), the look (`assets`).
//! Always: every operation of the table is on it, under its tag; nothing of it comes from a request.

use std::fmt::Write as _;

use serde_json::Value;

use super::operation::{Operation, in_russian};
use super::tour;
use crate::language::{Language, Text};
use crate::openapi;
use crate::problem::Code;
use crate::router::{self, Verb};

/// What holds for every operation.
const RULES: [Text; 12] = [
    Text::fixed(
        "Токен передаётся в заголовке `Authorization: Bearer …`; у каждой операции указано нужное право. Токен выдаёт администратор (`POST /v1/staff/{login}/tokens`) или вход по паролю (`POST /v1/session`).",
        "The token comes in the header `Authorization: Bearer …`; every operation says which permission it asks for. An administrator gives it (`POST /v1/staff/{login}/tokens`), or a sign-in with a password (`POST /v1/session`).",
    ),
    Text::fixed(
        "Суммы — десятичные числа строкой, моменты — RFC 3339 в UTC, дни — `ГГГГ-ММ-ДД`; годы — от 1990 до 2199.",
        "Amounts are decimals as strings, moments are RFC 3339 in UTC, days are `YYYY-MM-DD`; years are of 1990 to 2199.",
    ),
    Text::fixed(
        "Ошибка — `application/problem+json` (RFC 9457) с полем `code`; `errors[].pointer` указывает на поле. Язык — по `Accept-Language`: русский или английский.",
        "An error is `application/problem+json` (RFC 9457) with a field `code`; `errors[].pointer` points at the field. The language is that of `Accept-Language`: Russian or English.",
    ),
    Text::fixed(
        "Неизвестное поле тела или параметр — ошибка 422, а не молчание.",
        "A field or parameter that nobody knows is an error 422, not silence.",
    ),
    Text::fixed(
        "Поле, которого в изменении нет, остаётся как было. `null` очищает только поля, у которых это сказано; у остальных он значит то же, что отсутствие, а обязательную почту клиента не убирает вовсе (422).",
        "A field that a change does not have stays as it was. `null` empties only fields of which that is said; of others it means the same as their absence, and the obligatory e-mail of a client it does not take away at all (422).",
    ),
    Text::fixed(
        "Организация, предприниматель или лицо (`party`) — одна запись на ИНН и КПП, общая для всех клиентов с этим ИНН. Сказанное об известной дополняет её или совпадает с записанным, иначе 409; меняет её `PUT /v1/parties/{id}`.",
        "An organisation, sole proprietor or person (`party`) is one record an INN and KPP, shared by all clients with this INN. What is said of one that is known fills it in or agrees with what is kept, else it is 409; `PUT /v1/parties/{id}` changes it.",
    ),
    Text::fixed(
        "Запрос, который принимает `Idempotency-Key` (все изменения, кроме операций с паролями и токенами), можно безопасно повторить с тем же ключом и тем же телом, байт в байт: ответ будет прежним, с заголовком `Idempotent-Replayed`. Хранится он 72 часа; другое тело с тем же ключом — 422.",
        "A request that takes an `Idempotency-Key` (every write, but for those with passwords or tokens) may be repeated safely with the same key and the same body, byte for byte: the answer is the former one, with the header `Idempotent-Replayed`. It is kept for 72 hours; another body with the same key is 422.",
    ),
    Text::fixed(
        "Карточки несут `ETag`. Верните его в `If-Match` как есть или одну его ревизию в кавычках (`\"3\"`), и изменение, сделанное тем временем другим, не потеряется (412: прочитайте снова и повторите); в `If-None-Match` — и без новостей придёт 304.",
        "Records carry an `ETag`. Give it back in `If-Match` as it is, or its revision alone in quotes (`\"3\"`), and what somebody changed in between is not lost (412: read again and repeat); in `If-None-Match`, and without news the answer is 304.",
    ),
    Text::fixed(
        "Поиск по словам (`q`, `name` и другие): слова стоят рядом и в своём порядке, последнее можно оборвать; `%` между ними — что угодно, `%` впереди — и внутри слова: `строй серв`, `стр%сервис`, `%ервис`. Регистр, ё и знаки не важны. `q` — это название, код, лицевой счёт, ИНН, телефон, номер или почта; всё, кроме названия, пишется целиком. Впереди те, кого назвали точно, за ними — по найденному слову и тому, что стоит за ним; с `%` впереди — в обычном порядке списка.",
        "A search for words (`q`, `name` and others): the words stand together and in their order, the last may be cut; `%` between them stands for anything, and at the beginning for the inside of a word: `stroy serv`, `str%service`, `%ervice`. Case, ё and signs do not matter. `q` is a name, a code, an account, an INN, a phone, a number or an e-mail; all but the name is written whole. First come those that are named exactly, then by the word that was found and what stands behind it; with `%` at the beginning, the usual order of the list.",
    ),
    Text::fixed(
        "Списки идут страницами: `next_cursor` ответа — `cursor` следующего запроса. Список с параметром `sort` говорит и общее число строк, а с `format=xlsx` или `csv` отдаёт их файлом.",
        "Lists come in pages: `next_cursor` of the answer is `cursor` of the next request. One with the parameter `sort` also tells its total, and with `format=xlsx` or `csv` its rows are a file.",
    ),
    Text::fixed(
        "Сверх предела запросов — 429 с `Retry-After`; сколько осталось, говорят `RateLimit-Policy` и `RateLimit`.",
        "More requests than the limit are answered with 429 and `Retry-After`; `RateLimit-Policy` and `RateLimit` say what is left.",
    ),
    Text::fixed(
        "`X-Request-Id` ответа находит запрос в журналах и аудите; можно прислать свой.",
        "`X-Request-Id` of the answer finds the request in logs and audit; you may send your own.",
    ),
];

/// The whole page.
pub(super) fn page(language: Language) -> String {
    let document: Value = serde_json::from_str(&openapi::openapi_json()).expect("the document is JSON");
    let operations = operations(&document);
    let tags = document["tags"].as_array().map_or(&[][..], Vec::as_slice);
    let in_words = |ru: &'static str, en: &'static str| match language {
        Language::Russian => ru,
        Language::English => en,
    };
    let mut page = String::with_capacity(1 << 20);
    let _ = write!(
        page,
        "<!DOCTYPE html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>Tollgate</title><link rel=\"stylesheet\" href=\"/docs.css\"><script src=\"/docs.js\" defer></script></head><body>\n\
         <header><h1>{}</h1><input id=\"search\" type=\"search\" placeholder=\"{}\" aria-label=\"{}\">\
         <span><a href=\"/docs?language=ru\">Русский</a> · <a href=\"/docs?language=en\">English</a> · \
         <a href=\"/openapi.json\">OpenAPI 3.1</a></span></header>\n<div class=\"columns\"><nav>",
        language.as_str(),
        in_words("Tollgate: API администратора", "Tollgate: admin API"),
        in_words("Поиск: /", "Search: /"),
        in_words("Поиск", "Search")
    );
    let _ = write!(
        page,
        "<ul><li><a href=\"#tour\">{}</a><li><a href=\"#rules\">{}</a><li><a href=\"#problems\">{}</a></ul>",
        tour::TITLE.spoken(language),
        in_words("Общие правила", "What holds for all"),
        in_words("Коды ошибок", "Codes of problems")
    );
    for tag in tags {
        let name = text_of(&tag["name"]);
        let _ = write!(page, "<b><a href=\"#tag-{0}\">{0}</a></b><ul>", escaped(name));
        for operation in operations.iter().filter(|operation| operation.tag() == name) {
            let (id, title) = (escaped(operation.id()), escaped(operation.title(language)));
            let _ = write!(page, "<li><a href=\"#op-{id}\">{title}</a>");
        }
        page.push_str("</ul>");
    }
    page.push_str("</nav><main>\n");
    tour::write(&mut page, &document, language);
    let _ = write!(page, "<section><h2 id=\"rules\">{}</h2><ul>", in_words("Общие правила", "What holds for all"));
    for rule in &RULES {
        let _ = write!(page, "<li>{}", said(rule.spoken(language)));
    }
    let nothing = in_words("Ничего не найдено", "Nothing is found");
    let _ = write!(page, "</ul></section>\n<p id=\"nothing\" hidden>{nothing}</p>");
    for tag in tags {
        let name = text_of(&tag["name"]);
        let english = text_of(&tag["description"]);
        let about = match language {
            Language::Russian => in_russian(&format!("tag:{name}")).unwrap_or(english),
            Language::English => english,
        };
        let _ =
            write!(page, "<section class=\"tag\"><h2 id=\"tag-{0}\">{0}</h2><p>{1}</p>", escaped(name), said(about));
        for operation in operations.iter().filter(|operation| operation.tag() == name) {
            operation.write(&mut page, &document, language);
        }
        page.push_str("</section>\n");
    }
    write_problems(&mut page, language);
    page.push_str("</main></div></body></html>\n");
    page
}

/// The operations in the order of the table.
fn operations(document: &Value) -> Vec<Operation<'_>> {
    let read = |route: router::Route| {
        let method = match route.verb {
            Verb::Get => "get",
            Verb::Put => "put",
            Verb::Post => "post",
            Verb::Delete => "delete",
        };
        let said = &document["paths"][route.path][method];
        Operation { verb: method.to_uppercase(), path: route.path, access: route.access, said }
    };
    router::table().into_iter().map(read).collect()
}

fn write_problems(page: &mut String, language: Language) {
    let (title, code, status, meaning) = match language {
        Language::Russian => ("Коды ошибок", "Код", "Статус", "Что значит"),
        Language::English => ("Codes of problems", "Code", "Status", "What it means"),
    };
    let _ =
        write!(page, "<section><h2 id=\"problems\">{title}</h2><table><tr><th>{code}<th>{status}<th>{meaning}</tr>");
    for code in Code::ALL {
        let _ = write!(
            page,
            "<tr><td><code>{}</code><td>{}<td>{}</tr>",
            code.as_str(),
            code.status().as_u16(),
            escaped(code.title().spoken(language))
        );
    }
    page.push_str("</table></section>\n");
}

/// A text of the document; empty where there is none.
pub(super) fn text_of(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A text as HTML.
pub(super) fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            letter => html.push(letter),
        }
    }
    html
}

/// A sentence as HTML: what stands between backticks is code.
pub(super) fn said(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for (number, part) in text.split('`').enumerate() {
        if number % 2 == 1 {
            let _ = write!(html, "<code>{}</code>", escaped(part));
        } else {
            html.push_str(&escaped(part));
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_on_the_page_in_both_languages() {
        let document: Value = serde_json::from_str(&openapi::openapi_json()).unwrap();
        let known: Vec<&str> = document["tags"].as_array().unwrap().iter().map(|tag| text_of(&tag["name"])).collect();
        for language in [Language::Russian, Language::English] {
            let page = page(language);
            for operation in operations(&document) {
                assert!(page.contains(&format!("id=\"op-{}\"", operation.id())), "{}", operation.path);
                assert!(
                    known.contains(&operation.tag()),
                    "{}: {} is no tag of the document",
                    operation.path,
                    operation.tag()
                );
            }
            for code in Code::ALL {
                assert!(page.contains(&format!("<code>{}</code>", code.as_str())), "{code:?}");
            }
            // Fields of an object inside, and the words of a filter.
            for told in [
                "<code>party.kind</code>",
                "<code>origin.channel</code>",
                "<code>passport.series</code>",
                "<code>postpaid</code>",
            ] {
                assert!(page.contains(told), "{told}");
            }
            // What it loads is its own, and nothing runs inside the page.
            assert_eq!(page.matches("<script").count(), 1);
            assert!(!page.contains("src=\"http") && !page.contains("style=") && !page.contains("onclick"));
        }
    }

    #[test]
    fn the_russian_words_are_about_something() {
        let document: Value = serde_json::from_str(&openapi::openapi_json()).unwrap();
        let operations = operations(&document);
        let ids: Vec<&str> = operations.iter().map(Operation::id).collect();
        let tags: Vec<String> =
            document["tags"].as_array().unwrap().iter().map(|tag| format!("tag:{}", text_of(&tag["name"]))).collect();
        let lines = include_str!("assets/russian.txt").lines().filter(|line| !line.starts_with('#'));
        for line in lines.filter(|line| !line.is_empty()) {
            let (id, words) = line.split_once(" = ").unwrap_or_else(|| panic!("{line}"));
            assert!(ids.contains(&id) || tags.iter().any(|tag| tag == id), "{id} is gone");
            assert!(words.chars().any(|letter| ('а'..='я').contains(&letter)), "{line}");
        }
        for tag in &tags {
            assert!(in_russian(tag).is_some(), "{tag} has no Russian sentence in assets/russian.txt");
        }
        // A list brings the title of its grid along.
        let titled = |operation: &Operation<'_>| {
            in_russian(operation.id()).is_some() || !text_of(&operation.said["x-title-ru"]).is_empty()
        };
        let untitled: Vec<&str> = operations.iter().filter(|operation| !titled(operation)).map(Operation::id).collect();
        assert!(untitled.is_empty(), "without a line in assets/russian.txt: {}", untitled.join(", "));
    }

    #[test]
    fn nothing_of_the_document_becomes_a_tag() {
        assert_eq!(said("a `<b>` & \"c\""), "a <code>&lt;b&gt;</code> &amp; &quot;c&quot;");
        assert_eq!(escaped("it's"), "it&#39;s");
    }
}
