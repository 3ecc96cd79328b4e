//! Ordinary calls: who calls whom, for how long, by which trunk.
//!
//! **Owns:** `Draw`, the times and the parties of calls that nothing is wrong with. **Does not own:** rare and bad ones (`special`, `spoiled`),
//! bytes (`encode`). **Always:** a call ends when its turn in the schedule says; nothing valid ends later than "now".

use super::call::{Call, Disposition, Service};
use super::pools::Pools;
use super::rng::Rng;

/// Talk times in seconds at every twentieth part of the calls, the last hundredth apart: half of all talks last under 78 s, a few for hours.
const TALK: [i64; 20] = [1, 5, 10, 15, 21, 28, 36, 45, 55, 66, 78, 93, 112, 136, 168, 211, 272, 370, 545, 860];
/// The longest talk.
const TALK_MAX: i64 = 7_200;

/// Sources by what they can report.
pub(super) struct Feeds {
    /// Canonical, on-net calls once.
    pub(super) once: Vec<usize>,
    /// Canonical, on-net calls as two legs.
    pub(super) both: Vec<usize>,
    /// FreeSWITCH and Asterisk, in this order of the draw.
    pub(super) foreign: [Vec<usize>; 2],
}

/// Draws calls.
pub(super) struct Draw<'p, 'a> {
    pub(super) pools: &'p Pools<'a>,
    pub(super) feeds: Feeds,
    pub(super) rng: Rng,
    /// Makes identities of one seed differ from those of another.
    pub(super) series: u64,
    pub(super) drawn: u64,
}

impl<'p, 'a> Draw<'p, 'a> {
    pub(super) fn new(pools: &'p Pools<'a>, seed: u64) -> Self {
        let of = |format: &str, once: bool| {
            let sources = pools.operator.sources.iter().enumerate();
            sources
                .filter(|(_, source)| source.format == format && source.on_net_once == once)
                .map(|(index, _)| index)
                .collect::<Vec<_>>()
        };
        let foreign = ["freeswitch", "asterisk"].map(|format| of(format, false));
        let feeds = Feeds { once: of("canonical", true), both: of("canonical", false), foreign };
        Self {
            pools,
            feeds,
            rng: Rng::new(seed, "calls"),
            series: super::rng::fnv1a(&seed.to_be_bytes()) & 0xff_ffff,
            drawn: 0,
        }
    }

    /// A source for an ordinary call: four in a hundred from FreeSWITCH, four from Asterisk.
    pub(super) fn any_source(&mut self) -> usize {
        let foreign = match self.rng.below(1_000) {
            0..42 => self.feeds.foreign[0].first(),
            42..84 => self.feeds.foreign[1].first(),
            _ => None,
        };
        foreign.copied().unwrap_or_else(|| self.canonical_source())
    }

    /// A canonical source.
    pub(super) fn canonical_source(&mut self) -> usize {
        let feeds =
            if self.rng.chance(3, 5) || self.feeds.both.is_empty() { &self.feeds.once } else { &self.feeds.both };
        self.rng.pick(feeds).or(self.feeds.both.first()).copied().unwrap_or(0)
    }

