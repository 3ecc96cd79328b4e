//! The columns of the tables, in the order of their bytes (RowBinary).
//!
//! Owns: names and encodings; the two stand side by side, so that one cannot move without the other.
//! Does not own: the values.
//! Always: a row begins with its `batch_id`, eight bytes that are filled in when the batch has one.

use rating::Money;

/// Bytes of the `batch_id` at the beginning of every row.
pub const BATCH_ID_BYTES: usize = 8;

/// Appends values in RowBinary.
pub struct Writer<'a>(pub &'a mut Vec<u8>);

impl Writer<'_> {
    /// Length and bytes.
    pub fn string(&mut self, text: &str) {
        let mut len = text.len();
        while len >= 0x80 {
            self.0.push(len as u8 | 0x80);
            len >>= 7;
        }
        self.0.push(len as u8);
        self.0.extend_from_slice(text.as_bytes());
    }

    /// Packed digits as text.
    pub fn digits(&mut self, digits: numbering::Digits) {
        let start = self.0.len();
        self.0.push(0);
        for index in 0..digits.len() {
            let symbol = digits.symbol(index);
            if symbol < 10 {
                self.0.push(b'0' + symbol);
            }
        }
        self.0[start] = (self.0.len() - start - 1) as u8;
    }

    /// One byte.
    pub fn u8(&mut self, value: u8) {
        self.0.push(value);
    }

    /// Little-endian.
    pub fn u16(&mut self, value: u16) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    /// Little-endian.
    pub fn u32(&mut self, value: u32) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    /// Little-endian.
    pub fn u64(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    /// Little-endian.
    pub fn i32(&mut self, value: i32) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    /// Little-endian; also times in milliseconds.
    pub fn i64(&mut self, value: i64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    /// `Decimal(18, 9)`.
    pub fn money(&mut self, amount: Money) {
        self.i64(amount.nanos());
    }

    /// `Nullable(DateTime64(3))`.
    pub fn nullable_ms(&mut self, value: Option<i64>) {
        match value {
            Some(at) => {
                self.u8(0);
                self.i64(at);
            }
            None => self.u8(1),
        }
    }

    /// `Date`: days since 1970-01-01.
    pub fn date(&mut self, day: chrono::NaiveDate) {
        let days = day.signed_duration_since(chrono::NaiveDate::default()).num_days();
        self.u16(u16::try_from(days).unwrap_or(0));
    }

    /// `Array(..)`: the number of elements, then each.
    pub fn array<T>(&mut self, elements: &[T], element: impl Fn(&mut Self, &T)) {
        // No leg moves so many counters that their number needs a second byte.
        self.0.push(elements.len().min(0x7f) as u8);
        for value in elements.iter().take(0x7f) {
            element(self, value);
        }
    }

    /// Raw bytes of a fixed length.
    pub fn fixed(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

/// Defines a table's columns with the encoding of each.
macro_rules! table {
    ($(#[$meta:meta])* $name:ident($table:literal), $row:ident: $type:ty, $writer:ident { $($column:ident => $encode:expr),+ $(,)? }) => {
        $(#[$meta])*
        pub mod $name {
            #[allow(clippy::allow_attributes, unused_imports, reason = "not every table needs all of them")]
            use super::*;

            /// The table.
            pub const TABLE: &str = $table;
            /// Its columns, after `batch_id`, in the order of their bytes.
            pub const COLUMNS: &[&str] = &["batch_id", $(stringify!($column)),+];

            /// Appends one row, its `batch_id` still 0.
            pub fn encode(bytes: &mut Vec<u8>, $row: $type) {
                bytes.extend_from_slice(&[0; BATCH_ID_BYTES]);
                let $writer = &mut Writer(bytes);
                $($encode;)+
            }
        }
    };
}

pub(super) use table;

/// Where a record stands in its stream.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place {
    /// Stream.
    pub stream: u32,
    /// Partition.
    pub partition: i32,
    /// Offset.
    pub offset: i64,
}

/// A row of `calls`.
pub struct CallRow<'a> {
    /// Identity.
    pub identity: [u8; 16],
    /// Position.
    pub place: Place,
    /// Source.
    pub source: &'a str,
    /// Import that the record belongs to, 0 = the live stream.
    pub import_id: u64,
    /// The record.
    pub cdr: &'a crate::decode::DecodedCdr<'a>,
    /// Leg.
    pub leg: u8,
    /// Part of a long call by which the charge began.
    pub sequence: u32,
    /// Number of the revision.
    pub revision: u16,
    /// 1, or -1 where the charge is taken back.
    pub sign: i8,
    /// Numbers and times.
    pub call: &'a crate::normalise::NormalisedCdr,
    /// Price.
    pub rated: &'a crate::rate::RatedLeg,
    /// Where the dialled number is.
    pub destination: Option<&'a numbering::Destination>,
    /// What the engine priced by.
    pub snapshot: &'a rating::Snapshot,
    /// First day of the month it is booked into.
    pub period: chrono::NaiveDate,
    /// Older than the duplicate window when it arrived.
    pub late: bool,
}

impl CallRow<'_> {
    fn account(&self) -> Option<&rating::snapshot::Account> {
        match self.rated.leg.admission {
            crate::admit::Admission::Rate { account: Some(account), .. } => Some(self.snapshot.account(account)),
            _ => None,
        }
    }

    /// An amount with its sign, as `Decimal(18, 9)`.
    fn signed(&self, amount: Money) -> i64 {
        amount.nanos() * i64::from(self.sign)
    }

    fn party(&self) -> u8 {
        match self.rated.leg.admission {
            crate::admit::Admission::Rate { party, .. } => party as u8,
            crate::admit::Admission::NonTarget(_) => 0,
        }
    }

    /// The place that the leg was priced by: its number's own, where the record names none.
    fn place(&self) -> std::borrow::Cow<'_, str> {
        let Some(place) = self.rated.leg.place else { return "".into() };
        // A word that no price and no number has stands for itself.
        let own = || crate::text::clean(self.cdr.place.as_deref().unwrap_or_default());
        self.snapshot.word(place).map_or_else(own, Into::into)
    }

    /// What was priced: milliseconds of a call, pieces of an event.
    fn used(&self) -> u64 {
        let usage = self.call.usage;
        if self.rated.leg.service.is_call() { usage.duration_ms } else { usage.duration_ms / 1000 }
    }

    /// Units billed, if they are seconds, or pieces; else 0.
    fn billed(&self, seconds: bool) -> u64 {
        if self.rated.leg.service.is_call() == seconds { self.price().retail.billed_s } else { 0 }
    }

    fn price(&self) -> &rating::leg::LegPrice {
        const NOTHING: &rating::leg::LegPrice = &rating::leg::LegPrice::FREE;
        self.rated.price.as_ref().unwrap_or(NOTHING)
    }
}

pub(super) fn currency(writer: &mut Writer<'_>, currency: Option<rating::Currency>) {
    writer.string(currency.as_ref().map_or("", rating::Currency::as_str));
}

table! {
    /// Legs that were rated or are non-target calls.
    calls("calls"), row: &CallRow<'_>, w {
        identity => w.fixed(&row.identity),
        stream_id => w.u32(row.place.stream),
        partition => w.i32(row.place.partition),
        record_offset => w.i64(row.place.offset),
        source => w.string(row.source),
        import_id => w.u64(row.import_id),
        cdr_id => w.string(&crate::text::clean(&row.cdr.cdr_id)),
        call_id => w.string(&crate::text::clean(&row.cdr.call_id)),
        leg => w.u8(row.leg),
        sequence => w.u32(row.sequence),
        revision => w.u16(row.revision),
        account_id => w.u64(row.account().map_or(0, |account| account.id.0)),
        client_id => w.u64(row.account().map_or(0, |account| account.client.0)),
        usage_day => w.date(row.rated.usage_day),
        period => w.date(row.period),
        started_at => w.i64(row.call.setup_ms),
        answered_at => w.nullable_ms(row.call.answer_ms),
        ended_at => w.i64(row.call.end_ms),
        src => w.digits(crate::admit::origin(row.call)),
        dst => w.digits(row.call.dst.digits()),
        dst_short => w.u8(u8::from(row.call.dst.e164().is_none())),
        service => w.u8(row.rated.leg.service as u8 + 1),
        direction => w.u8(row.rated.leg.direction as u8),
        outcome => w.u8(if row.rated.price.is_some() { 1 } else { 2 }),
        disposition => w.u8(row.cdr.disposition as u8),
        release_cause => w.string(&crate::text::clean(&row.cdr.release_cause)),
        charged_party => w.u8(row.party()),
        provider_id => w.u32(row.rated.leg.provider.map_or(0, |provider| provider.0)),
        incoming_service => w.string(&crate::text::clean(row.cdr.incoming_service.as_deref().unwrap_or_default())),
        place => w.string(&row.place()),
        destination => w.string(row.destination.map_or("", |destination| &destination.name_en)),
        country => w.string(row.destination.map_or("", |destination| &destination.country)),
        retail_prefix => w.digits(row.price().retail.prefix.map_or(numbering::Digits::EMPTY, |prefix| row.snapshot.prefixes().prefix(prefix))),
        retail_list => w.u32(row.price().retail.list.0),
        retail_rate => w.u64(row.price().retail.row),
        wholesale_list => w.u32(row.price().wholesale.list.0),
        wholesale_rate => w.u64(row.price().wholesale.row),
        tariff_version => w.u64(row.snapshot.version),
        duration_ms => w.u64(row.call.duration_ms),
        used => w.u64(row.used()),
        billed_seconds => w.u64(row.billed(true)),
        quantity => w.u64(row.billed(false)),
        list_amount => w.i64(row.signed(row.price().retail.list_amount)),
        list_currency => currency(w, row.price().retail.list_currency),
        exchange_rate => w.money(row.price().retail.exchange_rate),
        currency => currency(w, row.rated.currency),
        gross => w.i64(row.signed(row.price().retail.amount)),
        net => w.i64(row.signed(row.rated.net)),
        tax_rate => w.i32(row.rated.tax_basis_points as i32),
        wholesale_amount => w.i64(row.signed(row.price().wholesale.list_amount)),
        wholesale_currency => currency(w, row.price().wholesale.list_currency),
        wholesale_cost => w.i64(row.signed(row.price().wholesale.amount)),
        wholesale_cost_currency => currency(w, row.price().wholesale.currency),
        wholesale_exchange_rate => w.money(row.price().wholesale.exchange_rate),
        seconds_covered => w.u64(row.price().retail.covered_s),
        counter_ids => w.array(row.rated.draws(), |w, draw| w.u32(draw.key.counter.0)),
        counter_periods => w.array(row.rated.draws(), |w, draw| w.date(draw.key.period)),
        counters_before => w.array(row.rated.draws(), |w, draw| w.u64(draw.before)),
        counters_added => w.array(row.rated.draws(), |w, draw| w.u64(draw.used)),
        discount_id => w.u64(row.price().retail.discount),
        lock_id => w.u64(row.price().breached_lock.unwrap_or(0)),
        lock_breach => w.u8(u8::from(row.price().breached_lock.is_some())),
        late => w.u8(u8::from(row.late)),
        wholesale_missing => w.u8(u8::from(row.price().wholesale_missing)),
        emergency => w.u8(u8::from(row.price().emergency)),
        calls => w.u8(row.sign as u8),
        seconds => w.i64(i64::from(row.sign) * row.billed(true) as i64),
    }
}

