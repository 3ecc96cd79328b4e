//! A password that a client's user is to have (B2).
//!
//! Owns: the password that a request names twice, and passwords that are made up.
//! Does not own: hashing (`passwords`), whose it is (`billing::cabinet`).
//! Always: a password is in no log and no answer, but for one that was made up, which is shown once.

use super::cost;
use crate::language::Text;
use crate::problem::Problem;
use crate::state::AppState;
use crate::tokens;

/// Fewest characters of a password.
const CHARS_MIN: usize = 10;
/// Longest password that is compared.
pub(crate) const BYTES_MAX: usize = 400;
/// Characters of a password that is made up: five bits each, 100 in all.
const MADE_UP_CHARS: usize = 20;
/// Its alphabet: no two that look alike.
const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz234567890";

/// A password that somebody is to have. No `Debug`: it is a secret.
pub(crate) struct Wanted {
    secret: String,
    is_made_up: bool,
}

impl Wanted {
    /// The password that a request names twice, or one that is made up.
    pub(crate) fn read(password: Option<&str>, confirmation: Option<&str>, generate: bool) -> Result<Self, Problem> {
        match (password, generate) {
            (None, true) if confirmation.is_none() => Ok(Self { secret: made_up()?, is_made_up: true }),
            (Some(password), false) => {
                let secret = checked("/password", password)?.to_owned();
                if confirmation != Some(password) {
                    let differs = Text::fixed("Подтверждение не совпадает с паролем", "The confirmation differs");
                    return Err(Problem::field("/confirmation", differs));
                }
                Ok(Self { secret, is_made_up: false })
            }
            _ => Err(Problem::field(
                "/password",
                Text::fixed(
                    "Укажите пароль с подтверждением или generate: true",
                    "Give a password with its confirmation, or generate: true",
                ),
            )),
        }
    }

    /// The password that somebody chooses himself.
    pub(crate) fn own(pointer: &str, password: &str) -> Result<Self, Problem> {
        Ok(Self { secret: checked(pointer, password)?.to_owned(), is_made_up: false })
    }

    /// Its digest.
    pub(crate) async fn digest(&self, state: &AppState) -> Result<String, Problem> {
        let cost = cost(&*state.settings()?)?;
        state.passwords.hash(&self.secret, cost).await
    }

    /// The password itself where it was made up, to be shown once.
    pub(crate) fn shown(self) -> Option<String> {
        self.is_made_up.then_some(self.secret)
    }
}

fn checked<'a>(pointer: &str, password: &'a str) -> Result<&'a str, Problem> {
    let fits = password.chars().count() >= CHARS_MIN
        && password.len() <= BYTES_MAX
        && !password.chars().any(char::is_control)
        && password.trim() == password;
    let expected = Text::fixed(
        "Ожидаются не меньше 10 символов, до 400 байт, без управляющих и без пробелов по краям",
        "At least 10 characters and up to 400 bytes are expected, no control characters, no blanks at the ends",
    );
    fits.then_some(password).ok_or_else(|| Problem::field(pointer, expected))
}

fn made_up() -> Result<String, Problem> {
    let bits = tokens::bytes::<MADE_UP_CHARS>()?;
    Ok(bits.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_named_twice_or_made_up() {
        let long = "x".repeat(401);
        for (password, confirmation, generate, expected) in [
            (Some("0123456789"), Some("0123456789"), false, Ok(())),
            (Some("0123456789"), Some("0123456780"), false, Err("/confirmation")),
            (Some("0123456789"), None, false, Err("/confirmation")),
            (Some("012345678"), Some("012345678"), false, Err("/password")),
            (Some(" 0123456789"), Some(" 0123456789"), false, Err("/password")),
            (Some(long.as_str()), Some(long.as_str()), false, Err("/password")),
            (Some("0123456789"), Some("0123456789"), true, Err("/password")),
            (None, Some("0123456789"), true, Err("/password")),
            (None, None, false, Err("/password")),
            (None, None, true, Ok(())),
        ] {
            let found = Wanted::read(password, confirmation, generate).map(|_| ()).map_err(|problem| {
                let body = serde_json::to_value(problem.body(crate::language::Language::English, "r")).unwrap();
                body["errors"][0]["pointer"].as_str().unwrap().to_owned()
            });
            assert_eq!(found, expected.map_err(str::to_owned), "{password:?} {generate}");
        }
        let one = Wanted::read(None, None, true).unwrap().shown().unwrap();
        let other = Wanted::read(None, None, true).unwrap().shown().unwrap();
        assert!(one.len() == MADE_UP_CHARS && one != other);
    }
}
