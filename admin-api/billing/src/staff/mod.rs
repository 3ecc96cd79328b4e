//! People who work here: users, departments, roles, rights, API tokens.
//!
//! Owns: tables `staff_user`, `department`, `staff_role`, `role_permission`, `user_role`, `user_permission`, `api_token`.
//! Does not own: what a permission allows (the endpoints say which they ask for), how a request proves who sends it (the API).
//! Always: nobody gives more than he has, nor changes his own rights (S41); a blocked user's next request is refused, and a write of his that is under way
//! too (S42); a token is stored as its digest only, and may never more than its owner at that moment.

mod departments;
mod grants;
mod list;
mod people;
mod permissions;
mod read;
mod roles;
mod rules;
mod tokens;

pub(crate) use departments::department_of;
pub use departments::{
    Department, DepartmentUpdate, NewDepartment, add_department, close_department, departments, update_department,
};
pub use grants::{Grant, give_permission, set_roles, take_permission};
pub use list::GRID;
pub use people::{Blocked, NewStaff, StaffUpdate, add, block, unblock, update};
pub use permissions::Permission;
pub(crate) use read::held;
pub use read::{Staff, StaffCard, at_work, authenticate, by_id, card};
pub use roles::{NewRole, Role, RoleUpdate, add_role, end_role, permission_names, role, roles, update_role};
pub use tokens::{AddError, NewToken, Token, add_token, make_token, revoke_token, token_digest, tokens};

use crate::store::{StoreError, broken_constraint};

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum StaffError {
    /// No such user, or not one whom the caller may see.
    #[error("there is no such user")]
    NotFound,
    /// No such role.
    #[error("there is no role {0}")]
    NoRole(String),
    /// No such department, or it is closed.
    #[error("there is no department {0}")]
    NoDepartment(String),
    /// Another user has the login.
    #[error("another user has the login {0}")]
    LoginInUse(String),
    /// Another user has the e-mail.
    #[error("another user has the e-mail {0}")]
    EmailInUse(String),
    /// The code stands already.
    #[error("{0} exists already")]
    Exists(String),
    /// The caller lacks what he would give, or the other may more than he (S41).
    #[error("the caller lacks {}", names(.0))]
    ExceedsOwn(Vec<Permission>),
    /// Somebody else changes one's own rights (S41).
    #[error("nobody changes his own rights")]
    OwnRights,
    /// Without this user nobody could change roles any more.
    #[error("this is the last administrator")]
    LastAdministrator,
    /// A department would stand below itself.
    #[error("a department cannot stand below itself")]
    Circle,
    /// There is no head without a department.
    #[error("a head needs a department")]
    HeadOfNothing,
    /// Somebody changed it since it was read.
    #[error("it was changed since it was read")]
    Stale,
    /// It is blocked, ended, closed or revoked already, or is not.
    #[error("it is so already")]
    Already,
    /// It comes with the program.
    #[error("a role that comes with the program cannot end")]
    BuiltIn,
    /// People or departments belong to it still.
    #[error("{0} belong to it still")]
    InUse(i64),
    /// The life of a token is longer than the setting allows.
    #[error("a token lives {0} days at most")]
    TooLong(i64),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for StaffError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// The error of an INSERT or UPDATE that may break a rule of uniqueness: which, the name of the constraint says.
fn unless_taken(error: sqlx::Error, login: &str, email: &str) -> StaffError {
    match broken_constraint(&error) {
        Some("staff_login_unique" | "staff_login_any_case") => StaffError::LoginInUse(login.to_owned()),
        Some("staff_email_any_case") => StaffError::EmailInUse(email.to_owned()),
        _ => error.into(),
    }
}

fn names(permissions: &[Permission]) -> String {
    permissions.iter().map(|permission| permission.as_str()).collect::<Vec<_>>().join(", ")
}
