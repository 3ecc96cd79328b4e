//! What becomes of a call and what it costs, by the text of `FORMATS.md` part 3 and the simplest means.
//!
//! **Owns:** the checks in their order, who pays, locks, the choice of the rate. **Does not own:** the price of a rate (`price`), decoding: it is
//! told the call, not the bytes. **Always:** a rate is found by looking at every row of a list; what a look-up found is remembered by number only,
//! and services, origins and dates are looked at again for every call.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate};

use super::call::{Call, Disposition, Service};
use super::counted::Counted;
use super::expectation::SuspenseCode;
use super::model::{BUCKET_CHARACTERS, Limits, Lock, Operator, Rate, Source};
use super::number_rules::{Number, fits};
use super::terms::{Adjustment, Asked};

const DAY_MS: i64 = 86_400_000;
const HOUR_MS: i64 = 3_600_000;
/// 999,999,999.999999999 in nano-units.
const AMOUNT_MAX: i128 = 999_999_999_999_999_999;

/// What becomes of a leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It has a price, perhaps 0.
    Rated,
    /// A number of ours that nobody has was called.
    NonTarget,
    /// It waits.
    Suspended(SuspenseCode),
}

/// A retail amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetailAmount {
    /// Index of the account.
    pub account: usize,
    /// Usage day.
    pub day: NaiveDate,
    /// Nano-units.
    pub nano: i128,
}

/// What an account owes for a leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owed {
    /// An amount.
    Amount(RetailAmount),
    /// Something that shows when the day is over.
    Counted(Counted),
}

impl Owed {
    /// Index of the account.
    #[must_use]
    pub fn account(&self) -> usize {
        match self {
            Self::Amount(amount) => amount.account,
            Self::Counted(counted) => counted.account,
        }
    }
}

/// The judgement on one leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leg {
    /// What becomes of it.
    pub outcome: Outcome,
    /// What the account owes.
    pub retail: Option<Owed>,
    /// Index of the wholesale list, and nano-units.
    pub wholesale: Option<(usize, i128)>,
    /// An answered call to a locked number.
    pub lock_breach: bool,
    /// An outgoing or forwarded leg for which no provider has a price.
    pub wholesale_missing: bool,
}

impl Leg {
    fn of(outcome: Outcome) -> Self {
        Self { outcome, retail: None, wholesale: None, lock_breach: false, wholesale_missing: false }
    }

    fn suspended(code: SuspenseCode) -> Self {
        Self::of(Outcome::Suspended(code))
    }
}

/// One leg on its way through the checks.
struct Passage<'c, 'a> {
    call: &'c Call<'a>,
    service: Service,
    key: &'c str,
    place: usize,
    src: Option<&'c str>,
    moment: i64,
    /// Whole seconds, or pieces of an event; 0 of an attempt.
    units: i64,
    provider: Option<&'a str>,
}

/// Rows of one list whose prefix fits a number, the longest first; `None` until somebody looked.
type Fitting<'a> = Option<Box<[&'a Rate]>>;

/// Judges calls against one operator.
pub struct Oracle<'a> {
    operator: &'a Operator,
    emergency: Vec<&'a str>,
    now: i64,
    /// Every number that was ever looked up, with its place in `fitting`.
    places: HashMap<String, usize>,
    /// By list, then by place of the number.
    fitting: Vec<Vec<Fitting<'a>>>,
    locks_of: HashMap<Option<usize>, Vec<&'a Lock>>,
    lists_of: HashMap<&'a str, Vec<usize>>,
}