/// Books an encoded row of `calls` into another month.
pub fn book_into(row: &mut [u8], period: chrono::NaiveDate) {
    let at = period_at(row);
    let mut date = Vec::with_capacity(2);
    Writer(&mut date).date(period);
    row[at..at + 2].copy_from_slice(&date);
}

/// Where the month stands in an encoded row of `calls`.
fn period_at(row: &[u8]) -> usize {
    /// Bytes of the columns before, between and after the texts that stand before it.
    const FIXED: [usize; 4] = [BATCH_ID_BYTES + 16 + 4 + 4 + 8, 8, 0, 1 + 4 + 2 + 8 + 8 + 2];
    let mut at = FIXED[0];
    for gap in &FIXED[1..] {
        let mut len = 0;
        for shift in (0..).step_by(7) {
            let byte = row[at];
            at += 1;
            len |= usize::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
        }
        at += len + gap;
    }
    at
}

/// A row of `suspended` or `duplicates`.
pub struct TraceRow<'a> {
    /// Identity.
    pub identity: [u8; 16],
    /// Position.
    pub place: Place,
    /// Source.
    pub source: &'a str,
    /// Identity at the source.
    pub cdr_id: &'a str,
    /// Leg.
    pub leg: u8,
    /// Code; empty for a duplicate.
    pub code: &'a str,
    /// Stage; empty for a duplicate.
    pub stage: &'a str,
    /// Message time.
    pub received_ms: i64,
    /// 1, or -1 for a record that waits no longer.
    pub sign: i8,
}

