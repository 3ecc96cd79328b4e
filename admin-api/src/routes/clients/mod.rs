//! Endpoints of clients.
//!
//! Owns: the list of them, and what they have in common.
//! Does not own: what a client is (`billing::clients`).
//! Always: no change without a reason; contacts change with the word where the wish came from (L3).

pub(crate) mod assign;
pub(crate) mod contact_add;
pub(crate) mod contact_end;
pub(crate) mod contact_list;
pub(crate) mod contact_update;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod entity_connect;
pub(crate) mod entity_list;
pub(crate) mod get;
pub(crate) mod history;
pub(crate) mod label_add;
pub(crate) mod label_list;
pub(crate) mod lead;
pub(crate) mod note_add;
pub(crate) mod note_delete;
pub(crate) mod note_list;
pub(crate) mod note_update;
mod shown;
pub(crate) mod transfer;
pub(crate) mod update;

use billing::clients::{ClientError, Contact, Note, Origin, Twin};
use billing::liquidation::{self, Legal, Verdict};
use billing::parties::{self, Kind, NewParty, Party, PartyFault};
use chrono::{DateTime, NaiveDate, Utc};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::inputs::{self, given};
use crate::language::Text;
use crate::problem::{Code, Problem};

pub(crate) use shown::ClientView;

/// What a code in a link is written with; all the rest is encoded.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// Who a client is by the registry. A party is shared by all who have its INN (and KPP): what is said of one that is known agrees with what is kept, or fills in
/// what is not known yet; else it is refused, and `PUT /v1/parties/{id}` changes it.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedParty {
    /// `legal`, `sole_proprietor` or `natural`.
    kind: String,
    /// Name, as the registry has it.
    name: String,
    /// INN: 10 digits of a legal entity, 12 of others.
    #[serde(default)]
    inn: Option<String>,
    /// KPP: of a legal entity with an INN.
    #[serde(default)]
    kpp: Option<String>,
    /// OGRN of a legal entity, OGRNIP of a sole proprietor.
    #[serde(default)]
    ogrn: Option<String>,
    /// City.
    #[serde(default)]
    city: Option<String>,
    /// Legal address.
    #[serde(default)]
    legal_address: Option<String>,
}

impl WantedParty {
    /// The party, or all that is wrong with its numbers at once.
    pub(crate) fn read(&self) -> Result<NewParty, Problem> {
        let kind: Kind = inputs::one_of("/party/kind", &self.kind, Kind::ALL.iter().map(|kind| kind.as_str()))?;
        let digits = |text: &Option<String>| given(text.as_deref()).map(|text| text.replace(' ', ""));
        let (inn, kpp, ogrn) = (digits(&self.inn), digits(&self.kpp), digits(&self.ogrn));
        let faults = parties::check(kind, inn.as_deref(), kpp.as_deref(), ogrn.as_deref());
        if !faults.is_empty() {
            return Err(faults.into_iter().fold(Problem::new(Code::Validation), |problem, fault| {
                let (pointer, detail) = fault_text(fault);
                problem.at(pointer, detail)
            }));
        }
        Ok(NewParty {
            kind,
            name: inputs::party::name("/party/name", &self.name)?,
            inn,
            kpp,
            ogrn,
            city: inputs::party::text("/party/city", self.city.as_deref().unwrap_or_default(), 300)?,
            legal_address: inputs::party::text(
                "/party/legal_address",
                self.legal_address.as_deref().unwrap_or_default(),
                1_000,
            )?,
        })
    }
}

/// The field that is to blame in a [`WantedParty`], and why.
pub(crate) fn fault_text(fault: PartyFault) -> (&'static str, Text) {
    match fault {
        PartyFault::Inn => (
            "/party/inn",
            Text::fixed(
                "Ожидается ИНН с верными контрольными цифрами: 10 цифр у юридического лица, 12 у остальных",
                "An INN with right check digits is expected: 10 digits of a legal entity, 12 of others",
            ),
        ),
        PartyFault::Kpp => (
            "/party/kpp",
            Text::fixed(
                "КПП (9 знаков) обязателен для юридического лица с ИНН, у остальных его нет",
                "A legal entity with an INN needs a KPP of 9 signs; nobody else has one",
            ),
        ),
        PartyFault::Ogrn => (
            "/party/ogrn",
            Text::fixed(
                "Ожидается ОГРН (13 цифр) юридического лица или ОГРНИП (15 цифр) с верной контрольной цифрой; у физического лица его нет",
                "An OGRN of 13 digits (legal entity) or 15 (sole proprietor) with a right check digit is expected; a person has none",
            ),
        ),
    }
}