impl<'a> Oracle<'a> {
    /// An oracle for `operator`; `now` in epoch milliseconds.
    #[must_use]
    pub fn new(operator: &'a Operator, now: i64) -> Self {
        let mut locks_of: HashMap<Option<usize>, Vec<&Lock>> = HashMap::new();
        for lock in &operator.locks {
            locks_of.entry(lock.account).or_default().push(lock);
        }
        let mut lists_of: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, list) in operator.lists.iter().enumerate() {
            if let Some(provider) = &list.provider {
                lists_of.entry(provider).or_default().push(index);
            }
        }
        let emergency = operator.settings.get("numbering.emergency").map_or("112", String::as_str).split(' ').collect();
        Self {
            operator,
            emergency,
            now,
            places: HashMap::new(),
            fitting: vec![Vec::new(); operator.lists.len()],
            locks_of,
            lists_of,
        }
    }

    /// The legs of a record that decodes and repeats nobody.
    pub fn judge(&mut self, call: &Call<'a>) -> Vec<Leg> {
        let source = &self.operator.sources[call.source];
        let Some(dst) = source.rules.normalise(&call.dst) else {
            return vec![Leg::suspended(SuspenseCode::BadNumber)];
        };
        if let Some(code) = times_are_wrong(call, self.now) {
            return vec![Leg::suspended(code)];
        }
        let src = source.rules.normalise(&call.src);
        let moment = call.moment();
        if dst.short_code().is_some_and(|code| self.emergency.contains(&code)) {
            return vec![Leg::of(Outcome::Rated)];
        }
        let payer = self.payer(call, call.service, &dst, src.as_ref(), moment);
        let called = dst.digits().and_then(|digits| self.operator.did_at(digits, moment));
        let own = called.is_some_and(|did| did.in_work && payer == Ok(did.account));
        let splits = source.on_net_once && call.service == Service::Outgoing && called.is_some() && !own;
        let service = if call.service == Service::Outgoing && own { Service::Internal } else { call.service };
        let mut legs = vec![self.leg(call, service, payer, &dst, src.as_ref())];
        if splits {
            let toll_free = dst.digits().is_some_and(|digits| digits.starts_with("7800") || digits.starts_with("7804"));
            let service = if toll_free { Service::Tollfree } else { Service::Incoming };
            let payer = self.payer(call, service, &dst, src.as_ref(), moment);
            legs.push(self.leg(call, service, payer, &dst, src.as_ref()));
        }
        legs
    }

    /// Step 5: the account that pays, or what becomes of a leg for which nobody does.
    fn payer(
        &self,
        call: &Call<'_>,
        service: Service,
        dst: &Number,
        src: Option<&Number>,
        moment: i64,
    ) -> Result<Option<usize>, Outcome> {
        let unknown = Outcome::Suspended(SuspenseCode::UnknownSubscriber);
        let owner = |number: Option<&str>| {
            number
                .and_then(|number| self.operator.did_at(number, moment))
                .filter(|did| did.in_work)
                .and_then(|did| did.account)
        };
        if service.is_received() {
            let ours = dst.digits().filter(|digits| self.operator.dids.contains_key(*digits)).ok_or(unknown)?;
            return owner(Some(ours)).map(Some).ok_or(Outcome::NonTarget);
        }
        if let Some(named) = call.account {
            return self.operator.account_index.get(named).copied().map(Some).ok_or(unknown);
        }
        if service == Service::Forwarded {
            let rules = &self.operator.sources[call.source].rules;
            let forwarding = call.forwarded_from.as_ref().and_then(|number| rules.normalise(number));
            return owner(forwarding.as_ref().and_then(Number::digits)).map(Some).ok_or(unknown);
        }
        let by_number = owner(src.and_then(Number::digits));
        match call.trunk_in.and_then(|trunk| self.operator.trunk_owners.get(trunk)).map(Vec::as_slice) {
            Some([only]) => Ok(Some(*only)),
            Some(several) => by_number
                .filter(|account| several.contains(account))
                .map(Some)
                .ok_or(Outcome::Suspended(SuspenseCode::AmbiguousSubscriber)),
            None if src.is_none() => Err(Outcome::Suspended(SuspenseCode::BadNumber)),
            None => by_number.map(Some).ok_or(unknown),
        }
    }

    fn leg(
        &mut self,
        call: &Call<'a>,
        service: Service,
        payer: Result<Option<usize>, Outcome>,
        dst: &Number,
        src: Option<&Number>,
    ) -> Leg {
        let account = match payer {
            Ok(Some(account)) => account,
            Ok(None) => return Leg::suspended(SuspenseCode::UnknownSubscriber),
            Err(outcome) => return Leg::of(outcome),
        };
        let trunk = if service.is_received() { call.trunk_in } else { call.trunk_out };
        let key = dst.key();
        let passage = Passage {
            call,
            service,
            place: self.place(key),
            key,
            src: src.and_then(Number::digits),
            moment: call.moment(),
            units: units(call, &self.operator.sources[call.source]),
            provider: trunk.and_then(|trunk| self.operator.provider_of_trunk.get(trunk)).map(String::as_str),
        };
        let lock = self.lock(&passage, account);
        let breach = lock.filter(|_| call.answered_at().is_some()).map(|lock| self.breach(lock));
        if breach == Some("suspend") {
            return Leg { lock_breach: true, ..Leg::suspended(SuspenseCode::LockBreach) };
        }
        let nothing_to_pay = breach == Some("zero") || (lock.is_some() && breach.is_none());
        let retail = if nothing_to_pay { Ok(None) } else { self.retail(&passage, account) };
        let wholesale = self.wholesale(&passage);
        let outcome = match (retail, wholesale) {
            (Err(code), _) | (_, Err(code)) => return Leg { lock_breach: breach.is_some(), ..Leg::suspended(code) },
            (Ok(_), Ok(_)) => Outcome::Rated,
        };
        let (retail, wholesale) = (retail.unwrap_or(None), wholesale.unwrap_or(None));
        let wholesale_missing = wholesale.is_none() && matches!(service, Service::Outgoing | Service::Forwarded);
        Leg { outcome, retail, wholesale, lock_breach: breach.is_some(), wholesale_missing }
    }

    /// Step 7: the lock that decides.
    fn lock(&self, passage: &Passage<'_, 'a>, account: usize) -> Option<&'a Lock> {
        if !matches!(passage.service, Service::Outgoing | Service::Forwarded) {
            return None;
        }
        let shortest = |owner: Option<usize>| {
            let locks = self.locks_of.get(&owner)?.iter().copied();
            locks
                .filter(|lock| lock.active && lock.validity.holds(passage.moment) && fits(&lock.mask, passage.key))
                .filter(|lock| lock.provider.is_none() || lock.provider.as_deref() == passage.provider)
                .min_by_key(|lock| lock.mask.len())
        };
        shortest(Some(account)).or_else(|| shortest(None))
    }

    fn breach(&self, lock: &Lock) -> &'a str {
        let default = match lock.origin.as_str() {
            "client" => "zero",
            "fraud" => "suspend",
            _ => "charge",
        };
        self.operator.settings.get(&format!("lock.breach.{}", lock.origin)).map_or(default, String::as_str)
    }

    /// Step 8. `None`: the leg is free of itself.
    fn retail(&mut self, passage: &Passage<'_, 'a>, account: usize) -> Result<Option<Owed>, SuspenseCode> {
        let operator = self.operator;
        let plan = operator.plan_at(account, passage.moment).ok_or(SuspenseCode::NoRetailPrice)?;
        let layers = operator.plans.get(plan).map_or(&[][..], Vec::as_slice);
        if passage.service == Service::Incoming && !layers.iter().any(|layer| layer.incoming_priced) {
            return Ok(None);
        }
        let mut best: Option<(usize, &Rate)> = None;
        for layer in layers.iter().filter(|layer| layer.validity.holds(passage.moment)) {
            if let Some(rate) = self.rate(layer.list, passage)
                && best.is_none_or(|(_, other)| rate.prefix.len() > other.prefix.len())
            {
                best = Some((layer.list, rate));
            }
        }
        let (list, rate) = best.ok_or(SuspenseCode::NoRetailPrice)?;
        let day = self.usage_day(passage.moment);
        let (who, what) = (&operator.accounts[account], &operator.lists[list]);
        let adjustment = operator.terms.adjustment(&Asked {
            account: &who.code,
            client: &who.client,
            currency: &who.currency,
            list: &what.code,
            list_currency: &what.currency,
            service: passage.service.word(),
            key: passage.key,
            moment: passage.moment,
            day,
        });
        let adjustment = adjustment.ok_or(SuspenseCode::NoExchangeRate)?;
        let counter = operator.counters.of_leg(
            plan,
            passage.service.word(),
            (passage.key, passage.moment),
            operator.prices[rate.price as usize].volume,
        );
        if let Some(counter) = counter.filter(|_| passage.units > 0) {
            let is_plain = adjustment == Adjustment::NONE;
            let units = passage.units;
            return Ok(Some(Owed::Counted(Counted {
                account,
                day,
                counter,
                units,
                list,
                price: rate.price,
                is_plain,
            })));
        }
        let nano = self.amount(list, rate, passage, &adjustment)?;
        Ok(Some(Owed::Amount(RetailAmount { account, day, nano })))
    }

    /// Step 9.
    fn wholesale(&mut self, passage: &Passage<'_, 'a>) -> Result<Option<(usize, i128)>, SuspenseCode> {
        let has_wholesale = !matches!(passage.service, Service::Internal | Service::Message);
        let Some(provider) = passage.provider.filter(|_| has_wholesale) else { return Ok(None) };
        let mut best: Option<(usize, &Rate)> = None;
        for list in self.lists_of.get(provider).cloned().unwrap_or_default() {
            if let Some(rate) = self.rate(list, passage)
                && best.is_none_or(|(_, other)| rate.prefix.len() > other.prefix.len())
            {
                best = Some((list, rate));
            }
        }
        best.map(|(list, rate)| Ok((list, self.amount(list, rate, passage, &Adjustment::NONE)?))).transpose()
    }

    /// The row of one list that prices the leg.
    fn rate(&mut self, list: usize, passage: &Passage<'_, 'a>) -> Option<&'a Rate> {
        let fitting = self.fitting(list, passage.place, passage.key);
        let mut best: Option<&Rate> = None;
        for rate in fitting {
            if best.is_some_and(|best| best.prefix.len() > rate.prefix.len()) {
                break;
            }
            let ends_it = |other: &&Rate| {
                let began_later = other.validity.from > rate.validity.from && other.validity.from <= passage.moment;
                began_later && other.prefix == rate.prefix && other.limits == rate.limits
            };
            if rate.validity.holds(passage.moment)
                && applies(rate, passage)
                && !fitting.iter().any(ends_it)
                && best.is_none_or(|best| rank(rate) > rank(best))
            {
                best = Some(rate);
            }
        }
        best
    }

    /// Every row of the list whose prefix fits, the longest first: looked for once, remembered by number.
    fn fitting(&mut self, list: usize, place: usize, key: &str) -> &[&'a Rate] {
        let rows = &self.operator.lists[list].rows;
        let remembered = &mut self.fitting[list];
        if remembered.len() <= place {
            remembered.resize(place + 1, None);
        }
        remembered[place].get_or_insert_with(|| {
            // Shorter prefixes are kept under themselves, all others under their first characters.
            let buckets = (1..=BUCKET_CHARACTERS).filter_map(|length| rows.get(key.get(..length)?));
            let mut found: Vec<&'a Rate> = buckets.flatten().filter(|rate| fits(&rate.prefix, key)).collect();
            found.sort_by_key(|rate| std::cmp::Reverse(rate.prefix.len()));
            found.into()
        })
    }

    fn place(&mut self, key: &str) -> usize {
        if let Some(place) = self.places.get(key) {
            return *place;
        }
        let place = self.places.len();
        self.places.insert(key.to_owned(), place);
        place
    }

    /// Steps 10 and 11.
    fn amount(
        &self,
        index: usize,
        rate: &Rate,
        passage: &Passage<'_, 'a>,
        adjustment: &Adjustment,
    ) -> Result<i128, SuspenseCode> {
        let list = &self.operator.lists[index];
        let price = &self.operator.prices[rate.price as usize];
        let bands = || price.bands.iter().map(|(band, _)| *band);
        // All pieces of an event are of its moment.
        let second_ms = if passage.service.is_call() { 1_000 } else { 0 };
        let band_at = |unit: i64| self.operator.calendar.at(bands(), index, passage.moment + unit * second_ms);
        let nano = price.of_seconds(passage.units, band_at, adjustment, list.rounding, list.decimals);
        if nano > AMOUNT_MAX { Err(SuspenseCode::Overflow) } else { Ok(nano) }
    }

    fn usage_day(&self, moment: i64) -> NaiveDate {
        DateTime::from_timestamp_millis(moment).unwrap_or_default().with_timezone(&self.operator.zone).date_naive()
    }
}