    pub(super) fn format(&self, source: usize) -> &'a str {
        &self.pools.operator.sources[source].format
    }

    /// A call with times and an identity, but without parties.
    pub(super) fn bare(&mut self, source: usize, service: Service, end_ms: i64) -> Call<'a> {
        self.drawn += 1;
        let answered = self.rng.chance(65, 100);
        let disposition = if answered {
            Disposition::Answered
        } else {
            [Disposition::NoAnswer, Disposition::Busy, Disposition::Cancelled, Disposition::Failed]
                [self.rng.weighted([45, 20, 25, 10].into_iter())]
        };
        let mut call = Call {
            source,
            cdr_id: self.identity(source, end_ms),
            leg: 0,
            sequence: 0,
            is_final: true,
            account: None,
            src: String::new(),
            dst: String::new(),
            service,
            setup_ms: end_ms,
            answer_ms: None,
            end_ms,
            billable_ms: None,
            quantity: None,
            disposition,
            trunk_in: None,
            trunk_out: None,
            forwarded_from: None,
            incoming_service: None,
            place: None,
        };
        self.set_times(&mut call, answered);
        call
    }

    fn identity(&mut self, source: usize, end_ms: i64) -> String {
        let (series, drawn) = (self.series, self.drawn);
        match self.format(source) {
            "freeswitch" => format!(
                "{series:06x}{:02x}-{:04x}-4{:03x}-8{:03x}-{drawn:012x}",
                self.rng.below(256),
                self.rng.below(65_536),
                self.rng.below(4_096),
                self.rng.below(4_096)
            ),
            // One Asterisk in eight writes no unique id: such a record is known by its bytes.
            "asterisk" if self.rng.chance(1, 8) => String::new(),
            "asterisk" => format!("{}.{series}{drawn}", end_ms / 1_000),
            _ => format!("{series:06x}-{drawn:010}"),
        }
    }

    /// Times that end at `call.end_ms`.
    pub(super) fn set_times(&mut self, call: &mut Call<'a>, answered: bool) {
        let ringing = self.rng.between(900, 24_000);
        if answered {
            let answer = call.end_ms - self.talk_ms();
            call.answer_ms = Some(answer);
            call.setup_ms = answer - ringing;
        } else {
            call.setup_ms = call.end_ms - ringing;
        }
        if self.format(call.source) == "asterisk" {
            // Its stamps have whole seconds.
            for time in [&mut call.setup_ms, &mut call.end_ms].into_iter().chain(call.answer_ms.as_mut()) {
                *time -= time.rem_euclid(1_000);
            }
            return;
        }
        let talk = call.answer_ms.map(|answer| call.end_ms - answer);
        call.billable_ms = match talk {
            _ if self.rng.chance(1, 12) => None,
            // Switches count media, not signalling: a little less than the stamps say, by no more than is tolerated.
            Some(talk) if self.rng.chance(1, 6) && self.format(call.source) == "canonical" => {
                Some((talk - self.rng.between(1, 1_500)).max(0))
            }
            Some(talk) => Some(talk),
            None => Some(0),
        };
    }

    fn talk_ms(&mut self) -> i64 {
        if self.rng.chance(1, 300) {
            // Answered and gone at once.
            return self.rng.between(0, 999);
        }
        let seconds = match self.rng.index(100) {
            99 => (TALK[19], TALK_MAX),
            percent => {
                let step = percent / 5;
                (TALK[step], TALK.get(step + 1).copied().unwrap_or(1_500))
            }
        };
        // One talk in twenty lasts whole or half seconds exactly, which is where roundings differ.
        let whole = self.rng.between(seconds.0, seconds.1) * 1_000;
        whole + if self.rng.chance(1, 20) { 500 * self.rng.between(0, 1) } else { self.rng.between(0, 999) }
    }

    /// Writes a number as it might be dialled at the source.
    pub(super) fn dial(&mut self, source: usize, number: &str) -> String {
        let rules = &self.pools.operator.sources[source].rules;
        let means = |text: &str| rules.normalise(text).is_some_and(|normal| normal.digits() == Some(number));
        let written = self
            .rng
            .pick(&rules.pairs)
            .and_then(|(strip, put)| Some(format!("{strip}{}", number.strip_prefix(put.as_str())?)));
        let mut text = written.filter(|text| means(text)).unwrap_or_else(|| format!("+{number}"));
        if self.rng.chance(1, 25)
            && let Some(tech) = self.rng.pick(&rules.tech)
        {
            let with_tech = format!("{tech}{text}");
            text = if means(&with_tech) { with_tech } else { text };
        }
        if self.rng.chance(1, 60) && text.len() >= 11 {
            text.insert(text.len() - 4, '-');
            text.insert_str(text.len() - 8, ") ");
            text.insert(text.len() - 13, '(');
        }
        text
    }

    /// Makes `account` the one that calls: by name, by trunk, or by the number alone.
    pub(super) fn identify(&mut self, call: &mut Call<'a>, account: usize) {
        let operator = self.pools.operator;
        let numbers = &self.pools.numbers_of[account];
        let own = self.rng.pick(numbers).map(|number| (*number).to_owned());
        let owner = &operator.accounts[account];
        let is_canonical = self.format(call.source) == "canonical";
        match self.rng.below(20) {
            0..=8 => call.account = Some(&owner.code),
            9..=13 if is_canonical && !owner.trunks.is_empty() => {
                call.trunk_in = self.rng.pick(&owner.trunks).map(String::as_str);
            }
            _ if own.is_none() => call.account = Some(&owner.code),
            _ if is_canonical && self.rng.chance(1, 2) => call.trunk_in = Some("core-3"),
            _ => {}
        }
        // Where the payer is known without it, the calling number may be an extension, hidden, or a stranger's.
        let is_shared =
            call.trunk_in.and_then(|trunk| operator.trunk_owners.get(trunk)).is_some_and(|owners| owners.len() > 1);
        let known = call.account.is_some()
            || (call.trunk_in.is_some_and(|trunk| operator.trunk_owners.contains_key(trunk)) && !is_shared);
        call.src = match own {
            Some(number) if !known || self.rng.chance(9, 10) => self.dial(call.source, &number),
            _ => ["101", "anonymous", "2005", "unknown"][self.rng.index(4)].to_owned(),
        };
    }

    /// An account that calls; `worldly` ones have a price for the whole world.
    pub(super) fn caller(&mut self, worldly: bool) -> usize {
        let domestic = !worldly && self.rng.chance(4, 100);
        let accounts =
            if domestic && !self.pools.domestic.is_empty() { &self.pools.domestic } else { &self.pools.worldly };
        self.rng.pick_early(accounts).copied().unwrap_or(0)
    }

    /// A number somewhere outside, and whether it is abroad.
    pub(super) fn destination(&mut self, may_be_abroad: bool) -> (String, bool) {
        let pools = self.pools;
        let (pool, is_abroad) = match self.rng.below(1_000) {
            0..110 if may_be_abroad => (&pools.abroad, true),
            110..115 if may_be_abroad => (&pools.dear, true),
            0..500 => (&pools.mobile, false),
            500..750 => (&pools.moscow, false),
            _ => (&pools.regions, false),
        };
        (self.rng.pick_early(pool).cloned().unwrap_or_else(|| "79161234567".to_owned()), is_abroad)
    }

    /// A stranger who calls in.
    pub(super) fn stranger(&mut self) -> String {
        let strangers = if self.rng.chance(94, 100) { &self.pools.russians } else { &self.pools.foreigners };
        self.rng.pick_early(strangers).cloned().unwrap_or_else(|| "79031112233".to_owned())
    }

    pub(super) fn outgoing(&mut self, end_ms: i64) -> Call<'a> {
        let source = self.any_source();
        let mut call = self.bare(source, Service::Outgoing, end_ms);
        let account = self.caller(false);
        self.identify(&mut call, account);
        self.send(&mut call, account);
        call
    }

    /// Gives the call a destination outside and a way there.
    pub(super) fn send(&mut self, call: &mut Call<'a>, account: usize) {
        let (number, is_abroad) = self.destination(self.pools.domestic.binary_search(&account).is_err());
        call.dst = self.dial(call.source, &number);
        call.trunk_out =
            if self.rng.chance(1, 300) { Some("lab-1") } else { self.pools.route(is_abroad, &mut self.rng) };
        if self.format(call.source) == "canonical" && call.service == Service::Outgoing {
            call.place = match self.rng.below(20) {
                0 | 1 => Some("moscow"),
                2 => Some("ural"),
                _ => None,
            };
            call.incoming_service = self.rng.chance(1, 40).then_some("callback");
        }
    }

    /// A stranger calls one of `numbers`.
    pub(super) fn received(&mut self, service: Service, number: &str, end_ms: i64) -> Call<'a> {
        let source = self.any_source();
        let mut call = self.bare(source, service, end_ms);
        let stranger = self.stranger();
        call.src = if self.rng.chance(1, 50) { "anonymous".to_owned() } else { self.dial(source, &stranger) };
        call.dst = self.dial(source, number);
        call.trunk_in = if self.rng.chance(1, 100) { Some("lab-1") } else { self.pools.route(false, &mut self.rng) };
        call
    }

    pub(super) fn incoming(&mut self, end_ms: i64) -> Call<'a> {
        let number = self.rng.pick_early(&self.pools.in_work).map_or("", |did| did.0);
        self.received(Service::Incoming, number, end_ms)
    }

    pub(super) fn toll_free(&mut self, end_ms: i64) -> Call<'a> {
        let number = self.rng.pick_early(&self.pools.toll_free).map_or("", |did| did.0);
        let mut call = self.received(Service::Tollfree, number, end_ms);
        // Foreign callers are a tenth here: their minute costs the called account most.
        if self.rng.chance(1, 20)
            && let Some(foreigner) = self.rng.pick(&self.pools.foreigners)
        {
            call.src = self.dial(call.source, foreigner);
        }
        call
    }

    pub(super) fn forwarded(&mut self, end_ms: i64) -> Call<'a> {
        let source = self.any_source();
        let mut call = self.bare(source, Service::Forwarded, end_ms);
        let account = self.caller(false);
        let forwarding = self.rng.pick(&self.pools.numbers_of[account]).copied().unwrap_or("");
        let stranger = self.stranger();
        call.src = self.dial(source, &stranger);
        let is_asterisk = self.format(source) == "asterisk";
        call.forwarded_from = (!is_asterisk).then(|| self.dial(source, forwarding));
        // Master.csv has no place for the forwarding number, so the account is named there.
        call.account =
            (is_asterisk || self.rng.chance(1, 3)).then_some(self.pools.operator.accounts[account].code.as_str());
        self.send(&mut call, account);
        call
    }

    /// Between two numbers of one account, reported as `outgoing` or as `internal`.
    pub(super) fn internal(&mut self, end_ms: i64) -> Call<'a> {
        let source = self.any_source();
        let service = if self.rng.chance(1, 2) { Service::Outgoing } else { Service::Internal };
        let mut call = self.bare(source, service, end_ms);
        let account = self.rng.pick_early(&self.pools.with_two_numbers).copied().unwrap_or(0);
        self.identify(&mut call, account);
        let number = self.pools.numbers_of[account].last().copied().unwrap_or("");
        call.dst = self.dial(source, number);
        call
    }

    /// Between two accounts: one record from a source that reports such a call once, else two with one identity.
    pub(super) fn on_net(&mut self, end_ms: i64) -> Vec<Call<'a>> {
        let source = self.canonical_source();
        let mut call = self.bare(source, Service::Outgoing, end_ms);
        let account = self.caller(false);
        self.identify(&mut call, account);
        let is_toll_free = self.rng.chance(1, 10);
        let numbers = if is_toll_free { &self.pools.toll_free } else { &self.pools.in_work };
        let (number, _) = self.rng.pick_early(numbers).copied().unwrap_or(("", 0));
        call.dst = self.dial(source, number);
        if self.pools.operator.sources[source].on_net_once {
            return vec![call];
        }
        let service = if is_toll_free { Service::Tollfree } else { Service::Incoming };
        let called = Call { leg: 1, service, account: None, trunk_in: None, ..call.clone() };
        vec![call, called]
    }
}
