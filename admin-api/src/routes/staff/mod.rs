//! Endpoints of people who work here: users, departments, roles, rights, tokens.
//!
//! Owns: the list of them, and what they have in common.
//! Does not own: who may give what to whom (`billing::staff`).
//! Always: no change without a reason; a token is shown once, when it is made.

pub(crate) mod add;
pub(crate) mod block;
pub(crate) mod department_add;
pub(crate) mod department_close;
pub(crate) mod department_list;
pub(crate) mod department_update;
pub(crate) mod get;
pub(crate) mod me;
pub(crate) mod permission_give;
pub(crate) mod permission_list;
pub(crate) mod permission_take;
pub(crate) mod role_add;
pub(crate) mod role_end;
pub(crate) mod role_get;
pub(crate) mod role_list;
pub(crate) mod role_update;
pub(crate) mod set_roles;
pub(crate) mod token_list;
pub(crate) mod token_make;
pub(crate) mod token_revoke;
pub(crate) mod unblock;
pub(crate) mod update;

use std::collections::BTreeSet;

use billing::numbers::forcing::Route;
use billing::staff::{Department, Grant, Permission, Role, StaffCard, StaffError};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::inputs;
use crate::language::Text;
use crate::problem::{Code, Problem};

/// Most roles of a user.
const ROLES_MAX: usize = 50;

/// A right of one person's own.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GrantView {
    /// Name of the permission.
    permission: String,
    /// Login of who gave it.
    given_by: String,
    /// When.
    given_at: DateTime<Utc>,
    /// The moment from which it counts no more; `null`: until it is taken.
    until: Option<DateTime<Utc>>,
    /// Why.
    reason: String,
}

impl From<Grant> for GrantView {
    fn from(grant: Grant) -> Self {
        let Grant { permission, given_by, given_at, expires_at: until, reason } = grant;
        Self { permission, given_by, given_at, until, reason }
    }
}

/// A user.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StaffView {
    /// Login.
    login: String,
    /// Name.
    name: String,
    /// E-mail.
    email: Option<String>,
    /// Code of the department.
    department: Option<String>,
    /// Whether he heads it, and with it those below.
    heads_department: bool,
    /// Codes of roles.
    roles: Vec<String>,
    /// All that he may, by roles and rights of his own.
    permissions: Vec<&'static str>,
    /// Since when he is blocked.
    blocked_at: Option<DateTime<Utc>>,
    /// Why.
    block_reason: Option<String>,
    /// When he was added.
    created_at: DateTime<Utc>,
    /// By whom.
    created_by: String,
    /// Raised with every change; the ETag of the card.
    revision: i64,
}

impl From<&StaffCard> for StaffView {
    fn from(card: &StaffCard) -> Self {
        Self {
            login: card.login.clone(),
            name: card.name.clone(),
            email: card.email.clone(),
            department: card.department.clone(),
            heads_department: card.heads_department,
            roles: card.roles.clone(),
            permissions: names(&card.permissions),
            blocked_at: card.blocked_at,
            block_reason: card.blocked_at.map(|_| card.block_reason.clone()),
            created_at: card.created_at,
            created_by: card.created_by.clone(),
            revision: card.revision,
        }
    }
}

/// A role.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RoleView {
    /// Code.
    code: String,
    /// Name in Russian.
    name_ru: String,
    /// Name in English.
    name_en: String,
    /// Whether it comes with the program: it cannot end.
    built_in: bool,
    /// What it may.
    permissions: Vec<&'static str>,
    /// Users with it who are not blocked.
    people: i64,
    /// Raised with every change.
    revision: i64,
}

impl From<Role> for RoleView {
    fn from(role: Role) -> Self {
        Self {
            permissions: names(&role.permissions),
            code: role.code,
            name_ru: role.name_ru,
            name_en: role.name_en,
            built_in: role.built_in,
            people: role.people,
            revision: role.revision,
        }
    }
}

