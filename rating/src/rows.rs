//! Plain rows: what a snapshot is built from, wherever they come from (Postgres, CSV files, a test).
//!
//! Owns: the shape of the rows and the typed identifiers in them.
//! Does not own: their checks (`build`) and their use (`snapshot`).
//! Always: rows are values; text has already become numbers, times and amounts.

use std::sync::Arc;

use chrono::NaiveDate;
use chrono_tz::Tz;
use numbering::{Digits, E164, NumberRules, ShortCode};
use serde::{Deserialize, Serialize};

use crate::calendar::Band;
use crate::code::{Service, words};
use crate::counter::Period;
use crate::identify::Identify;
use crate::list::{Qualifiers, Validity};
use crate::lock::{BreachRules, LockOrigin};
use crate::mapping::Mapping;
use crate::money::{Currency, Money, Rounding};
use crate::price::WholeSeconds;
use crate::rate::Rate;
use crate::terms::DiscountLevel;

/// Defines typed identifiers.
macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident($inner:ty)),+ $(,)?) => {
        $($(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);)+
    };
}

ids! {
    /// An account (лицевой счёт).
    AccountId(u64),
    /// A party with accounts.
    ClientId(u64),
    /// A DID of our capacity.
    DidId(u64),
    /// A carrier.
    ProviderId(u32),
    /// A group of clients.
    GroupId(u32),
    /// A price list.
    ListId(u32),
    /// A tariff plan.
    PlanId(u32),
    /// A bundle or a volume: what is counted per account and period.
    CounterId(u32),
    /// A word used as a qualifier (place, incoming service), interned.
    Symbol(u32),
}

/// A price list.
#[derive(Clone, Debug)]
pub struct ListRow {
    /// Identifier.
    pub id: ListId,
    /// Raised by everything that changes the list or its rows: one of the same revision need not be packed again.
    pub revision: u64,
    /// Code, unique.
    pub code: String,
    /// The provider of a wholesale list; `None` = retail.
    pub provider: Option<ProviderId>,
    /// Currency.
    pub currency: Currency,
    /// Zone of its bands.
    pub zone: Tz,
    /// Whether its prices include tax; else it is added to what a client pays.
    pub tax_included: bool,
    /// Rounding of amounts.
    pub rounding: Rounding,
}

/// A rate of a list.
#[derive(Clone, Copy, Debug)]
pub struct RateRow {
    /// Identifier, unique over all lists; ascending within a list.
    pub id: u64,
    /// The list.
    pub list: ListId,
    /// Prefix of the dialled number, or a fenced short code.
    pub prefix: Digits,
    /// Qualifiers.
    pub qualifiers: Qualifiers,
    /// Validity; a newer row of the same prefix and qualifiers ends the older one.
    pub validity: Validity,
    /// Index in [`Rows::rates`].
    pub rate: u32,
}

/// One layer of a tariff plan.
#[derive(Clone, Debug)]
pub struct LayerRow {
    /// The plan.
    pub plan: PlanId,
    /// Position; 1 is the uppermost.
    pub layer: u16,
    /// The list.
    pub list: ListId,
    /// When the layer belongs to the plan.
    pub validity: Validity,
}

/// A tariff plan.
#[derive(Clone, Debug)]
pub struct PlanRow {
    /// Identifier.
    pub id: PlanId,
    /// Code, unique.
    pub code: String,
    /// Whether incoming legs are priced (else they are free).
    pub prices_incoming: bool,
}

/// A bundle of a plan: units that cost nothing, per account and period.
#[derive(Clone, Debug)]
pub struct BundleRow {
    /// Identifier, unique over bundles and volumes.
    pub id: CounterId,
    /// The plan.
    pub plan: PlanId,
    /// Code, unique within the plan.
    pub code: String,
    /// Which bundle is used first: the lower.
    pub priority: u16,
    /// Units of a period: seconds of calls, pieces of events.
    pub units: u64,
    /// Period.
    pub period: Period,
    /// For how many further periods units that were not used can be; 0 = they are lost.
    pub keeps: u16,
    /// Whether a covered call has no connect fee.
    pub waives_connect_fee: bool,
    /// Services; empty = calls of every service.
    pub services: Vec<Service>,
    /// Index in [`Rows::destination_groups`]; `None` = any destination.
    pub destinations: Option<u32>,
    /// When the plan has it.
    pub validity: Validity,
}

/// A counter that the rates of a retail list go by: what an account was charged for in a period.
#[derive(Clone, Debug)]
pub struct VolumeRow {
    /// Identifier, unique over bundles and volumes.
    pub id: CounterId,
    /// The list.
    pub list: ListId,
    /// Code, unique within the list.
    pub code: String,
    /// Period.
    pub period: Period,
}

