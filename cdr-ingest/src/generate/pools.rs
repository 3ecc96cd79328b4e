//! What calls are drawn from: numbers of the world, numbers of ours, callers, trunks, locked targets.
//!
//! **Owns:** `Pools`. **Does not own:** how often each is used (`traffic`, `calls`). **Always:** a pool holds no number that belongs to another
//! one: strangers are not ours, ordinary destinations are not locked for everybody.

use std::collections::BTreeMap;

use super::model::Operator;
use super::number_rules::fits;
use super::operator::{OVERFLOW_PREFIX, PLAN_DOMESTIC, PLAN_PACK, PROVIDERS, SATELLITES, TOLLFREE};
use super::price_book::Destination;
use super::rng::Rng;

/// Countries that are called most, with their share.
const POPULAR: &[(&str, u32)] = &[
    ("KZ", 16),
    ("BY", 14),
    ("UZ", 9),
    ("UA", 8),
    ("AM", 6),
    ("KG", 6),
    ("TJ", 6),
    ("GE", 5),
    ("AZ", 5),
    ("DE", 8),
    ("TR", 6),
    ("CN", 5),
    ("NANP", 5),
    ("GB", 4),
    ("IL", 4),
    ("RS", 3),
    ("FI", 3),
    ("IT", 2),
    ("AE", 2),
    ("TH", 2),
    ("IN", 2),
];

/// Numbers under one lock.
pub(super) struct LockedTarget<'a> {
    /// The account, when the lock is a local one.
    pub(super) account: Option<usize>,
    /// The trunk by which the lock's provider is reached, if it is tied to one.
    pub(super) trunk: Option<&'a str>,
    /// Numbers under the mask.
    pub(super) numbers: Vec<String>,
}

