//! A snapshot that follows changes is the same as one that is built anew after them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use numbering::{E164, NumberingPlan};
use proptest::prelude::*;
use rating::build::{ListContext, Lists};
use rating::leg::{Leg, price_leg};
use rating::list::{Qualifiers, Validity};
use rating::lock::{LockOrigin, ProviderQuery};
use rating::price::Usage;
use rating::rows::{
    AccountId, AccountPlanRow, AccountRow, AccountTrunkRow, ClientId, ClientTaxRow, DidRow, DidStatus, DiscountRow,
    GroupId, GroupMemberRow, Holder, LayerRow, ListId, ListRow, LockRow, PlanId, PlanRow, RateRow, Rows, Symbol,
};
use rating::snapshot::AccountIx;
use rating::terms::DiscountLevel;
use rating::{Currency, Rate, RateParts, Rounding, Service, Snapshot, rate};

use super::common::digits;

const ACCOUNTS: u64 = 5;
const CLIENTS: u64 = 3;
const NUMBERS: u64 = 6;
/// Moments at which snapshots are compared; periods begin and end between them.
const MOMENTS: [i64; 3] = [-1_000, 5_000, 15_000];

#[derive(Clone, Debug)]
struct AccountState {
    code: u8,
    client: u64,
    /// Plan of each of two periods, if any.
    plans: [Option<u32>; 2],
    trunks: Vec<u8>,
    locks: Vec<u8>,
    discount: Option<u32>,
}

#[derive(Clone, Debug)]
struct ClientState {
    discount: Option<u32>,
    tax: Option<u32>,
    is_member: bool,
}

#[derive(Clone, Debug)]
struct NumberState {
    account: Option<u64>,
    place: u32,
    has_past: bool,
}

#[derive(Clone, Debug)]
struct TariffState {
    prices: [u8; 2],
    group_discount: Option<u32>,
    global_lock: Option<u8>,
    plans: u32,
}

#[derive(Clone, Debug)]
enum Edit {
    Account(u64, AccountState),
    Client(u64, ClientState),
    Number(u64, Option<NumberState>),
    Tariffs(TariffState),
}

#[derive(Clone, Debug)]
struct Operator {
    accounts: BTreeMap<u64, AccountState>,
    clients: BTreeMap<u64, ClientState>,
    numbers: BTreeMap<u64, NumberState>,
    tariffs: TariffState,
    /// Revisions of the two lists.
    revisions: [u64; 2],
    /// Places that some number has had.
    places: BTreeSet<u32>,
}

const PERIODS: [Validity; 2] =
    [Validity { from_ms: i64::MIN, to_ms: 10_000 }, Validity { from_ms: 10_000, to_ms: i64::MAX }];

fn number(index: u64) -> E164 {
    E164::parse(&format!("7495000000{index}")).unwrap()
}

fn discount(id: u64, level: DiscountLevel, holder: Holder, percent: u32) -> DiscountRow {
    let (basis_points, prefix, validity) = (percent * 100, digits("7"), Validity::ALWAYS);
    DiscountRow { id, level, holder, basis_points, service: None, prefix, validity }
}

impl Operator {
    fn new() -> Self {
        let tariffs = TariffState { prices: [10, 20], group_discount: None, global_lock: None, plans: 2 };
        Self {
            accounts: BTreeMap::new(),
            clients: BTreeMap::new(),
            numbers: BTreeMap::new(),
            tariffs,
            revisions: [0, 0],
            places: BTreeSet::new(),
        }
    }

