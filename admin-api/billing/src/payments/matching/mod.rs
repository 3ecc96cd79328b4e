//! Whose money came in, and what it pays (L17).
//!
//! Owns: the order of the rules, what speaks against what, when a person has to look.
//! Does not own: what a purpose names (`purpose`), how much of what is paid (`allocation`), the work list.
//! Always: pure; an account is found only when nothing that is known of the payment speaks for another one; a doubt has its reason in words.
//!
//! The rules, the first that applies decides:
//!
//! | rule | decides when |
//! | --- | --- |
//! | `account` | the purpose names the code of an account |
//! | `invoice` | it names an open invoice |
//! | `contract` | it names a contract |
//! | `inn` | the INN has one active account at the legal entity whose bank account it is |
//! | `inn_and_sum` | the INN has several, and one open invoice of theirs has this rest, within the tolerance (A17) |
//!
//! What is named several times over is narrowed down by what the later rules say. The INN is the payer's, unless the purpose names another one or another
//! party: then it is that one's, or nobody's.
//! Start reading at [`decide`].

mod model;
mod wording;

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use super::purpose::{Named, NumberNamed};
use super::writing::key;

pub use model::{
    AccountFact, AccountRef, ContractFact, Doubt, Evidence, Facts, Incoming, InvoiceFact, InvoiceRef, Match, Reason,
    Rule,
};

/// Accounts of banks for what is under way: who is named as payer with one of these is the bank, not he whose money it is.
const TRANSIT: &[&str] = &[
    "30101", "30102", "30109", "30111", "30232", "30233", "30301", "30302", "30305", "30306", "40905", "40911",
    "47416", "47422",
];

/// Decides what a payment pays. `named` is what its purpose names, `tolerance` how much less or more than an invoice's rest is still its sum (A17).
pub fn decide(payment: &Incoming, named: &Named, facts: &Facts, tolerance: Decimal) -> Match {
    if facts.own_inn.as_ref().is_some_and(|own| *own == payment.payer_inn) {
        return Match::None { why: Doubt::OwnMoney };
    }
    let books = Books(facts);
    let by_inn = books.inn(payment, named);
    let invoices = books.invoices(named);
    let account = books.account_clue(named);
    if let Some(clue) = account.as_ref().filter(|clue| !clue.accounts.iter().all(|id| books.is_here(*id))) {
        return books.several(&clue.accounts, Doubt::OtherEntity(clue.evidence.clone()));
    }
    let mut clues: Vec<Clue> = account.into_iter().collect();
    for clue in [books.invoice_clue(&invoices), books.contract_clue(named)].into_iter().flatten() {
        let here: BTreeSet<i64> = clue.accounts.iter().copied().filter(|id| books.is_here(*id)).collect();
        // Another legal entity may have the same number for somebody else: that is nothing. The payer's own is his mistake.
        let is_payers = by_inn.as_ref().is_ok_and(|payer| !payer.accounts.is_disjoint(&clue.accounts));
        if !here.is_empty() {
            clues.push(Clue { accounts: here, ..clue });
        } else if is_payers {
            return books.several(&clue.accounts, Doubt::OtherEntity(clue.evidence));
        }
    }
    let is_named = !clues.is_empty();
    clues.extend(by_inn.as_ref().ok().cloned());
    if let Some((one, other)) = contradiction(&clues) {
        let both = one.accounts.union(&other.accounts).copied().collect();
        return books.several(&both, Doubt::Contradiction(one.evidence.clone(), other.evidence.clone()));
    }
    if is_named {
        return books.by_name(&clues, &invoices);
    }
    if let Some(unknown) = named.accounts.iter().find(|account| account.marked) {
        let likely = by_inn.map(|clue| clue.accounts).unwrap_or_default();
        let likely = likely.into_iter().filter(|id| books.is_here(*id)).collect();
        return books.several(&likely, Doubt::UnknownAccount(unknown.code.clone()));
    }
    match by_inn {
        Ok(clue) => books.by_inn(clue, payment.amount, tolerance),
        Err(why) => Match::None { why },
    }
}

/// Something that is known of a payment, and the accounts that it speaks for: at least one.
#[derive(Clone, Debug)]
struct Clue {
    evidence: Evidence,
    accounts: BTreeSet<i64>,
}

impl Clue {
    fn new(evidence: Evidence, accounts: BTreeSet<i64>) -> Option<Self> {
        (!accounts.is_empty()).then_some(Self { evidence, accounts })
    }
}

/// Two that have no account in common.
fn contradiction(clues: &[Clue]) -> Option<(&Clue, &Clue)> {
    let mut pairs =
        clues.iter().enumerate().flat_map(|(at, one)| clues[at + 1..].iter().map(move |other| (one, other)));
    pairs.find(|(one, other)| one.accounts.is_disjoint(&other.accounts))
}

/// The facts, asked.
struct Books<'f>(&'f Facts);

