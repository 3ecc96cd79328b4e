//! What an account may talk: decided in memory, between the lock and the write.
//!
//! Owns: the last checks of a call (blocked, too many at once, too little money), their order, what a call takes and gives back.
//! Does not own: the figures (`store` reads them), the price of a call (`rating::authorize`), what a block stops (`credit`).
//! Always: pure; what one call takes, the next one of the account does not find; what a call has itself does not stand against it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rating::authorize::Check;
use rating::counter::{CounterKey, Draw};
use rating::money::NANOS_PER_UNIT;
use rating::wording::Language;
use rating::{Money, Service};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::ask::Admission;
use crate::credit::blocks::{Action, Block, Cause, refused_by};

/// The code by which a call that staff want ended gets no more seconds.
pub const ENDED_BY_STAFF: &str = "ENDED_BY_STAFF";

/// Why a call may not go, or not go on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Denial {
    /// The account is closed.
    Closed,
    /// The account is blocked.
    Blocked(Cause),
    /// So many calls are under way already.
    Calls(i64),
    /// Too little money.
    Funds {
        /// What there is.
        available: Decimal,
        /// What it takes at least; `None`: more than any account has.
        least: Option<Decimal>,
    },
    /// Staff want it ended.
    Ended,
    /// No such call goes on.
    Unknown,
    /// The switch uses the same name for a call of another account.
    OtherAccount,
}

impl Denial {
    /// The check that refuses, if one does.
    pub const fn check(&self) -> Option<Check> {
        match self {
            Self::Closed | Self::Blocked(_) => Some(Check::AccountBlocked),
            Self::Calls(_) => Some(Check::ConcurrencyLimit),
            Self::Funds { .. } => Some(Check::InsufficientFunds),
            Self::Ended | Self::Unknown | Self::OtherAccount => None,
        }
    }

    /// The code of the answer; `None`: the switch asks for something that there is not.
    pub const fn code(&self) -> Option<&'static str> {
        match self {
            Self::Ended => Some(ENDED_BY_STAFF),
            denial => match denial.check() {
                Some(check) => Some(check.as_str()),
                None => None,
            },
        }
    }

    /// In words.
    pub fn text(&self, language: Language) -> String {
        let pick = |ru: String, en: String| match language {
            Language::Russian => ru,
            Language::English => en,
        };
        match self {
            Self::Closed => pick("лицевой счёт закрыт".into(), "the account is closed".into()),
            Self::Blocked(cause) => pick(
                format!("лицевой счёт заблокирован: {}", cause.as_str()),
                format!("the account is blocked: {}", cause.as_str()),
            ),
            Self::Calls(most) => pick(
                format!("счёту разрешено звонков одновременно: {most}, и столько уже идёт"),
                format!("the account may have {most} calls at once, and has them"),
            ),
            Self::Funds { available, least } => {
                let least = least.map_or_else(|| "-".to_owned(), |least| least.normalize().to_string());
                let available = available.normalize();
                pick(
                    format!("денег не хватает: доступно {available}, нужно не меньше {least}"),
                    format!("too little money: {available} is there, {least} is needed at least"),
                )
            }
            Self::Ended => pick("звонок завершён сотрудником".into(), "staff have ended the call".into()),
            Self::Unknown => pick("такого звонка нет".into(), "there is no such call".into()),
            Self::OtherAccount => pick(
                "под этим именем идёт звонок другого лицевого счёта".into(),
                "a call of another account goes by this name".into(),
            ),
        }
    }
}

/// What a call has of its account.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Own {
    /// Money reserved.
    pub(super) amount: Decimal,
    /// Seconds granted.
    pub(super) seconds: u64,
    /// Units of counters.
    pub(super) draws: Vec<(CounterKey, u64)>,
    /// Whether it counts as a call under way.
    pub(super) is_counted: bool,
}

/// What a call is given.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Taken {
    /// What it has then.
    pub(super) own: Own,
    /// What all of its seconds cost.
    pub(super) price: Decimal,
}

/// An account as one statement found it, less what calls have taken since.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    /// Whether it is open for business.
    pub(super) is_active: bool,
    /// Balance less floor; `None`: its funds are not checked (A13).
    pub(super) funds: Option<Decimal>,
    /// Holds.
    pub(super) held: Decimal,
    /// Calls under way.
    pub(super) calls: i64,
    /// Most of them at once.
    pub(super) calls_max: Option<i64>,
    /// What stops it.
    pub(super) blocks: Vec<Block>,
    /// Where its counters stand, what open calls draw included.
    pub(super) counters: BTreeMap<CounterKey, u64>,
}

