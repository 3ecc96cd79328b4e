//! Which party a client or an agent is.
//!
//! Owns: the party of an INN and KPP, in what the sayings about it contradict it, and what they add.
//! Does not own: how staff change a party (`edit`), files of the registry (`import`).
//! Always: nothing that stands is overwritten, nor is what is said passed over in silence: it says the same, fills in what is not known yet, or is refused;
//! what is not said contradicts nothing.

use super::PartyError;
use super::edit::{PERSONAL, shown};
use super::rules::Kind;
use super::store::{self, NewParty, Party};
use crate::change::Change;

/// A party that is known, and what was said of it that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradicted {
    /// Identifier of the party.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// The fields that differ, with what is kept in them.
    pub fields: Vec<(&'static str, String)>,
}

/// The party of these numbers if there is one, else a new one. A person may become a sole proprietor, who keeps his INN.
pub(crate) async fn of_client(change: &mut Change, new: &NewParty, reason: &str) -> Result<i64, PartyError> {
    loop {
        if let Some(id) = store::insert_of_client(change, new).await? {
            return Ok(id);
        }
        // Whoever has just written it has ended, for the statement waited for him. That it is gone again is no more than its INN cleaned away.
        if let Some(kept) = store::held_of(change.connection(), new).await? {
            return completed(change, &kept, new, reason).await;
        }
    }
}

/// Fills in what a known party lacks; its identifier.
async fn completed(change: &mut Change, kept: &Party, new: &NewParty, reason: &str) -> Result<i64, PartyError> {
    let fields = contradictions(kept, new);
    if !fields.is_empty() {
        return Err(PartyError::Contradicted(Contradicted { id: kept.id, name: kept.name.clone(), fields }));
    }
    let Some(mut after) = filled(kept, new) else { return Ok(kept.id) };
    "client".clone_into(&mut after.updated_from);
    after.updated_at = change.now();
    after.revision += 1;
    store::write_kind(change, &after).await?;
    store::write(change, &after).await?;
    change.record_personal(
        ("party.edit", "party", &kept.id.to_string()),
        &shown(kept),
        &shown(&after),
        PERSONAL,
        reason,
    );
    Ok(kept.id)
}

/// Whether what is said makes a sole proprietor of a person.
fn is_raised(kept: &Party, new: &NewParty) -> bool {
    kept.kind == Kind::Natural.as_str() && new.kind == Kind::SoleProprietor
}

/// What writings of one thing have in common.
type Key = fn(&str) -> String;

/// The fields of which something else is kept than what is said, with what is kept. INN and KPP are the same: they make it this party.
fn contradictions(kept: &Party, new: &NewParty) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    if kept.kind != new.kind.as_str() && !is_raised(kept, new) {
        found.push(("kind", kept.kind.clone()));
    }
    let texts: [(&str, &str, &str, Key); 4] = [
        ("name", &kept.name, &new.name, as_name),
        ("ogrn", kept.ogrn.as_deref().unwrap_or_default(), new.ogrn.as_deref().unwrap_or_default(), as_name),
        ("city", &kept.city, &new.city, as_address),
        ("legal_address", &kept.legal_address, &new.legal_address, as_address),
    ];
    for (field, kept, said, key) in texts {
        if !kept.is_empty() && !said.is_empty() && key(kept) != key(said) {
            found.push((field, kept.to_owned()));
        }
    }
    found
}

/// The party with what it lacked; `None`: nothing is new.
fn filled(kept: &Party, new: &NewParty) -> Option<Party> {
    let mut after = kept.clone();
    if is_raised(kept, new) {
        new.kind.as_str().clone_into(&mut after.kind);
    }
    after.ogrn = after.ogrn.or_else(|| new.ogrn.clone());
    for (field, said) in
        [(&mut after.name, &new.name), (&mut after.city, &new.city), (&mut after.legal_address, &new.legal_address)]
    {
        if field.is_empty() {
            said.clone_into(field);
        }
    }
    (after != *kept).then_some(after)
}

/// A name without what does not matter: case, quotes, how many blanks stand between words.
fn as_name(text: &str) -> String {
    let is_between = |letter: char| letter.is_whitespace() || "«»\"'`“”„‟‘’".contains(letter);
    words(text, is_between)
}

