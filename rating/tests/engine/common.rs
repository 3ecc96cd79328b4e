//! A small operator, built from words, for tests of the choice of a rate.

use std::sync::Arc;

use numbering::{Digits, NumberingPlan, parse_mask};
use rating::list::{Qualifiers, Validity, Wanted};
use rating::rows::{
    AccountId, AccountPlanRow, AccountRow, ClientId, LayerRow, ListId, ListRow, LockRow, PlanId, PlanRow, ProviderId,
    ProviderRow, RateRow, Rows,
};
use rating::{Currency, Rate, RateParts, Rounding, Service, Snapshot, rate};

pub(crate) fn digits(text: &str) -> Digits {
    parse_mask(text).unwrap()
}

/// Rows under construction.
pub(crate) struct Operator {
    pub(crate) rows: Rows,
}

impl Operator {
    /// One account `a` on plan 1, whose layers are the retail lists given to [`Operator::list`]; provider 1.
    pub(crate) fn new() -> Self {
        let mut rows = Rows::empty();
        rows.plans.push(PlanRow { id: PlanId(1), code: "plan".into(), prices_incoming: false });
        rows.accounts.push(AccountRow {
            id: AccountId(1),
            code: "a".into(),
            client: ClientId(1),
            currency: Currency::parse("RUB").unwrap(),
        });
        rows.account_plans.push(AccountPlanRow { account: AccountId(1), plan: PlanId(1), validity: Validity::ALWAYS });
        rows.providers.push(ProviderRow { id: ProviderId(1), code: "mts".into(), trunks: vec!["mts-1".into()] });
        rows.providers.push(ProviderRow { id: ProviderId(2), code: "megafon".into(), trunks: vec!["mgf-1".into()] });
        Self { rows }
    }

    /// Adds a retail list as the lowest layer so far, or the wholesale list of a provider.
    pub(crate) fn list(&mut self, id: u32, provider: Option<u32>) -> &mut Self {
        self.rows.lists.push(ListRow {
            id: ListId(id),
            revision: 0,
            code: format!("list-{id}"),
            provider: provider.map(ProviderId),
            currency: Currency::parse("RUB").unwrap(),
            zone: chrono_tz::UTC,
            tax_included: true,
            rounding: Rounding::DEFAULT,
        });
        if provider.is_none() {
            let layer = self.rows.layers.len() as u16 + 1;
            self.rows.layers.push(LayerRow { plan: PlanId(1), layer, list: ListId(id), validity: Validity::ALWAYS });
        }
        self
    }

    /// Adds a row at `price` a second.
    pub(crate) fn rate(
        &mut self,
        list: u32,
        prefix: &str,
        price: &str,
        change: impl FnOnce(&mut RateRow),
    ) -> &mut Self {
        let tiers = rate::parse_tiers(&format!("0:1@{price}/1")).unwrap();
        let index = self.rows.rates.len() as u32;
        self.rows.rates.push(Rate::new(RateParts { tiers, ..RateParts::default() }).unwrap());
        let mut row = RateRow {
            id: u64::from(index) + 1,
            list: ListId(list),
            prefix: digits(prefix),
            qualifiers: Qualifiers::default(),
            validity: Validity::ALWAYS,
            rate: index,
        };
        change(&mut row);
        self.rows.rate_rows.push(row);
        self
    }

    /// Adds a lock.
    pub(crate) fn lock(&mut self, mask: &str, account: Option<u64>, origin: rating::lock::LockOrigin) -> &mut Self {
        let id = self.rows.locks.len() as u64 + 1;
        self.rows.locks.push(LockRow {
            id,
            account: account.map(AccountId),
            mask: digits(mask),
            provider: None,
            origin,
            validity: Validity::ALWAYS,
        });
        self
    }

    pub(crate) fn build(&self) -> Snapshot {
        self.try_build().unwrap()
    }

    pub(crate) fn try_build(&self) -> Result<Snapshot, Vec<rating::build::BadRow>> {
        let plan = NumberingPlan::from_csv("prefix,country,kind,name_en,name_ru\n7,RU,any,,\n").unwrap();
        Snapshot::build(self.rows.clone(), Arc::new(plan))
    }
}

/// An outgoing leg at moment 0.
pub(crate) fn outgoing() -> Wanted {
    Wanted {
        service: Service::Outgoing,
        incoming_service: None,
        provider: None,
        place: None,
        origin: Digits::EMPTY,
        at_ms: 0,
    }
}