impl<'f> Books<'f> {
    fn account(&self, id: i64) -> Option<&'f AccountFact> {
        self.0.accounts.iter().find(|account| account.id == id)
    }

    /// Whether an account is at the legal entity of the bank account.
    fn is_here(&self, id: i64) -> bool {
        self.account(id).is_some_and(|account| account.entity_id == self.0.entity_id)
    }

    fn reference(&self, id: i64) -> AccountRef {
        AccountRef { id, code: self.account(id).map(|account| account.code.clone()).unwrap_or_default() }
    }

    fn several(&self, accounts: &BTreeSet<i64>, why: Doubt) -> Match {
        if accounts.is_empty() {
            return Match::None { why };
        }
        Match::Several { accounts: accounts.iter().map(|id| self.reference(*id)).collect(), why }
    }

    /// The accounts whose codes are named.
    fn account_clue(&self, named: &Named) -> Option<Clue> {
        let named = named.accounts.iter();
        let found: Vec<&AccountFact> =
            named.flat_map(|named| written(&self.0.accounts, &named.code, |account| &account.code)).collect();
        let codes = joined(found.iter().map(|account| &*account.code));
        Clue::new(Evidence::Account(codes), found.iter().map(|account| account.id).collect())
    }

    /// The open invoices whose numbers are named. Numbers begin anew each year: a date that is named has to be theirs.
    fn invoices(&self, named: &Named) -> Vec<&'f InvoiceFact> {
        let mut found: Vec<&InvoiceFact> = Vec::new();
        for NumberNamed { number, date } in &named.invoices {
            let mut fitting = written(&self.0.invoices, number, |invoice| &invoice.number);
            fitting.retain(|invoice| date.is_none_or(|date| invoice.issued_on == date));
            fitting.sort_by_key(|invoice| (invoice.issued_on, invoice.id));
            found.extend(fitting);
        }
        let mut known = BTreeSet::new();
        found.retain(|invoice| known.insert(invoice.id));
        found
    }

    fn invoice_clue(&self, invoices: &[&InvoiceFact]) -> Option<Clue> {
        // Where the legal entity has one of them, those of others are not meant.
        let here: Vec<&&InvoiceFact> = invoices.iter().filter(|invoice| self.is_here(invoice.account_id)).collect();
        let meant = if here.is_empty() { invoices.iter().collect() } else { here };
        let numbers = joined(meant.iter().map(|invoice| &*invoice.number));
        Clue::new(Evidence::Invoice(numbers), meant.iter().map(|invoice| invoice.account_id).collect())
    }

    /// The accounts of the contracts that are named. People often write another date than that of the signature: it counts only between contracts of one
    /// number.
    fn contract_clue(&self, named: &Named) -> Option<Clue> {
        let mut found: Vec<&ContractFact> = Vec::new();
        for NumberNamed { number, date } in &named.contracts {
            let mut fitting = written(&self.0.contracts, number, |contract| &contract.number);
            if fitting.iter().any(|contract| date.is_some() && contract.signed_on == *date) {
                fitting.retain(|contract| contract.signed_on == *date);
            }
            found.extend(fitting);
        }
        let is_here = |contract: &&ContractFact| contract.account_ids.iter().any(|id| self.is_here(*id));
        if found.iter().any(is_here) {
            found.retain(is_here);
        }
        let numbers = joined(found.iter().map(|contract| &*contract.number));
        let accounts = found.iter().flat_map(|contract| contract.account_ids.iter().copied()).collect();
        Clue::new(Evidence::Contract(numbers), accounts)
    }

    /// What the INN says, or why there is none that says anything.
    fn inn(&self, payment: &Incoming, named: &Named) -> Result<Clue, Doubt> {
        let payer_inn = payment.payer_inn.as_str();
        let own = self.0.own_inn.as_deref();
        let inns = named.inns.iter().map(String::as_str);
        let others: Vec<&str> = inns.filter(|inn| *inn != payer_inn && Some(*inn) != own).collect();
        if !others.is_empty() {
            let shown = others.join(", ");
            return Clue::new(Evidence::ThirdPartyInn(shown.clone()), self.of_clients_with(&others))
                .ok_or(Doubt::UnknownInn(shown));
        }
        if let Some(broken) = named.broken_inns.first() {
            return Err(Doubt::BrokenInn(broken.clone()));
        }
        let is_payers_own = named.inns.iter().any(|inn| inn == payer_inn);
        if let Some(name) = &named.third_party
            && !is_payers_own
            && !is_same_name(name, &payment.payer_name)
        {
            return Err(Doubt::ThirdParty(name.clone()));
        }
        if TRANSIT.iter().any(|prefix| payment.payer_account.starts_with(prefix)) {
            return Err(Doubt::ThroughBank);
        }
        if payer_inn.is_empty() {
            return Err(Doubt::Nothing);
        }
        Clue::new(Evidence::PayerInn(payer_inn.to_owned()), self.of_clients_with(&[payer_inn]))
            .ok_or_else(|| Doubt::UnknownInn(payer_inn.to_owned()))
    }

    /// All accounts of the clients with one of these INNs, at whatever legal entity.
    fn of_clients_with(&self, inns: &[&str]) -> BTreeSet<i64> {
        let has_one = |account: &&AccountFact| account.inns.iter().any(|inn| inns.contains(&inn.as_str()));
        let clients: BTreeSet<i64> = self.0.accounts.iter().filter(has_one).map(|account| account.client_id).collect();
        let theirs = self.0.accounts.iter().filter(|account| clients.contains(&account.client_id));
        theirs.map(|account| account.id).collect()
    }

    /// What the first clue says, narrowed down by the others. No two of them contradict each other.
    fn by_name(&self, clues: &[Clue], invoices: &[&InvoiceFact]) -> Match {
        let first = &clues[0];
        let mut left = first.accounts.clone();
        let mut narrowed_by = Vec::new();
        for other in &clues[1..] {
            let common: BTreeSet<i64> = left.intersection(&other.accounts).copied().collect();
            if !common.is_empty() && common.len() < left.len() {
                left = common;
                narrowed_by.push(other.evidence.clone());
            }
        }
        let Some(id) = only(&left) else {
            return self.several(&left, Doubt::SeveralNamed(first.evidence.clone()));
        };
        // Three may be at odds of which any two agree.
        if let Some(against) = clues.iter().find(|clue| !clue.accounts.contains(&id)) {
            let all = clues.iter().flat_map(|clue| clue.accounts.iter().copied()).collect();
            return self.several(&all, Doubt::Contradiction(first.evidence.clone(), against.evidence.clone()));
        }
        let rule = match first.evidence {
            Evidence::Account(_) => Rule::Account,
            Evidence::Invoice(_) => Rule::Invoice,
            Evidence::Contract(_) => Rule::Contract,
            Evidence::PayerInn(_) | Evidence::ThirdPartyInn(_) => Rule::Inn,
        };
        let own = invoices.iter().filter(|invoice| invoice.account_id == id);
        Match::One {
            account: self.reference(id),
            invoices: own.map(|invoice| invoice.reference()).collect(),
            by: Reason { rule, evidence: first.evidence.clone(), narrowed_by },
        }
    }

    /// What the INN alone says.
    fn by_inn(&self, clue: Clue, amount: Decimal, tolerance: Decimal) -> Match {
        let Clue { evidence, accounts } = clue;
        let here: BTreeSet<i64> = accounts.into_iter().filter(|id| self.is_here(*id)).collect();
        let is_active = |id: &i64| self.account(*id).is_some_and(|account| account.active);
        let active: BTreeSet<i64> = here.iter().copied().filter(is_active).collect();
        let one = |id: i64, invoices: Vec<InvoiceRef>, rule: Rule, evidence: Evidence| Match::One {
            account: self.reference(id),
            invoices,
            by: Reason { rule, evidence, narrowed_by: Vec::new() },
        };
        if here.is_empty() {
            return Match::None { why: Doubt::NoAccountHere(evidence) };
        }
        if active.is_empty() {
            return self.several(&here, Doubt::Closed(evidence));
        }
        if let Some(id) = only(&active) {
            return one(id, Vec::new(), Rule::Inn, evidence);
        }
        let is_sum =
            |invoice: &&InvoiceFact| active.contains(&invoice.account_id) && (invoice.rest - amount).abs() <= tolerance;
        let fitting: Vec<&InvoiceFact> = self.0.invoices.iter().filter(is_sum).collect();
        match fitting[..] {
            [] => self.several(&active, Doubt::SeveralAccounts(evidence)),
            [invoice] => one(invoice.account_id, vec![invoice.reference()], Rule::InnAndSum, evidence),
            _ => {
                let theirs = fitting.iter().map(|invoice| invoice.account_id).collect();
                self.several(&theirs, Doubt::SeveralInvoices(evidence))
            }
        }
    }
}

