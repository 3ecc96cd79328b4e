//! Passwords of people.
//!
//! Owns: what a password has to be, its digest (Argon2id), the comparison, passwords that are made up.
//! Does not own: whose they are (`billing::cabinet`), how often one may be tried.
//! Always: a password is in no log and no answer, but for one that was made up, which is shown once; digests are made off the threads that answer requests,
//! and a few at a time, for each takes 19 MiB.

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use crate::language::Text;
use crate::problem::{Code, Problem};
use crate::tokens;

/// Fewest characters of a password.
const CHARS_MIN: usize = 10;
/// Longest password that is compared.
const BYTES_MAX: usize = 400;
/// Characters of a password that is made up: five bits each, 100 in all.
const MADE_UP_CHARS: usize = 20;
/// Its alphabet: no two that look alike.
const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz234567890";
/// Digests at once.
static AT_ONCE: Semaphore = Semaphore::const_new(4);
/// The digest of no password: who does not exist takes as long as who does.
const NOBODYS: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A password that somebody is to have. No `Debug`: it is a secret.
pub(crate) struct Wanted {
    secret: String,
    is_made_up: bool,
}

impl Wanted {
    /// The password that a request names twice, or one that is made up (B2).
    pub(crate) fn read(password: Option<&str>, confirmation: Option<&str>, generate: bool) -> Result<Self, Problem> {
        match (password, generate) {
            (None, true) if confirmation.is_none() => Ok(Self { secret: made_up()?, is_made_up: true }),
            (Some(password), false) => {
                let secret = checked(password)?.to_owned();
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

    /// Its digest.
    pub(crate) async fn digest(&self) -> Result<String, Problem> {
        let mut salt = [0_u8; 16];
        tokens::fill(&mut salt)?;
        let secret = self.secret.clone();
        let digest = aside(move || {
            let salt = SaltString::encode_b64(&salt).map_err(|error| error.to_string())?;
            let hash = engine().hash_password(secret.as_bytes(), &salt).map_err(|error| error.to_string())?;
            Ok::<_, String>(hash.to_string())
        });
        digest.await?.map_err(|error| {
            tracing::error!("a password has no digest: {error}");
            Problem::new(Code::Internal)
        })
    }

    /// The password itself where it was made up, to be shown once.
    pub(crate) fn shown(self) -> Option<String> {
        self.is_made_up.then_some(self.secret)
    }
}

/// Whether a password fits a digest; none is fitted by nothing.
pub(crate) async fn fits(digest: Option<&str>, password: &str) -> Result<bool, Problem> {
    if password.len() > BYTES_MAX {
        return Ok(false);
    }
    let (is_somebodys, digest) = (digest.is_some(), digest.unwrap_or(NOBODYS).to_owned());
    let password = password.to_owned();
    let matches = aside(move || {
        PasswordHash::new(&digest).is_ok_and(|hash| engine().verify_password(password.as_bytes(), &hash).is_ok())
    });
    Ok(matches.await? && is_somebodys)
}

fn checked(password: &str) -> Result<&str, Problem> {
    let fits = password.chars().count() >= CHARS_MIN
        && password.len() <= BYTES_MAX
        && !password.chars().any(char::is_control)
        && password.trim() == password;
    let expected = Text::fixed(
        "Ожидаются не меньше 10 символов, до 400 байт, без управляющих и без пробелов по краям",
        "At least 10 characters and up to 400 bytes are expected, no control characters, no blanks at the ends",
    );
    fits.then_some(password).ok_or_else(|| Problem::field("/password", expected))
}

fn made_up() -> Result<String, Problem> {
    let mut bits = [0_u8; MADE_UP_CHARS];
    tokens::fill(&mut bits)?;
    Ok(bits.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect())
}

/// 19 MiB, two passes.
fn engine() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::default())
}

/// Work of tens of milliseconds, on a thread that answers nobody.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    let permit = AT_ONCE.acquire().await.map_err(|_| Problem::new(Code::Internal))?;
    // It goes with the work, which goes on when nobody waits for it any more.
    let work = move || {
        let done = work();
        drop(permit);
        done
    };
    tokio::task::spawn_blocking(work).await.map_err(|_| Problem::new(Code::Internal))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_digest_fits_its_password_alone() {
        let wanted = Wanted::read(Some("correct horse"), Some("correct horse"), false).unwrap();
        let digest = wanted.digest().await.unwrap();
        assert!(digest.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{digest}");
        assert_ne!(digest, wanted.digest().await.unwrap(), "each has a salt of its own");
        for (digest, password, expected) in [
            (Some(digest.as_str()), "correct horse", true),
            (Some(digest.as_str()), "correct hors", false),
            (Some("nonsense"), "correct horse", false),
            (None, "correct horse", false),
            (None, "", false),
        ] {
            assert_eq!(fits(digest, password).await.unwrap(), expected, "{password}");
        }
        assert!(wanted.shown().is_none());
        assert!(PasswordHash::new(NOBODYS).is_ok_and(|hash| hash.hash.is_some()));
    }

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
