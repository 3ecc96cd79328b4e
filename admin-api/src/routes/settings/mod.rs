//! Endpoints of settings.
//!
//! Owns: the list of them, and how a setting's kind is told.
//! Does not own: what a setting may be (`billing::settings`).
//! Always: no change without a reason.

pub(crate) mod list;
pub(crate) mod set;

use billing::settings::{Kind, Setting, SettingError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::language::Text;
use crate::problem::{Code, Problem};

/// A setting.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SettingView {
    /// Key.
    key: String,
    /// Value, as a text.
    value: String,
    /// What it means.
    description: String,
}

impl From<Setting> for SettingView {
    fn from(setting: Setting) -> Self {
        let Setting { key, value, description } = setting;
        Self { key, value, description }
    }
}

impl From<SettingError> for Problem {
    fn from(error: SettingError) -> Self {
        match error {
            SettingError::NotFound => Self::new(Code::NotFound),
            SettingError::Unfit(kind) => Self::field("/value", expected(&kind)),
            SettingError::Store(error) => error.into(),
        }
    }
}

fn expected(kind: &Kind) -> Text {
    match kind {
        Kind::Number(range) => Text::new(
            format!("Ожидается целое число от {} до {}", range.start(), range.end()),
            format!("A whole number from {} to {} is expected", range.start(), range.end()),
        ),
        Kind::OptionalNumber(range) => Text::new(
            format!("Ожидается целое число от {} до {} или пустая строка", range.start(), range.end()),
            format!("A whole number from {} to {} is expected, or nothing", range.start(), range.end()),
        ),
        Kind::Zone => Text::fixed(
            "Ожидается часовой пояс IANA, например Europe/Moscow",
            "An IANA time zone is expected, such as Europe/Moscow",
        ),
        Kind::CodeFormat => Text::fixed(
            "Ожидается код с одним {number} или, например, {number:06}, без пробелов",
            "A code with one {number} is expected, or {number:06} for instance, without blanks",
        ),
        Kind::ContractNumber => Text::fixed(
            "Ожидается до 60 символов: один раз {number} или {number:5}, один раз {year} или {yy}, по желанию {entity}",
            "Up to 60 characters are expected: {number} or {number:5} once, {year} or {yy} once, {entity} if wanted",
        ),
        Kind::NumberRules => Text::fixed(
            "Ожидаются правила замены начала номера через пробел, например +> 8>7",
            "Rules of replaced beginnings with blanks between them are expected, such as +> 8>7",
        ),
        Kind::Word(words) => {
            let words = words.join(", ");
            Text::new(format!("Ожидается одно из: {words}"), format!("One of these is expected: {words}"))
        }
        Kind::Words(words) => {
            let words = words.join(", ");
            Text::new(
                format!("Ожидаются слова из списка через пробел, каждое один раз, или пустое значение: {words}"),
                format!("Some of these words are expected, each once, with blanks between them, or nothing: {words}"),
            )
        }
        Kind::Pairs => Text::fixed(
            "Ожидаются пары КЛЮЧ=ЗНАЧЕНИЕ через пробел, каждый ключ один раз, или пустое значение",
            "Pairs KEY=VALUE with blanks between them are expected, each key once, or nothing",
        ),
        Kind::AmountOrNothing => Text::fixed(
            "Ожидается сумма от 0 до 999999999.99 или пустое значение",
            "An amount of 0 to 999999999.99 is expected, or nothing",
        ),
        Kind::AddressOrNothing => Text::fixed(
            "Ожидается адрес https://… без логина и параметров (на этой же машине можно http://127.0.0.1:порт) или пустое значение",
            "An address https://… is expected, without credentials and parameters (on this machine http://127.0.0.1:port will do), or nothing",
        ),
        Kind::MailboxOrNothing => Text::fixed(
            "Ожидается адрес почты, например name@example.ru, или пустое значение",
            "An address of e-mail such as name@example.ru is expected, or nothing",
        ),
        Kind::Text(most) => Text::new(
            format!("Ожидаются от 1 до {most} символов в одну строку"),
            format!("1 to {most} characters in one line are expected"),
        ),
        Kind::Codes(least) => Text::new(
            format!("Ожидаются короткие коды через пробел, не меньше {least}"),
            format!("Short codes with blanks between them are expected, at least {least}"),
        ),
    }
}
