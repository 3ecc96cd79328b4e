//! A mail on the wire (RFC 5322, RFC 2045, RFC 2047).
//!
//! Owns: its headers and the encoding of subject and text.
//! Does not own: who gets it.
//! Always: ASCII alone, lines of up to 78 characters; nothing in subject or text can become a header.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use billing::mail::Outgoing;

/// Characters of a line of base64.
const LINE: usize = 76;
/// Bytes of text that one encoded word holds: 52 characters of base64, and with what stands around them a line that ends before the 76th, that of the name too.
const WORD_BYTES: usize = 39;

/// The Message-ID: the same for every attempt.
pub(super) fn id(mail: &Outgoing, domain: &str) -> String {
    format!("<mail.{}.{}@{domain}>", mail.id, mail.created_at.timestamp_millis())
}

/// The mail as it is sent.
pub(super) fn bytes(mail: &Outgoing, from: &str, message_id: &str) -> Vec<u8> {
    let (subject, date) = (encoded_words(&mail.subject), mail.created_at.to_rfc2822());
    let mut text = format!(
        "From: <{from}>\r\nTo: <{}>\r\nSubject: {subject}\r\nDate: {date}\r\nMessage-ID: {message_id}\r\nMIME-Version: 1.0\r\n\
         Auto-Submitted: auto-generated\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n",
        mail.to
    );
    // Line ends of a text are CRLF, also inside of base64.
    let body = STANDARD.encode(mail.body.replace("\r\n", "\n").replace('\n', "\r\n"));
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(LINE));
        text.push_str(line);
        text.push_str("\r\n");
        rest = after;
    }
    text.into_bytes()
}

/// A text as encoded words of base64, folded; each holds whole characters.
fn encoded_words(text: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut part = String::new();
    for letter in text.chars() {
        if part.len() + letter.len_utf8() > WORD_BYTES {
            words.push(std::mem::take(&mut part));
        }
        part.push(letter);
    }
    if !part.is_empty() {
        words.push(part);
    }
    words.iter().map(|word| format!("=?utf-8?B?{}?=", STANDARD.encode(word))).collect::<Vec<_>>().join("\r\n ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(subject: &str, body: &str) -> Outgoing {
        Outgoing {
            id: 31,
            to: "office@example.ru".into(),
            subject: subject.into(),
            body: body.into(),
            attempts: 1,
            created_at: "2026-07-01T01:30:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn a_mail_is_ascii_in_short_lines() {
        let mail = mail("Необходимо переоформить договор\r\nBcc: other@example.ru", &"Здравствуйте!\n".repeat(40));
        let message_id = id(&mail, "example.ru");
        assert_eq!(message_id, "<mail.31.1782869400000@example.ru>");
        let text = String::from_utf8(bytes(&mail, "billing@example.ru", &message_id)).unwrap();
        assert!(text.is_ascii() && text.split("\r\n").all(|line| line.len() <= 78), "{text}");
        assert!(!text.contains("Bcc"), "{text}");
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("From: <billing@example.ru>\r\nTo: <office@example.ru>\r\nSubject: =?utf-8?B?"));
        assert!(head.contains("Date: Wed, 1 Jul 2026 01:30:00 +0000"), "{head}");
        let body = STANDARD.decode(body.replace("\r\n", "")).unwrap();
        assert_eq!(String::from_utf8(body).unwrap(), "Здравствуйте!\r\n".repeat(40));
    }

    #[test]
    fn encoded_words_hold_whole_characters() {
        let subject = "Ж".repeat(50);
        let decoded: String = encoded_words(&subject)
            .split("\r\n ")
            .map(|word| word.strip_prefix("=?utf-8?B?").unwrap().strip_suffix("?=").unwrap().to_owned())
            .map(|word| String::from_utf8(STANDARD.decode(word).unwrap()).unwrap())
            .collect();
        assert_eq!(decoded, subject);
        assert_eq!(encoded_words(""), "");
    }
}