/// An address without what does not matter: case and all that is neither letter nor digit.
fn as_address(text: &str) -> String {
    words(text, |letter| !letter.is_alphanumeric())
}

fn words(text: &str, is_between: impl Fn(char) -> bool) -> String {
    let small = text.to_lowercase().replace('ё', "е");
    small.split(is_between).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parties::Passport;

    fn kept(kind: &str) -> Party {
        let moment = "2026-07-01T10:00:00Z".parse().unwrap();
        Party {
            id: 17,
            kind: kind.into(),
            name: "ООО «Строй Сервис»".into(),
            inn: Some("7707083893".into()),
            kpp: Some("770701001".into()),
            ogrn: Some("1027700132195".into()),
            region: String::new(),
            city: "Орёл".into(),
            legal_address: String::new(),
            status: "active".into(),
            status_at: moment,
            termination_date: None,
            registered_at: None,
            phone: None,
            email: None,
            passport: Passport::default(),
            updated_from: "registry".into(),
            updated_at: moment,
            revision: 1,
        }
    }

    fn said(kind: Kind, name: &str) -> NewParty {
        let (city, legal_address) = (String::new(), String::new());
        NewParty { kind, name: name.into(), inn: None, kpp: None, ogrn: None, city, legal_address }
    }

    #[test]
    fn writing_does_not_matter_and_contents_do() {
        for (name, agrees) in [
            ("ООО «Строй Сервис»", true),
            (" ооо \"СТРОЙ  СЕРВИС\" ", true),
            ("ООО“Строй Сервис”", true),
            ("ООО «Строй-Сервис»", false),
            ("ООО «Строй Сервис Плюс»", false),
            ("АО «Строй Сервис»", false),
        ] {
            let found = contradictions(&kept("legal"), &said(Kind::Legal, name));
            let expected =
                if agrees { vec![] } else { vec![("name", "ООО «Строй Сервис»".to_owned())] };
            assert_eq!(found, expected, "{name}");
        }
        let name = "ООО «Строй Сервис»";
        let fields = |new: NewParty| -> Vec<&'static str> {
            contradictions(&kept("legal"), &new).into_iter().map(|(field, _)| field).collect()
        };
        assert_eq!(fields(NewParty { city: "орел".into(), ..said(Kind::Legal, name) }), [""; 0]);
        assert_eq!(fields(NewParty { city: "Тверь".into(), ..said(Kind::Legal, name) }), ["city"]);
        assert_eq!(fields(NewParty { legal_address: "Тверь".into(), ..said(Kind::Legal, name) }), [""; 0]);
        let other = NewParty { ogrn: Some("1037700132195".into()), ..said(Kind::SoleProprietor, "x") };
        assert_eq!(fields(other), ["kind", "name", "ogrn"]);
        let moved = Party { legal_address: "Москва, ул. Ленина, д. 1".into(), ..kept("legal") };
        for (address, agrees) in [("МОСКВА ул.Ленина д.1", true), ("Москва, ул. Ленина, д. 11", false)]
        {
            let new = NewParty { legal_address: address.into(), ..said(Kind::Legal, name) };
            assert_eq!(contradictions(&moved, &new).is_empty(), agrees, "{address}");
        }
    }

    #[test]
    fn what_was_not_known_is_filled_in() {
        let name = "ООО «Строй Сервис»";
        assert_eq!(filled(&kept("legal"), &said(Kind::Legal, "ооо строй сервис")), None);
        let new = NewParty { legal_address: "Тверь".into(), city: "Тверь".into(), ..said(Kind::Legal, name) };
        let after = filled(&kept("legal"), &new).unwrap();
        assert_eq!((after.legal_address.as_str(), after.city.as_str()), ("Тверь", "Орёл"));
        let bare = Party { ogrn: None, kpp: None, ..kept("natural") };
        let raised = NewParty { ogrn: Some("304500116000157".into()), ..said(Kind::SoleProprietor, name) };
        assert!(contradictions(&bare, &raised).is_empty());
        let after = filled(&bare, &raised).unwrap();
        assert_eq!((after.kind.as_str(), after.ogrn.as_deref()), ("sole_proprietor", Some("304500116000157")));
        assert_eq!(contradictions(&after, &said(Kind::Natural, name))[0].0, "kind", "not the other way round");
    }
}
