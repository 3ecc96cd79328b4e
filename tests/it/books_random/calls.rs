//! Calls: a catalogue in which each account pays a rouble a second, holds asked of the product, records booked as the ingest books them.
//!
//! Owns: the catalogue, the partition that the records come by, its crashes.
//! Does not own: what a call comes to (`books`).
//! Always: a batch whose commit is in doubt is settled by the position, and written again where it is not there.

use std::sync::Arc;

use billing::holds::{self, Admission, Ask, CallKey, EndedCall, Facts, Settled, Terms, What};
use billing::ledger::UsageDelta;
use billing::streams::{self, BatchTx, BatchWrite, Claim, Committed, Resolved, WriteError};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use numbering::{E164, NumberRules, NumberingPlan, parse_mask};
use rating::authorize::{Request, Rules, admit};
use rating::identify::Identify;
use rating::list::{Qualifiers, Validity};
use rating::rows::{
    AccountId, AccountPlanRow, AccountRow, ClientId, DidRow, DidStatus, LayerRow, ListId, ListRow, PlanId, PlanRow,
    ProviderId, ProviderRow, RateRow, Rows, SourceRow,
};
use rating::{Currency, Rate, RateParts, Rounding, Service, Snapshot, WholeSeconds, rate};
use rust_decimal::Decimal;
use serde_json::json;
use tests::cut;

use super::desk::Desk;
use super::step::Crash;

/// The switch that asks before its calls.
const SOURCE: &str = "sbc";
const DIALLED: &str = "381114112060";
/// How long a call may ring, and its money stays reserved for its record.
pub(super) const TERMS: Terms = Terms { ring: TimeDelta::seconds(180), keep: TimeDelta::hours(24) };
const TAX_BASIS_POINTS: u32 = 2_200;

/// What an account owes for calls: usage day, month of booking, sum.
pub(super) type Usage = (u64, NaiveDate, NaiveDate, Decimal);

/// The catalogue, and where the records have got to.
pub(super) struct Calls {
    admissions: Vec<Admission>,
    claim: Claim,
}

