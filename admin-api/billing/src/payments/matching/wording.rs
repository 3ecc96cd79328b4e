//! Decisions of matching in words, in the two languages of operators.
//!
//! Owns: the sentences.
//! Does not own: the decisions (`matching`).
//! Always: codes and numbers stand as they are; a doubt ends with what to do.

use rating::wording::Language;

use super::{AccountRef, Doubt, Evidence, Match, Reason, Rule};

impl Evidence {
    /// What it is.
    pub fn text(&self, language: Language) -> String {
        let russian = language == Language::Russian;
        match self {
            Self::Account(codes) if russian => format!("лицевой счёт {codes}"),
            Self::Account(codes) => format!("account {codes}"),
            Self::Invoice(numbers) if russian => format!("счёт № {numbers}"),
            Self::Invoice(numbers) => format!("invoice No. {numbers}"),
            Self::Contract(numbers) if russian => format!("договор № {numbers}"),
            Self::Contract(numbers) => format!("contract No. {numbers}"),
            Self::PayerInn(inn) if russian => format!("ИНН плательщика {inn}"),
            Self::PayerInn(inn) => format!("the payer's INN {inn}"),
            Self::ThirdPartyInn(inns) if russian => format!("ИНН {inns} из назначения платежа"),
            Self::ThirdPartyInn(inns) => format!("INN {inns} of the purpose"),
        }
    }
}

impl Reason {
    /// Why the account was found.
    pub fn text(&self, language: Language) -> String {
        let russian = language == Language::Russian;
        let evidence = self.evidence.text(language);
        let found = match self.rule {
            Rule::Account if russian => "он назван в назначении платежа".to_owned(),
            Rule::Account => "it is named in the purpose".to_owned(),
            Rule::Invoice | Rule::Contract if russian => format!("в назначении платежа назван {evidence}"),
            Rule::Invoice | Rule::Contract => format!("the purpose names {evidence}"),
            Rule::Inn if russian => format!("он единственный, на который указывает {evidence}"),
            Rule::Inn => format!("it is the only one of {evidence}"),
            Rule::InnAndSum if russian => {
                format!("{evidence} указывает на несколько лицевых счетов, сумма равна остатку одного открытого счёта")
            }
            Rule::InnAndSum => format!("{evidence} has several accounts, the sum is the rest of one open invoice"),
        };
        if self.narrowed_by.is_empty() {
            return found;
        }
        let others: Vec<String> = self.narrowed_by.iter().map(|evidence| evidence.text(language)).collect();
        if russian {
            format!("{found}; из нескольких подходящих его выбрал {}", others.join(", "))
        } else {
            format!("{found}; of several that fit it was chosen by {}", others.join(", "))
        }
    }
}

impl Doubt {
    /// Why a person has to look, and what to do.
    pub fn text(&self, language: Language) -> String {
        match language {
            Language::Russian => self.russian(),
            Language::English => self.english(),
        }
    }

    fn russian(&self) -> String {
        const ASK: &str = "уточните у плательщика и разнесите вручную";
        let said = |evidence: &Evidence| evidence.text(Language::Russian);
        match self {
            Self::Contradiction(one, other) => {
                format!("{} и {} указывают на разные лицевые счета; {ASK}", said(one), said(other))
            }
            Self::OtherEntity(evidence) => format!(
                "{} относится к другому юридическому лицу, чем расчётный счёт, на который пришли деньги; уточните у плательщика, верните или перезачтите",
                said(evidence)
            ),
            Self::UnknownAccount(code) => format!("лицевого счёта {code}, названного в назначении платежа, нет; {ASK}"),
            Self::SeveralNamed(evidence) => {
                format!("{} указывает на несколько лицевых счетов; разделите платёж или выберите один", said(evidence))
            }
            Self::SeveralAccounts(evidence) => format!(
                "{} указывает на несколько лицевых счетов, и сумма не равна остатку ни одного открытого счёта; {ASK}",
                said(evidence)
            ),
            Self::SeveralInvoices(evidence) => format!(
                "{} указывает на несколько лицевых счетов, и сумма равна остатку нескольких открытых счетов; {ASK}",
                said(evidence)
            ),
            Self::Closed(evidence) => format!(
                "{} указывает только на закрытые лицевые счета; зачтите долг, если он есть, или верните деньги",
                said(evidence)
            ),
            Self::NoAccountHere(evidence) => format!(
                "{} есть у клиента, но у этого юридического лица лицевого счёта у него нет; {ASK}",
                said(evidence)
            ),
            Self::UnknownInn(inn) => format!("клиента с ИНН {inn} нет; {ASK}"),
            Self::BrokenInn(inn) => {
                format!("ИНН {inn} в назначении платежа записан с ошибкой, и неизвестно, за кого платят; {ASK}")
            }
            Self::ThirdParty(name) => format!("платят за другого ({name}), а его ИНН не указан; {ASK}"),
            Self::ThroughBank => {
                "банк переводит чужие деньги, его ИНН не говорит, чьи они, и в назначении платежа не названо ничего известного; запросите банк или разнесите вручную".into()
            }
            Self::OwnMoney => {
                "это перевод между своими счетами, а не платёж клиента; разнесите вручную, только если это не так".into()
            }
            Self::Nothing => {
                format!("у плательщика нет ИНН, и в назначении платежа не названо ничего известного; {ASK}")
            }
        }
    }

