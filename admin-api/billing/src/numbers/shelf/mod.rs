//! The shelf: all numbers in memory, to be searched for sale (M16, M17).
//!
//! A walk over five million numbers of 24 bytes is a pass of some word operations each, so no mask is slow because an index does not serve it; what changes is
//! fed by the rows that are not visible in the database's snapshot of the last look.
//!
//! Owns: the numbers in order, what is known of them, how a search and a count of the capacity go; table `non_target_gone`, which a trigger writes.
//! Does not own: the numbers themselves (`did`, written by their own files), whether one may be attached (`sale::Candidate`, under its lock): the shelf shows
//! what was so some seconds ago and is never the last word.
//! Always: a shelf does not change while it is searched; the former one is searched until the next is complete; what it makes of a number is what `rules` and
//! `sale` make of it on the day that is asked about.
//!
//! | what | cost, of n numbers |
//! | --- | --- |
//! | load | one statement over all rows, n · 24 bytes and as much again while it sorts them |
//! | refresh | rows that changed; the chunks in which they lie are copied |
//! | search | facts of each number, then calls, then the mask; until enough are found |

mod entry;
mod load;
mod search;

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use chrono::NaiveDate;
use numbering::{E164, NumberMask};
use rating::rows::DidStatus;
use rust_decimal::Decimal;

use self::entry::Entry;
use super::quarantine::QuarantineRules;
use super::sale::Offer;
use crate::grid::TOTAL_EXACT_MAX;

pub use load::{load, refresh};

/// Numbers of a chunk that was just cut; tests make do with fewer numbers.
const CHUNK: usize = if cfg!(test) { 32 } else { 16_384 };
/// Hits up to which a search counts; beyond there are at least that many.
pub const COUNTED_MAX: usize = TOTAL_EXACT_MAX as usize;

/// All numbers, in order. Cheap to clone.
#[derive(Clone)]
pub struct Shelf {
    /// None of them empty.
    chunks: Vec<Arc<Vec<Entry>>>,
    seen: load::Seen,
    places: Arc<Dictionary<String>>,
    regions: Arc<Dictionary<i32>>,
    classes: Arc<Dictionary<i32>>,
    providers: Arc<Dictionary<i32>>,
    prices: Arc<Dictionary<Decimal>>,
    /// Codes of the clients for whom numbers were forced.
    forced_for: Arc<HashMap<E164, String>>,
    about: Arc<About>,
}

/// What is read each time: it is little.
struct About {
    rules: QuarantineRules,
    /// Of each day up to the last one with collected statistics: the first such day after it.
    collected_after: Vec<u16>,
    regions: HashMap<i32, Named>,
    classes: HashMap<i32, PricedClass>,
    providers: HashMap<i32, Named>,
    /// Of prices that no class says the currency of.
    currency: String,
}

/// A code and what people call it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Named {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
}

/// A class of beautiful numbers.
struct PricedClass {
    named: Named,
    price: Option<Decimal>,
    currency: String,
}

/// Words by their places, which begin with 1; a word that is used no more keeps its place.
#[derive(Clone)]
struct Dictionary<T> {
    words: Vec<T>,
    places: HashMap<T, u32>,
}

impl<T> Default for Dictionary<T> {
    fn default() -> Self {
        Self { words: Vec::new(), places: HashMap::new() }
    }
}

impl<T: Clone + Eq + Hash> Dictionary<T> {
    /// The place of a word; 0: nobody has it.
    fn place(&self, word: &T) -> u32 {
        self.places.get(word).copied().unwrap_or_default()
    }

    fn word(&self, place: u32) -> Option<&T> {
        self.words.get((place as usize).checked_sub(1)?)
    }

    /// The place of a word, which gets one if it has none.
    fn put(this: &mut Arc<Self>, word: T) -> u32 {
        let known = this.place(&word);
        if known != 0 {
            return known;
        }
        let dictionary = Arc::make_mut(this);
        dictionary.words.push(word.clone());
        let place = dictionary.words.len() as u32;
        dictionary.places.insert(word, place);
        place
    }
}

/// What is searched for. A list of words that is empty means all of them.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// This one alone.
    pub number: Option<E164>,
    /// Numbers that fit it.
    pub mask: Option<NumberMask>,
    /// In one of these states.
    pub statuses: Vec<DidStatus>,
    /// That are this on the shelf.
    pub offers: Vec<Offer>,
    /// Code of the client for whom they are: what was forced for another one is left out.
    pub client: Option<String>,
    /// Codes of regions.
    pub regions: Vec<String>,
    /// Codes of classes.
    pub classes: Vec<String>,
    /// Codes of providers.
    pub providers: Vec<String>,
    /// Places of service.
    pub places: Vec<String>,
    /// Mobile numbers, or no mobile numbers.
    pub is_mobile: Option<bool>,
    /// Not cheaper; numbers without a price are left out.
    pub price_from: Option<Decimal>,
    /// Not dearer; the same.
    pub price_to: Option<Decimal>,
    /// The cheapest first, those without a price last; else by number.
    pub by_price: bool,
    /// Behind this one.
    pub after: Option<After>,
    /// At most so many.
    pub limit: usize,
}

