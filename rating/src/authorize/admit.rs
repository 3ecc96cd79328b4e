//! The checks of a call, one after another.
//!
//! Owns: their order, and which routes each leaves.
//! Does not own: what their answers look like (`super`), what each asks (`payer`, `lock`, `leg`).
//! Always: a check is run once and noted; after one that refuses none is run.

use numbering::{Dialled, Digits, E164, NotANumber};

use super::{
    Admission, Admitted, Asked, Call, Check, Checked, Missing, OriginRule, Reason, Refusal, Request, Route, Rules,
    row_of,
};
use crate::code::SuspenseCode;
use crate::leg::{Side, price_leg};
use crate::lock::{self, LockScope, Match, ProviderQuery};
use crate::money::Money;
use crate::payer::{Charged, Names, Party, Payer, payer};
use crate::rows::{DidStatus, ListId, ProviderId};
use crate::snapshot::Snapshot;

/// Runs the checks that need nothing but the catalogue.
pub fn admit(snapshot: &Snapshot, request: &Request<'_>, rules: Rules) -> Admission {
    let mut deciding = Deciding { snapshot, request, rules, checks: Vec::with_capacity(10) };
    let outcome = deciding.run();
    Admission { outcome, checks: deciding.checks }
}

/// The checks under way.
struct Deciding<'a> {
    snapshot: &'a Snapshot,
    request: &'a Request<'a>,
    rules: Rules,
    checks: Vec<Checked>,
}

/// A way that the call could take.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Way {
    /// Its place among those that the request names.
    named: Option<usize>,
    /// `None` = a provider that is not known.
    provider: Option<ProviderId>,
}

impl Way {
    /// The way of a call whose record will name no provider that is known.
    const UNKNOWN: Self = Self { named: None, provider: None };
}

/// A way with what the call costs by it.
struct Priced {
    way: Way,
    retail: (ListId, u64),
    wholesale: Option<Side>,
}

impl<'a> Deciding<'a> {
    fn run(&mut self) -> Result<Admitted, Refusal> {
        let dst = self.request.source.rules.normalise(self.request.dst);
        if let Ok(dst) = dst
            && self.snapshot.is_emergency(dst.digits())
        {
            return Ok(self.emergency(dst));
        }
        self.pass(Check::Emergency);
        let (names, charged) = self.identified(dst)?;
        let call = self.call(&names, charged);
        self.origin(&names, charged)?;
        let ways = self.ways(&call);
        let ways = self.locks(&call, ways)?;
        self.prices(call, ways)
    }

    fn note(&mut self, check: Check, decides: bool) {
        self.checks.push(Checked { check, decides, locks: Vec::new(), left_out: Vec::new() });
    }

    fn pass(&mut self, check: Check) {
        self.note(check, false);
    }

    /// Whoever calls, whoever would pay, by whatever way (A1).
    fn emergency(&mut self, dst: Dialled) -> Admitted {
        self.note(Check::Emergency, true);
        let names = self.names(dst);
        let charged = match payer(self.snapshot, &names, &self.request.source.identify) {
            Ok(Payer::Account(charged)) => Some(charged),
            _ => None,
        };
        let service = charged.map_or(self.request.service, |charged| charged.service);
        let account = charged.map(|charged| charged.account);
        let route = |way: Way| Some(Route { provider: way.provider?, named: way.named, wholesale: None });
        let routes = self.named().filter_map(route).collect();
        let call = Call {
            account,
            service,
            number: dst.digits(),
            origin: names.src.map_or(Digits::EMPTY, E164::digits),
            incoming_service: None,
            place: None,
            at_ms: self.request.at_ms,
        };
        Admitted { emergency: true, account, service, routes, counters: Vec::new(), call, through: vec![None] }
    }

