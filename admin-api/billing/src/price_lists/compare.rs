//! What a new price list changes: differences, and the rows that have to be published and withdrawn for it.
//!
//! Owns: the comparison of two lists over time, key by key, from the date on which the new one comes into force.
//! Does not own: reading either of them, the amounts of reference calls (`state`), writing (`stage`, `activate`).
//! Always: rows that stay as they are are not touched; what is published contradicts nothing that stays, by the rules of the catalogue's build.

use rating::Money;
use rating::build::contradictions;
use rating::list::Validity;
use rating::rate_text::Column;
use rating::rows::RateRow;
use rating::words;

use super::columns::Layout;
use super::faults::{Faults, Problem};
use super::rows::{DraftRow, Key, ValidRows};
use super::state::ListState;

words! {
    /// What becomes of the rows of the list that the sheet does not have.
    Mode {
        /// They end: from the date on the list is the sheet.
        Replace = "replace",
        /// They stay.
        Merge = "merge",
    }
}

words! {
    /// How a price changes.
    Kind {
        /// There was none.
        New = "new",
        /// There is none any more.
        Gone = "gone",
        /// The reference call costs more.
        Dearer = "dearer",
        /// The reference call costs less.
        Cheaper = "cheaper",
        /// The reference call costs the same, at other terms.
        Changed = "changed",
        /// The same terms.
        Unchanged = "unchanged",
    }
}

/// A price before and after, from a moment on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    pub(crate) kind: Kind,
    pub(crate) key: Key,
    /// From when; the date on which the list comes into force, or a later change.
    pub(crate) at_ms: i64,
    /// Row of the sheet that begins here.
    pub(crate) sheet_row: Option<u32>,
    /// Index of the terms after.
    pub(crate) rate: Option<u32>,
    /// Moment after the last of the new row.
    pub(crate) to_ms: i64,
    /// Whether a row has to be published here.
    pub(crate) publishes: bool,
    pub(crate) before: Option<Money>,
    pub(crate) after: Option<Money>,
}

/// What a new list changes.
#[derive(Debug)]
pub(crate) struct Comparison {
    pub(crate) lines: Vec<Line>,
    /// Rows that have to be withdrawn, the part of each before the date being published anew.
    pub(crate) withdraws: Vec<u64>,
    /// What the list prices at the date, in order: each key with its terms.
    pub(crate) in_force: Vec<(Key, u32)>,
    /// Rows of the list in force that the sheet does not speak of, and that stay.
    pub(crate) untouched: usize,
    /// Rows whose prices inside bands end, because the sheet has none.
    pub(crate) bands_dropped: usize,
}

impl Comparison {
    /// How many lines are of a kind.
    pub(crate) fn count(&self, kind: Kind) -> usize {
        self.lines.iter().filter(|line| line.kind == kind).count()
    }
}

/// A stretch of time in which one row prices a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Segment {
    from_ms: i64,
    to_ms: i64,
    rate: u32,
    of: Origin,
}

/// The row that a stretch comes from, by its index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    Sheet(usize),
    List(usize),
}