    /// Everything but accounts and numbers.
    fn tariff_rows(&self) -> Rows {
        let mut rows = Rows { symbols: (0..4).map(|place| format!("place-{place}")).collect(), ..Rows::empty() };
        let tiers = |price: u8| rate::parse_tiers(&format!("0:1@{price}/1")).unwrap();
        for (index, price) in (0u32..).zip(self.tariffs.prices) {
            rows.rates.push(Rate::new(RateParts { tiers: tiers(price), ..RateParts::default() }).unwrap());
            rows.lists.push(ListRow {
                id: ListId(index),
                revision: self.revisions[index as usize],
                code: format!("list-{index}"),
                provider: None,
                currency: Currency::RUB,
                zone: chrono_tz::UTC,
                tax_included: false,
                rounding: Rounding::DEFAULT,
            });
        }
        for plan in 0..self.tariffs.plans {
            rows.plans.push(PlanRow { id: PlanId(plan), code: format!("plan-{plan}"), prices_incoming: false });
            let list = ListId(plan % 2);
            rows.layers.push(LayerRow { plan: PlanId(plan), layer: 1, list, validity: Validity::ALWAYS });
        }
        let percent = self.tariffs.group_discount;
        rows.discounts
            .extend(percent.map(|percent| discount(1, DiscountLevel::Group, Holder::Group(GroupId(1)), percent)));
        rows.locks.extend(self.tariffs.global_lock.map(|mask| lock(1, None, mask)));
        rows
    }

    fn rate_rows(list: u32) -> Vec<RateRow> {
        let (prefix, validity, qualifiers) = (digits("7"), Validity::ALWAYS, Qualifiers::default());
        vec![RateRow { id: u64::from(list) + 1, list: ListId(list), prefix, qualifiers, validity, rate: list }]
    }

    /// Adds accounts with what belongs to them, and numbers.
    fn add_parties(&self, rows: &mut Rows, accounts: impl Fn(u64) -> bool, numbers: impl Fn(u64) -> bool) {
        for (id, state) in self.accounts.iter().filter(|(id, _)| accounts(**id)) {
            let account = AccountId(*id);
            let (code, client) = (format!("code-{}-{id}", state.code), ClientId(state.client));
            rows.accounts.push(AccountRow { id: account, code, client, currency: Currency::RUB });
            let both = state.plans[0] == state.plans[1];
            let periods = if both {
                vec![(state.plans[0], Validity::ALWAYS)]
            } else {
                state.plans.into_iter().zip(PERIODS).collect()
            };
            for (plan, validity) in periods {
                rows.account_plans.extend(plan.map(|plan| AccountPlanRow { account, plan: PlanId(plan), validity }));
            }
            let trunk = |trunk: &u8| AccountTrunkRow { account, trunk: format!("trunk-{trunk}") };
            rows.account_trunks.extend(state.trunks.iter().map(trunk));
            rows.locks.extend(state.locks.iter().map(|mask| lock(id * 100 + u64::from(*mask), Some(account), *mask)));
            let own = |percent| discount(10 + id, DiscountLevel::Personal, Holder::Account(account), percent);
            rows.discounts.extend(state.discount.map(own));
        }
        let clients: BTreeSet<u64> = rows.accounts.iter().map(|account| account.client.0).collect();
        for (id, state) in self.clients.iter().filter(|(id, _)| clients.contains(id)) {
            let (client, validity) = (ClientId(*id), Validity::ALWAYS);
            let own = |percent| discount(20 + id, DiscountLevel::Personal, Holder::Client(client), percent);
            rows.discounts.extend(state.discount.map(own));
            rows.client_taxes.extend(state.tax.map(|percent| ClientTaxRow {
                client,
                basis_points: percent * 100,
                validity,
            }));
            rows.members.extend(state.is_member.then_some(GroupMemberRow { group: GroupId(1), client, validity }));
        }
        for (index, state) in self.numbers.iter().filter(|(index, _)| numbers(**index)) {
            let (account, place) =
                (state.account.filter(|id| self.accounts.contains_key(id)), Some(Symbol(state.place)));
            let did = |status, account: Option<u64>, validity| DidRow {
                number: number(*index),
                status,
                account: account.map(AccountId),
                place,
                validity,
            };
            if state.has_past {
                rows.dids.push(did(DidStatus::Archive, None, PERIODS[0]));
            }
            rows.dids.push(did(DidStatus::InWork, account, PERIODS[1]));
        }
    }