/// The only one of a set.
fn only(set: &BTreeSet<i64>) -> Option<i64> {
    set.first().copied().filter(|_| set.len() == 1)
}

/// The things with this number: those that are written just so, else those that may be meant.
fn written<'f, T>(things: &'f [T], number: &str, of: impl Fn(&T) -> &str) -> Vec<&'f T> {
    let exact: Vec<&T> = things.iter().filter(|thing| of(thing).to_uppercase() == number).collect();
    if !exact.is_empty() {
        return exact;
    }
    let wanted = key(number);
    things.iter().filter(|thing| key(of(thing)) == wanted).collect()
}

/// Texts one behind the other, each once.
fn joined<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    let mut known: Vec<&str> = Vec::new();
    for text in texts {
        if !known.contains(&text) {
            known.push(text);
        }
    }
    known.join(", ")
}

/// Whether a name in a purpose is the payer's own: «за ООО Ромашка» of ООО «Ромашка» is no payment for another.
fn is_same_name(named: &str, payer: &str) -> bool {
    let letters = |text: &str| -> String {
        let letters = text.to_uppercase().replace('Ё', "Е");
        letters.chars().filter(|letter| letter.is_alphanumeric()).collect()
    };
    letters(payer).contains(&letters(named))
}

#[cfg(test)]
mod tests;