impl Standing {
    /// A call begins.
    ///
    /// # Errors
    /// The first check that refuses.
    pub(super) fn begin(&mut self, call: &Admission, max_seconds: u64) -> Result<Taken, Denial> {
        self.may(call, max_seconds)?;
        if let Some(most) = self.calls_max
            && self.calls >= most
        {
            return Err(Denial::Calls(most));
        }
        let taken = self.affordable(call, max_seconds)?;
        self.take(&taken.own);
        Ok(taken)
    }

    /// A call goes on. `Ok(None)`: it has as many seconds as it asks for. It was let begin, so how many go on beside it does not matter.
    ///
    /// # Errors
    /// The first check that refuses; what it has stays its own.
    pub(super) fn go_on(&mut self, call: &Admission, own: &Own, max_seconds: u64) -> Result<Option<Taken>, Denial> {
        self.give_back(own);
        let wanted = self.may(call, max_seconds).and_then(|()| {
            if max_seconds <= own.seconds {
                return Ok(None);
            }
            let taken = self.affordable(call, max_seconds)?;
            // What it has reserved is not taken away from it by what others have used since.
            if taken.own.seconds > own.seconds { Ok(Some(taken)) } else { Err(self.too_little(call)) }
        });
        match &wanted {
            Ok(Some(taken)) => self.take(&taken.own),
            _ => self.take(own),
        }
        wanted
    }

    /// A call is over: what it has then, until its record comes.
    pub(super) fn end(&mut self, call: Option<&Admission>, own: &Own, seconds: u64) -> Own {
        self.give_back(own);
        let priced = call.and_then(|call| {
            let price = call.admitted.price(&call.snapshot, &self.counters);
            price.priced(seconds).ok()
        });
        let left = match priced {
            Some(priced) => Own {
                amount: crate::decimal(priced.retail.amount),
                seconds: own.seconds,
                draws: drawn(&priced.draws),
                is_counted: false,
            },
            None => Own { is_counted: false, ..own.clone() },
        };
        self.take(&left);
        left
    }

    /// Whether the account may call like this at all (M55, A16).
    fn may(&self, call: &Admission, max_seconds: u64) -> Result<(), Denial> {
        if !self.is_active {
            return Err(Denial::Closed);
        }
        if self.blocks.is_empty() {
            return Ok(());
        }
        let action = match call.admitted.service {
            Service::Incoming | Service::TollFree => Action::IncomingCall,
            _ => {
                let price = call.admitted.price(&call.snapshot, &self.counters);
                let costs = price.hold_for(max_seconds).map_or(true, |hold| hold > Money::ZERO);
                if costs { Action::PaidOutgoingCall } else { Action::FreeOutgoingCall }
            }
        };
        refused_by(&self.blocks, action).map_or(Ok(()), |block| Err(Denial::Blocked(block.cause)))
    }

    /// What the call may have of what is left.
    fn affordable(&self, call: &Admission, max_seconds: u64) -> Result<Taken, Denial> {
        let money = self.available().map_or(Money::MAX, money_within);
        let price = call.admitted.price(&call.snapshot, &self.counters);
        let Some(grant) = price.grant(money, max_seconds) else { return Err(self.too_little(call)) };
        // Every length within the grant has a price: the search has found it.
        let (cost, draws) = match price.priced(grant.seconds) {
            Ok(priced) => (priced.retail.amount, drawn(&priced.draws)),
            Err(_) => (grant.hold, Vec::new()),
        };
        let own = Own { amount: crate::decimal(grant.hold), seconds: grant.seconds, draws, is_counted: true };
        Ok(Taken { own, price: crate::decimal(cost) })
    }

    fn too_little(&self, call: &Admission) -> Denial {
        let least = call.admitted.price(&call.snapshot, &self.counters).least().ok();
        Denial::Funds { available: self.available().unwrap_or_default(), least: least.map(crate::decimal) }
    }

    fn available(&self) -> Option<Decimal> {
        self.funds.map(|funds| funds - self.held)
    }

    pub(super) fn take(&mut self, own: &Own) {
        self.held += own.amount;
        self.calls += i64::from(own.is_counted);
        for (key, units) in &own.draws {
            let used = self.counters.entry(*key).or_default();
            *used = used.saturating_add(*units);
        }
    }

    fn give_back(&mut self, own: &Own) {
        self.held -= own.amount;
        self.calls -= i64::from(own.is_counted);
        for (key, units) in &own.draws {
            let used = self.counters.entry(*key).or_default();
            *used = used.saturating_sub(*units);
        }
    }
}

/// What a price draws, where it draws anything.
fn drawn(draws: &[Draw]) -> Vec<(CounterKey, u64)> {
    draws.iter().filter(|draw| draw.used > 0).map(|draw| (draw.key, draw.used)).collect()
}

/// The most money of the engine that is no more than these funds.
fn money_within(funds: Decimal) -> Money {
    if funds <= Decimal::ZERO {
        return Money::ZERO;
    }
    let nanos = funds.checked_mul(Decimal::from(NANOS_PER_UNIT)).and_then(|nanos| nanos.floor().to_i64());
    nanos.and_then(|nanos| Money::from_nanos(nanos).ok()).unwrap_or(Money::MAX)
}