/// Compares the sheet's rows with the list as it will be from `starts_ms` on; `reference_s` is the length of the reference call.
///
/// # Errors
/// Rows that contradict others.
pub(crate) fn compare(
    state: &ListState,
    valid: &ValidRows,
    layout: &Layout,
    mode: Mode,
    starts_ms: i64,
    reference_s: u32,
) -> Result<Comparison, Faults> {
    let amounts = state.reference_amounts(reference_s, starts_ms);
    let mut old: Vec<usize> = (0..state.rows.len()).collect();
    let old_key = |index: &usize| (key_of(&state.rows[*index]), state.rows[*index].validity.from_ms);
    old.sort_unstable_by_key(old_key);
    let mut new: Vec<usize> = (0..valid.rows.len()).collect();
    new.sort_unstable_by_key(|index| (valid.rows[*index].key, valid.rows[*index].from_ms));
    let mut comparing = Comparing {
        state,
        sheet: &valid.rows,
        amounts,
        mode,
        starts_ms,
        lines: Vec::with_capacity(valid.rows.len()),
        withdraws: Vec::new(),
        in_force: Vec::with_capacity(valid.rows.len()),
        untouched: 0,
        bands_dropped: 0,
    };
    let (mut old, mut new) = (&old[..], &new[..]);
    loop {
        let next_old = old.first().map(|index| key_of(&state.rows[*index]));
        let next_new = new.first().map(|index| valid.rows[*index].key);
        let Some(key) = [next_old, next_new].into_iter().flatten().min() else { break };
        let of_old = old.iter().take_while(|index| key_of(&state.rows[**index]) == key).count();
        let of_new = new.iter().take_while(|index| valid.rows[**index].key == key).count();
        comparing.key(key, &old[..of_old], &new[..of_new]);
        (old, new) = (&old[of_old..], &new[of_new..]);
    }
    let Comparing { lines, withdraws, in_force, untouched, bands_dropped, .. } = comparing;
    let comparison = Comparison { lines, withdraws, in_force, untouched, bands_dropped };
    refuse_contradictions(state, valid, layout, &comparison, starts_ms)?;
    Ok(comparison)
}

fn key_of(row: &RateRow) -> Key {
    (row.prefix, row.qualifiers)
}

struct Comparing<'a> {
    state: &'a ListState,
    sheet: &'a [DraftRow],
    amounts: Vec<Option<Money>>,
    mode: Mode,
    starts_ms: i64,
    lines: Vec<Line>,
    withdraws: Vec<u64>,
    in_force: Vec<(Key, u32)>,
    untouched: usize,
    bands_dropped: usize,
}