    fn built(&self) -> Snapshot {
        let mut rows = self.tariff_rows();
        rows.rate_rows = (0..2).flat_map(Self::rate_rows).collect();
        self.add_parties(&mut rows, |_| true, |_| true);
        Snapshot::build(rows, numbering()).unwrap()
    }

    /// Applies an edit, and gives the snapshot that follows `former` by reading nothing but what it touched.
    fn edit(&mut self, former: &Snapshot, edit: Edit) -> Snapshot {
        let mut rows = Rows { symbols: self.tariff_rows().symbols, ..Rows::empty() };
        match edit {
            Edit::Account(id, state) => {
                self.accounts.insert(id, state);
                self.add_parties(&mut rows, |other| other == id, |_| false);
            }
            Edit::Client(id, state) => {
                self.clients.insert(id, state);
                let theirs: Vec<u64> =
                    self.accounts.iter().filter(|(_, account)| account.client == id).map(|(id, _)| *id).collect();
                self.add_parties(&mut rows, |other| theirs.contains(&other), |_| false);
            }
            Edit::Number(index, state) => {
                self.numbers.remove(&index);
                // Of an account that there is.
                let state = state.map(|state| NumberState {
                    account: state.account.filter(|id| self.accounts.contains_key(id)),
                    ..state
                });
                self.places.extend(state.as_ref().map(|state| state.place));
                self.numbers.extend(state.map(|state| (index, state)));
                self.add_parties(&mut rows, |_| false, |other| other == index);
                return former.clone().amended(&rows, &[number(index)]).unwrap();
            }
            Edit::Tariffs(state) => {
                for list in 0..2 {
                    self.revisions[list] += u64::from(self.tariffs.prices[list] != state.prices[list]);
                }
                let plans = self.tariffs.plans.max(state.plans);
                self.tariffs = TariffState { plans, ..state };
                let rows = self.tariff_rows();
                let mut lists = Lists::after(former);
                for head in &rows.lists {
                    if !lists.keep(former, head) {
                        let context = ListContext { rates: &rows.rates, bands: &[], volumes: &[] };
                        lists.add(head, Self::rate_rows(head.id.0).into_iter().zip(0..).collect(), context);
                    }
                }
                return former.retariffed(&rows, lists).unwrap();
            }
        }
        former.clone().amended(&rows, &[]).unwrap()
    }
}

fn lock(id: u64, account: Option<AccountId>, mask: u8) -> LockRow {
    let (origin, validity) = (LockOrigin::Operator, Validity::ALWAYS);
    LockRow { id, account, mask: digits(&format!("7916{mask}")), provider: None, origin, validity }
}

fn numbering() -> Arc<NumberingPlan> {
    Arc::new(NumberingPlan::from_csv("prefix,country,kind,name_en,name_ru\n7,RU,any,,\n").unwrap())
}

/// Everything that can be asked of a snapshot, in words. Indices of accounts may differ and are not among them.
fn told(snapshot: &Snapshot) -> Vec<String> {
    let mut told = Vec::new();
    let name = |index: AccountIx| snapshot.account_code(index).to_owned();
    for (id, code) in (0..ACCOUNTS).flat_map(|id| (0..3).map(move |code| (id, format!("code-{code}-{id}")))) {
        let index = snapshot.account_by_code(&code);
        told.push(format!("{code} {:?}", index.map(|index| snapshot.account(index).client)));
        if let Some(index) = index {
            assert_eq!(snapshot.account_by_id(AccountId(id)), Some(index), "{code}");
            for at_ms in MOMENTS {
                told.push(account_at(snapshot, index, at_ms));
            }
        }
    }
    for trunk in 0..3 {
        let accounts = snapshot.accounts_by_trunk(&format!("trunk-{trunk}"));
        let accounts: BTreeSet<String> = accounts.iter().map(|index| name(*index)).collect();
        told.push(format!("trunk {trunk} {accounts:?}"));
    }
    for (index, at_ms) in (0..NUMBERS).flat_map(|index| MOMENTS.map(|at_ms| (index, at_ms))) {
        let state = snapshot.did(number(index), at_ms);
        let state =
            state.map(|state| (state.status, state.account.map(name), state.place.and_then(|p| snapshot.word(p))));
        told.push(format!("number {index} at {at_ms} {state:?}"));
    }
    told.push(format!("{}", snapshot.account_count()));
    told
}