/// A department.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DepartmentView {
    /// Code.
    code: String,
    /// Name.
    name: String,
    /// Code of the one above it.
    parent: Option<String>,
    /// Who approves that a number is forced into sale for its people: `assistants`, or `manager` with a copy to the designated approver.
    forcing: String,
    /// People in it who are not blocked.
    people: i64,
    /// Raised with every change.
    revision: i64,
}

impl From<Department> for DepartmentView {
    fn from(department: Department) -> Self {
        let Department { code, name, parent, forcing, people, revision, .. } = department;
        Self { code, name, parent, forcing, people, revision }
    }
}

impl From<StaffError> for Problem {
    fn from(error: StaffError) -> Self {
        let no = |pointer: &str, ru: &str, en: &str, code: &str| {
            Self::field(pointer, Text::new(format!("{ru} {code} нет"), format!("There is no {en} {code}")))
        };
        let taken = |code: Code, pointer: &str, what: &str| {
            Self::new(code).at(pointer, Text::new(format!("Занято: {what}"), format!("Taken: {what}")))
        };
        match error {
            StaffError::NotFound => Self::new(Code::NotFound),
            StaffError::NoRole(code) => no("/roles", "Роли", "role", &code),
            StaffError::NoDepartment(code) => {
                no("/department", "Доступного вам отдела", "department within your reach named", &code)
            }
            StaffError::LoginInUse(login) => taken(Code::LoginInUse, "/login", &login),
            StaffError::EmailInUse(email) => taken(Code::EmailInUse, "/email", &email),
            StaffError::Exists(code) => taken(Code::AlreadyExists, "/code", &code),
            StaffError::ExceedsOwn(lacking) => {
                let list = lacking.iter().map(|permission| permission.as_str()).collect::<Vec<_>>().join(", ");
                Self::new(Code::GrantExceedsOwn)
                    .because(Text::new(format!("У вас нет прав: {list}"), format!("You lack: {list}")))
            }
            StaffError::OwnRights => Self::new(Code::SelfGrant),
            StaffError::LastAdministrator => Self::new(Code::LastAdministrator).because(Text::fixed(
                "Сначала дайте право role.edit другому сотруднику",
                "First give the permission role.edit to somebody else",
            )),
            StaffError::Circle => Self::field(
                "/parent",
                Text::fixed("Отдел не может входить сам в себя", "A department cannot stand below itself"),
            ),
            StaffError::HeadOfNothing => {
                Self::field("/heads_department", Text::fixed("Руководителю нужен отдел", "A head needs a department"))
            }
            StaffError::Stale => Self::new(Code::Stale),
            StaffError::Already => {
                Self::new(Code::InvalidTransition).because(Text::fixed("Это уже так", "It is so already"))
            }
            StaffError::BuiltIn => Self::new(Code::InvalidTransition).because(Text::fixed(
                "Встроенную роль нельзя завершить: уберите её права",
                "A role that comes with the program cannot end: take its rights away instead",
            )),
            StaffError::InUse(people) => Self::new(Code::InvalidTransition).because(Text::new(
                format!("Сначала освободите: входит {people}"),
                format!("Move them first: {people} belong to it"),
            )),
            StaffError::TooLong(days) => Self::field(
                "/days",
                Text::new(
                    format!("Не больше {days} дней (настройка token.max_days)"),
                    format!("At most {days} days (setting token.max_days)"),
                ),
            ),
            StaffError::Store(error) => error.into(),
        }
    }
}

/// The same, where the path names the role.
fn of_path(error: StaffError) -> Problem {
    if let StaffError::NoRole(_) = error { Problem::new(Code::NotFound) } else { error.into() }
}

