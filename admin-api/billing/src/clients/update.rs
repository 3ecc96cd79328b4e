//! Clients change.
//!
//! Owns: the fields of a client that staff may change.
//! Does not own: his further contacts (`contacts`).
//! Always: what is not said stays; a contact that goes is kept as an important note before the new one is written (L27); contacts change on the client's own
//! word or with staff as their author (L3).

use numbering::E164;
use serde_json::{Value, json};

use super::assignment::{self, AssignmentRights};
use super::card::{self, ClientCard};
use super::create::manager_of;
use super::rules::{Characteristic, Origin};
use super::{ClientError, labels, notes};
use crate::agents;
use crate::change::Change;
use crate::edit::Edit;
use crate::parties::{self, NewParty};

/// Fields that may hold personal data, also name and INN where the client is a person: the audit keeps them apart, so that they can be destroyed (A40).
pub(super) const PERSONAL: &[&str] = &["name", "inn", "email", "phone", "contact_person", "comment"];

/// How a client is to be; what is kept or `None` stays.
#[derive(Clone, Debug, Default)]
pub struct ClientUpdate {
    /// Name.
    pub name: Option<String>,
    /// Who he is by the registry; another one than before.
    pub party: Option<NewParty>,
    /// Main e-mail; it changes, and is never emptied.
    pub email: Option<String>,
    /// Phone as it was written, and the number that it stands for.
    pub phone: Edit<(String, E164)>,
    /// Whom to talk to.
    pub contact_person: Option<String>,
    /// Country.
    pub country: Option<String>,
    /// Language of letters.
    pub language: Option<String>,
    /// Name of the label.
    pub label: Edit<String>,
    /// What staff think of him.
    pub characteristic: Option<Characteristic>,
    /// Login of his manager.
    pub manager: Edit<String>,
    /// Code of the agent who brought him.
    pub agent: Edit<String>,
    /// For staff.
    pub comment: Option<String>,
    /// The flag of the company (T25).
    pub active: Option<bool>,
    /// What the caller may where the manager changes (S4).
    pub rights: AssignmentRights,
}

impl ClientUpdate {
    fn touches_contacts(&self) -> bool {
        self.email.is_some() || self.phone != Edit::Keep || self.contact_person.is_some()
    }
}

