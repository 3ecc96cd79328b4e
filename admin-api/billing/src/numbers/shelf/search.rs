//! The walk along the shelf.
//!
//! Owns: which numbers a search lets through, in which order, what it shows of them; the count of the capacity.
//! Does not own: what a class, an offer, a mask is (`rules`, `sale`, `numbering`).
//! Always: in whole days as numbers it judges as `rules::class` and `sale::Offer::of` do; a walk ends as soon as nothing more can change the answer; halves of
//! the shelf are walked at once.

use std::collections::BinaryHeap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use chrono::NaiveDate;
use numbering::{E164, NumberMask};
use rating::rows::DidStatus;
use rust_decimal::Decimal;
use rustc_hash::FxHashMap;

use super::entry::{CLASS, Entry, Field, MOBILE, PLACE, PROVIDER, REGION, STATUS, day_number, day_of};
use super::{After, COUNTED_MAX, CapacityRow, Dictionary, Found, Named, NoSuchCode, Shelf, Shelved, Wanted};
use crate::numbers::rules::{NonTargetClass, clear_from, leaves_on, rests_until};
use crate::numbers::sale::{Offer, Sale};

type Chunk = Arc<Vec<Entry>>;

impl Shelf {
    /// Finds numbers.
    pub fn search(&self, wanted: &Wanted, today: NaiveDate) -> Result<Found, NoSuchCode> {
        let sieve = Sieve::of(self, wanted, today)?;
        let page = wanted.limit + 1;
        let (mut hits, total) = if let Some(number) = wanted.number {
            let hits: Vec<Entry> =
                self.entry_of(number).copied().filter(|entry| sieve.lets(entry)).into_iter().collect();
            let total = hits.len();
            (hits, total)
        } else if wanted.by_price {
            sieve.cheapest(wanted.after.as_ref(), page)
        } else if let Some(after) = &wanted.after {
            (sieve.hits(Some(after.number), page), sieve.hits(None, COUNTED_MAX + 1).len())
        } else {
            let hits = sieve.hits(None, page.max(COUNTED_MAX + 1));
            let total = hits.len();
            (hits, total)
        };
        let is_more = hits.len() > wanted.limit;
        hits.truncate(wanted.limit);
        let rows = hits.iter().map(|entry| self.shown(entry, &sieve.judge)).collect();
        Ok(Found { rows, is_more, total: total.min(COUNTED_MAX + 1) })
    }

    /// A number; `None` when it is not of our capacity.
    pub fn find(&self, number: E164, today: NaiveDate) -> Option<Shelved> {
        self.entry_of(number).map(|entry| self.shown(entry, &Judge::of(self, today)))
    }

    /// How many numbers there are of each provider and region, by state, in order of their codes.
    pub fn capacity(&self, today: NaiveDate) -> Vec<CapacityRow> {
        let judge = Judge::of(self, today);
        let mut counts: FxHashMap<(u32, u32), ([u64; DidStatus::ALL.len()], u64)> = FxHashMap::default();
        for entry in self.chunks.iter().flat_map(|chunk| chunk.iter()) {
            let (of_status, for_sale) = counts.entry((entry.word(PROVIDER), entry.word(REGION))).or_default();
            of_status[entry.word(STATUS) as usize] += 1;
            *for_sale += u64::from(entry.status() == DidStatus::Free && judge.offer(entry).is_green());
        }
        let row = |((provider, region), (of_status, for_sale))| CapacityRow {
            provider: self.provider(provider).cloned(),
            region: self.region(region).cloned(),
            of_status,
            for_sale,
        };
        let mut rows: Vec<CapacityRow> = counts.into_iter().map(row).collect();
        let code = |named: &Option<Named>| named.as_ref().map(|named| named.code.clone());
        rows.sort_by_cached_key(|row| (code(&row.provider), code(&row.region)));
        rows
    }

    fn provider(&self, place: u32) -> Option<&Named> {
        self.about.providers.get(self.providers.word(place)?)
    }

    fn region(&self, place: u32) -> Option<&Named> {
        self.about.regions.get(self.regions.word(place)?)
    }