    fn english(&self) -> String {
        const ASK: &str = "ask the payer and choose by hand";
        let said = |evidence: &Evidence| evidence.text(Language::English);
        match self {
            Self::Contradiction(one, other) => {
                format!("{} and {} speak for different accounts; {ASK}", said(one), said(other))
            }
            Self::OtherEntity(evidence) => format!(
                "{} is of another legal entity than the bank account on which the money came; ask the payer, return it or set it off",
                said(evidence)
            ),
            Self::UnknownAccount(code) => format!("there is no account {code}, which the purpose names; {ASK}"),
            Self::SeveralNamed(evidence) => {
                format!("{} speaks for several accounts; split the payment or choose one", said(evidence))
            }
            Self::SeveralAccounts(evidence) => {
                format!("{} has several accounts, and the sum is the rest of no open invoice; {ASK}", said(evidence))
            }
            Self::SeveralInvoices(evidence) => format!(
                "{} has several accounts, and the sum is the rest of several open invoices; {ASK}",
                said(evidence)
            ),
            Self::Closed(evidence) => {
                format!("{} has closed accounts only; set off the debt, if any, or return the money", said(evidence))
            }
            Self::NoAccountHere(evidence) => {
                format!("{} is a client's, who has no account at this legal entity; {ASK}", said(evidence))
            }
            Self::UnknownInn(inn) => format!("no client has the INN {inn}; {ASK}"),
            Self::BrokenInn(inn) => {
                format!("the INN {inn} of the purpose is wrong, so that nobody knows who is paid for; {ASK}")
            }
            Self::ThirdParty(name) => format!("somebody pays for another ({name}) without his INN; {ASK}"),
            Self::ThroughBank => {
                "a bank passes on somebody's money, its INN does not say whose, and the purpose names nothing that is known; ask the bank or choose by hand".into()
            }
            Self::OwnMoney => {
                "it moves between accounts of the legal entity itself and is no client's; choose by hand only if that is not so".into()
            }
            Self::Nothing => {
                format!("the payer has no INN, and the purpose names nothing that is known; {ASK}")
            }
        }
    }
}

impl Match {
    /// The decision and why, as the operator reads it.
    pub fn text(&self, language: Language) -> String {
        let russian = language == Language::Russian;
        let codes = |accounts: &[AccountRef]| {
            accounts.iter().map(|account| account.code.as_str()).collect::<Vec<_>>().join(", ")
        };
        match self {
            Self::One { account, invoices, by } => {
                let numbers: Vec<&str> = invoices.iter().map(|invoice| invoice.number.as_str()).collect();
                let (head, paid, sign) = match language {
                    Language::Russian => ("Лицевой счёт", "Оплачиваются счета", "№ "),
                    Language::English => ("Account", "Invoices paid", "No. "),
                };
                let numbers: Vec<String> = numbers.iter().map(|number| format!("{sign}{number}")).collect();
                let tail = if numbers.is_empty() { String::new() } else { format!(". {paid}: {}", numbers.join(", ")) };
                format!("{head} {}: {}{tail}", account.code, by.text(language))
            }
            Self::Several { accounts, why } if russian => {
                format!("Подходят лицевые счета {}: {}", codes(accounts), why.text(language))
            }
            Self::Several { accounts, why } => {
                format!("Accounts {} may be meant: {}", codes(accounts), why.text(language))
            }
            Self::None { why } if russian => format!("Лицевой счёт не найден: {}", why.text(language)),
            Self::None { why } => format!("No account was found: {}", why.text(language)),
        }
    }
}