/// Changes a client; the card of after.
pub async fn update(
    change: &mut Change,
    code: &str,
    update: &ClientUpdate,
    origin: &Origin,
    revision: Option<i64>,
    reason: &str,
) -> Result<ClientCard, ClientError> {
    if update.manager != Edit::Keep {
        assignment::one_by_one(change).await?;
    }
    let before = card::held(change, code).await?;
    if revision.is_some_and(|seen| seen != before.revision) {
        return Err(ClientError::Stale);
    }
    if update.touches_contacts() {
        origin.check(before.email.as_deref()).map_err(|_| ClientError::UnverifiedSender)?;
    }
    let mut after = before.clone();
    after.name = update.name.clone().unwrap_or(after.name);
    after.email = update.email.clone().or(after.email);
    let phone = update.phone.clone().applied(None);
    after.phone = match &update.phone {
        Edit::Keep => after.phone,
        _ => phone.as_ref().map(|(text, _)| text.clone()),
    };
    after.contact_person = update.contact_person.clone().unwrap_or(after.contact_person);
    after.country = update.country.clone().unwrap_or(after.country);
    after.language = update.language.clone().unwrap_or(after.language);
    after.label = update.label.clone().applied(after.label);
    after.characteristic = update.characteristic.map_or(after.characteristic, |one| one.as_str().to_owned());
    after.manager = update.manager.clone().applied(after.manager);
    after.comment = update.comment.clone().unwrap_or(after.comment);
    after.active = update.active.unwrap_or(after.active);
    after.revision += 1;
    if let Some(party) = &update.party {
        let id = parties::of_client(change, party, reason).await?;
        after.party = parties::by_id(change.connection(), id).await?;
    }
    let party_id = after.party.as_ref().map(|party| party.id);
    // Before the new values: whoever reads the notes finds what stood there (L27).
    for (field, was, is) in [
        ("email", before.email.as_deref(), after.email.as_deref()),
        ("phone", before.phone.as_deref(), after.phone.as_deref()),
        ("contact_person", Some(&*before.contact_person), Some(&*after.contact_person)),
    ] {
        notes::keep_former(change, before.id, field, was, is).await?;
    }
    let label_id = labels::id_of(change.connection(), after.label.as_deref()).await?;
    let manager_id = match &update.manager {
        // Who left meanwhile stays the manager until somebody else is named.
        Edit::Keep => before.manager_id,
        _ => manager_of(change.connection(), after.manager.as_deref()).await?,
    };
    if manager_id != before.manager_id {
        assignment::check(change, before.id, before.manager_id, manager_id, update.rights).await?;
    }
    after.manager_id = manager_id;
    match &update.agent {
        Edit::Keep => {}
        Edit::Clear => (after.agent, after.agent_type, after.agent_id) = (None, None, None),
        Edit::Set(code) => {
            let agent = agents::in_work(change.connection(), code).await?;
            let (id, kind) = agent.ok_or_else(|| ClientError::NoAgent(code.clone()))?;
            (after.agent, after.agent_type, after.agent_id) = (Some(code.clone()), Some(kind), Some(id));
        }
    }
    let keeps_phone = update.phone == Edit::Keep;
    sqlx::query(
        "UPDATE client SET name = $2, party_id = $3, email = $4, phone = $5, phone_key = CASE WHEN $6 THEN phone_key ELSE $7 END, contact_person = $8, country = $9,
             language = $10, label_id = $11, characteristic = $12, manager_id = $13, comment = $14, active = $15, revision = $16, agent_id = $17 WHERE id = $1",
    )
    .bind(before.id)
    .bind(&after.name)
    .bind(party_id)
    .bind(&after.email)
    .bind(&after.phone)
    .bind(keeps_phone)
    .bind(phone.map(|(_, number)| number.to_string()))
    .bind(&after.contact_person)
    .bind(&after.country)
    .bind(&after.language)
    .bind(label_id)
    .bind(&after.characteristic)
    .bind(manager_id)
    .bind(&after.comment)
    .bind(after.active)
    .bind(after.revision)
    .bind(after.agent_id)
    .execute(change.connection())
    .await?;
    let (mut was, mut is) = (shown(&before), shown(&after));
    keep_differing(&mut was, &mut is);
    change.record_personal(("client.edit", "client", code), &was, &is, PERSONAL, reason);
    Ok(after)
}

fn shown(card: &ClientCard) -> Value {
    let party = card.party.as_ref();
    json!({
        "name": card.name, "inn": party.and_then(|party| party.inn.clone()), "kpp": party.and_then(|party| party.kpp.clone()),
        "email": card.email, "phone": card.phone, "contact_person": card.contact_person, "country": card.country, "language": card.language,
        "label": card.label, "characteristic": card.characteristic, "manager": card.manager, "agent": card.agent, "comment": card.comment, "active": card.active,
    })
}

/// Leaves the fields that changed.
pub(crate) fn keep_differing(before: &mut Value, after: &mut Value) {
    if let (Some(before), Some(after)) = (before.as_object_mut(), after.as_object_mut()) {
        let same: Vec<String> = before
            .iter()
            .filter(|(field, value)| after.get(*field) == Some(value))
            .map(|(field, _)| field.clone())
            .collect();
        for field in same {
            before.remove(&field);
            after.remove(&field);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changed_is_in_the_audit() {
        let (mut before, mut after) = (json!({"a": 1, "b": null, "c": "x"}), json!({"a": 2, "b": null, "c": "x"}));
        keep_differing(&mut before, &mut after);
        assert_eq!((before, after), (json!({"a": 1}), json!({"a": 2})));
    }
}