    fn shown(&self, entry: &Entry, judge: &Judge<'_>) -> Shelved {
        let class = self.classes.word(entry.word(CLASS)).and_then(|id| self.about.classes.get(id));
        let own = self.prices.word(entry.price()).copied();
        let price = own.or_else(|| class.and_then(|class| class.price));
        let currency = class.map_or(&self.about.currency, |class| &class.currency);
        Shelved {
            number: entry.number(),
            status: entry.status(),
            offer: judge.offer(entry),
            region: self.region(entry.word(REGION)).cloned(),
            class: class.map(|class| class.named.clone()),
            provider: self.provider(entry.word(PROVIDER)).cloned(),
            place: self.places.word(entry.word(PLACE)).cloned(),
            is_fmtn: entry.is_fmtn(),
            is_mobile: entry.is_mobile(),
            price: price.map(|price| (price, currency.clone())),
            forced_for: self.forced_for.get(&entry.number()).cloned(),
            last_call: entry.last_call().filter(|last| *last >= i32::from(entry.since())).map(day_of),
            clear_from: judge.clear_from(entry),
        }
    }
}

/// What calls make of numbers on a day.
struct Judge<'a> {
    today: i32,
    /// Of each day, the first one after it with statistics.
    collected_after: &'a [u16],
    /// The first day of the window of calls, by the place of the provider.
    windows: Vec<i32>,
    rest_days: u32,
}

impl<'a> Judge<'a> {
    fn of(shelf: &'a Shelf, today: NaiveDate) -> Self {
        let (about, today) = (&shelf.about, day_number(today));
        let window = |provider| today - about.rules.terms.days("ordinary", provider) as i32;
        // FMTN numbers, which may have another term, are not judged by calls.
        let of_providers = shelf.providers.words.iter().map(|id| window(Some(*id)));
        Self {
            today,
            collected_after: &about.collected_after,
            windows: std::iter::once(window(None)).chain(of_providers).collect(),
            rest_days: about.rules.mobile_rest_days,
        }
    }

    fn first_collected(&self, entry: &Entry) -> Option<i32> {
        let first = self.collected_after.get(usize::from(entry.since())).copied().unwrap_or_default();
        (first != 0).then(|| i32::from(first))
    }

    fn window(&self, entry: &Entry) -> i32 {
        self.windows[entry.word(PROVIDER) as usize]
    }

    /// As `rules::class`. A call that is dated after today, from a switch whose clock goes ahead, counts.
    fn class(&self, entry: &Entry) -> NonTargetClass {
        if entry.is_ignored() {
            return NonTargetClass::Ignore;
        }
        let Some(first) = self.first_collected(entry) else { return NonTargetClass::NoData };
        let window = self.window(entry);
        if first > window {
            NonTargetClass::InsufficientData
        } else if entry.last_call().is_some_and(|last| last >= window) {
            NonTargetClass::HasCalls
        } else {
            NonTargetClass::NoCalls
        }
    }

    fn offer(&self, entry: &Entry) -> Offer {
        let rests = entry.is_mobile() && entry.archived().is_some_and(|day| self.today < day + self.rest_days as i32);
        Offer::of(entry.sale(), entry.is_for_one(), self.class(entry), rests)
    }

    /// The day to come from which neither calls nor a rest keep it off sale.
    fn clear_from(&self, entry: &Entry) -> Option<NaiveDate> {
        let may_be_sold = matches!(entry.status(), DidStatus::Free | DidStatus::Reserved | DidStatus::Archive);
        if !may_be_sold || entry.sale() == Sale::No {
            return None;
        }
        let day = |day: Option<i32>| day.map(day_of);
        let term = u32::try_from(self.today - self.window(entry)).unwrap_or_default();
        // Whom calls do not matter to, he may rest all the same.
        let ignores = entry.is_ignored() || entry.sale() == Sale::Forced;
        let clear = clear_from(ignores, day(self.first_collected(entry)), day(entry.last_call()), term);
        let rests = rests_until(entry.is_mobile(), day(entry.archived()), self.rest_days);
        leaves_on(clear, rests).filter(|clear| *clear > day_of(self.today))
    }
}

/// Effective prices in order.
struct Ranks {
    /// Each once.
    prices: Vec<Decimal>,
    /// By the place of a number's own price.
    own: Vec<u32>,
    /// By the place of its class.
    of_class: Vec<u32>,
}

/// The rank of a number without a price: behind all others.
const NO_PRICE: u32 = u32::MAX;

impl Ranks {
    fn of(shelf: &Shelf) -> Self {
        let price_of = |id: &i32| shelf.about.classes.get(id).and_then(|class| class.price);
        let of_classes = shelf.classes.words.iter().filter_map(price_of);
        let mut prices: Vec<Decimal> = shelf.prices.words.iter().copied().chain(of_classes).collect();
        prices.sort_unstable();
        prices.dedup();
        let rank = |price: &Decimal| prices.binary_search(price).map_or(NO_PRICE, |at| at as u32);
        let none = || std::iter::once(NO_PRICE);
        let own = none().chain(shelf.prices.words.iter().map(rank)).collect();
        let of_class = |id: &i32| price_of(id).map_or(NO_PRICE, |price| rank(&price));
        let of_class = none().chain(shelf.classes.words.iter().map(of_class)).collect();
        Self { prices, own, of_class }
    }