/// A named set of destinations.
#[derive(Clone, Debug)]
pub struct DestinationGroupRow {
    /// Code, unique.
    pub code: String,
    /// Prefixes; every number below one of them is inside.
    pub prefixes: Vec<Digits>,
}

/// An account.
#[derive(Clone, Debug)]
pub struct AccountRow {
    /// Identifier.
    pub id: AccountId,
    /// Code, unique: what records and people name it by.
    pub code: String,
    /// Its client.
    pub client: ClientId,
    /// Its currency.
    pub currency: Currency,
}

/// A client in a group for a time.
#[derive(Clone, Copy, Debug)]
pub struct GroupMemberRow {
    /// The group.
    pub group: GroupId,
    /// The client.
    pub client: ClientId,
    /// When.
    pub validity: Validity,
}

/// Whose terms these are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Holder {
    /// General terms.
    Everybody,
    /// The members of a group, while they are.
    Group(GroupId),
    /// A client.
    Client(ClientId),
    /// One account of a client: narrower than the client.
    Account(AccountId),
}

/// A discount.
#[derive(Clone, Copy, Debug)]
pub struct DiscountRow {
    /// Identifier.
    pub id: u64,
    /// Where it comes from.
    pub level: DiscountLevel,
    /// Whose it is.
    pub holder: Holder,
    /// Hundredths of a percent, at most 10,000.
    pub basis_points: u32,
    /// Only for this service.
    pub service: Option<Service>,
    /// Only for numbers with this prefix; empty = any.
    pub prefix: Digits,
    /// When.
    pub validity: Validity,
}

/// An exchange rate.
#[derive(Clone, Copy, Debug)]
pub struct ExchangeRow {
    /// Identifier.
    pub id: u64,
    /// Whose it is.
    pub holder: Holder,
    /// The currency that is converted.
    pub from: Currency,
    /// Into which.
    pub to: Currency,
    /// What `quantity` units of `from` cost in `to`; above 0.
    pub rate: Money,
    /// Units; above 0.
    pub quantity: u32,
    /// First day in force; a later row of the same holder and currencies follows it.
    pub day: NaiveDate,
    /// When it may be used at all: one that was ended by hand counts for the calls before that, and for none after.
    pub validity: Validity,
}

/// A tax rate of a client's own for a time (B22).
#[derive(Clone, Copy, Debug)]
pub struct ClientTaxRow {
    /// The client.
    pub client: ClientId,
    /// Hundredths of a percent.
    pub basis_points: u32,
    /// When.
    pub validity: Validity,
}

/// The plan of an account for a time.
#[derive(Clone, Copy, Debug)]
pub struct AccountPlanRow {
    /// The account.
    pub account: AccountId,
    /// The plan.
    pub plan: PlanId,
    /// When.
    pub validity: Validity,
}

/// A trunk by which an account is recognised.
#[derive(Clone, Debug)]
pub struct AccountTrunkRow {
    /// The account.
    pub account: AccountId,
    /// The trunk's name.
    pub trunk: String,
}

words! {
    /// State of a DID (M12).
    DidStatus {
        /// For sale.
        Free = "free",
        /// Promised.
        Reserved = "reserved",
        /// A subscriber's.
        InWork = "in_work",
        /// In quarantine.
        Archive = "archive",
        /// Not ours any more: ported out, or returned to whom it belongs (A33).
        Withdrawn = "withdrawn",
    }
}

/// The state of a DID for a time.
#[derive(Clone, Copy, Debug)]
pub struct DidRow {
    /// The number.
    pub number: E164,
    /// Its state.
    pub status: DidStatus,
    /// Its account, where it has one.
    pub account: Option<AccountId>,
    /// Its place of service.
    pub place: Option<Symbol>,
    /// When.
    pub validity: Validity,
}

/// A lock.
#[derive(Clone, Copy, Debug)]
pub struct LockRow {
    /// Identifier.
    pub id: u64,
    /// The account of a local lock; `None` = global.
    pub account: Option<AccountId>,
    /// The barred prefix or number.
    pub mask: Digits,
    /// Only through this provider.
    pub provider: Option<ProviderId>,
    /// Who asked for it.
    pub origin: LockOrigin,
    /// When it is in force.
    pub validity: Validity,
}

/// A carrier.
#[derive(Clone, Debug)]
pub struct ProviderRow {
    /// Identifier.
    pub id: ProviderId,
    /// Code, unique.
    pub code: String,
    /// Names of its trunks.
    pub trunks: Vec<String>,
}

