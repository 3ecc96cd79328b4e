//! Parties as staff keep them.
//!
//! Owns: what staff may say of a party, its audit.
//! Does not own: what clients say of themselves (`store`), files of the registry (`import`).
//! Always: kind and INN make a party the one it is and do not change; numbers are checked together; what is personal stands apart in the audit (A40).

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::PartyError;
use super::rules::{self, Kind, PassportCheck, RegistryStatus};
use super::store::{self, NewParty, Party, Passport};
use crate::change::Change;
use crate::edit::Edit;
use crate::store::StoreError;

/// What the audit keeps apart.
pub(super) const PERSONAL: &[&str] = &["name", "inn", "phone", "email", "legal_address", "passport"];

/// How a party is to be; what is kept or `None` stays.
#[derive(Clone, Debug, Default)]
pub struct PartyUpdate {
    /// Name.
    pub name: Option<String>,
    /// KPP.
    pub kpp: Edit<String>,
    /// OGRN or OGRNIP.
    pub ogrn: Edit<String>,
    /// Region.
    pub region: Option<String>,
    /// City.
    pub city: Option<String>,
    /// Legal address.
    pub legal_address: Option<String>,
    /// Status.
    pub status: Option<RegistryStatus>,
    /// When it ends or ended.
    pub termination_date: Edit<NaiveDate>,
    /// Day of its entry into the registry.
    pub registered_at: Edit<NaiveDate>,
    /// Phone.
    pub phone: Edit<String>,
    /// E-mail.
    pub email: Edit<String>,
    /// Passport, with the verdict on it.
    pub passport: Edit<Passport>,
}

/// Makes a party (S1: whether or not it will be a client); its identifier.
pub async fn create(
    change: &mut Change,
    new: &NewParty,
    update: &PartyUpdate,
    reason: &str,
) -> Result<i64, PartyError> {
    let faults = rules::check(new.kind, new.inn.as_deref(), new.kpp.as_deref(), new.ogrn.as_deref());
    if !faults.is_empty() {
        return Err(PartyError::Numbers(faults));
    }
    let id = store::insert(change, new).await?.ok_or(PartyError::Exists)?;
    let before = store::by_id(change.connection(), id).await?.ok_or(PartyError::NotFound)?;
    let after = applied(&before, update)?;
    store::write(change, &after).await?;
    change.record_personal(("party.create", "party", &id.to_string()), &json!({}), &shown(&after), PERSONAL, reason);
    Ok(id)
}

/// Changes a party; it as it is then.
pub async fn update(
    change: &mut Change,
    id: i64,
    update: &PartyUpdate,
    revision: Option<i64>,
    reason: &str,
) -> Result<Party, PartyError> {
    let now = change.now();
    let before = store::held(change.connection(), id).await?.ok_or(PartyError::NotFound)?;
    if revision.is_some_and(|seen| seen != before.revision) {
        return Err(PartyError::Stale);
    }
    if before.kind == Kind::Natural.as_str() && before.name.is_empty() {
        let cleaned: bool =
            sqlx::query_scalar("SELECT EXISTS (SELECT FROM client WHERE party_id = $1 AND gdpr_state <> 'none')")
                .bind(id)
                .fetch_one(change.connection())
                .await?;
        if cleaned {
            return Err(PartyError::Cleaned);
        }
    }
    let mut after = applied(&before, update)?;
    "staff".clone_into(&mut after.updated_from);
    after.updated_at = now;
    if after.status != before.status {
        after.status_at = now;
    }
    after.revision += 1;
    store::write(change, &after).await?;
    let (was, is) = (shown(&before), shown(&after));
    change.record_personal(("party.edit", "party", &id.to_string()), &was, &is, PERSONAL, reason);
    Ok(after)
}

fn applied(before: &Party, update: &PartyUpdate) -> Result<Party, PartyError> {
    let mut after = before.clone();
    after.name = update.name.clone().unwrap_or(after.name);
    after.kpp = update.kpp.clone().applied(after.kpp);
    after.ogrn = update.ogrn.clone().applied(after.ogrn);
    after.region = update.region.clone().unwrap_or(after.region);
    after.city = update.city.clone().unwrap_or(after.city);
    after.legal_address = update.legal_address.clone().unwrap_or(after.legal_address);
    after.status = update.status.map_or(after.status, |status| status.as_str().to_owned());
    after.termination_date = update.termination_date.clone().applied(after.termination_date);
    after.registered_at = update.registered_at.clone().applied(after.registered_at);
    after.phone = update.phone.clone().applied(after.phone);
    after.email = update.email.clone().applied(after.email);
    after.passport = match &update.passport {
        Edit::Keep => after.passport,
        Edit::Clear => Passport { check: PassportCheck::Unknown.as_str().to_owned(), ..Passport::default() },
        Edit::Set(passport) => passport.clone(),
    };
    let kind: Kind = after.kind.parse().map_err(|()| {
        let problem = format!("kind `{}`, which nobody knows", after.kind);
        StoreError::Inconsistent { table: "party", problem }
    })?;
    if kind == Kind::Legal && matches!(update.passport, Edit::Set(_)) {
        return Err(PartyError::NotAPerson);
    }
    let faults = rules::check(kind, after.inn.as_deref(), after.kpp.as_deref(), after.ogrn.as_deref());
    if faults.is_empty() { Ok(after) } else { Err(PartyError::Numbers(faults)) }
}

/// What the audit shows.
pub(super) fn shown(party: &Party) -> Value {
    let passport = &party.passport;
    let has_passport = passport.series.is_some() || passport.number.is_some() || passport.checked_at.is_some();
    json!({
        "kind": party.kind, "name": party.name, "inn": party.inn, "kpp": party.kpp, "ogrn": party.ogrn, "region": party.region, "city": party.city,
        "legal_address": party.legal_address, "status": party.status, "termination_date": party.termination_date,
        "registered_at": party.registered_at, "phone": party.phone, "email": party.email,
        "passport": has_passport.then(|| json!({
            "series": passport.series, "number": passport.number, "check": passport.check, "result": passport.result, "checked_at": passport.checked_at,
        })),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn company() -> Party {
        let moment = "2026-07-01T10:00:00Z".parse().unwrap();
        Party {
            id: 1,
            kind: "legal".into(),
            name: "ООО «Ромашка»".into(),
            inn: Some("7707083893".into()),
            kpp: Some("770701001".into()),
            ogrn: None,
            region: String::new(),
            city: String::new(),
            legal_address: String::new(),
            status: "active".into(),
            status_at: moment,
            termination_date: None,
            registered_at: None,
            phone: None,
            email: None,
            passport: Passport { check: "unknown".into(), ..Passport::default() },
            updated_from: "client".into(),
            updated_at: moment,
            revision: 1,
        }
    }

    #[test]
    fn what_is_not_said_stays_and_numbers_fit_together() {
        let status = PartyUpdate { status: Some(RegistryStatus::Bankruptcy), ..PartyUpdate::default() };
        let after = applied(&company(), &status).unwrap();
        assert_eq!((after.status.as_str(), after.name.as_str()), ("bankruptcy", "ООО «Ромашка»"));
        let no_kpp = PartyUpdate { kpp: Edit::Clear, ..PartyUpdate::default() };
        assert!(matches!(applied(&company(), &no_kpp), Err(PartyError::Numbers(_))));
        let passport = PartyUpdate { passport: Edit::Set(Passport::default()), ..PartyUpdate::default() };
        assert!(matches!(applied(&company(), &passport), Err(PartyError::NotAPerson)));
        assert_eq!(shown(&company())["passport"], Value::Null);
    }
}
