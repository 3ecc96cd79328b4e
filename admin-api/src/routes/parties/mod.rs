//! Endpoints of parties: organisations, sole proprietors, persons, whether or not they are clients (S1).
//!
//! Owns: what they have in common.
//! Does not own: what a party is (`billing::parties`), the list of them (`billing::parties::GRID`).
//! Always: no change without a reason; passports are for those who may see them.

pub(crate) mod create;
pub(crate) mod get;
pub(crate) mod import;
pub(crate) mod update;

use billing::Edit;
use billing::parties::{Contradicted, ImportError, Party, PartyError, PartyFault, Passport, PassportCheck};
use billing::settings::Settings;
use billing::staff::{Permission, Staff};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::call_context::forbidden;
use crate::inputs::{self, given};
use crate::language::{Language, Text};
use crate::problem::{Code, Problem};

/// A wanted passport.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedPassport {
    /// Series.
    series: String,
    /// Number.
    number: String,
    /// The verdict of a check made elsewhere: `valid`, `invalid` or `unknown`; `unknown` when absent.
    #[serde(default)]
    check: Option<String>,
    /// The words of whoever checked it.
    #[serde(default)]
    result: Option<String>,
    /// When it was checked: a moment, or a day of the billing zone.
    #[serde(default)]
    checked_at: Option<String>,
}

impl WantedPassport {
    fn read(&self, settings: &Settings) -> Result<Passport, Problem> {
        let words = || PassportCheck::ALL.iter().map(|check| check.as_str());
        let check: PassportCheck = match given(self.check.as_deref()) {
            Some(text) => inputs::one_of("/passport/check", text, words())?,
            None => PassportCheck::Unknown,
        };
        let zone = settings.zone("billing.zone")?;
        let checked_at = given(self.checked_at.as_deref());
        Ok(Passport {
            series: Some(inputs::party::some_text("/passport/series", &self.series, 20)?),
            number: Some(inputs::party::some_text("/passport/number", &self.number, 20)?),
            check: check.as_str().to_owned(),
            result: inputs::party::text("/passport/result", self.result.as_deref().unwrap_or_default(), 300)?,
            checked_at: checked_at.map(|text| inputs::moment("/passport/checked_at", text, zone, false)).transpose()?,
        })
    }
}

/// What of a passport is wanted; whoever may not change passports says nothing of it.
fn passport(wanted: Edit<WantedPassport>, staff: &Staff, settings: &Settings) -> Result<Edit<Passport>, Problem> {
    if !matches!(wanted, Edit::Keep) && !staff.may(Permission::PartyPassport) {
        return Err(forbidden(Permission::PartyPassport));
    }
    wanted.try_map(|wanted| wanted.read(settings))
}

/// A phone of the registry: as it is written, one that can be called.
fn phone(pointer: &str, text: &str, settings: &Settings) -> Result<String, Problem> {
    inputs::party::phone(pointer, text, settings).map(|(text, _)| text)
}

/// A passport.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PassportView {
    /// Series; `null` also for those who may not see it.
    series: Option<String>,
    /// Number; `null` also for those who may not see it.
    number: Option<String>,
    /// `valid`, `invalid` or `unknown`.
    check: String,
    /// The words of whoever checked it.
    result: String,
    /// When it was checked.
    checked_at: Option<DateTime<Utc>>,
}

/// A party.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PartyCard)]
pub(crate) struct PartyCardView {
    /// Number.
    id: i64,
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
    /// Region.
    region: String,
    /// City.
    city: String,
    /// Legal address.
    legal_address: String,
    /// `active`, `inactive`, `reorganisation`, `bankruptcy` or `liquidation`.
    status: String,
    /// Since when we know it.
    status_at: DateTime<Utc>,
    /// When it ends or ended.
    termination_date: Option<NaiveDate>,
    /// Day of its entry into the registry.
    registered_at: Option<NaiveDate>,
    /// Phone, from the registry.
    phone: Option<String>,
    /// E-mail, from the registry.
    email: Option<String>,
    /// Passport of a person.
    passport: Option<PassportView>,
    /// Who said last what stands here: `client`, `staff`, `registry`.
    updated_from: String,
    /// When.
    updated_at: DateTime<Utc>,
    /// Raised with every change; the ETag.
    revision: i64,
}