/// A party of the registry.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PartyView {
    /// `legal`, `sole_proprietor` or `natural`.
    kind: String,
    /// Name, as the registry has it.
    name: String,
    /// INN.
    inn: Option<String>,
    /// KPP.
    kpp: Option<String>,
    /// OGRN or OGRNIP.
    ogrn: Option<String>,
    /// City.
    city: String,
    /// Legal address.
    legal_address: String,
}

impl From<Party> for PartyView {
    fn from(party: Party) -> Self {
        let Party { kind, name, inn, kpp, ogrn, city, legal_address, .. } = party;
        Self { kind, name, inn, kpp, ogrn, city, legal_address }
    }
}

/// How a client stands by the registry (M60).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LegalView {
    /// `active`, `inactive`, `reorganisation`, `bankruptcy` or `liquidation`; `null`: nobody knows which party he is.
    legal_status: Option<String>,
    /// When the party ends or ended.
    termination_date: Option<NaiveDate>,
    /// Whether it is liquidated.
    liquidated: bool,
    /// Whether it may end: somebody should look.
    warning: bool,
    /// «Да» or «Нет»: whether he gets no letters about it.
    excluded: &'static str,
    /// Words on that.
    comment: String,
    /// When the first letter about it was written.
    first_notified_at: Option<DateTime<Utc>>,
    /// Where his notifications are; `kind=liquidation` leaves those about this alone.
    history: String,
}

impl LegalView {
    fn of(code: &str, legal: Legal) -> Self {
        let Legal { status, termination_date, verdict, excluded, comment, first_notified_at } = legal;
        let code = utf8_percent_encode(code, KEPT);
        Self {
            legal_status: status,
            termination_date,
            liquidated: verdict == Verdict::Liquidated,
            warning: verdict == Verdict::Warning,
            excluded: liquidation::word(excluded),
            comment,
            first_notified_at,
            history: format!("/v1/mails?client={code}"),
        }
    }
}

/// A client who may be the same.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TwinView {
    /// His code.
    code: String,
    /// His name.
    name: String,
    /// Login of his manager.
    manager: Option<String>,
    /// In what they are alike: `inn`, `email`, `phone`.
    alike: Vec<String>,
}

impl From<Twin> for TwinView {
    fn from(twin: Twin) -> Self {
        let Twin { code, name, manager, alike } = twin;
        Self { code, name, manager, alike }
    }
}

/// A contact.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ContactView {
    /// Identifier.
    id: i64,
    /// Name.
    name: String,
    /// Position.
    position: String,
    /// E-mail.
    email: Option<String>,
    /// Phone, as it was written.
    phone: Option<String>,
    /// When he was added.
    created_at: DateTime<Utc>,
    /// By whom.
    created_by: String,
    /// Raised with every change.
    revision: i64,
}

impl From<Contact> for ContactView {
    fn from(contact: Contact) -> Self {
        let Contact { id, name, position, email, phone, created_at, created_by, revision } = contact;
        Self { id, name, position, email, phone, created_at, created_by, revision }
    }
}

/// A note.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NoteView {
    /// Identifier.
    id: i64,
    /// `note`, or `contact_change`: what a contact was before it changed.
    kind: String,
    /// Whether it stands before the others.
    important: bool,
    /// What it says.
    text: String,
    /// Login of who wrote it.
    author: String,
    /// When.
    created_at: DateTime<Utc>,
    /// Raised with every change.
    revision: i64,
}

impl From<Note> for NoteView {
    fn from(note: Note) -> Self {
        let Note { id, kind, important, text, author, created_at, revision } = note;
        Self { id, kind, important, text, author, created_at, revision }
    }
}

/// Where the wish to change contacts came from (L3).
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedOrigin {
    /// `staff`, `call` or `mail`.
    channel: String,
    /// Sender of the mail.
    #[serde(default)]
    sender: Option<String>,
}

