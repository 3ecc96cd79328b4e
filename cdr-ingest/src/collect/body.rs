//! The body of a request into records.
//!
//! Owns: the ways in which switches wrap what they post (`mod_json_cdr`: plain, form field, base64), many records in one body.
//! Does not own: what a record means: anything that is one JSON object goes on, and what cannot be charged ends in suspense.
//! Always: a request is taken whole or refused whole; records keep their bytes.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use percent_encoding::percent_decode;
use serde_json::value::RawValue;

use super::problem::Problem;
use super::record::is_of_another;
use crate::decode::without_mark;
use crate::text::Said;

/// Most records of one request.
pub const RECORDS_MAX: usize = 10_000;

/// The records that `source` posts; none is longer than `most` bytes.
///
/// # Errors
/// The answer to the caller: what is wrong with which record.
pub fn records(source: &str, content_type: &str, body: &[u8], most: usize) -> Result<Vec<Bytes>, Problem> {
    let unwrapped = unwrap(content_type, body)?;
    let text = without_mark(&unwrapped);
    let mut records = Vec::new();
    let stream = serde_json::Deserializer::from_slice(text).into_iter::<&RawValue>();
    for value in stream {
        let number = records.len() + 1;
        let value = value.map_err(|error| {
            let place = if text.trim_ascii().is_empty() { String::new() } else { format!(" ({error})") };
            refused(
                number,
                format!("это не JSON{place}; присылайте объект JSON, несколько — по одному в строке"),
                format!("this is not JSON{place}; send one JSON object, several one a line"),
            )
        })?;
        if !value.get().starts_with('{') {
            return Err(refused(number, "это не объект JSON".into(), "this is JSON, and no object".into()));
        }
        if is_of_another(value.get().as_bytes(), source).is_some() {
            return Err(refused(
                number,
                format!("она называет другой источник; вход был как `{source}`"),
                format!("it names another source; the sender came in as `{source}`"),
            ));
        }
        if value.get().len() > most {
            return Err(Problem::too_large(most));
        }
        if number > RECORDS_MAX {
            return Err(refused(
                number,
                format!("в запросе больше {RECORDS_MAX} записей"),
                format!("the request has more than {RECORDS_MAX} records"),
            ));
        }
        records.push(Bytes::copy_from_slice(value.get().as_bytes()));
    }
    if records.is_empty() {
        let empty = Said::fixed("Тело запроса пустое; пришлите объект JSON", "The body is empty; send a JSON object");
        return Err(Problem::not_a_record(empty));
    }
    Ok(records)
}

fn refused(number: usize, russian: String, english: String) -> Problem {
    Problem::not_a_record(Said::new(format!("Запись {number}: {russian}"), format!("Record {number}: {english}")))
}

/// The JSON inside a form field `cdr`, URL-encoded or base64; anything else as it is.
fn unwrap<'a>(content_type: &str, body: &'a [u8]) -> Result<Cow<'a, [u8]>, Problem> {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_form = kind.starts_with("application/x-www-form-") || body.starts_with(b"cdr=");
    // Some senders name a form whatever they post.
    if !is_form || body.trim_ascii_start().first() == Some(&b'{') {
        return Ok(Cow::Borrowed(body));
    }
    let field = body
        .split(|byte| *byte == b'&')
        .find_map(|field| field.strip_prefix(b"cdr="))
        .ok_or_else(|| Problem::not_a_record(Said::fixed("В форме нет поля cdr", "The form has no field cdr")))?;
    if kind == "application/x-www-form-base64-encoded" {
        let text: Vec<u8> = field.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
        return STANDARD
            .decode(text)
            .map(Cow::Owned)
            .map_err(|_| Problem::not_a_record(Said::fixed("Поле cdr — не base64", "The field cdr is not base64")));
    }
    let spaced: Vec<u8> = field.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    Ok(Cow::Owned(percent_decode(&spaced).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_of_every_kind_are_read() {
        let form = "application/x-www-form-urlencoded";
        let base64 = format!("cdr={}", STANDARD.encode(r#"{"a": "+"}"#));
        for (kind, body, expected) in [
            ("application/json", r#"{"a":1}"#, vec![r#"{"a":1}"#]),
            ("", " {\"a\":\n 1}\n", vec!["{\"a\":\n 1}"]),
            ("application/x-ndjson", "{\"a\":1}\r\n\n{\"b\":2}\n", vec![r#"{"a":1}"#, r#"{"b":2}"#]),
            (form, "cdr=%7B%22a%22%3A+%22%2B%22%7D", vec![r#"{"a": "+"}"#]),
            (form, "x=1&cdr=%7B%7D&y=2", vec!["{}"]),
            ("text/plain", "cdr=%7B%7D", vec!["{}"]),
            // Values that are encoded themselves stay encoded.
            (form, "cdr=%7B%22a%22%3A%22%2520%22%7D", vec![r#"{"a":"%20"}"#]),
            ("application/x-www-form-base64-encoded", &base64, vec![r#"{"a": "+"}"#]),
            (form, r#"{"a":1}"#, vec![r#"{"a":1}"#]),
            ("", "\u{feff}{}", vec!["{}"]),
            ("", r#"{"cdr_id":"1","source":"pbx"}"#, vec![r#"{"cdr_id":"1","source":"pbx"}"#]),
            ("", r#"{"id":"1","source":"10.0.0.1"}"#, vec![r#"{"id":"1","source":"10.0.0.1"}"#]),
        ] {
            let found = records("pbx", kind, body.as_bytes(), 100).unwrap();
            assert_eq!(found, expected, "{kind} {body}");
        }
    }

    #[test]
    fn what_is_no_record_is_refused_with_its_number() {
        for (kind, body, word, code) in [
            ("", "", "empty", "not_a_record"),
            ("", " \n", "empty", "not_a_record"),
            ("", "a,b,c", "Record 1", "not_a_record"),
            ("", "{\"a\":1}\n{\"b\":", "Record 2", "not_a_record"),
            ("", "[1]", "no object", "not_a_record"),
            ("application/x-www-form-urlencoded", "x=1", "no field cdr", "not_a_record"),
            ("application/x-www-form-base64-encoded", "cdr=*", "not base64", "not_a_record"),
            ("", "{\"a\":\"0123456789012345678901234567890123456789\"}", "40 bytes", "too_large"),
            ("", r#"{"cdr_id":"1","source":"other"}"#, "another source", "not_a_record"),
        ] {
            let problem = records("pbx", kind, body.as_bytes(), 40).unwrap_err();
            assert!(format!("{problem:?}").contains(word) && problem.code() == code, "{body}: {problem:?}");
        }
    }
}