impl PartyCardView {
    /// The party as `staff` may see it.
    fn of(party: Party, staff: &Staff) -> Self {
        let shows = staff.may(Permission::PartyPassport);
        let Passport { series, number, check, result, checked_at } = party.passport;
        let passport = (party.kind != "legal").then(|| PassportView {
            series: series.filter(|_| shows),
            number: number.filter(|_| shows),
            check,
            result,
            checked_at,
        });
        Self {
            id: party.id,
            kind: party.kind,
            name: party.name,
            inn: party.inn,
            kpp: party.kpp,
            ogrn: party.ogrn,
            region: party.region,
            city: party.city,
            legal_address: party.legal_address,
            status: party.status,
            status_at: party.status_at,
            termination_date: party.termination_date,
            registered_at: party.registered_at,
            phone: party.phone,
            email: party.email,
            passport,
            updated_from: party.updated_from,
            updated_at: party.updated_at,
            revision: party.revision,
        }
    }
}

fn fault_text(fault: PartyFault) -> (&'static str, Text) {
    match fault {
        PartyFault::Inn => (
            "/inn",
            Text::fixed(
                "Ожидается ИНН с верными контрольными цифрами: 10 цифр у юридического лица, 12 у остальных",
                "An INN with right check digits is expected: 10 digits of a legal entity, 12 of others",
            ),
        ),
        PartyFault::Kpp => (
            "/kpp",
            Text::fixed(
                "КПП (9 знаков) обязателен для юридического лица с ИНН, у остальных его нет",
                "A legal entity with an INN needs a KPP of 9 signs; nobody else has one",
            ),
        ),
        PartyFault::Ogrn => (
            "/ogrn",
            Text::fixed(
                "Ожидается ОГРН (13 цифр) или ОГРНИП (15 цифр) с верной контрольной цифрой; у физического лица его нет",
                "An OGRN of 13 digits or OGRNIP of 15 with a right check digit is expected; a person has none",
            ),
        ),
    }
}

/// Something else is kept of a party than what is said: each field that differs, and where it is changed.
fn contradicted(known: &Contradicted) -> Problem {
    let Contradicted { id, name, fields } = known;
    let problem = Problem::new(Code::AlreadyExists).because(Text::new(
        format!("Лицо с этим ИНН уже известно: № {id}, {name}. Сказанное о нём расходится с записанным"),
        format!("The party with this INN is known already: number {id}, {name}. What is said of it differs from what is kept"),
    ));
    fields.iter().fold(problem, |problem, (field, kept)| {
        let detail = Text::new(
            format!("У лица № {id} ({name}) записано: {kept}. Изменить это можно через PUT /v1/parties/{id}"),
            format!("Of party {id} ({name}) this is kept: {kept}. It is changed by PUT /v1/parties/{id}"),
        );
        problem.at(&format!("/{field}"), detail)
    })
}

impl From<PartyError> for Problem {
    fn from(error: PartyError) -> Self {
        match error {
            PartyError::NotFound => Self::new(Code::NotFound),
            PartyError::Exists => Self::new(Code::AlreadyExists).at(
                "/inn",
                Text::fixed("Организация с таким ИНН и КПП уже есть", "A party with this INN and KPP is there already"),
            ),
            PartyError::Contradicted(known) => contradicted(&known),
            PartyError::Numbers(faults) => faults.into_iter().fold(Self::new(Code::Validation), |problem, fault| {
                let (pointer, detail) = fault_text(fault);
                problem.at(pointer, detail)
            }),
            PartyError::NotAPerson => Self::field(
                "/passport",
                Text::fixed("У юридического лица нет паспорта", "A legal entity has no passport"),
            ),
            PartyError::Cleaned => Self::new(Code::Cleaned),
            PartyError::Stale => Self::new(Code::Stale),
            PartyError::Store(error) => error.into(),
        }
    }
}

impl From<ImportError> for Problem {
    fn from(error: ImportError) -> Self {
        let both = |text: &dyn Fn(Language) -> String| Text::new(text(Language::Russian), text(Language::English));
        match error {
            ImportError::Sheet(error) => {
                Self::new(Code::ImportFaults).at("/file", both(&|language| error.text(language)))
            }
            ImportError::Titles(errors) => errors.iter().fold(Self::new(Code::ImportFaults), |problem, error| {
                let pointer = format!("/columns/{}", error.column().as_str());
                problem.at(&pointer, both(&|language| error.text(language)))
            }),
            ImportError::Faults(faults) => {
                let (count, told) = (faults.count, faults.first.len());
                let detail = Text::new(
                    format!("Ошибок: {count}, показаны первые {told}; ничего не загружено"),
                    format!("{count} errors, the first {told} are shown; nothing was imported"),
                );
                let problem = Self::new(Code::ImportFaults).because(detail).of_total(count);
                faults.first.iter().fold(problem, |problem, fault| {
                    let pointer = format!("/rows/{}/{}", fault.row, fault.column.as_str());
                    problem.at(&pointer, both(&|language| fault.text(language)))
                })
            }
            ImportError::BrokeOff => Self::new(Code::Internal),
            ImportError::Store(error) => error.into(),
        }
    }
}