/// The same, where the path names the department `code` and the body may name another one.
fn of_department(error: StaffError, code: &str) -> Problem {
    match error {
        StaffError::NoDepartment(missing) if missing == code => Problem::new(Code::NotFound),
        StaffError::NoDepartment(missing) => {
            let detail = Text::new(format!("Отдела {missing} нет"), format!("There is no department {missing}"));
            Problem::field("/parent", detail)
        }
        error => error.into(),
    }
}

/// Names of permissions.
fn names(permissions: &BTreeSet<Permission>) -> Vec<&'static str> {
    permissions.iter().map(|permission| permission.as_str()).collect()
}

/// Permissions by their names.
fn permissions(pointer: &str, names: &[String]) -> Result<BTreeSet<Permission>, Problem> {
    names.iter().map(|name| permission(pointer, name)).collect()
}

/// A permission by its name.
fn permission(pointer: &str, name: &str) -> Result<Permission, Problem> {
    name.parse().map_err(|()| {
        let shown: String = name.chars().filter(|letter| !letter.is_control()).take(100).collect();
        let detail = Text::new(
            format!("Права {shown} нет; все права: GET /v1/permissions"),
            format!("There is no permission {shown}; GET /v1/permissions has them all"),
        );
        Problem::field(pointer, detail)
    })
}

/// Codes of roles, each once.
fn roles(codes: &[String]) -> Result<Vec<String>, Problem> {
    if codes.len() > ROLES_MAX {
        let detail = Text::new(format!("Не больше {ROLES_MAX} ролей"), format!("At most {ROLES_MAX} roles"));
        return Err(Problem::new(Code::LimitTooLarge).at("/roles", detail));
    }
    let codes: Result<BTreeSet<&str>, Problem> = codes.iter().map(|code| inputs::word("/roles", code)).collect();
    Ok(codes?.into_iter().map(str::to_owned).collect())
}

/// A code that people make: small Latin letters, digits, `_` and `-`, a letter first.
fn code(pointer: &str, text: &str) -> Result<String, Problem> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    let fits = (1..=50).contains(&text.len())
        && text.bytes().all(plain)
        && text.starts_with(|first: char| first.is_ascii_lowercase());
    let expected = Text::fixed(
        "Ожидаются от 1 до 50 строчных латинских букв, цифр, _ и -, первая — буква",
        "1 to 50 small Latin letters, digits, _ and - are expected, a letter first",
    );
    fits.then(|| text.to_owned()).ok_or_else(|| Problem::field(pointer, expected))
}

/// Whom a department asks for a forcing.
fn forcing(text: &str) -> Result<String, Problem> {
    let route: Route = inputs::one_of("/forcing", text, Route::ALL.iter().map(|route| route.as_str()))?;
    Ok(route.as_str().to_owned())
}

/// A login: what stands in one word.
pub(crate) fn login(text: &str) -> Result<&str, Problem> {
    let text = text.trim();
    let plain = |letter: char| letter.is_alphanumeric() || "._-@".contains(letter);
    let fits = (1..=100).contains(&text.chars().count()) && text.chars().all(plain);
    let expected = Text::fixed(
        "Ожидаются от 1 до 100 букв, цифр и знаков . _ - @",
        "1 to 100 letters, digits and . _ - @ are expected",
    );
    fits.then_some(text).ok_or_else(|| Problem::field("/login", expected))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_codes_and_roles() {
        for (text, fits) in [
            ("ivanova", true),
            ("i.petrov@office", true),
            ("Иванова", true),
            ("two words", false),
            ("", false),
            ("a\u{0}", false),
        ] {
            assert_eq!(login(text).is_ok(), fits, "{text:?}");
        }
        for (text, fits) in [("sales_2", true), ("Sales", false), ("2sales", false), ("", false), ("a b", false)] {
            assert_eq!(code("/code", text).is_ok(), fits, "{text:?}");
        }
        assert_eq!(roles(&["b".into(), "a".into(), "b".into()]).unwrap(), ["a", "b"]);
        assert!(permissions("/permissions", &["account.pay".into()]).is_err());
    }
}