    /// What the request says of the payer, read as a record of the source is.
    fn names(&self, dst: Dialled) -> Names<'a> {
        let request = self.request;
        let rules = &request.source.rules;
        let number = |text: &str| rules.normalise(text).ok().and_then(Dialled::e164);
        Names {
            service: request.service,
            account: request.account,
            trunk: request.trunk,
            src: number(request.src),
            is_src_malformed: !request.src.is_empty() && rules.normalise(request.src).is_err(),
            dst,
            forwarded_from: request.forwarded_from.and_then(number),
            is_forwarder_given: request.forwarded_from.is_some(),
            at_ms: request.at_ms,
        }
    }

    /// Who pays. The number, the payer and the called number are asked for at once, and noted in the order of their checks.
    fn identified(&mut self, dst: Result<Dialled, NotANumber>) -> Result<(Names<'a>, Charged), Refusal> {
        let asked = dst.map_err(Reason::NotANumber).and_then(|dst| {
            let names = self.names(dst);
            match payer(self.snapshot, &names, &self.request.source.identify) {
                Ok(Payer::Account(charged)) => Ok((names, charged)),
                Ok(Payer::NotInWork(_)) => Err(Reason::NotInWork),
                Err(nobody) => Err(Reason::Nobody(nobody)),
            }
        });
        let refuses = asked.as_ref().err().map(|reason| match reason {
            Reason::Nobody(nobody) => nobody.check(),
            Reason::NotInWork => Check::DidNotInWork,
            _ => Check::BadNumber,
        });
        let in_order = [Check::BadNumber, Check::UnknownSubscriber, Check::AmbiguousSubscriber, Check::DidNotInWork];
        for check in in_order {
            self.note(check, refuses == Some(check));
            if refuses == Some(check) {
                break;
            }
        }
        asked.map_err(|reason| Refusal {
            check: refuses.unwrap_or(Check::BadNumber),
            reason,
            account: None,
            service: self.request.service,
        })
    }

    /// The leg by the facts of the request: a word that no row asks for matches no row that asks for one, as in a record.
    fn call(&self, names: &Names<'_>, charged: Charged) -> Call {
        let symbol = |word: &str| self.snapshot.symbol(word);
        Call {
            account: Some(charged.account),
            service: charged.service,
            number: names.dst.digits(),
            origin: names.src.map_or(Digits::EMPTY, E164::digits),
            incoming_service: self.request.incoming_service.map(symbol),
            place: self.request.place.map(symbol).or(charged.place),
            at_ms: names.at_ms,
        }
    }

    /// Whether the payer may call by the number that is given as his.
    fn origin(&mut self, names: &Names<'_>, charged: Charged) -> Result<(), Refusal> {
        let given = match charged.party {
            Party::Caller => Some(names.src),
            Party::Forwarder => Some(names.forwarded_from),
            // The caller of a number of ours is not ours to judge.
            Party::Called | Party::Nobody => None,
        };
        let client = self.snapshot.account(charged.account).client;
        let refuses = given.is_some_and(|number| {
            let ours = number.and_then(|number| self.snapshot.did(number, names.at_ms));
            let is_theirs = ours.is_some_and(|did| {
                let owner = did.account.filter(|_| did.status == DidStatus::InWork);
                owner.is_some_and(|owner| self.snapshot.account(owner).client == client)
            });
            match self.rules.origin {
                OriginRule::Any => false,
                OriginRule::NotAnothers => ours.is_some() && !is_theirs,
                OriginRule::Own => !is_theirs,
            }
        });
        self.note(Check::OriginNotAllowed, refuses);
        if refuses {
            let (account, service) = (Some(charged.account), charged.service);
            return Err(Refusal { check: Check::OriginNotAllowed, reason: Reason::Origin, account, service });
        }
        Ok(())
    }

    /// The routes that the request names; trunks name providers before codes do, as in a record.
    fn named(&self) -> impl Iterator<Item = Way> + use<'a> {
        let snapshot = self.snapshot;
        let by_code = move |name: &str| snapshot.providers().iter().find(|provider| &*provider.code == name);
        self.request.providers.iter().enumerate().map(move |(place, name)| Way {
            named: Some(place),
            provider: snapshot.provider_by_trunk(name).or_else(|| by_code(name).map(|provider| provider.id)),
        })
    }

    /// The ways to look at: those that are named; else any provider's where a call has to go by one; and that of a record without one.
    fn ways(&self, call: &Call) -> Vec<Way> {
        if !self.request.providers.is_empty() {
            return self.named().collect();
        }
        let providers = if Snapshot::is_lockable(call.service) { self.snapshot.providers() } else { &[] };
        let any = providers.iter().map(|provider| Way { named: None, provider: Some(provider.id) });
        any.chain([Way::UNKNOWN]).collect()
    }

    /// The names of ways that a check leaves out.
    fn names_of(&self, ways: impl Iterator<Item = Way>) -> Vec<String> {
        ways.filter_map(|way| way.named).map(|place| self.request.providers[place].to_owned()).collect()
    }

    /// The ways that no lock bars: the account's own locks first, then those of all (M25-M27).
    fn locks(&mut self, call: &Call, ways: Vec<Way>) -> Result<Vec<Way>, Refusal> {
        let chain = self.snapshot.chain(call.number);
        let found: Vec<Match<'_>> = if Snapshot::is_lockable(call.service) {
            self.snapshot.locks(call.account, call.number, &chain, ProviderQuery::Any, call.at_ms).collect()
        } else {
            Vec::new()
        };
        if found.is_empty() {
            self.pass(Check::LockedLocal);
            self.pass(Check::LockedGlobal);
            return Ok(ways);
        }
        let is_named = !self.request.providers.is_empty();
        let bars = |found: &Match<'_>, way: &Way| {
            found.lock.bars(call.number, ProviderQuery::Through(way.provider), call.at_ms)
        };
        let mut left = ways;
        for (scope, check) in [(LockScope::Local, Check::LockedLocal), (LockScope::Global, Check::LockedGlobal)] {
            let matching: Vec<Match<'_>> = found.iter().filter(|found| found.scope == scope).copied().collect();
            let (barred, open): (Vec<Way>, Vec<Way>) =
                left.into_iter().partition(|way| matching.iter().any(|found| bars(found, way)));
            // With no route named there is no other to fall back on: every lock that matches refuses (A5).
            let refuses = if is_named { open.is_empty() } else { !matching.is_empty() };
            // One that is tied to a provider of no named route has no say.
            let acts = |found: &Match<'_>| !is_named || barred.iter().any(|way| bars(found, way));
            let acting = matching.iter().copied().filter(|found| refuses && acts(found));
            let decides = lock::effective(acting);
            self.checks.push(Checked {
                check,
                decides: decides.is_some(),
                locks: matching.iter().map(|found| found.lock.id).collect(),
                left_out: self.names_of(barred.into_iter()),
            });
            if let Some(Match { scope, lock }) = decides {
                let (id, mask, origin, provider) = (lock.id, lock.mask, lock.origin, lock.provider);
                let reason = Reason::Lock { id, scope, mask, origin, provider };
                return Err(Refusal { check, reason, account: call.account, service: call.service });
            }
            left = open;
        }
        Ok(left)
    }

    /// The ways by which the call has a retail and, where it needs one, a wholesale price: each priced as a record that went by it.
    fn prices(&mut self, call: Call, ways: Vec<Way>) -> Result<Admitted, Refusal> {
        let asked = Asked::default();
        let compared_s = u64::from(self.rules.compared_s.max(1));
        let mut missing = Missing::Retail;
        let (mut priced, mut unpriced) = (Vec::with_capacity(ways.len()), Vec::new());
        for way in ways {
            match price_leg(self.snapshot, &call.leg(way.provider, compared_s, &asked), &mut ()) {
                Ok(price) => priced.push(Priced {
                    way,
                    retail: row_of(&price.retail),
                    wholesale: (row_of(&price.wholesale) != row_of(&Side::FREE)).then_some(price.wholesale),
                }),
                Err(code) => {
                    if code == SuspenseCode::NoExchangeRate {
                        missing = Missing::ExchangeRate;
                    }
                    unpriced.push(way);
                }
            }
        }
        self.price_check(&call, Check::NoRetailPrice, missing, priced.is_empty(), unpriced.into_iter())?;
        // Without a route the record may name no provider: its retail price counts as well, though no such way is offered.
        let mut through: Vec<((ListId, u64), Option<ProviderId>)> = Vec::new();
        let is_needed = Snapshot::is_lockable(call.service);
        let mut left_out = Vec::new();
        let mut routes = Vec::with_capacity(priced.len());
        let mut is_open = false;
        for Priced { way, retail, wholesale } in priced {
            let is_allowed = !is_needed || wholesale.is_some();
            if !is_allowed && way != Way::UNKNOWN {
                left_out.push(way);
                continue;
            }
            is_open |= is_allowed;
            if !through.iter().any(|(row, _)| *row == retail) {
                through.push((retail, way.provider));
            }
            let route = |provider| Route { provider, named: way.named, wholesale };
            routes.extend(way.provider.filter(|_| is_allowed).map(route));
        }
        self.price_check(&call, Check::NoWholesalePrice, Missing::Wholesale, !is_open, left_out.into_iter())?;
        // Where they cost the same the order of the switch stays.
        routes.sort_by_key(|route| order(route, self.snapshot));
        Ok(Admitted {
            emergency: false,
            account: call.account,
            service: call.service,
            routes,
            counters: asked.0.into_inner(),
            call,
            through: through.into_iter().map(|(_, provider)| provider).collect(),
        })
    }

    fn price_check(
        &mut self,
        call: &Call,
        check: Check,
        missing: Missing,
        refuses: bool,
        left_out: impl Iterator<Item = Way>,
    ) -> Result<(), Refusal> {
        let left_out = self.names_of(left_out);
        self.checks.push(Checked { check, decides: refuses, locks: Vec::new(), left_out });
        if refuses {
            let (account, service) = (call.account, call.service);
            return Err(Refusal { check, reason: Reason::Missing(missing), account, service });
        }
        Ok(())
    }
}

/// The cheaper first; behind them what no rate turns into the currency of the books, and what has no price.
fn order(route: &Route, snapshot: &Snapshot) -> (bool, bool, Money) {
    let in_books = route.wholesale.is_some_and(|side| side.currency == Some(snapshot.currency));
    (route.wholesale.is_none(), !in_books, route.wholesale.map_or(Money::ZERO, |side| side.amount))
}