impl Comparing<'_> {
    /// Compares the versions of one price; both sides in the order of their starts.
    fn key(&mut self, key: Key, old: &[usize], new: &[usize]) {
        let before = self.settled(old.iter().map(|index| self.of_list(*index)).collect());
        if before.is_empty() && new.is_empty() {
            return;
        }
        if new.is_empty() && self.mode == Mode::Merge {
            self.untouched += before.len();
            self.enters(key, &before);
            return;
        }
        let mut rows: Vec<Segment> = new.iter().map(|index| self.of_sheet(*index)).collect();
        if self.mode == Mode::Merge {
            // A row of the sheet stands in the place of the list's row that begins with it; a later one of the list ends it.
            let starts: Vec<i64> = rows.iter().map(|row| row.from_ms).collect();
            rows.extend(before.iter().filter(|segment| !starts.contains(&segment.from_ms)));
            rows.sort_unstable_by_key(|row| row.from_ms);
        }
        let after = self.settled(rows);
        self.enters(key, &after);
        self.lines_of(key, &before, &after);
        self.withdraw(old, &before, &after);
    }

    fn enters(&mut self, key: Key, rows: &[Segment]) {
        self.in_force.extend(rows.first().filter(|row| row.from_ms == self.starts_ms).map(|row| (key, row.rate)));
    }

    fn of_list(&self, index: usize) -> Segment {
        let row = &self.state.rows[index];
        Segment { from_ms: row.validity.from_ms, to_ms: row.validity.to_ms, rate: row.rate, of: Origin::List(index) }
    }

    fn of_sheet(&self, index: usize) -> Segment {
        let row = &self.sheet[index];
        Segment { from_ms: row.from_ms, to_ms: row.to_ms, rate: row.rate, of: Origin::Sheet(index) }
    }

    /// Lets each row end where the next begins, and cuts off what lies before the date.
    fn settled(&self, mut rows: Vec<Segment>) -> Vec<Segment> {
        for index in 1..rows.len() {
            rows[index - 1].to_ms = rows[index - 1].to_ms.min(rows[index].from_ms);
        }
        rows.retain(|row| row.to_ms > self.starts_ms && row.from_ms < row.to_ms);
        for row in &mut rows {
            row.from_ms = row.from_ms.max(self.starts_ms);
        }
        rows
    }

    fn lines_of(&mut self, key: Key, before: &[Segment], after: &[Segment]) {
        let mut moments: Vec<i64> = before.iter().chain(after).flat_map(|row| [row.from_ms, row.to_ms]).collect();
        moments.sort_unstable();
        moments.dedup();
        let at = |rows: &[Segment], moment: i64| {
            rows.iter().find(|row| row.from_ms <= moment && moment < row.to_ms).copied()
        };
        for moment in moments.into_iter().filter(|moment| *moment < i64::MAX) {
            let (was, is) = (at(before, moment), at(after, moment));
            if was.is_none() && is.is_none() {
                continue;
            }
            let begins = is.filter(|row| row.from_ms == moment);
            let mut line = self.line(key, moment, was, is);
            if let Some(row @ Segment { of: Origin::Sheet(index), .. }) = begins {
                line.sheet_row = Some(self.sheet[index].row);
                line.publishes = self.standing_for(row, before, after).is_none();
                line.to_ms = self.sheet[index].to_ms;
            }
            self.lines.push(line);
        }
    }

    fn line(&mut self, key: Key, at_ms: i64, was: Option<Segment>, is: Option<Segment>) -> Line {
        let amount = |row: Option<Segment>| row.and_then(|row| self.amounts[row.rate as usize]);
        let (before, after) = (amount(was), amount(is));
        let kind = match (was, is) {
            (None, _) => Kind::New,
            (_, None) => Kind::Gone,
            (Some(was), Some(is)) if was.rate == is.rate => Kind::Unchanged,
            _ if after > before && before.is_some() => Kind::Dearer,
            _ if after < before && after.is_some() => Kind::Cheaper,
            _ => Kind::Changed,
        };
        if let (Some(was), Some(is)) = (was, is) {
            let bands = |row: Segment| self.state.terms.rates[row.rate as usize].parts().variants.len();
            self.bands_dropped += usize::from(bands(was) > 0 && bands(is) == 0);
        }
        let rate = is.map(|row| row.rate);
        Line { kind, key, at_ms, sheet_row: None, rate, to_ms: i64::MAX, publishes: false, before, after }
    }

    /// The row of the list that says already what a row of the sheet says, and will go on saying it: what ends it must stay, or come anew.
    fn standing_for(&self, row: Segment, before: &[Segment], after: &[Segment]) -> Option<usize> {
        let same =
            before.iter().find(|old| (old.from_ms, old.to_ms, old.rate) == (row.from_ms, row.to_ms, row.rate))?;
        let Origin::List(index) = same.of else { return None };
        let ends_by_itself = self.state.rows[index].validity.to_ms == same.to_ms;
        (ends_by_itself || after.iter().any(|next| next.from_ms == same.to_ms)).then_some(index)
    }

    /// Finds the rows of a key that would price what they no longer may; `old` in the order of their starts.
    fn withdraw(&mut self, old: &[usize], before: &[Segment], after: &[Segment]) {
        let stays = |segment: &Segment| match segment.of {
            Origin::List(index) => Some(index),
            Origin::Sheet(_) => self.standing_for(*segment, before, after),
        };
        let kept: Vec<usize> = after.iter().filter_map(stays).collect();
        let begins_with_date = after.first().is_some_and(|row| row.from_ms == self.starts_ms);
        let start_of = |index: usize| self.state.rows[index].validity.from_ms;
        // Of the rows from before the date the last one counts, and it ends the others; what begins with the date ends it too.
        let last_before = old.iter().rev().copied().find(|index| start_of(*index) < self.starts_ms);
        for index in old.iter().copied().filter(|index| !kept.contains(index)) {
            let row = &self.state.rows[index];
            let must_go = start_of(index) >= self.starts_ms || Some(index) == last_before && !begins_with_date;
            if must_go && row.validity.to_ms > self.starts_ms {
                self.withdraws.push(row.id);
            }
        }
    }
}

