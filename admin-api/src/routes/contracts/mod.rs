//! Endpoints of contracts, their templates and kinds (B42).
//!
//! Owns: the list of them, and what they have in common.
//! Does not own: contracts (`billing::contracts`), for whom a template is kept (`availability`).
//! Always: no change without a reason; a text is shown as plain text, or as HTML in which nothing of it is markup.

pub(crate) mod activate;
pub(crate) mod create;
pub(crate) mod get;
pub(crate) mod kind_add;
pub(crate) mod kind_list;
pub(crate) mod of_client;
pub(crate) mod template_add;
pub(crate) mod template_close;
pub(crate) mod template_get;
pub(crate) mod template_groups_set;
pub(crate) mod template_update;
pub(crate) mod template_version;
pub(crate) mod terminate;
pub(crate) mod text;
pub(crate) mod update;

use axum::Json;
use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use billing::contracts::{Contract, ContractError, FIELDS, Template, TemplateFault};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::inputs;
use crate::language::Text;
use crate::problem::{Code, Problem};

/// Longest text of a template.
const BODY_CHARS_MAX: usize = 200_000;
/// Most accounts of a contract.
const ACCOUNTS_MAX: usize = 1_000;

/// A contract.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ContractView {
    /// Identifier.
    id: i64,
    /// Number; a legal entity has it once.
    number: String,
    /// Code of the client.
    client: String,
    /// Code of the legal entity.
    legal_entity: String,
    /// Code of the kind.
    kind: String,
    /// Code of the template.
    template: String,
    /// Version of its text.
    template_version: i32,
    /// `draft`, `active` or `terminated`.
    state: &'static str,
    /// Day of signing.
    signed_on: Option<NaiveDate>,
    /// First day.
    valid_from: NaiveDate,
    /// Last day; `null`: until it is terminated.
    valid_to: Option<NaiveDate>,
    /// Codes of the accounts that it covers.
    accounts: Vec<String>,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// By whom.
    created_by: String,
    /// When it was activated.
    activated_at: Option<DateTime<Utc>>,
    /// When it was terminated.
    terminated_at: Option<DateTime<Utc>>,
    /// Why.
    termination_reason: Option<String>,
    /// Raised with every change; the ETag of the contract.
    revision: i64,
}

impl From<Contract> for ContractView {
    fn from(contract: Contract) -> Self {
        Self {
            id: contract.id,
            number: contract.number,
            client: contract.client,
            legal_entity: contract.issuer,
            kind: contract.kind,
            template: contract.template,
            template_version: contract.template_version,
            state: contract.state.as_str(),
            signed_on: contract.signed_on,
            valid_from: contract.valid_from,
            valid_to: contract.valid_to,
            accounts: contract.accounts,
            created_at: contract.created_at,
            created_by: contract.created_by,
            activated_at: contract.activated_at,
            terminated_at: contract.terminated_at,
            termination_reason: contract.terminated_at.map(|_| contract.termination_reason),
            revision: contract.revision,
        }
    }
}

/// A template of contracts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TemplateView {
    /// Code.
    code: String,
    /// Title.
    title: String,
    /// Code of the legal entity.
    legal_entity: String,
    /// Language, `ru` or `en`.
    language: String,
    /// Newest version of the text; the first is 1.
    version: i32,
    /// The text.
    body: String,
    /// Codes of the groups that it is kept for; none: it is open to everybody.
    groups: Vec<String>,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// By whom.
    created_by: String,
    /// Since when it is closed.
    closed_at: Option<DateTime<Utc>>,
    /// Raised with every change; the ETag of the template.
    revision: i64,
}

impl From<Template> for TemplateView {
    fn from(template: Template) -> Self {
        Self {
            code: template.code,
            title: template.title,
            legal_entity: template.issuer,
            language: template.language,
            version: template.version,
            body: template.body,
            groups: template.groups,
            created_at: template.created_at,
            created_by: template.created_by,
            closed_at: template.closed_at,
            revision: template.revision,
        }
    }
}