    fn rank(&self, entry: &Entry) -> u32 {
        match entry.price() {
            0 => self.of_class[entry.word(CLASS) as usize],
            own => self.own[own as usize],
        }
    }

    /// The ranks of these prices.
    fn between(&self, from: Option<Decimal>, to: Option<Decimal>) -> Range<u32> {
        let first = from.map_or(0, |from| self.prices.partition_point(|price| *price < from));
        let end = to.map_or(self.prices.len(), |to| self.prices.partition_point(|price| *price <= to));
        first as u32..end as u32
    }

    /// The rank and number behind which a page begins. A price that nothing has any more: behind all that are cheaper.
    fn behind(&self, after: &After) -> (i64, Option<E164>) {
        let Some(price) = after.price else { return (i64::from(NO_PRICE), Some(after.number)) };
        match self.prices.binary_search(&price) {
            Ok(rank) => (rank as i64, Some(after.number)),
            Err(next) => (next as i64 - 1, None),
        }
    }
}

/// What is searched for, ready to be asked of each number.
struct Sieve<'a> {
    shelf: &'a Shelf,
    judge: Judge<'a>,
    mask: Option<&'a NumberMask>,
    /// Facts that are looked at first, and what they have to be.
    looked_at: u64,
    wanted: u64,
    /// A bit for each state, and for each offer.
    statuses: u32,
    offers: u32,
    client: Option<&'a String>,
    /// Which words are let through, by their places.
    words: Vec<(Field, Vec<bool>)>,
    ranks: Option<Ranks>,
    prices: Option<Range<u32>>,
}

impl<'a> Sieve<'a> {
    fn of(shelf: &'a Shelf, wanted: &'a Wanted, today: NaiveDate) -> Result<Self, NoSuchCode> {
        let bits = |bits: &mut dyn Iterator<Item = u32>| match bits.fold(0, |all, bit| all | 1 << bit) {
            0 => u32::MAX,
            some => some,
        };
        let has_prices = wanted.price_from.is_some() || wanted.price_to.is_some();
        let ranks = (has_prices || wanted.by_price).then(|| Ranks::of(shelf));
        let prices = ranks.as_ref().filter(|_| has_prices);
        let mut sieve = Self {
            shelf,
            judge: Judge::of(shelf, today),
            mask: wanted.mask.as_ref(),
            looked_at: 0,
            wanted: 0,
            statuses: bits(&mut wanted.statuses.iter().map(|status| *status as u32)),
            offers: bits(&mut wanted.offers.iter().map(|offer| *offer as u32)),
            client: wanted.client.as_ref(),
            words: Vec::new(),
            prices: prices.map(|ranks| ranks.between(wanted.price_from, wanted.price_to)),
            ranks,
        };
        if let [status] = wanted.statuses[..] {
            sieve.look_at(STATUS, status as u32);
        }
        if let Some(is_mobile) = wanted.is_mobile {
            sieve.look_at(MOBILE, u32::from(is_mobile));
        }
        let about = &shelf.about;
        let regions = about.regions.iter().map(|(id, named)| (named, *id));
        let classes = about.classes.iter().map(|(id, class)| (&class.named, *id));
        let providers = about.providers.iter().map(|(id, named)| (named, *id));
        sieve.let_codes(REGION, "region", &wanted.regions, regions, &shelf.regions)?;
        sieve.let_codes(CLASS, "class", &wanted.classes, classes, &shelf.classes)?;
        sieve.let_codes(PROVIDER, "provider", &wanted.providers, providers, &shelf.providers)?;
        sieve.let_words(PLACE, &wanted.places, &shelf.places);
        Ok(sieve)
    }

    fn look_at(&mut self, field: Field, value: u32) {
        self.looked_at |= field.all();
        self.wanted |= field.bits(value);
    }

    fn let_codes<'n>(
        &mut self,
        field: Field,
        what: &'static str,
        codes: &[String],
        known: impl Iterator<Item = (&'n Named, i32)> + Clone,
        dictionary: &Dictionary<i32>,
    ) -> Result<(), NoSuchCode> {
        let id = |code: &String| {
            let found = known.clone().find(|(named, _)| named.code == *code);
            found.map(|(_, id)| id).ok_or_else(|| NoSuchCode { what, code: code.clone() })
        };
        let ids = codes.iter().map(id).collect::<Result<Vec<i32>, _>>()?;
        self.let_words(field, &ids, dictionary);
        Ok(())
    }

