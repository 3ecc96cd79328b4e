//! Rare calls that are sound but end otherwise: emergency, short codes, messages, idle numbers, locks, no price, no payer.
//!
//! **Owns:** those calls. **Does not own:** records that are damaged (`spoiled`). **Always:** each is made so that no other rule decides first.

use super::call::{Call, Disposition, Service};
use super::calls::Draw;

impl<'a> Draw<'_, 'a> {
    pub(super) fn emergency(&mut self, end_ms: i64) -> Call<'a> {
        let mut call = self.canonical(Service::Outgoing, end_ms);
        let account = self.caller(false);
        self.identify(&mut call, account);
        if self.rng.chance(1, 4) {
            // Whoever calls: also somebody whom nobody knows.
            let stranger = self.stranger();
            (call.account, call.trunk_in) = (None, None);
            call.src = self.dial(call.source, &stranger);
        }
        call.dst = self.rng.pick(&self.pools.emergency).copied().unwrap_or("112").to_owned();
        call
    }

    pub(super) fn short_code(&mut self, end_ms: i64) -> Call<'a> {
        let mut call = self.canonical(Service::Outgoing, end_ms);
        let account = self.caller(false);
        self.identify(&mut call, account);
        call.dst = self.rng.pick(&self.pools.short_codes).copied().unwrap_or("112").to_owned();
        call
    }

    /// A message of a few parts to a mobile, from an account whose plan prices messages; a few are never sent.
    pub(super) fn message(&mut self, end_ms: i64) -> Call<'a> {
        let Some(account) = self.rng.pick_early(&self.pools.pack).copied() else { return self.outgoing(end_ms) };
        let mut call = self.canonical(Service::Message, end_ms);
        self.identify(&mut call, account);
        let number = self.rng.pick_early(&self.pools.mobile).cloned().unwrap_or_else(|| "79161234567".to_owned());
        call.dst = self.dial(call.source, &number);
        let is_sent = self.rng.chance(29, 30);
        call.setup_ms = end_ms - self.rng.between(40, 2_500);
        call.answer_ms = is_sent.then_some(end_ms);
        call.disposition = if is_sent { Disposition::Answered } else { Disposition::Failed };
        call.billable_ms = self.rng.chance(1, 3).then_some(0);
        call.quantity = u32::try_from(self.rng.between(1, 5)).ok();
        call
    }

    /// A stranger calls a number that nobody has; a few such numbers get most of the calls, a fifth of them none.
    pub(super) fn idle_number(&mut self, end_ms: i64) -> Call<'a> {
        let number = self.idle();
        let service = if number.starts_with("780") { Service::Tollfree } else { Service::Incoming };
        self.received(service, number, end_ms)
    }

    fn idle(&mut self) -> &'a str {
        let called = &self.pools.idle[..self.pools.idle.len() * 4 / 5];
        let width = self.rng.index(called.len().max(1)).max(1);
        called.get(self.rng.index(width)).copied().unwrap_or("")
    }

    /// Our subscriber calls such a number: his leg is rated, the called one is not.
    pub(super) fn own_to_idle(&mut self, end_ms: i64) -> Vec<Call<'a>> {
        let mut call = self.canonical(Service::Outgoing, end_ms);
        let account = self.caller(false);
        self.identify(&mut call, account);
        // A number that is kept for the caller himself is "of no other account", which the text does not settle.
        let dids = &self.pools.operator.dids;
        let had_by_caller = |number: &str| {
            dids.get(number).is_none_or(|history| history.iter().any(|period| period.account == Some(account)))
        };
        let number = (0..8).map(|_| self.idle()).find(|number| !had_by_caller(number));
        let Some(number) = number else { return vec![self.outgoing(end_ms)] };
        call.dst = self.dial(call.source, number);
        if self.pools.operator.sources[call.source].on_net_once {
            return vec![call];
        }
        let service = if number.starts_with("780") { Service::Tollfree } else { Service::Incoming };
        let called = Call { leg: 1, service, account: None, trunk_in: None, ..call.clone() };
        vec![call, called]
    }

    /// A call to a number under a lock of this origin.
    pub(super) fn locked(&mut self, origin: &str, end_ms: i64) -> Call<'a> {
        let mut call = self.canonical(Service::Outgoing, end_ms);
        let Some(target) = self.pools.locked.get(origin).and_then(|targets| self.rng.pick(targets)) else {
            return self.outgoing(end_ms);
        };
        let Some(number) = self.rng.pick(&target.numbers) else { return self.outgoing(end_ms) };
        let account = target.account.unwrap_or_else(|| self.caller(true));
        self.identify(&mut call, account);
        call.dst = self.dial(call.source, number);
        call.trunk_out = target.trunk.or_else(|| self.pools.route(true, &mut self.rng));
        if origin == "fraud" || self.rng.chance(3, 4) {
            self.answer(&mut call);
        }
        if self.rng.chance(1, 6) && !self.pools.numbers_of[account].is_empty() {
            let forwarding = self.pools.numbers_of[account][0];
            call.service = Service::Forwarded;
            (call.account, call.trunk_in) = (None, None);
            call.forwarded_from = Some(self.dial(call.source, forwarding));
        }
        call
    }

    pub(super) fn no_retail_price(&mut self, end_ms: i64) -> Call<'a> {
        let Some(account) = self.rng.pick(&self.pools.domestic).copied() else { return self.outgoing(end_ms) };
        let mut call = self.canonical(Service::Outgoing, end_ms);
        self.identify(&mut call, account);
        let number = self.rng.pick(&self.pools.abroad).cloned().unwrap_or_default();
        call.dst = self.dial(call.source, &number);
        call.trunk_out = self.pools.route(true, &mut self.rng);
        call
    }

    pub(super) fn overflow(&mut self, end_ms: i64) -> Call<'a> {
        let mut call = self.canonical(Service::Outgoing, end_ms);
        let account = self.caller(true);
        self.identify(&mut call, account);
        let number = self.rng.pick(&self.pools.overflowing).cloned().unwrap_or_default();
        call.dst = self.dial(call.source, &number);
        call.trunk_out = self.pools.route(true, &mut self.rng);
        self.answer(&mut call);
        call
    }

    pub(super) fn unknown_subscriber(&mut self, end_ms: i64) -> Call<'a> {
        let mut call = self.canonical(Service::Outgoing, end_ms);
        let stranger = self.stranger();
        call.src = self.dial(call.source, &stranger);
        self.send(&mut call, 0);
        match self.rng.below(5) {
            0 => call.account = Some("NOBODY-1"),
            1 => {}
            2 => call.trunk_in = Some("core-9"),
            3 => {
                let (number, _) = self.destination(false);
                call.service = Service::Forwarded;
                call.forwarded_from = Some(self.dial(call.source, &number));
            }
            _ => {
                // A stranger's number reported as if it were ours.
                call.service = Service::Incoming;
                call.trunk_in = call.trunk_out.take();
            }
        }
        call
    }

    /// By a trunk that two accounts share, from a number of neither.
    pub(super) fn ambiguous(&mut self, end_ms: i64) -> Call<'a> {
        let Some(trunk) = self.rng.pick(&self.pools.shared_trunks).copied() else { return self.outgoing(end_ms) };
        let mut call = self.canonical(Service::Outgoing, end_ms);
        call.trunk_in = Some(trunk);
        let stranger = self.stranger();
        call.src = self.dial(call.source, &stranger);
        self.send(&mut call, 0);
        call
    }

    /// Said to be answered, but nobody knows when; or answered, and yet failed: attempts both.
    pub(super) fn half_answered(&mut self, end_ms: i64) -> Call<'a> {
        let mut call = self.canonical(Service::Outgoing, end_ms);
        let account = self.caller(false);
        self.identify(&mut call, account);
        self.send(&mut call, account);
        if self.rng.chance(1, 2) {
            self.set_times(&mut call, false);
            (call.answer_ms, call.billable_ms, call.disposition) = (None, None, Disposition::Answered);
        } else {
            self.set_times(&mut call, true);
            (call.billable_ms, call.disposition) = (None, Disposition::Failed);
        }
        call
    }

    pub(super) fn canonical(&mut self, service: Service, end_ms: i64) -> Call<'a> {
        let source = self.canonical_source();
        self.bare(source, service, end_ms)
    }

    /// An answered call whose duration is what lies between answer and end, to be reported in parts.
    pub(super) fn long(&mut self, end_ms: i64) -> Call<'a> {
        let mut call = self.plain(end_ms);
        self.answer(&mut call);
        call.billable_ms = None;
        call
    }

    /// Makes sure that somebody talked for at least a second.
    pub(super) fn answer(&mut self, call: &mut Call<'a>) {
        call.disposition = Disposition::Answered;
        while call.answer_ms.is_none_or(|answer| call.billable_ms.unwrap_or(call.end_ms - answer) < 1_000) {
            self.set_times(call, true);
        }
    }
}
