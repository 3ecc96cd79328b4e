//! The shelf against a filter that looks at each number by itself.

use std::collections::BTreeMap;

use chrono::Days;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::entry::{Known, day_number};
use super::load::collected_after;
use super::*;
use crate::numbers::rules::{QuarantineTerm, QuarantineTerms, class};
use crate::numbers::sale::Sale;

const REGIONS: [&str; 3] = ["moscow", "spb", "empty"];
const CLASSES: [(&str, Option<i64>); 2] = [("gold", Some(5_000)), ("bronze", None)];
const PROVIDERS: [&str; 2] = ["mtt", "vats"];
const PLACES: [&str; 2] = ["agent", "msk-1"];
const CLIENTS: [&str; 2] = ["C-000001", "C-000002"];
const MASKS: [&str; 8] = ["%5%", "%55%", "AABB", "7495%", "+749500?1%", "ABBA", "%0", "12"];

fn day(days: u64) -> NaiveDate {
    let first: NaiveDate = "2026-01-01".parse().unwrap();
    first.checked_add_days(Days::new(days)).unwrap()
}

/// A number as anybody would write it down.
#[derive(Clone, Debug)]
struct Plain {
    number: E164,
    status: DidStatus,
    sale: Sale,
    client: Option<&'static str>,
    is_mobile: bool,
    is_fmtn: bool,
    place: Option<&'static str>,
    region: Option<i32>,
    class: Option<i32>,
    provider: Option<i32>,
    price: Option<i64>,
    since: NaiveDate,
    archived: Option<NaiveDate>,
    last_call: Option<NaiveDate>,
}

fn terms() -> QuarantineTerms {
    QuarantineTerms::new(30, vec![QuarantineTerm { kind: "ordinary".to_owned(), provider_id: Some(1), days: 45 }])
}

const REST_DAYS: u32 = 60;
/// Days of January to May 2026 on which statistics were collected; some are missing.
fn runs() -> Vec<NaiveDate> {
    (0..140).filter(|number| number % 7 != 3).map(day).collect()
}

impl Plain {
    fn offer(&self, today: NaiveDate) -> Offer {
        let ignore = self.is_fmtn || self.place == Some("agent");
        let first = runs().into_iter().find(|run| *run > self.since);
        let class = class(ignore, today, first, self.last_call, terms().days("ordinary", self.provider));
        let rests = self.is_mobile && self.archived.is_some_and(|day| today < day + Days::new(u64::from(REST_DAYS)));
        Offer::of(self.sale, self.client.is_some(), class, rests)
    }

    fn effective(&self) -> Option<i64> {
        self.price.or_else(|| CLASSES[self.class? as usize].1)
    }

    fn fits(&self, wanted: &Wanted, today: NaiveDate) -> bool {
        let among = |codes: &[String], own: Option<&str>| {
            codes.is_empty() || own.is_some_and(|own| codes.iter().any(|code| code == own))
        };
        let price = self.effective().map(Decimal::from);
        (wanted.statuses.is_empty() || wanted.statuses.contains(&self.status))
            && (wanted.offers.is_empty() || wanted.offers.contains(&self.offer(today)))
            && (self.client.is_none() || wanted.client.as_deref().is_none_or(|client| self.client == Some(client)))
            && among(&wanted.regions, self.region.map(|id| REGIONS[id as usize]))
            && among(&wanted.classes, self.class.map(|id| CLASSES[id as usize].0))
            && among(&wanted.providers, self.provider.map(|id| PROVIDERS[id as usize]))
            && among(&wanted.places, self.place)
            && wanted.is_mobile.is_none_or(|is_mobile| self.is_mobile == is_mobile)
            && wanted.price_from.is_none_or(|from| price.is_some_and(|price| price >= from))
            && wanted.price_to.is_none_or(|to| price.is_some_and(|price| price <= to))
            && wanted.mask.as_ref().is_none_or(|mask| mask.fits(self.number.digits()))
    }
}

fn named(code: &str) -> Named {
    Named { code: code.to_owned(), name: code.to_uppercase() }
}

fn empty() -> Shelf {
    let by_id = |codes: &[&str]| (0..).zip(codes).map(|(id, code)| (id, named(code))).collect();
    let class = |(id, (code, price)): (i32, &(&str, Option<i64>))| {
        (id, PricedClass { named: named(code), price: price.map(Decimal::from), currency: "RUB".to_owned() })
    };
    let days: Vec<i32> = runs().into_iter().map(day_number).collect();
    let rules =
        QuarantineRules { terms: terms(), mobile_rest_days: REST_DAYS, threshold: 6, zone: chrono_tz::Europe::Moscow };
    let about = About {
        rules,
        collected_after: collected_after(&days),
        regions: by_id(&REGIONS),
        classes: (0..).zip(&CLASSES).map(class).collect(),
        providers: by_id(&PROVIDERS),
        currency: "RUB".to_owned(),
    };
    Shelf::empty(load::Seen::default(), about)
}