/// Everything calls are drawn from.
pub(super) struct Pools<'a> {
    pub(super) operator: &'a Operator,
    pub(super) mobile: Vec<String>,
    pub(super) moscow: Vec<String>,
    pub(super) regions: Vec<String>,
    pub(super) abroad: Vec<String>,
    pub(super) dear: Vec<String>,
    pub(super) overflowing: Vec<String>,
    pub(super) emergency: Vec<&'a str>,
    pub(super) short_codes: Vec<&'a str>,
    /// Russian and foreign strangers who call.
    pub(super) russians: Vec<String>,
    pub(super) foreigners: Vec<String>,
    /// Numbers that are in work all the time, with their accounts.
    pub(super) in_work: Vec<(&'a str, usize)>,
    pub(super) toll_free: Vec<(&'a str, usize)>,
    /// Numbers that are or were not in work.
    pub(super) idle: Vec<&'a str>,
    /// Numbers of each account, toll-free ones left out.
    pub(super) numbers_of: Vec<Vec<&'a str>>,
    /// Accounts with at least one number, those that price the whole world, those that price Russia only.
    pub(super) worldly: Vec<usize>,
    pub(super) domestic: Vec<usize>,
    pub(super) with_two_numbers: Vec<usize>,
    /// Accounts whose plan prices messages.
    pub(super) pack: Vec<usize>,
    /// Trunks that several accounts share.
    pub(super) shared_trunks: Vec<&'a str>,
    /// Trunks of each provider.
    pub(super) trunks: BTreeMap<&'a str, Vec<&'a str>>,
    /// Targets by origin of their lock.
    pub(super) locked: BTreeMap<&'a str, Vec<LockedTarget<'a>>>,
}

impl<'a> Pools<'a> {
    /// Draws the pools; `until_ms` is the moment at which a lock must hold to count.
    pub(super) fn draw(operator: &'a Operator, world: &[Destination], until_ms: i64, rng: &mut Rng) -> Self {
        let words = |key: &str| {
            operator.settings.get(key).map_or("", String::as_str).split(' ').filter(|word| !word.is_empty()).collect()
        };
        let mut pools = Self {
            operator,
            mobile: Vec::new(),
            moscow: Vec::new(),
            regions: Vec::new(),
            abroad: Vec::new(),
            dear: Vec::new(),
            overflowing: Vec::new(),
            emergency: words("numbering.emergency"),
            short_codes: words("numbering.short_codes"),
            russians: Vec::new(),
            foreigners: Vec::new(),
            in_work: Vec::new(),
            toll_free: Vec::new(),
            idle: Vec::new(),
            numbers_of: vec![Vec::new(); operator.accounts.len()],
            worldly: Vec::new(),
            domestic: Vec::new(),
            with_two_numbers: Vec::new(),
            pack: Vec::new(),
            shared_trunks: operator
                .trunk_owners
                .iter()
                .filter(|(_, owners)| owners.len() > 1)
                .map(|(trunk, _)| trunk.as_str())
                .collect(),
            trunks: BTreeMap::new(),
            locked: BTreeMap::new(),
        };
        // Hash maps have no order of their own.
        pools.shared_trunks.sort_unstable();
        for (trunk, provider) in &operator.provider_of_trunk {
            pools.trunks.entry(provider).or_default().push(trunk);
        }
        pools.trunks.values_mut().for_each(|trunks| trunks.sort_unstable());
        pools.take_dids();
        pools.take_accounts();
        pools.draw_numbers(world, until_ms, rng);
        pools.draw_locked(until_ms, rng);
        pools
    }

    /// A trunk of one of the providers, the first named ones more often; `None` when there is none at all.
    pub(super) fn route(&self, is_abroad: bool, rng: &mut Rng) -> Option<&'a str> {
        let weights: [u32; 4] = if is_abroad { [20, 25, 55, 0] } else { [45, 35, 4, 16] };
        let provider = PROVIDERS[rng.weighted(weights.into_iter())].0;
        let trunks = self.trunks.get(provider).or_else(|| self.trunks.values().next())?;
        rng.pick(trunks).copied()
    }

    fn take_dids(&mut self) {
        for number in &self.operator.did_numbers {
            let history = &self.operator.dids[number];
            let toll_free = TOLLFREE.iter().any(|code| number.starts_with(code));
            match history.as_slice() {
                [only] if only.in_work => {
                    let Some(account) = only.account else { continue };
                    if toll_free {
                        self.toll_free.push((number, account));
                    } else {
                        self.in_work.push((number, account));
                        self.numbers_of[account].push(number);
                    }
                }
                _ => self.idle.push(number),
            }
        }
    }

    fn take_accounts(&mut self) {
        for (index, account) in
            self.operator.accounts.iter().enumerate().filter(|(index, _)| !self.numbers_of[*index].is_empty())
        {
            if account.periods.iter().any(|(plan, _)| plan == PLAN_DOMESTIC) {
                self.domestic.push(index);
            } else {
                self.worldly.push(index);
            }
            if account.periods.iter().all(|(plan, _)| plan == PLAN_PACK) {
                self.pack.push(index);
            }
            if self.numbers_of[index].len() > 1 {
                self.with_two_numbers.push(index);
            }
        }
    }

    fn draw_numbers(&mut self, world: &[Destination], until_ms: i64, rng: &mut Rng) {
        let fixed: Vec<&Destination> = world
            .iter()
            .filter(|row| {
                row.country == "RU" && row.kind == "fixed" && row.prefix.len() >= 4 && !row.prefix.starts_with("749")
            })
            .collect();
        let add = |count: usize, length: usize, rng: &mut Rng, prefix: &dyn Fn(&mut Rng) -> String| -> Vec<String> {
            let drawn = (0..count).map(|_| extend(&prefix(rng), length, rng));
            drawn.filter(|number| self.is_strange(number, until_ms)).collect()
        };
        let mobile = |rng: &mut Rng| {
            format!(
                "79{}",
                ["16", "26", "03", "85", "10", "65", "77", "99", "21", "24", "31", "50", "88"][rng.index(13)]
            )
        };
        let moscow = |rng: &mut Rng| ["7495", "7495", "7495", "7499", "7499", "7498", "7496"][rng.index(7)].to_owned();
        let region = |rng: &mut Rng| rng.pick(&fixed).map_or_else(|| "7812".to_owned(), |row| row.prefix.clone());
        let numbers = (add(8_000, 11, rng, &mobile), add(4_000, 11, rng, &moscow), add(4_500, 11, rng, &region));
        let strangers = add(22_000, 11, rng, &|rng| {
            if rng.chance(3, 4) {
                mobile(rng)
            } else if rng.chance(1, 2) {
                moscow(rng)
            } else {
                region(rng)
            }
        });
        let toll_free = add(150, 11, rng, &|rng| TOLLFREE[usize::from(rng.chance(1, 5))].to_owned());
        let dear = add(60, 12, rng, &|rng| SATELLITES[rng.index(SATELLITES.len())].0.to_owned());
        let paid = add(40, 11, rng, &|_| "7803".to_owned());
        let overflowing = add(12, 14, rng, &|_| OVERFLOW_PREFIX.to_owned());
        let foreign = Abroad::new(world);
        let abroad: Vec<String> =
            (0..3_200).map(|_| foreign.number(rng)).filter(|number| self.is_strange(number, until_ms)).collect();
        let foreigners =
            (0..4_000).map(|_| foreign.number(rng)).filter(|number| self.is_strange(number, until_ms)).collect();
        (self.mobile, self.moscow, self.regions) = numbers;
        self.regions.extend(toll_free);
        (self.russians, self.overflowing, self.abroad, self.foreigners) = (strangers, overflowing, abroad, foreigners);
        self.dear = dear.into_iter().chain(paid).collect();
    }

    /// Neither ours nor locked for everybody.
    fn is_strange(&self, number: &str, until_ms: i64) -> bool {
        let is_locked = || {
            self.operator.locks.iter().any(|lock| {
                lock.account.is_none() && lock.active && lock.validity.holds(until_ms) && fits(&lock.mask, number)
            })
        };
        !self.operator.dids.contains_key(number) && !is_locked()
    }

    fn draw_locked(&mut self, until_ms: i64, rng: &mut Rng) {
        for lock in self
            .operator
            .locks
            .iter()
            .filter(|lock| lock.active && lock.validity.holds(until_ms) && !lock.mask.starts_with("short:"))
        {
            let trunks = lock.provider.as_ref().and_then(|provider| self.trunks.get(provider.as_str()));
            let mut numbers: Vec<String> =
                (0..4).map(|_| extend(&lock.mask, if lock.mask.starts_with('7') { 11 } else { 12 }, rng)).collect();
            numbers.retain(|number| !self.operator.dids.contains_key(number));
            self.locked.entry(lock.origin.as_str()).or_default().push(LockedTarget {
                account: lock.account,
                trunk: trunks.and_then(|trunks| trunks.first()).copied(),
                numbers,
            });
        }
    }
}

/// The prefix with random digits up to `length`, at least as long as the prefix.
fn extend(prefix: &str, length: usize, rng: &mut Rng) -> String {
    format!("{prefix}{}", rng.digits(length.saturating_sub(prefix.len())))
}

/// Foreign prefixes by country.
struct Abroad<'w> {
    popular: Vec<Vec<&'w Destination>>,
    all: Vec<&'w Destination>,
}

impl<'w> Abroad<'w> {
    fn new(world: &'w [Destination]) -> Self {
        let of = |country: &str| world.iter().filter(|row| row.country == country && row.kind != "any").collect();
        Self {
            popular: POPULAR.iter().map(|(country, _)| of(country)).collect(),
            all: world.iter().filter(|row| row.country != "RU").collect(),
        }
    }

    fn number(&self, rng: &mut Rng) -> String {
        let popular = &self.popular[rng.weighted(POPULAR.iter().map(|country| country.1))];
        let rows = if rng.chance(3, 4) && !popular.is_empty() { popular } else { &self.all };
        let prefix = rng.pick(rows).map_or("381", |row| row.prefix.as_str());
        let length = 11 + rng.index(2);
        extend(prefix, length.max(prefix.len() + 2), rng)
    }
}