/// The last number of a page, and its price where the order is by price.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct After {
    /// The number.
    pub number: E164,
    /// Its price.
    pub price: Option<Decimal>,
}

/// A code that nothing has.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("there is no {what} `{code}`")]
pub struct NoSuchCode {
    /// `region`, `class` or `provider`.
    pub what: &'static str,
    /// The code.
    pub code: String,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// A page.
    pub rows: Vec<Shelved>,
    /// Whether more follow it.
    pub is_more: bool,
    /// How many there are on all pages, up to one more than [`COUNTED_MAX`].
    pub total: usize,
}

/// A number on the shelf.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shelved {
    /// The number.
    pub number: E164,
    /// State.
    pub status: DidStatus,
    /// What it is for buyers.
    pub offer: Offer,
    /// Region or city.
    pub region: Option<Named>,
    /// Class of beauty.
    pub class: Option<Named>,
    /// Provider; none: our own.
    pub provider: Option<Named>,
    /// Place of service.
    pub place: Option<String>,
    /// Whether it is an FMTN number.
    pub is_fmtn: bool,
    /// Whether it is a mobile number.
    pub is_mobile: bool,
    /// What it costs beside the product, with the currency: its own price, else that of its class.
    pub price: Option<(Decimal, String)>,
    /// The client for whom it was forced, where it was for one.
    pub forced_for: Option<String>,
    /// The last day on which somebody called while nobody had it.
    pub last_call: Option<NaiveDate>,
    /// The day, still to come, from which neither calls nor a rest keep it off sale if nobody calls any more.
    pub clear_from: Option<NaiveDate>,
}

/// How many numbers of a provider and a region are in which state.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CapacityRow {
    /// Provider; none: our own.
    pub provider: Option<Named>,
    /// Region; none: not said.
    pub region: Option<Named>,
    /// By state, in the order of [`DidStatus::ALL`].
    pub of_status: [u64; DidStatus::ALL.len()],
    /// Free and green: those that everybody may buy.
    pub for_sale: u64,
}

impl Shelf {
    /// How many numbers there are.
    pub fn len(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.len()).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// Whether a number is of our capacity.
    pub fn has(&self, number: E164) -> bool {
        self.entry_of(number).is_some_and(|entry| entry.status() != DidStatus::Withdrawn)
    }

    /// The zone in which its days are.
    pub fn zone(&self) -> chrono_tz::Tz {
        self.about.rules.zone
    }

    /// The entry of a number.
    fn entry_of(&self, number: E164) -> Option<&Entry> {
        let after = self.chunks.partition_point(|chunk| chunk[0].number() <= number);
        let chunk = &self.chunks[after.checked_sub(1)?];
        let at = chunk.binary_search_by_key(&number, Entry::number).ok()?;
        chunk.get(at)
    }

    /// Puts numbers into their places: new ones, and others that are not what they were.
    fn put(&mut self, mut changes: Vec<Entry>) {
        changes.sort_unstable_by_key(Entry::number);
        changes.dedup_by_key(|entry| entry.number());
        // The last ones first: chunks before them stay where they are.
        while let Some(last) = changes.last().map(Entry::number) {
            let at = self.chunks.partition_point(|chunk| chunk[0].number() <= last).saturating_sub(1);
            let Some(chunk) = self.chunks.get(at) else {
                self.chunks = cut(&changes);
                return;
            };
            let begins = chunk[0].number();
            let own = if at == 0 { 0 } else { changes.partition_point(|entry| entry.number() < begins) };
            let merged = merged(chunk, &changes.split_off(own));
            let parts = if merged.len() > 2 * CHUNK { cut(&merged) } else { vec![Arc::new(merged)] };
            self.chunks.splice(at..=at, parts);
        }
    }
}

/// Numbers in order, in chunks.
fn cut(entries: &[Entry]) -> Vec<Arc<Vec<Entry>>> {
    entries.chunks(CHUNK).map(|chunk| Arc::new(chunk.to_vec())).collect()
}

/// Two rows of numbers in one; where a number is in both, the second one counts.
fn merged(former: &[Entry], changes: &[Entry]) -> Vec<Entry> {
    let mut merged = Vec::with_capacity(former.len() + changes.len());
    let mut former = former.iter().peekable();
    for change in changes {
        while let Some(entry) = former.next_if(|entry| entry.number() < change.number()) {
            merged.push(*entry);
        }
        former.next_if(|entry| entry.number() == change.number());
        merged.push(*change);
    }
    merged.extend(former);
    merged
}

#[cfg(test)]
mod tests;