/// Puts numbers onto the shelf as a refresh does.
fn put(shelf: &mut Shelf, plains: &[Plain]) {
    let mut entries = Vec::new();
    for plain in plains {
        let place =
            |dictionary: &mut Arc<Dictionary<i32>>, id: Option<i32>| id.map_or(0, |id| Dictionary::put(dictionary, id));
        let known = Known {
            number: plain.number,
            status: plain.status,
            sale: plain.sale,
            is_for_one: plain.client.is_some(),
            is_mobile: plain.is_mobile,
            is_fmtn: plain.is_fmtn,
            is_agents: plain.place == Some("agent"),
            region: place(&mut shelf.regions, plain.region),
            class: place(&mut shelf.classes, plain.class),
            provider: place(&mut shelf.providers, plain.provider),
            place: plain.place.map_or(0, |place| Dictionary::put(&mut shelf.places, place.to_owned())),
            price: plain.price.map_or(0, |price| Dictionary::put(&mut shelf.prices, Decimal::from(price))),
            since: day_number(plain.since),
            archived: plain.archived.map(day_number),
            last_call: plain.last_call.map(day_number),
        };
        let forced_for = Arc::make_mut(&mut shelf.forced_for);
        forced_for.remove(&plain.number);
        forced_for.extend(plain.client.map(|client| (plain.number, client.to_owned())));
        entries.push(Entry::pack(&known).unwrap());
    }
    shelf.put(entries);
}

fn plains() -> impl Strategy<Value = Vec<Plain>> {
    let who = (0_u32..2_000, select(DidStatus::ALL), select(Sale::ALL), select(CLIENTS.to_vec()), any::<[bool; 3]>());
    let words = (
        prop::option::of(select(PLACES.to_vec())),
        prop::option::of(0_i32..2),
        prop::option::of(0_i32..2),
        prop::option::of(0_i32..2),
        prop::option::of(select(vec![0_i64, 500, 5_000, 7_000])),
    );
    let days = (0_u64..140, prop::option::of(0_u64..20), prop::option::of(0_u64..60));
    let plain =
        (who, words, days).prop_map(|((number, status, sale, client, is), words, (since, before, after))| Plain {
            number: E164::parse(&format!("749500{number:05}")).unwrap(),
            status,
            sale,
            client: Some(client).filter(|_| sale == Sale::Forced && is[0]),
            is_mobile: is[1],
            is_fmtn: is[2],
            place: words.0,
            region: words.1,
            class: words.2,
            provider: words.3,
            price: words.4,
            since: day(since),
            archived: before.map(|before| day(since.saturating_sub(before))),
            last_call: after.map(|after| day((since + after).min(145))),
        });
    // A number has one row in a look.
    let once = |plains: Vec<Plain>| plains.into_iter().map(|plain| (plain.number, plain)).collect::<BTreeMap<_, _>>();
    prop::collection::vec(plain, 0..400).prop_map(move |plains| once(plains).into_values().collect())
}

fn wanted() -> impl Strategy<Value = Wanted> {
    let codes = |codes: Vec<&'static str>| {
        let most = codes.len();
        subsequence(codes, 0..=most).prop_map(|codes| codes.into_iter().map(str::to_owned).collect::<Vec<_>>())
    };
    let price = || prop::option::of(select(vec![0_i64, 400, 500, 6_000]).prop_map(Decimal::from));
    let words = (
        codes(REGIONS.to_vec()),
        codes(CLASSES.iter().map(|(code, _)| *code).collect()),
        codes(PROVIDERS.to_vec()),
        codes(vec!["agent", "msk-1", "nowhere"]),
    );
    let rest = (
        prop::option::of(select(MASKS.to_vec())),
        subsequence(DidStatus::ALL.to_vec(), 0..=2),
        subsequence(Offer::ALL.to_vec(), 0..=5),
        prop::option::of(select(CLIENTS.to_vec())),
        prop::option::weighted(0.2, any::<bool>()),
        any::<bool>(),
        1_usize..40,
    );
    // Most searches say a few words only, or nothing would be found.
    let few = any::<[bool; 4]>();
    (words, few, rest, price(), price()).prop_map(|(words, few, rest, price_from, price_to)| {
        let (mask, statuses, offers, client, is_mobile, by_price, limit) = rest;
        let said = |is_said: bool, codes: Vec<String>| if is_said { codes } else { Vec::new() };
        Wanted {
            number: None,
            mask: mask.map(|mask| NumberMask::parse(mask).unwrap()),
            statuses,
            offers,
            client: client.map(str::to_owned),
            regions: said(few[0], words.0),
            classes: said(few[1] && few[0], words.1),
            providers: said(few[2], words.2),
            places: said(few[3] && few[2], words.3),
            is_mobile,
            price_from: price_from.filter(|_| few[3]),
            price_to: price_to.filter(|_| few[1]),
            by_price,
            after: None,
            limit,
        }
    })
}