/// Asks the catalogue's own rules about the list as it will be.
fn refuse_contradictions(
    state: &ListState,
    valid: &ValidRows,
    layout: &Layout,
    comparison: &Comparison,
    starts_ms: i64,
) -> Result<(), Faults> {
    let gone: rustc_hash::FxHashSet<u64> = comparison.withdraws.iter().copied().collect();
    let mut rows: Vec<(RateRow, usize)> = Vec::with_capacity(state.rows.len() + valid.rows.len());
    for row in &state.rows {
        let mut row = *row;
        if gone.contains(&row.id) {
            row.validity.to_ms = row.validity.to_ms.min(starts_ms);
        }
        if row.validity.from_ms < row.validity.to_ms {
            rows.push((row, 0));
        }
    }
    for line in comparison.lines.iter().filter(|line| line.publishes) {
        let (prefix, qualifiers) = line.key;
        let validity = Validity { from_ms: line.at_ms, to_ms: line.to_ms };
        let (list, rate) = (state.head.id, line.rate.unwrap_or_default());
        let row = RateRow { id: 0, list, prefix, qualifiers, validity, rate };
        rows.push((row, line.sheet_row.unwrap_or(1) as usize));
    }
    let mut faults = Faults::default();
    // Rows of the list itself are number 0; among themselves they were found good when they were published.
    for bad in contradictions(rows).into_iter().filter(|bad| bad.row > 0) {
        let (column, problem) = match bad.column {
            "from" => (Column::From, Problem::Twice(bad.row as u32)),
            _ => (Column::Prefix, Problem::Tie),
        };
        faults.add(bad.row as u32, Some(column), || layout.title(column), problem);
    }
    faults.into_result()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::price_lists::columns::{Mapping, layout};
    use crate::price_lists::rows::validate;
    use crate::price_lists::sheet::{self, SheetOptions};
    use crate::price_lists::state::tests::state;

    const OPEN: (i64, i64) = (i64::MIN, i64::MAX);
    /// The date: 1 January 1970, 00:01:40 UTC.
    const DATE: i64 = 100_000;

    fn outcome(list: &[(u64, &str, &str, i64, i64)], sheet: &str, mode: Mode) -> Result<(Vec<String>, usize), Faults> {
        let sheet = sheet::read(format!("prefix,price,from,to\n{sheet}").as_bytes(), &SheetOptions::default()).unwrap();
        let layout = layout(&sheet, &Mapping::default()).unwrap();
        let mut state = state(list);
        let valid = validate(&mut state, &sheet, &layout, &Mapping::default(), DATE)?;
        let found = compare(&state, &valid, &layout, mode, DATE, 60)?;
        let amount = |amount: Option<Money>| amount.map_or_else(|| "-".to_owned(), |amount| amount.to_string());
        let shown = found.lines.iter().map(|line| {
            let acts = if line.publishes { " +" } else { "" };
            let at = if line.at_ms == DATE { String::new() } else { format!("@{}", line.at_ms / 1000) };
            format!("{:?}{at} {} {}>{}{acts}", line.key.0, line.kind, amount(line.before), amount(line.after))
        });
        let gone = found.withdraws.iter().map(|id| format!("-{id}"));
        Ok((shown.chain(gone).collect(), found.untouched))
    }

    /// list (id, prefix, price, from, to in s) | sheet | mode | lines: prefix, kind, before>after, + published; rows withdrawn | untouched
    #[test]
    fn differences() {
        let (open, end) = OPEN;
        // 00:03:20 and 00:05:00 of the first day.
        let (at_200, at_300) = ("1970-01-01T00:03:20Z", "1970-01-01T00:05:00Z");
        let base = [(1, "7", "1", open, end), (2, "79", "2", open, end), (3, "380", "5", open, end)];
        let scheduled = [(1, "7", "1", open, end), (2, "7", "2", 200_000, end)];
        let ended = [(1, "7", "1", open, 300_000)];
        let past = [(1, "7", "1", open, 50_000)];
        let both = [(1, "7", "1", open, end), (2, "7", "2", 100_000, end)];
        for (list, rows, mode, expected, untouched) in [
            (
                &base[..],
                "7,1,,\n79,2.5,,\n380,4,,\n44,3,,\n".to_owned(),
                Mode::Replace,
                vec!["380 cheaper 5>4 +", "44 new ->3 +", "7 unchanged 1>1", "79 dearer 2>2.5 +"],
                0,
            ),
            (&base, "79,2,,\n".into(), Mode::Merge, vec!["79 unchanged 2>2"], 2),
            (
                &base,
                "79,2,,\n".into(),
                Mode::Replace,
                vec!["380 gone 5>-", "7 gone 1>-", "79 unchanged 2>2", "-3", "-1"],
                0,
            ),
            // A later price: before it the old one goes on.
            (&base, format!("79,3,{at_200},\n"), Mode::Merge, vec!["79 unchanged 2>2", "79@200 dearer 2>3 +"], 2),
            // Replaced from later on: until then there is no price.
            (&past, format!("7,3,{at_200},\n"), Mode::Replace, vec!["7@200 new ->3 +"], 0),
            (
                &[(1, "7", "1", open, end)][..],
                format!("7,3,{at_200},\n"),
                Mode::Replace,
                vec!["7 gone 1>-", "7@200 dearer 1>3 +", "-1"],
                0,
            ),
            // What was planned stays when the sheet is merged in, and goes when it replaces the list.
            (&scheduled, "7,1.5,,\n".into(), Mode::Merge, vec!["7 dearer 1>1.5 +", "7@200 unchanged 2>2"], 0),
            (&scheduled, "7,1.5,,\n".into(), Mode::Replace, vec!["7 dearer 1>1.5 +", "7@200 cheaper 2>1.5", "-2"], 0),
            (
                &scheduled,
                format!("7,1,,\n7,2,{at_200},\n"),
                Mode::Replace,
                vec!["7 unchanged 1>1", "7@200 unchanged 2>2"],
                0,
            ),
            (
                &scheduled,
                format!("7,9,{at_200},\n"),
                Mode::Merge,
                vec!["7 unchanged 1>1", "7@200 dearer 2>9 +", "-2"],
                0,
            ),
            // A row that begins with the very date stands in its place.
            (&both, "7,3,,\n".into(), Mode::Merge, vec!["7 dearer 2>3 +", "-2"], 0),
            // It ended the row before it, which must not come back when it goes.
            (&both, "8,1,,\n".into(), Mode::Replace, vec!["7 gone 2>-", "8 new ->1 +", "-1", "-2"], 0),
            // The same price, but what ended it goes: it is published with an end of its own.
            (
                &scheduled,
                format!("7,1,,{at_200}\n"),
                Mode::Replace,
                vec!["7 unchanged 1>1 +", "7@200 gone 2>-", "-2"],
                0,
            ),
            // An end that the sheet moves.
            (&ended, "7,1,,\n".into(), Mode::Replace, vec!["7 unchanged 1>1 +", "7@300 new ->1"], 0),
            (&ended, format!("7,1,,{at_300}\n"), Mode::Replace, vec!["7 unchanged 1>1"], 0),
            (&base[..1], format!("7,1,,{at_300}\n"), Mode::Replace, vec!["7 unchanged 1>1 +", "7@300 gone 1>-"], 0),
        ] {
            let found = outcome(list, &rows, mode).unwrap();
            assert_eq!(found, (expected.into_iter().map(str::to_owned).collect(), untouched), "{rows} {mode}");
        }
    }

    #[test]
    fn ties_are_those_of_the_catalogue() {
        let sheet = sheet::read(
            b"prefix,price,service,place,provider\n7,1,outgoing,,\n7,2,,msk,\n8,1,outgoing,,\n8,2,,,mts\n9,1,,,\n9,1,outgoing,,\n",
            &SheetOptions::default(),
        )
        .unwrap();
        let mapping = Mapping::default();
        let layout = layout(&sheet, &mapping).unwrap();
        let mut state = state(&[]);
        let valid = validate(&mut state, &sheet, &layout, &mapping, DATE).unwrap();
        let faults = compare(&state, &valid, &layout, Mode::Merge, DATE, 60).unwrap_err();
        let rows: Vec<u32> = faults.first.iter().map(|fault| fault.row).collect();
        assert_eq!(rows, [3, 5], "{faults:?}");
        assert_eq!(faults.first[0].problem, Problem::Tie);
    }
}