/// Whether a call that has such an end is still under way.
pub(super) fn is_under_way(is_open: bool, ends_by: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    is_open && ends_by > now
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::TimeDelta;
    use numbering::{E164, NumberRules, NumberingPlan, parse_mask};
    use rating::authorize::{Request, Rules, admit};
    use rating::identify::Identify;
    use rating::list::{Qualifiers, Validity};
    use rating::rows::{
        AccountId, AccountPlanRow, AccountRow, ClientId, DidRow, DidStatus, LayerRow, ListId, ListRow, PlanId, PlanRow,
        ProviderId, ProviderRow, RateRow, Rows, SourceRow,
    };
    use rating::{Currency, Rate, RateParts, Rounding, Snapshot, WholeSeconds, rate};

    use super::*;
    use crate::credit::blocks::Scope;

    fn amount(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    /// Number 74950000001 calls 381 at 1 a second.
    fn call() -> Admission {
        let mut rows = Rows::empty();
        rows.plans.push(PlanRow { id: PlanId(1), code: "plan".into(), prices_incoming: false });
        let currency = Currency::RUB;
        rows.accounts.push(AccountRow { id: AccountId(1), code: "a".into(), client: ClientId(1), currency });
        rows.account_plans.push(AccountPlanRow { account: AccountId(1), plan: PlanId(1), validity: Validity::ALWAYS });
        rows.providers.push(ProviderRow { id: ProviderId(1), code: "mts".into(), trunks: vec!["mts-1".into()] });
        rows.dids.push(DidRow {
            number: E164::parse("74950000001").unwrap(),
            status: DidStatus::InWork,
            account: Some(AccountId(1)),
            place: None,
            validity: Validity::ALWAYS,
        });
        rows.sources.push(SourceRow {
            code: "switch".into(),
            format: "canonical".into(),
            zone: chrono_tz::UTC,
            whole_seconds: WholeSeconds::HalfUp,
            on_net_once: false,
            rules: NumberRules::default(),
            identify: Identify::default(),
            mapping: None,
        });
        for (index, (list, provider)) in [(1u32, None), (2, Some(ProviderId(1)))].into_iter().enumerate() {
            rows.lists.push(ListRow {
                id: ListId(list),
                revision: 0,
                code: format!("list-{list}"),
                provider,
                currency,
                zone: chrono_tz::UTC,
                tax_included: true,
                rounding: Rounding::DEFAULT,
            });
            let tiers = rate::parse_tiers("0:1@1/1").unwrap();
            rows.rates.push(Rate::new(RateParts { tiers, ..RateParts::default() }).unwrap());
            rows.rate_rows.push(RateRow {
                id: u64::from(list),
                list: ListId(list),
                prefix: parse_mask("381").unwrap(),
                qualifiers: Qualifiers::default(),
                validity: Validity::ALWAYS,
                rate: index as u32,
            });
        }
        rows.layers.push(LayerRow { plan: PlanId(1), layer: 1, list: ListId(1), validity: Validity::ALWAYS });
        let plan = NumberingPlan::from_csv("prefix,country,kind,name_en,name_ru\n7,RU,any,,\n").unwrap();
        let snapshot = Arc::new(Snapshot::build(rows, Arc::new(plan)).unwrap());
        let admitted = {
            let request = Request {
                source: &snapshot.sources()[0],
                service: Service::Outgoing,
                account: None,
                trunk: None,
                src: "74950000001",
                dst: "381114112060",
                forwarded_from: None,
                incoming_service: None,
                place: None,
                providers: &[],
                at_ms: 1_795_000_000_000,
            };
            admit(&snapshot, &request, Rules::default()).outcome.unwrap()
        };
        Admission { admitted: Arc::new(admitted), snapshot }
    }

    fn standing(funds: Option<&str>) -> Standing {
        Standing {
            is_active: true,
            funds: funds.map(amount),
            held: Decimal::ZERO,
            calls: 0,
            calls_max: None,
            blocks: Vec::new(),
            counters: BTreeMap::new(),
        }
    }

    /// 6000 at 1 a second: ten calls of 600 s, and not one more; what is over is talked as far as it goes.
    #[test]
    fn the_money_is_granted_once() {
        let call = call();
        for (funds, granted) in
            [("6000", [600; 10].to_vec()), ("6000.5", [600; 10].to_vec()), ("1250", vec![600, 600, 50])]
        {
            let mut standing = standing(Some(funds));
            let mut seconds = Vec::new();
            let refused = loop {
                match standing.begin(&call, 600) {
                    Ok(taken) => {
                        assert_eq!(taken.own.amount, Decimal::from(taken.own.seconds), "{funds}");
                        assert_eq!(taken.price, taken.own.amount);
                        seconds.push(taken.own.seconds);
                    }
                    Err(denial) => break denial,
                }
            };
            assert_eq!(seconds, granted, "{funds}");
            assert_eq!(refused.code(), Some("INSUFFICIENT_FUNDS"), "{funds}");
            assert_eq!(standing.calls, granted.len() as i64);
        }
        let mut unchecked = standing(None);
        assert_eq!(unchecked.begin(&call, 7_200).unwrap().own.seconds, 7_200);
    }

    /// What is wrong | the answer: blocked before too many before too little.
    #[test]
    fn checks_come_in_their_order() {
        let call = call();
        let block = |scope| Block { cause: Cause::Manual, scope, notice_id: None, since: DateTime::UNIX_EPOCH };
        let poor = || Standing { calls_max: Some(0), ..standing(Some("0.99")) };
        for (mut standing, expected) in [
            (Standing { is_active: false, ..poor() }, Denial::Closed),
            (Standing { blocks: vec![block(Scope::OutgoingPaid)], ..poor() }, Denial::Blocked(Cause::Manual)),
            (Standing { blocks: vec![block(Scope::Operations)], ..poor() }, Denial::Calls(0)),
            (poor(), Denial::Calls(0)),
            (
                Standing { calls_max: None, ..poor() },
                Denial::Funds { available: amount("0.99"), least: Some(amount("1")) },
            ),
        ] {
            let found = standing.begin(&call, 60).unwrap_err();
            assert_eq!(found, expected);
            assert_eq!((standing.held, standing.calls), (Decimal::ZERO, 0), "a refusal takes nothing: {expected:?}");
        }
    }

    /// An extension replaces the hold, a release lowers it; both are answered again as before.
    #[test]
    fn a_call_goes_on_and_ends() {
        let call = call();
        let mut standing = standing(Some("100"));
        let begun = standing.begin(&call, 60).unwrap();
        let longer = standing.go_on(&call, &begun.own, 90).unwrap().unwrap();
        assert_eq!((longer.own.seconds, standing.held, standing.calls), (90, amount("90"), 1));
        assert_eq!(standing.go_on(&call, &longer.own, 90), Ok(None));
        let last = standing.go_on(&call, &longer.own, 600).unwrap().unwrap();
        assert_eq!(last.own.seconds, 100);
        let refused = standing.go_on(&call, &last.own, 600).unwrap_err();
        assert_eq!(refused.code(), Some("INSUFFICIENT_FUNDS"));
        assert_eq!((standing.held, standing.calls), (amount("100"), 1), "what it has stays its own");
        standing.blocks.push(Block {
            cause: Cause::Fraud,
            scope: Scope::All,
            notice_id: None,
            since: DateTime::UNIX_EPOCH,
        });
        assert_eq!(standing.go_on(&call, &last.own, 600), Err(Denial::Blocked(Cause::Fraud)));
        let left = standing.end(Some(&call), &last.own, 42);
        assert_eq!((left.amount, standing.held, standing.calls), (amount("42"), amount("42"), 0));
        let unanswered = standing.end(Some(&call), &left, 0);
        assert_eq!((unanswered.amount, standing.held), (Decimal::ZERO, Decimal::ZERO));
    }

    #[test]
    fn funds_become_no_more_money_than_they_are() {
        for (funds, money) in [
            ("-1", "0"),
            ("0", "0"),
            ("12.3456789019", "12.345678901"),
            ("999999999.999999999", "999999999.999999999"),
            ("1000000000", "999999999.999999999"),
            ("79228162514264337593543950335", "999999999.999999999"),
        ] {
            assert_eq!(money_within(amount(funds)).to_string(), money, "{funds}");
        }
    }

    /// Every denial has words in both languages, and the Russian ones are in Cyrillic.
    #[test]
    fn denials_in_words() {
        let funds = Denial::Funds { available: amount("1.50"), least: None };
        for denial in [
            Denial::Closed,
            Denial::Blocked(Cause::Overdue),
            Denial::Calls(3),
            funds,
            Denial::Ended,
            Denial::Unknown,
            Denial::OtherAccount,
        ] {
            let cyrillic = |language| denial.text(language).chars().any(|letter| ('а'..='я').contains(&letter));
            assert!(cyrillic(Language::Russian) && !cyrillic(Language::English), "{denial:?}");
        }
    }

    #[test]
    fn a_call_is_under_way_until_its_seconds_are_over() {
        let now = DateTime::UNIX_EPOCH;
        let second = TimeDelta::seconds(1);
        for (is_open, ends_by, expected) in
            [(true, now + second, true), (true, now, false), (false, now + second, false)]
        {
            assert_eq!(is_under_way(is_open, ends_by, now), expected);
        }
    }
}