/// The origin that a request names; staff themselves when it names none.
fn origin(wanted: Option<&WantedOrigin>) -> Result<Origin, Problem> {
    let Some(wanted) = wanted else { return Ok(Origin::Staff) };
    match (wanted.channel.as_str(), given(wanted.sender.as_deref())) {
        ("staff", None) => Ok(Origin::Staff),
        ("call", None) => Ok(Origin::Call),
        ("mail", Some(sender)) => Ok(Origin::Mail(inputs::word("/origin/sender", sender)?.to_owned())),
        ("mail", None) => Err(Problem::field(
            "/origin/sender",
            Text::fixed("Укажите отправителя письма", "Name the sender of the mail"),
        )),
        ("staff" | "call", Some(_)) => Err(Problem::field(
            "/origin/sender",
            Text::fixed("Отправитель есть только у письма", "Only a mail has a sender"),
        )),
        _ => Err(Problem::field(
            "/origin/channel",
            Text::fixed("Ожидается одно из: staff, call, mail", "One of these is expected: staff, call, mail"),
        )),
    }
}

/// There is no such client.
pub(crate) fn no_client(code: &str) -> Problem {
    let shown: String = code.chars().filter(|letter| !letter.is_control()).take(100).collect();
    Problem::new(Code::NotFound)
        .because(Text::new(format!("Клиента {shown} нет"), format!("There is no client {shown}")))
}

impl From<ClientError> for Problem {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::NotFound => Self::new(Code::NotFound),
            ClientError::CodeInUse(code) => Self::new(Code::AlreadyExists)
                .at("/code", Text::new(format!("Занято: {code}"), format!("Taken: {code}"))),
            ClientError::LabelExists => Self::new(Code::AlreadyExists)
                .at("/name", Text::fixed("Такая метка уже есть", "The label exists already")),
            ClientError::EmailInUse => Self::new(Code::EmailInUse)
                .at("/email", Text::fixed("Эта почта уже у другого клиента", "Another client has this e-mail")),
            ClientError::NoLabel(name) => {
                Self::field("/label", Text::new(format!("Метки {name} нет"), format!("There is no label {name}")))
            }
            ClientError::NoManager(login) => Self::field(
                "/manager",
                Text::new(
                    format!("Сотрудника {login} нет или он заблокирован"),
                    format!("There is no user {login}, or he is blocked"),
                ),
            ),
            ClientError::UnverifiedSender => Self::new(Code::UnverifiedSender),
            ClientError::HasHistory => Self::new(Code::HasHistory),
            ClientError::HasActiveAccounts(account) => Self::new(Code::HasActiveAccounts).because(Text::new(
                format!("Лицевой счёт {account} открыт; сначала закройте его: POST /v1/accounts/{account}/close"),
                format!("Account {account} is active; close it first: POST /v1/accounts/{account}/close"),
            )),
            ClientError::NoAddress => {
                Self::field("/email", Text::fixed("Укажите почту или телефон", "Give an e-mail or a phone"))
            }
            ClientError::TooMany(most) => Self::new(Code::LimitTooLarge)
                .because(Text::new(format!("Не больше {most}"), format!("At most {most}"))),
            ClientError::ImportantNote => {
                crate::call_context::forbidden(billing::staff::Permission::NoteDeleteImportant)
            }
            ClientError::OfTheProgram => Self::new(Code::InvalidTransition).because(Text::fixed(
                "Запись о прежнем контакте не меняется",
                "What a contact was before is not changed",
            )),
            ClientError::Cleaned => Self::new(Code::Cleaned),
            ClientError::LegalHold(account) => Self::new(Code::LegalHold).because(Text::new(
                format!("По счёту {account} действует запрет на уничтожение данных"),
                format!("Account {account} is under a legal hold"),
            )),
            ClientError::Held => Self::new(Code::Held),
            ClientError::HeldByRelated(login) => Self::new(Code::HeldByRelated).because(Text::new(
                format!("Похожего клиента ведёт {login}"),
                format!("{login} holds a client who may be the same"),
            )),
            ClientError::NoAgent(code) => Self::field(
                "/agent",
                Text::new(
                    format!("Агента {code} нет или он закрыт"),
                    format!("There is no agent {code}, or he is closed"),
                ),
            ),
            ClientError::NotPaid => Self::new(Code::NotPaid),
            ClientError::NoStep(stage) => Self::new(Code::InvalidTransition).because(Text::new(
                format!("Стадия {stage} сейчас невозможна"),
                format!("The stage {stage} is not possible now"),
            )),
            ClientError::Stale => Self::new(Code::Stale),
            ClientError::Party(error) => Self::from(error).below("/party"),
            ClientError::Store(error) => error.into(),
        }
    }
}