table! {
    /// Records in suspense.
    suspended("suspended"), row: &TraceRow<'_>, w {
        identity => w.fixed(&row.identity),
        stream_id => w.u32(row.place.stream),
        partition => w.i32(row.place.partition),
        record_offset => w.i64(row.place.offset),
        source => w.string(row.source),
        cdr_id => w.string(row.cdr_id),
        leg => w.u8(row.leg),
        code => w.string(row.code),
        stage => w.string(row.stage),
        received_at => w.i64(row.received_ms),
        sign => w.u8(row.sign as u8),
    }
}

table! {
    /// Legs that repeat an earlier one.
    duplicates("duplicates"), row: &TraceRow<'_>, w {
        identity => w.fixed(&row.identity),
        stream_id => w.u32(row.place.stream),
        partition => w.i32(row.place.partition),
        record_offset => w.i64(row.place.offset),
        source => w.string(row.source),
        cdr_id => w.string(row.cdr_id),
        leg => w.u8(row.leg),
        received_at => w.i64(row.received_ms),
    }
}

/// A row of `batches`.
#[derive(Clone, Copy, Debug, Default)]
pub struct BatchRow {
    /// Position of the first record.
    pub place: Place,
    /// Offset after the last.
    pub next_offset: i64,
    /// Records.
    pub records: u32,
    /// Legs by outcome: rated, non-target, suspended, duplicate.
    pub legs: [u32; 4],
    /// Latest message time.
    pub read_up_to_ms: i64,
}

table! {
    /// Batches.
    batches("batches"), row: &BatchRow, w {
        stream_id => w.u32(row.place.stream),
        partition => w.i32(row.place.partition),
        from_offset => w.i64(row.place.offset),
        next_offset => w.i64(row.next_offset),
        records => w.u32(row.records),
        rated => w.u32(row.legs[0]),
        non_target => w.u32(row.legs[1]),
        suspended => w.u32(row.legs[2]),
        duplicates => w.u32(row.legs[3]),
        read_up_to => w.i64(row.read_up_to_ms),
    }
}

/// The columns of a table by its name.
pub fn columns(table: &str) -> Option<&'static [&'static str]> {
    match table {
        calls::TABLE => Some(calls::COLUMNS),
        suspended::TABLE => Some(suspended::COLUMNS),
        duplicates::TABLE => Some(duplicates::COLUMNS),
        batches::TABLE => Some(batches::COLUMNS),
        _ => None,
    }
}

/// The column by whose month a table is partitioned.
pub fn time_column(table: &str) -> &'static str {
    match table {
        calls::TABLE => "started_at",
        batches::TABLE => "read_up_to",
        _ => "received_at",
    }
}