/// How the product may price and who may call: these accounts, each by a number of its own.
fn catalogue(accounts: &[(String, i64)]) -> Arc<Snapshot> {
    let currency = Currency::RUB;
    let mut rows = Rows::empty();
    rows.plans.push(PlanRow { id: PlanId(1), code: "plan".into(), prices_incoming: false });
    for (code, id) in accounts {
        let account = AccountId(id.cast_unsigned());
        let client = ClientId(id.cast_unsigned());
        rows.accounts.push(AccountRow { id: account, code: code.clone(), client, currency });
        rows.account_plans.push(AccountPlanRow { account, plan: PlanId(1), validity: Validity::ALWAYS });
        rows.dids.push(DidRow {
            number: E164::parse(&number(*id)).unwrap(),
            status: DidStatus::InWork,
            account: Some(account),
            place: None,
            validity: Validity::ALWAYS,
        });
    }
    rows.providers.push(ProviderRow { id: ProviderId(1), code: "mts".into(), trunks: vec!["mts-1".into()] });
    rows.sources.push(SourceRow {
        code: SOURCE.into(),
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
    Arc::new(Snapshot::build(rows, Arc::new(plan)).unwrap())
}

/// The number by which an account calls.
fn number(account: i64) -> String {
    format!("7495{account:07}")
}

impl Calls {
    /// For these accounts, by code and identifier.
    pub(super) async fn open(desk: &Desk, accounts: &[(String, i64)]) -> Self {
        let snapshot = catalogue(accounts);
        let admission = |(_, id): &(String, i64)| {
            let src = number(*id);
            let request = Request {
                source: &snapshot.sources()[0],
                service: Service::Outgoing,
                account: None,
                trunk: None,
                src: &src,
                dst: DIALLED,
                forwarded_from: None,
                incoming_service: None,
                place: None,
                providers: &[],
                at_ms: desk.now().timestamp_millis(),
            };
            let Ok(admitted) = admit(&snapshot, &request, Rules::default()).outcome else {
                panic!("the catalogue lets its own accounts call")
            };
            Admission { admitted: Arc::new(admitted), snapshot: Arc::clone(&snapshot) }
        };
        let admissions = accounts.iter().map(admission).collect();
        let store = &desk.world.store;
        let stream = streams::open_stream(store, "test", "books").await.unwrap();
        let claim = streams::claim(store, stream, 0, "books", 0).await.unwrap();
        Self { admissions, claim }
    }

    /// A call wants to begin; asked once more where the first answer is lost.
    pub(super) async fn begin(
        &self,
        desk: &Desk,
        (account, id): (usize, i64),
        (name, max_seconds): (&str, u64),
        crash: Crash,
    ) -> Result<Settled, String> {
        let call = self.admissions[account].clone();
        let facts = Facts {
            service: Service::Outgoing,
            src: number(id),
            dst: DIALLED.to_owned(),
            currency: Currency::RUB,
            request: json!({}),
            routes: json!([]),
            checks: json!([]),
        };
        let what = What::Begin { call, max_seconds, facts: Box::new(facts) };
        self.ask(desk, id, name, what, crash).await
    }

    /// A call is over after these seconds.
    pub(super) async fn release(
        &self,
        desk: &Desk,
        (account, id): (usize, i64),
        (name, seconds): (&str, u64),
        crash: Crash,
    ) -> Result<Settled, String> {
        let what = What::End { call: Some(self.admissions[account].clone()), seconds, answered_at: None };
        self.ask(desk, id, name, what, crash).await
    }

    async fn ask(&self, desk: &Desk, id: i64, name: &str, what: What, crash: Crash) -> Result<Settled, String> {
        let key = CallKey { source: SOURCE.to_owned(), call_id: name.to_owned(), leg: 0 };
        let asks = [Ask { key, account: AccountId(id.cast_unsigned()), what }];
        let grant = || holds::grant(&desk.world.store, &asks, TERMS, desk.now());
        match crash {
            Crash::None => {}
            Crash::Cut(answers) => drop(cut(grant(), answers).await),
            Crash::Dropped | Crash::Killed | Crash::Unheard => drop(grant().await),
        }
        let mut settled = grant().await.map_err(|error| error.to_string())?;
        settled.pop().ok_or_else(|| "an ask without an answer".to_owned())
    }

    /// A batch of records: what an account owes for them, and the call that they end. `false`: the month is closed, and nothing was booked.
    pub(super) async fn record(
        &mut self,
        desk: &Desk,
        usage: Usage,
        ended: Option<&str>,
        crash: Crash,
    ) -> Result<bool, String> {
        let (account, usage_day, booking_period, gross) = usage;
        let delta = UsageDelta {
            account,
            usage_day,
            booking_period,
            service: Service::Outgoing,
            tax_basis_points: TAX_BASIS_POINTS,
            gross,
            net: gross / Decimal::new(122, 2),
            calls: 1,
            seconds: 60,
        };
        let ended: Vec<EndedCall<'_>> =
            ended.into_iter().map(|call_id| EndedCall { source: SOURCE, call_id, leg: 0, is_answered: true }).collect();
        let usage = [delta];
        let from_offset = self.claim.next_offset;
        let write = BatchWrite {
            from_offset,
            next_offset: from_offset + 1,
            last_digest: vec![0; 16],
            resolved: Resolved::default(),
            read_up_to: desk.now(),
            usage: &usage,
            identities: &[7; 16],
            newest_end: desk.now(),
            suspense: &[],
            counters: &[],
            non_target: &[],
            long_calls: &[],
            revisions: &[],
            ended: &ended,
            outbox: &[],
        };
        let is_written = match crash {
            Crash::None => false,
            Crash::Dropped | Crash::Killed => self.lost(desk, &write, crash).await?,
            Crash::Cut(answers) => {
                let _ = cut(self.attempt(desk, &write), answers).await;
                self.is_written(desk, &write).await?
            }
            Crash::Unheard => {
                let committed = self.attempt(desk, &write).await?;
                if self.is_written(desk, &write).await? != committed {
                    return Err("the position does not say what was committed".to_owned());
                }
                committed
            }
        };
        let is_booked = is_written || self.attempt(desk, &write).await?;
        if is_booked {
            self.claim.next_offset = write.next_offset;
        }
        Ok(is_booked)
    }

    /// A batch that is written and never committed; whether it is there all the same.
    async fn lost(&self, desk: &Desk, write: &BatchWrite<'_>, crash: Crash) -> Result<bool, String> {
        let mut tx = BatchTx::begin(&desk.world.store).await.map_err(|error| error.to_string())?;
        let written = tx.write(&self.claim, write).await;
        if crash == Crash::Killed && written.is_ok() {
            desk.kill().await;
            let _ = tx.commit().await;
        } else {
            drop(tx);
        }
        self.is_written(desk, write).await
    }

    /// Whether the position is behind a batch: how the ingest settles a commit that it did not hear of.
    async fn is_written(&self, desk: &Desk, write: &BatchWrite<'_>) -> Result<bool, String> {
        // Under the lock of batches: whoever was given up in the middle is rolled back, or has committed, by then.
        drop(BatchTx::begin(&desk.world.store).await.map_err(|error| error.to_string())?);
        let position = streams::position(&desk.world.store, self.claim.stream, self.claim.partition).await;
        let (_, next_offset) = position.map_err(|error| error.to_string())?;
        Ok(next_offset == write.next_offset)
    }

    async fn attempt(&self, desk: &Desk, write: &BatchWrite<'_>) -> Result<bool, String> {
        let mut tx = BatchTx::begin(&desk.world.store).await.map_err(|error| error.to_string())?;
        match tx.write(&self.claim, write).await {
            Ok(_) => match tx.commit().await.map_err(|error| error.to_string())? {
                Committed::Yes => Ok(true),
                Committed::Unknown => self.is_written(desk, write).await,
            },
            Err(WriteError::PeriodClosed) => Ok(false),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// When the money of a call that begins now is free again at the latest.
pub(super) fn reserved_until(now: DateTime<Utc>, seconds: u64) -> DateTime<Utc> {
    now + TERMS.ring + TimeDelta::seconds(seconds.cast_signed()) + TERMS.keep
}