impl From<ContractError> for Problem {
    fn from(error: ContractError) -> Self {
        let no = |pointer: &str, ru: &str, en: &str, code: &str| {
            Self::field(pointer, Text::new(format!("{ru} {code} нет"), format!("There is no {en} {code}")))
        };
        match error {
            ContractError::NotFound => Self::new(Code::NotFound),
            ContractError::NoTemplate(code) => no("/template", "Действующего образца", "open template", &code),
            ContractError::NoKind(code) => no("/kind", "Вида договоров", "kind of contracts", &code),
            ContractError::NoAccount(code) => no(
                "/accounts",
                "У клиента лицевого счёта этого юридического лица",
                "account of the client with this legal entity",
                &code,
            ),
            ContractError::NoIssuer(code) => no("/legal_entity", "Юридического лица", "legal entity", &code),
            ContractError::CodeInUse(code) => Self::new(Code::AlreadyExists)
                .at("/code", Text::new(format!("Занято: {code}"), format!("Taken: {code}"))),
            ContractError::NumberInUse => Self::new(Code::AlreadyExists).because(Text::fixed(
                "Договор с таким номером уже есть: проверьте настройку contract.number_format",
                "There is a contract with this number: look at the setting contract.number_format",
            )),
            ContractError::TemplateNotAvailable(code) => Self::new(Code::TemplateNotAvailable).because(Text::new(
                format!("Образец {code} доступен только группам, в которых клиента нет"),
                format!("The template {code} is kept for groups that the client is not in"),
            )),
            ContractError::OtherIssuer(code) => Self::field(
                "/template",
                Text::new(
                    format!("Образец {code} другого юридического лица, а номер договора уже дан этим"),
                    format!("The template {code} is of another legal entity, and this one gave the number"),
                ),
            ),
            ContractError::Fault(fault) => Self::field("/body", fault_text(&fault)),
            ContractError::NoTime => Self::field(
                "/valid_to",
                Text::fixed("Последний день раньше первого", "The last day is before the first one"),
            ),
            ContractError::SignedLater => Self::field(
                "/signed_on",
                Text::fixed("День подписания ещё не наступил", "The day of signing has not come yet"),
            ),
            ContractError::Step(from, to) => Self::new(Code::InvalidTransition).because(Text::new(
                format!("Договор в состоянии {}, переход в {} невозможен", from.as_str(), to.as_str()),
                format!("The contract is {} and does not become {}", from.as_str(), to.as_str()),
            )),
            ContractError::Closed => {
                Self::new(Code::InvalidTransition).because(Text::fixed("Образец закрыт", "The template is closed"))
            }
            ContractError::Cleaned => Self::new(Code::Cleaned),
            ContractError::Stale => Self::new(Code::Stale),
            ContractError::Store(error) => error.into(),
        }
    }
}

fn fault_text(fault: &TemplateFault) -> Text {
    match fault {
        TemplateFault::Unknown(name) => {
            let known = FIELDS.join(", ");
            Text::new(
                format!("Поля {{{{{name}}}}} нет; есть: {known}"),
                format!("There is no field {{{{{name}}}}}; there are: {known}"),
            )
        }
        TemplateFault::Unclosed => {
            Text::fixed("Поле начато {{ и не закрыто }}", "A field begins with {{ and has no }}")
        }
    }
}

/// The text of a template: lines stay as they are, control characters have no place in it.
fn body(text: &str) -> Result<String, Problem> {
    inputs::party::some_text("/body", text, BODY_CHARS_MAX)
}

/// Codes of accounts, each once.
fn accounts(codes: &[String]) -> Result<Vec<String>, Problem> {
    if codes.len() > ACCOUNTS_MAX {
        let detail = Text::new(format!("Не больше {ACCOUNTS_MAX} счетов"), format!("At most {ACCOUNTS_MAX} accounts"));
        return Err(Problem::new(Code::LimitTooLarge).at("/accounts", detail));
    }
    let codes: Result<Vec<String>, Problem> =
        codes.iter().map(|code| inputs::word("/accounts", code).map(str::to_owned)).collect();
    let mut codes = codes?;
    codes.sort_unstable();
    codes.dedup();
    Ok(codes)
}

/// An answer with the revision of what it shows.
fn with_etag<T: Serialize>(revision: i64, view: T) -> Response {
    ([(ETAG, format!("\"{revision}\""))], Json(view)).into_response()
}

#[cfg(test)]
mod tests {
    use billing::contracts::ContractState;

    use super::*;
    use crate::language::Language;

    #[test]
    fn every_refusal_has_its_code() {
        for (error, code) in [
            (ContractError::NotFound, Code::NotFound),
            (ContractError::NoTemplate("t".into()), Code::Validation),
            (ContractError::NoKind("k".into()), Code::Validation),
            (ContractError::NoAccount("a".into()), Code::Validation),
            (ContractError::NoIssuer("e".into()), Code::Validation),
            (ContractError::CodeInUse("c".into()), Code::AlreadyExists),
            (ContractError::NumberInUse, Code::AlreadyExists),
            (ContractError::TemplateNotAvailable("t".into()), Code::TemplateNotAvailable),
            (ContractError::OtherIssuer("t".into()), Code::Validation),
            (ContractError::Fault(TemplateFault::Unclosed), Code::Validation),
            (ContractError::NoTime, Code::Validation),
            (ContractError::SignedLater, Code::Validation),
            (ContractError::Step(ContractState::Active, ContractState::Draft), Code::InvalidTransition),
            (ContractError::Closed, Code::InvalidTransition),
            (ContractError::Cleaned, Code::Cleaned),
            (ContractError::Stale, Code::Stale),
        ] {
            assert_eq!(Problem::from(error).code(), code);
        }
    }

    #[test]
    fn a_wrong_field_is_named() {
        let text = fault_text(&TemplateFault::Unknown("client.nme".into()));
        assert!(text.spoken(Language::English).starts_with("There is no field {{client.nme}}; there are: client.city"));
    }

    #[test]
    fn accounts_are_named_once() {
        assert_eq!(accounts(&["b".into(), "a".into(), "b".into()]).unwrap(), ["a", "b"]);
        let many: Vec<String> = (0..=ACCOUNTS_MAX).map(|number| number.to_string()).collect();
        assert!(accounts(&[String::new()]).is_err() && accounts(&many).is_err());
    }
}