/// Plan, locks and prices of an account at a moment.
fn account_at(snapshot: &Snapshot, index: AccountIx, at_ms: i64) -> String {
    let plan = snapshot.plan_of(index, at_ms).map(|plan| &*plan.code);
    let numbers: Vec<_> = (0..3).map(|mask| digits(&format!("7916{mask}000000"))).collect();
    let about = numbers.iter().map(|dialled| {
        let chain = snapshot.chain(*dialled);
        let locks = snapshot.locks(Some(index), *dialled, &chain, ProviderQuery::Any, at_ms);
        let locks: Vec<u64> = locks.map(|found| found.lock.id).collect();
        let leg = Leg {
            account: Some(index),
            plan: None,
            service: Service::Outgoing,
            number: *dialled,
            origin: digits("7"),
            provider: None,
            incoming_service: None,
            place: None,
            at_ms,
            usage: Usage::call(10_000),
            stored: None,
            counters: &(),
        };
        let price = price_leg(snapshot, &leg, &mut ()).map(|price| (price.retail.amount, price.tax_basis_points));
        format!("{locks:?} {price:?}")
    });
    let about: Vec<String> = about.collect();
    format!("at {at_ms} {plan:?} {about:?}")
}

fn percent() -> impl Strategy<Value = Option<u32>> {
    prop_oneof![Just(None), (0u32..90).prop_map(Some)]
}

fn account() -> impl Strategy<Value = AccountState> {
    let few = || proptest::collection::btree_set(0u8..3, 0..3).prop_map(|set| set.into_iter().collect::<Vec<_>>());
    let plan = || proptest::option::of(0u32..2);
    (0u8..3, 0..CLIENTS, [plan(), plan()], few(), few(), percent()).prop_map(
        |(code, client, plans, trunks, locks, discount)| AccountState { code, client, plans, trunks, locks, discount },
    )
}

fn edit() -> impl Strategy<Value = Edit> {
    let client = (percent(), percent(), any::<bool>()).prop_map(|(discount, tax, is_member)| ClientState {
        discount,
        tax,
        is_member,
    });
    let number = (proptest::option::of(0..ACCOUNTS), 0u32..4, any::<bool>())
        .prop_map(|(account, place, has_past)| NumberState { account, place, has_past });
    let tariffs = ([1u8..50, 1..50], percent(), proptest::option::of(0u8..3), 2u32..5).prop_map(
        |(prices, group_discount, global_lock, plans)| TariffState { prices, group_discount, global_lock, plans },
    );
    prop_oneof![
        3 => (0..ACCOUNTS, account()).prop_map(|(id, state)| Edit::Account(id, state)),
        2 => (0..CLIENTS, client).prop_map(|(id, state)| Edit::Client(id, state)),
        2 => (0..NUMBERS, proptest::option::weighted(0.8, number)).prop_map(|(index, state)| Edit::Number(index, state)),
        1 => tariffs.prop_map(Edit::Tariffs),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    /// Snapshots taken on the way keep saying what they said.
    #[test]
    fn following_changes_is_building_anew(edits in proptest::collection::vec(edit(), 1..25)) {
        let mut operator = Operator::new();
        let mut snapshot = operator.built();
        let mut earlier: Vec<(Snapshot, Vec<String>)> = Vec::new();
        for edit in edits {
            let next = operator.edit(&snapshot, edit.clone());
            let told_now = told(&next);
            prop_assert_eq!(&told_now, &told(&operator.built()), "after {:?}", edit);
            earlier.push((snapshot, told_now.clone()));
            snapshot = next;
        }
        for pair in earlier.windows(2) {
            prop_assert_eq!(&told(&pair[1].0), &pair[0].1);
        }
    }
}