/// Step 3.
fn times_are_wrong(call: &Call<'_>, now: i64) -> Option<SuspenseCode> {
    if !call.service.is_call() {
        let at = call.answer_ms.unwrap_or(call.setup_ms);
        if at < call.setup_ms || call.end_ms < at {
            return Some(SuspenseCode::BadTimes);
        }
    } else if let Some(answer) = call.answered_at() {
        let talk = call.end_ms - answer;
        let counted = call.billable_ms.unwrap_or(talk);
        if answer < call.setup_ms || talk < 0 || counted < 0 || (counted - talk).abs() > 2_000 {
            return Some(SuspenseCode::BadTimes);
        }
    }
    let in_range = (now - 400 * DAY_MS)..=(now + HOUR_MS);
    (!in_range.contains(&call.moment())).then_some(SuspenseCode::DateOutOfRange)
}

/// The duration by the rule of the source, or the pieces of an event; an attempt has none.
fn units(call: &Call<'_>, source: &Source) -> i64 {
    if !call.service.is_call() {
        return call.quantity.filter(|_| call.disposition == Disposition::Answered).map_or(0, i64::from);
    }
    let Some(answer) = call.answered_at() else { return 0 };
    let milliseconds = call.billable_ms.unwrap_or(call.end_ms - answer);
    match source.duration_rounding.as_str() {
        "up" => (milliseconds + 999) / 1_000,
        "down" => milliseconds / 1_000,
        _ => (milliseconds + 500) / 1_000,
    }
}

fn applies(rate: &Rate, passage: &Passage<'_, '_>) -> bool {
    let Some(limits) = &rate.limits else { return true };
    let same = |limit: &str, value: Option<&str>| limit.is_empty() || value == Some(limit);
    same(&limits.service, Some(passage.service.word()))
        && same(&limits.incoming_service, passage.call.incoming_service)
        && same(&limits.provider, passage.provider)
        && same(&limits.place, passage.call.place)
        && (limits.origin.is_empty() || passage.src.is_some_and(|src| src.starts_with(&limits.origin)))
}

/// Within one prefix the longer origin wins, then more qualifiers set.
fn rank(rate: &Rate) -> (usize, usize) {
    let Some(limits) = &rate.limits else { return (0, 0) };
    let Limits { service, incoming_service, provider, place, origin } = limits.as_ref();
    (origin.len(), [service, incoming_service, provider, place].iter().filter(|limit| !limit.is_empty()).count())
}