proptest! {
    /// Whatever is put and put again, each search finds what a look at each number finds, on all its pages.
    #[test]
    fn a_search_is_a_filter(first in plains(), second in plains(), mut wanted in wanted(), today in 146_u64..230) {
        let today = day(today);
        let mut shelf = empty();
        put(&mut shelf, &first);
        let before = shelf.clone();
        put(&mut shelf, &second);
        let all: BTreeMap<E164, &Plain> = first.iter().chain(&second).map(|plain| (plain.number, plain)).collect();
        prop_assert_eq!(shelf.len(), all.len());
        prop_assert!(shelf.chunks.iter().all(|chunk| !chunk.is_empty() && chunk.len() <= 2 * CHUNK));
        let mut expected: Vec<&Plain> = all.values().copied().filter(|plain| plain.fits(&wanted, today)).collect();
        if wanted.by_price {
            expected.sort_by_key(|plain| (plain.effective().is_none(), plain.effective(), plain.number));
        }
        let mut found = Vec::new();
        loop {
            let page = shelf.search(&wanted, today).unwrap();
            prop_assert_eq!(page.total, expected.len());
            prop_assert!(page.rows.len() <= wanted.limit);
            wanted.after = page.rows.last().map(|row| After { number: row.number, price: row.price.as_ref().map(|(price, _)| *price) });
            found.extend(page.rows);
            if !page.is_more {
                break;
            }
        }
        prop_assert_eq!(found.iter().map(|row| row.number).collect::<Vec<_>>(), expected.iter().map(|plain| plain.number).collect::<Vec<_>>());
        for (row, plain) in found.iter().zip(&expected) {
            prop_assert_eq!((row.status, row.offer), (plain.status, plain.offer(today)));
            prop_assert_eq!(row.price.as_ref().map(|(price, _)| *price), plain.effective().map(Decimal::from));
            prop_assert_eq!(row.forced_for.as_deref(), plain.client);
            let same = shelf.find(row.number, today);
            prop_assert_eq!(same.as_ref(), Some(row));
            let exact = Wanted { number: Some(row.number), after: None, ..wanted.clone() };
            prop_assert_eq!(&shelf.search(&exact, today).unwrap().rows, std::slice::from_ref(row));
        }
        // Who searches the former one is not disturbed.
        let former: BTreeMap<E164, &Plain> = first.iter().map(|plain| (plain.number, plain)).collect();
        prop_assert_eq!(before.len(), former.len());
        prop_assert!(former.values().all(|plain| before.find(plain.number, today).is_some_and(|row| row.status == plain.status)));
    }

    /// The day that is told is the day on which it is for sale: not the day before, but then.
    #[test]
    fn clear_from_is_the_day(plains in plains(), today in 146_u64..230) {
        let mut shelf = empty();
        put(&mut shelf, &plains);
        for plain in &plains {
            let Some(shelved) = shelf.find(plain.number, day(today)) else { panic!("it was put there") };
            let Some(clear) = shelved.clear_from else { continue };
            prop_assert!(clear > day(today) && shelved.sale_waits());
            prop_assert!(!shelf.find(plain.number, clear - Days::new(1)).unwrap().offer.is_sold());
            prop_assert!(shelf.find(plain.number, clear).unwrap().offer.is_sold());
        }
    }

    #[test]
    fn the_capacity_is_counted(plains in plains(), today in 146_u64..230) {
        let mut shelf = empty();
        put(&mut shelf, &plains);
        let all: BTreeMap<E164, &Plain> = plains.iter().map(|plain| (plain.number, plain)).collect();
        let rows = shelf.capacity(day(today));
        for row in &rows {
            let code = |named: &Option<Named>| named.as_ref().map(|named| named.code.clone());
            let own = all.values().filter(|plain| {
                plain.provider.map(|id| PROVIDERS[id as usize].to_owned()) == code(&row.provider)
                    && plain.region.map(|id| REGIONS[id as usize].to_owned()) == code(&row.region)
            });
            for (status, count) in DidStatus::ALL.iter().zip(row.of_status) {
                prop_assert_eq!(own.clone().filter(|plain| plain.status == *status).count() as u64, count);
            }
            let green = own.filter(|plain| plain.status == DidStatus::Free && plain.offer(day(today)).is_green());
            prop_assert_eq!(green.count() as u64, row.for_sale);
        }
        prop_assert_eq!(rows.iter().flat_map(|row| row.of_status).sum::<u64>(), all.len() as u64);
    }
}

/// What a test asks of a number beside what people are shown.
impl Shelved {
    fn sale_waits(&self) -> bool {
        matches!(self.offer, Offer::HasCalls | Offer::InsufficientData | Offer::Rests)
    }
}

impl Offer {
    fn is_sold(self) -> bool {
        self.is_green() || self == Self::ForcedForOne
    }
}

#[test]
fn a_code_that_nothing_has_is_told() {
    let wanted = |regions: &[&str]| Wanted {
        regions: regions.iter().map(|code| (*code).to_owned()).collect(),
        limit: 10,
        ..Wanted::default()
    };
    let refused = empty().search(&wanted(&["moscow", "atlantis"]), day(100)).unwrap_err();
    assert_eq!(refused, NoSuchCode { what: "region", code: "atlantis".to_owned() });
    // A region without numbers is no mistake.
    assert_eq!(empty().search(&wanted(&["empty"]), day(100)).unwrap().total, 0);
}