/// A configured feed of a switch.
#[derive(Clone, Debug)]
pub struct SourceRow {
    /// Code, unique.
    pub code: String,
    /// Format of its records; a word of the decoders' registry.
    pub format: String,
    /// Zone of stamps without one.
    pub zone: chrono_tz::Tz,
    /// Milliseconds to seconds.
    pub whole_seconds: WholeSeconds,
    /// One record for an on-net call (then it yields two legs).
    pub on_net_once: bool,
    /// How it writes numbers, short codes not yet included.
    pub rules: NumberRules,
    /// How its records name the account.
    pub identify: Identify,
    /// How its records are read, where their format is its own.
    pub mapping: Option<Arc<Mapping>>,
}

/// A tax rate from a day on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TaxRow {
    /// First day.
    pub from: NaiveDate,
    /// Percent, in hundredths (2000 = 20 %).
    pub basis_points: u32,
}

/// The issuer of documents, in whose zone the usage day is.
#[derive(Clone, Copy, Debug)]
pub struct EntityRow {
    /// Zone.
    pub zone: Tz,
    /// Currency of its books.
    pub currency: Currency,
}

/// Settings that the engine reads.
#[derive(Clone, Debug)]
pub struct EngineSettings {
    /// Codes that always pass, free (A1).
    pub emergency: Vec<ShortCode>,
    /// Other short codes.
    pub short_codes: Vec<ShortCode>,
    /// What a lock breach does to the charge.
    pub breach: BreachRules,
}

impl Default for EngineSettings {
    fn default() -> Self {
        let emergency = ["112", "101", "102", "103", "104", "01", "02", "03", "04"];
        Self {
            emergency: emergency.iter().filter_map(|code| ShortCode::parse(code)).collect(),
            short_codes: Vec::new(),
            breach: BreachRules::default(),
        }
    }
}

/// Everything a snapshot is built from.
#[derive(Clone, Debug)]
pub struct Rows {
    /// Version of the catalogue that these rows are.
    pub version: u64,
    /// Issuer.
    pub entity: EntityRow,
    /// Settings.
    pub settings: EngineSettings,
    /// The standard tax rate by day.
    pub taxes: Vec<TaxRow>,
    /// Words that `Symbol`s stand for, by index.
    pub symbols: Vec<String>,
    /// Members of groups.
    pub members: Vec<GroupMemberRow>,
    /// Discounts.
    pub discounts: Vec<DiscountRow>,
    /// Exchange rates.
    pub exchanges: Vec<ExchangeRow>,
    /// Tax rates of clients.
    pub client_taxes: Vec<ClientTaxRow>,
    /// Time bands of lists.
    pub bands: Vec<Band>,
    /// Counters of lists.
    pub volumes: Vec<VolumeRow>,
    /// Named sets of destinations.
    pub destination_groups: Vec<DestinationGroupRow>,
    /// Bundles of plans.
    pub bundles: Vec<BundleRow>,
    /// Interned terms.
    pub rates: Vec<Rate>,
    /// Price lists.
    pub lists: Vec<ListRow>,
    /// Their rows.
    pub rate_rows: Vec<RateRow>,
    /// Plans.
    pub plans: Vec<PlanRow>,
    /// Their layers.
    pub layers: Vec<LayerRow>,
    /// Accounts.
    pub accounts: Vec<AccountRow>,
    /// Their plans.
    pub account_plans: Vec<AccountPlanRow>,
    /// Their trunks.
    pub account_trunks: Vec<AccountTrunkRow>,
    /// DIDs.
    pub dids: Vec<DidRow>,
    /// Locks.
    pub locks: Vec<LockRow>,
    /// Providers.
    pub providers: Vec<ProviderRow>,
    /// Sources.
    pub sources: Vec<SourceRow>,
}

impl Rows {
    /// No rows; the issuer in Moscow, default settings.
    pub fn empty() -> Self {
        Self {
            version: 0,
            entity: EntityRow { zone: chrono_tz::Europe::Moscow, currency: Currency::RUB },
            settings: EngineSettings::default(),
            taxes: Vec::new(),
            symbols: Vec::new(),
            members: Vec::new(),
            discounts: Vec::new(),
            exchanges: Vec::new(),
            client_taxes: Vec::new(),
            bands: Vec::new(),
            volumes: Vec::new(),
            destination_groups: Vec::new(),
            bundles: Vec::new(),
            rates: Vec::new(),
            lists: Vec::new(),
            rate_rows: Vec::new(),
            plans: Vec::new(),
            layers: Vec::new(),
            accounts: Vec::new(),
            account_plans: Vec::new(),
            account_trunks: Vec::new(),
            dids: Vec::new(),
            locks: Vec::new(),
            providers: Vec::new(),
            sources: Vec::new(),
        }
    }
}