    /// Lets only numbers through that have one of these words, if there are any.
    fn let_words<T: Clone + Eq + std::hash::Hash>(&mut self, field: Field, words: &[T], dictionary: &Dictionary<T>) {
        if words.is_empty() {
            return;
        }
        let mut lets = vec![false; dictionary.words.len() + 1];
        for word in words {
            lets[dictionary.place(word) as usize] = true;
        }
        // A word that nobody has stands at no place, and not for those without one.
        lets[0] = false;
        self.words.push((field, lets));
    }

    #[inline]
    fn lets(&self, entry: &Entry) -> bool {
        entry.facts() & self.looked_at == self.wanted
            && self.statuses >> entry.word(STATUS) & 1 == 1
            && self.words.iter().all(|(field, lets)| lets[entry.word(*field) as usize])
            && self.lets_price(entry)
            && (self.offers == u32::MAX || self.offers >> (self.judge.offer(entry) as u32) & 1 == 1)
            && self.mask.is_none_or(|mask| mask.fits(entry.number().digits()))
            && self.lets_client(entry)
    }

    fn lets_price(&self, entry: &Entry) -> bool {
        let Some((ranks, wanted)) = self.ranks.as_ref().zip(self.prices.as_ref()) else { return true };
        wanted.contains(&ranks.rank(entry))
    }

    fn lets_client(&self, entry: &Entry) -> bool {
        !entry.is_for_one() || self.client.is_none() || self.shelf.forced_for.get(&entry.number()) == self.client
    }

    /// The first hits in order of their numbers.
    fn hits(&self, after: Option<E164>, most: usize) -> Vec<Entry> {
        let chunks = self.shelf.chunks.as_slice();
        let passed = |after| chunks.partition_point(|chunk| chunk[0].number() <= after).saturating_sub(1);
        let chunks = &chunks[after.map_or(0, passed)..];
        let is_enough = AtomicBool::new(false);
        let walk = |part: &[Chunk], is_near: bool| {
            let mut found = Vec::new();
            for chunk in part {
                if is_enough.load(Ordering::Relaxed) {
                    break;
                }
                for entry in chunk.iter().filter(|entry| self.lets(entry)) {
                    if after.is_some_and(|after| entry.number() <= after) {
                        continue;
                    }
                    found.push(*entry);
                    if found.len() == most {
                        // What lies farther counts only as far as the near half has less.
                        is_enough.store(is_near, Ordering::Relaxed);
                        return found;
                    }
                }
            }
            found
        };
        let (mut found, far) = halves(chunks, walk);
        found.extend(far);
        found.truncate(most);
        found
    }

    /// The cheapest hits behind a place, and how many there are in all.
    fn cheapest(&self, after: Option<&After>, most: usize) -> (Vec<Entry>, usize) {
        let Some(ranks) = &self.ranks else { return (Vec::new(), 0) };
        let behind = after.map(|after| ranks.behind(after));
        let is_behind = |rank: u32, number: E164| {
            behind.is_none_or(|(last, of)| {
                let rank = i64::from(rank);
                rank > last || rank == last && of.is_some_and(|of| number > of)
            })
        };
        let walk = |part: &[Chunk], _: bool| {
            let (mut best, mut total) = (BinaryHeap::new(), 0);
            for entry in part.iter().flat_map(|chunk| chunk.iter()).filter(|entry| self.lets(entry)) {
                total += 1;
                let place = (ranks.rank(entry), entry.number());
                if !is_behind(place.0, place.1) {
                    continue;
                }
                if best.len() < most {
                    best.push(place);
                } else if best.peek().is_some_and(|dearest| place < *dearest) {
                    best.pop();
                    best.push(place);
                }
            }
            (best.into_vec(), total)
        };
        let ((mut best, near), (far_best, far)) = halves(&self.shelf.chunks, walk);
        best.extend(far_best);
        best.sort_unstable();
        best.truncate(most);
        let entries = best.iter().filter_map(|(_, number)| self.shelf.entry_of(*number).copied());
        (entries.collect(), near + far)
    }
}

/// Walks both halves of the chunks at once: the near one, and the far one.
fn halves<T: Send>(chunks: &[Chunk], walk: impl Fn(&[Chunk], bool) -> T + Sync) -> (T, T) {
    let (near, far) = chunks.split_at(chunks.len().div_ceil(2));
    if far.is_empty() {
        return (walk(near, true), walk(far, false));
    }
    thread::scope(|scope| {
        let walked = scope.spawn(|| walk(far, false));
        (walk(near, true), walked.join().expect("a walk breaks off for nothing"))
    })
}
