//! The row of a revised charge.
//!
//! Owns: what a revision writes into table `calls`.
//! Does not own: when a charge is revised (`rework`), the columns of first ratings (`row`).
//! Always: the columns are those of `row::calls`, in the same order: both go into one table.

use rating::Money;

use super::row::{BATCH_ID_BYTES, Writer, currency, table};

/// A charge revised: its row with other figures, or with the same ones taken back.
pub struct Revised<'a> {
    /// What the row keeps beside what it costs.
    pub kept: &'a crate::rework::charges::Kept,
    /// What it costs.
    pub figures: &'a rating::replay::Figures,
    /// Whether seconds are billed, and not pieces.
    pub is_call: bool,
    /// Prefix matched in the retail list.
    pub retail_prefix: numbering::Digits,
    /// 1, or -1 where the charge is taken back.
    pub sign: i8,
    /// Number of the revision.
    pub revision: u16,
    /// Version of the catalogue that it was priced by.
    pub version: u64,
    /// First day of the month it is booked into.
    pub period: chrono::NaiveDate,
}

impl Revised<'_> {
    /// An amount with its sign, as `Decimal(18, 9)`.
    fn signed(&self, amount: Money) -> i64 {
        amount.nanos() * i64::from(self.sign)
    }

    /// Units billed, if they are seconds, or pieces; else 0.
    fn billed(&self, seconds: bool) -> u64 {
        if self.is_call == seconds { self.figures.retail.billed } else { 0 }
    }
}

table! {
    /// Revisions of charges.
    revisions("calls"), row: &Revised<'_>, w {
        identity => w.fixed(&row.kept.identity),
        stream_id => w.u32(row.kept.stream_id),
        partition => w.i32(row.kept.partition),
        record_offset => w.i64(row.kept.record_offset),
        source => w.string(&row.kept.source),
        import_id => w.u64(row.kept.import_id),
        cdr_id => w.string(&row.kept.cdr_id),
        call_id => w.string(&row.kept.call_id),
        leg => w.u8(row.kept.leg),
        sequence => w.u32(row.kept.sequence),
        revision => w.u16(row.revision),
        account_id => w.u64(row.kept.account_id),
        client_id => w.u64(row.kept.client_id),
        usage_day => w.u16(row.kept.usage_day),
        period => w.date(row.period),
        started_at => w.i64(row.kept.started_ms),
        answered_at => w.nullable_ms(row.kept.answered_ms),
        ended_at => w.i64(row.kept.ended_ms),
        src => w.string(&row.kept.src),
        dst => w.string(&row.kept.dst),
        dst_short => w.u8(row.kept.dst_short),
        service => w.u8(row.kept.service as u8),
        direction => w.u8(row.kept.direction as u8),
        outcome => w.u8(row.kept.outcome as u8),
        disposition => w.u8(row.kept.disposition as u8),
        release_cause => w.string(&row.kept.release_cause),
        charged_party => w.u8(row.kept.charged_party as u8),
        provider_id => w.u32(row.kept.provider_id),
        incoming_service => w.string(&row.kept.incoming_service),
        place => w.string(&row.kept.place),
        destination => w.string(&row.kept.destination),
        country => w.string(&row.kept.country),
        retail_prefix => w.digits(row.retail_prefix),
        retail_list => w.u32(row.figures.retail.list.0),
        retail_rate => w.u64(row.figures.retail.row),
        wholesale_list => w.u32(row.figures.wholesale.list.0),
        wholesale_rate => w.u64(row.figures.wholesale.row),
        tariff_version => w.u64(row.version),
        duration_ms => w.u64(row.kept.duration_ms),
        used => w.u64(row.kept.used),
        billed_seconds => w.u64(row.billed(true)),
        quantity => w.u64(row.billed(false)),
        list_amount => w.i64(row.signed(row.figures.retail.list_amount)),
        list_currency => currency(w, row.figures.retail.list_currency),
        exchange_rate => w.money(row.figures.retail.exchange_rate),
        currency => currency(w, row.figures.retail.currency),
        gross => w.i64(row.signed(row.figures.retail.gross)),
        net => w.i64(row.signed(row.figures.retail.net)),
        tax_rate => w.i32(row.figures.retail.tax_basis_points as i32),
        wholesale_amount => w.i64(row.signed(row.figures.wholesale.amount)),
        wholesale_currency => currency(w, row.figures.wholesale.currency),
        wholesale_cost => w.i64(row.signed(row.figures.wholesale.cost)),
        wholesale_cost_currency => currency(w, row.figures.wholesale.cost_currency),
        wholesale_exchange_rate => w.money(row.figures.wholesale.exchange_rate),
        seconds_covered => w.u64(row.figures.retail.covered),
        counter_ids => w.array(&row.figures.counters, |w, counter| w.u32(counter.0.0)),
        counter_periods => w.array(&row.figures.counters, |w, counter| w.date(counter.1)),
        counters_before => w.array(&row.figures.counters, |w, counter| w.u64(counter.2)),
        counters_added => w.array(&row.figures.counters, |w, counter| w.u64(counter.3)),
        discount_id => w.u64(row.figures.retail.discount),
        lock_id => w.u64(row.figures.lock),
        lock_breach => w.u8(u8::from(row.figures.lock != 0)),
        late => w.u8(row.kept.late),
        wholesale_missing => w.u8(u8::from(row.figures.wholesale.missing)),
        emergency => w.u8(u8::from(row.figures.emergency)),
        calls => w.u8(row.sign as u8),
        seconds => w.i64(i64::from(row.sign) * row.billed(true) as i64),
    }
}

#[cfg(test)]
mod tests {
    use super::super::row::calls;
    use super::*;

    /// The parts of both go into one table by one list of columns.
    #[test]
    fn a_revision_has_the_columns_of_a_charge() {
        assert_eq!(revisions::COLUMNS, calls::COLUMNS);
    }
}
