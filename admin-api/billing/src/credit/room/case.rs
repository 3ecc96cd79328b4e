//! An account before the rules of credit, and what they make of it.
//!
//! Owns: in which order the rules are asked, and what they decide on one account as postings, verdicts and blocks to be written.
//! Does not own: the rules (`month_end`, `deferral`, `blocks`), reading (`load`), writing (`write`).
//! Always: pure; what is decided changes the account at once, so that the next question sees it; nothing is decided twice.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use super::settings::Rules;
use crate::accounts::{CreditPolicy, PaymentMode};
use crate::credit::blocks::{self, Block, Cause, floor};
use crate::credit::calendar::{CheckNight, month_of};
use crate::credit::debt::{Document, RealPayment, debt, due, unpaid_months};
use crate::credit::deferral::{Deferral, Receivable, receivable, unpaid_months_block};
use crate::credit::month_end::{
    Closing, Credit, Facts, Grant, NotConcerned, Outcome, Recheck, Standing, decide, join, leave, recheck, renewal,
    turn, void,
};
use crate::ledger::PostingKind;

/// Description of credit that is given (M52).
const TOPUP: &str = "Кредит";
/// Description of credit that a lower limit takes.
const LOWERED: &str = "Уменьшение кредита";
/// Description of credit that goes with a switch away from it (M54).
const LEFT: &str = "Возврат кредита: условия изменены";
/// Description of what gives a closing back (A15).
const VOIDED: &str = "Отмена закрытия кредита: оплата поступила в срок";

/// What became of a closing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    /// It is neither paid nor void.
    Stands,
    /// He has paid since.
    Paid,
    /// It was wrong (A15).
    Void,
}

impl Fate {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Stands => "stands",
            Self::Paid => "paid",
            Self::Void => "void",
        }
    }
}

/// A closing and what became of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Closed {
    pub(super) closing: Closing,
    pub(super) fate: Fate,
}

/// A block in force.
#[derive(Clone, Copy, Debug)]
pub(super) struct InForce {
    pub(super) id: i64,
    pub(super) block: Block,
}

/// A posting to be made.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) kind: PostingKind,
    pub(super) amount: Decimal,
    /// Its name for ever; `None` where the same may happen again.
    pub(super) movement: Option<String>,
    pub(super) reference: String,
    pub(super) description: String,
}

/// A verdict to be written.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) night: NaiveDate,
    pub(super) outcome: &'static str,
    pub(super) why: &'static str,
    pub(super) cause: Option<Cause>,
    pub(super) debt: Option<Decimal>,
    pub(super) amount: Decimal,
    /// Which of the postings.
    pub(super) posting: Option<usize>,
    pub(super) fate: Option<Fate>,
}

/// What was decided.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) postings: Vec<Planned>,
    pub(super) verdict: Option<Verdict>,
    /// By night: what became of a closing, and which of the postings gave it back.
    pub(super) fates: BTreeMap<NaiveDate, (Fate, Option<usize>)>,
    /// Whether `in_force` or `turned` is another one.
    pub(super) has_new_credit: bool,
    pub(super) begun: Vec<Block>,
    pub(super) ended: Vec<InForce>,
}

impl Done {
    /// Whether there is anything to write.
    pub(super) fn is_something(&self) -> bool {
        !self.postings.is_empty()
            || self.verdict.is_some()
            || !self.fates.is_empty()
            || self.has_new_credit
            || !self.begun.is_empty()
            || !self.ended.is_empty()
    }
}

/// An account: facts, and what was decided so far.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) account: i64,
    pub(super) code: String,
    pub(super) currency: String,
    pub(super) entity: i32,
    pub(super) is_active: bool,
    pub(super) mode: PaymentMode,
    pub(super) policy: CreditPolicy,
    /// Since when it is on these two.
    pub(super) since: Option<DateTime<Utc>>,
    /// The limit of now.
    pub(super) limit: Decimal,
    /// That of the moment which was asked for.
    pub(super) limit_then: Decimal,
    pub(super) deferral: Deferral,
    pub(super) balance: Decimal,
    /// What temporary limits add now.
    pub(super) temporary: Decimal,
    pub(super) outstanding: Decimal,
    pub(super) in_force: Decimal,
    pub(super) turned: Option<NaiveDate>,
    /// Nights without a verdict yet.
    pub(super) waiting: Vec<NaiveDate>,
    /// Whether the latest night found a debt without credit to close.
    pub(super) owes_without_credit: bool,
    /// Closings that are not void, the oldest first.
    pub(super) closings: Vec<Closed>,
    pub(super) documents: Vec<Document>,
    pub(super) payments: Vec<RealPayment>,
    /// Issue of the oldest document that asks for money and is not paid whole.
    pub(super) oldest_unpaid: Option<DateTime<Utc>>,
    pub(super) blocks: Vec<InForce>,
    /// The latest notice of intention that no block was begun behind yet (A16).
    pub(super) notice: Option<i64>,
    pub(super) done: Done,
}

impl Case {
    /// How it stands with its credit.
    pub(super) fn standing(&self) -> Standing {
        if self.closings.iter().any(|closed| closed.fate == Fate::Stands) {
            Standing::Closed
        } else if self.waiting.is_empty() {
            Standing::Good
        } else {
            Standing::Waiting
        }
    }

    /// Its virtual credit.
    pub(super) fn credit(&self) -> Credit {
        Credit { outstanding: self.outstanding, in_force: self.in_force, standing: self.standing() }
    }

    /// Documents less real money (M50).
    pub(super) fn debt(&self) -> Decimal {
        debt(&self.documents, &self.payments)
    }

    /// What had to be paid at the latest check and is not.
    pub(super) fn due(&self, today: NaiveDate) -> Decimal {
        due(&self.documents, &self.payments, CheckNight::latest_on(today), today)
    }

    /// Months that are not paid whole (T23).
    pub(super) fn unpaid_months(&self) -> u32 {
        unpaid_months(&self.documents, &self.payments)
    }

    /// How its payment invoices stand (B14).
    pub(super) fn receivable(&self, now: DateTime<Utc>) -> Receivable {
        receivable(self.deferral, self.oldest_unpaid, now)
    }

    /// What it may use; `None`: funds are not checked.
    pub(super) fn available(&self) -> Option<Decimal> {
        floor(self.mode, self.policy, self.limit, self.temporary).map(|floor| self.balance - floor)
    }

    fn block_standing(&self, rules: &Rules) -> blocks::Standing {
        let is_overdue = matches!(self.receivable(rules.now), Receivable::Blocked(_));
        blocks::Standing {
            due: self.due(rules.today),
            available: self.available(),
            is_overdue_blocked: is_overdue || unpaid_months_block(self.unpaid_months(), rules.most_unpaid),
        }
    }

    // ---- the month

    /// The verdict of a night; `false`: it waits for the statement, or another has given it.
    pub(super) fn judge(&mut self, night: CheckNight, rules: &Rules, is_statement_loaded: bool) -> bool {
        let last_day = night.last_day();
        if !self.waiting.contains(&last_day) {
            return false;
        }
        let facts = Facts {
            mode: self.mode,
            policy: self.policy,
            since: self.since,
            limit: self.limit_then,
            credit: self.credit(),
            documents: &self.documents,
            payments: &self.payments,
            is_statement_loaded,
            is_closed_this_month: self.closings.iter().any(|closed| closed.closing.night == night),
        };
        let outcome = decide(&rules.closing, night, rules.zone, &facts);
        let owes_without_credit = match &outcome {
            Outcome::Wait { .. } if self.is_active => return false,
            Outcome::NotConcerned(why) if self.is_active && self.owes_by_document(*why, night, rules) => {
                if rules.closing.wait_for_statement && !is_statement_loaded {
                    return false;
                }
                Some(due(&self.documents, &self.payments, night, night.last_value_date()))
                    .filter(|debt| *debt > Decimal::ZERO)
            }
            _ => None,
        };
        self.waiting.retain(|waiting| *waiting != last_day);
        let mut verdict = Verdict {
            night: last_day,
            outcome: "not_concerned",
            why: "account_closed",
            cause: None,
            debt: None,
            amount: Decimal::ZERO,
            posting: None,
            fate: None,
        };
        match outcome {
            // A closed account takes no posting but what settles it.
            _ if !self.is_active => {}
            Outcome::Close { amount, description, cause, debt } => {
                let movement = format!("credit.closing:{}:{last_day}", self.account);
                let posting = self.post(PostingKind::CreditClosing, amount, Some(movement), last_day, &description);
                self.closings.push(Closed { closing: Closing { night, amount }, fate: Fate::Stands });
                let (outcome, fate) = ("closed", Some(Fate::Stands));
                verdict = Verdict {
                    outcome,
                    why: "",
                    cause: Some(cause),
                    debt: Some(debt),
                    amount,
                    posting,
                    fate,
                    ..verdict
                };
                // A verdict that comes late may find the debt paid since.
                self.look_again(rules.today);
            }
            Outcome::NotConcerned(why) => {
                verdict.why = why.as_str();
                if owes_without_credit.is_some() {
                    (verdict.cause, verdict.debt) = (Some(Cause::PostpaidDebt), owes_without_credit);
                    self.owes_without_credit |= night == CheckNight::latest_on(rules.today);
                }
                self.renew_after(last_day);
            }
            Outcome::Passed | Outcome::Wait { .. } => {
                (verdict.outcome, verdict.why, verdict.debt) = ("passed", "", Some(Decimal::ZERO));
                self.renew_after(last_day);
            }
        }
        self.done.verdict = Some(verdict);
        true
    }

    /// Whether a check that closes nothing asks for its documents all the same: it pays afterwards, and was there before the cut-off (M50, M54).
    fn owes_by_document(&self, why: NotConcerned, night: CheckNight, rules: &Rules) -> bool {
        matches!(why, NotConcerned::NoMonthlyCredit | NotConcerned::NoLimit)
            && self.since.is_none_or(|since| since < night.cut_off(rules.zone))
    }

    /// The top-up of a verdict that came after the turn; zero before it.
    fn renew_after(&mut self, last_day: NaiveDate) {
        if self.policy == CreditPolicy::Monthly {
            let amount = renewal(&self.credit());
            let movement = format!("credit.renewal:{}:{last_day}", self.account);
            self.top_up(amount, Some(movement), last_day);
        }
    }

    /// The turn of a month, given by its first day; `false`: it was turned already.
    pub(super) fn turn(&mut self, first: NaiveDate) -> bool {
        if !self.is_active || self.policy != CreditPolicy::Monthly || self.turned.is_some_and(|turned| turned >= first)
        {
            return false;
        }
        let topup = self.granted(turn(&self.credit(), self.limit_then));
        self.turned = Some(first);
        self.top_up(topup, Some(format!("credit.turn:{}:{first}", self.account)), first);
        true
    }

    /// It comes under credit by the month (M54).
    pub(super) fn join(&mut self, at_once: bool, today: NaiveDate) {
        let topup = self.granted(join(&self.credit(), self.limit, at_once));
        self.top_up(topup, None, today);
    }

    /// It leaves credit by the month.
    pub(super) fn leave(&mut self, today: NaiveDate) {
        let topup = self.granted(leave(&self.credit()));
        self.post(PostingKind::TopupCredit, topup, None, today, LEFT);
    }

    /// Another limit comes into force; the top-up that goes with it.
    fn granted(&mut self, grant: Grant) -> Decimal {
        self.in_force = grant.in_force;
        self.done.has_new_credit = true;
        grant.topup
    }

    // ---- money

    /// Money came or went, or a document was lowered: closings that were wrong are void, and who owes nothing any more is released.
    pub(super) fn after_money(&mut self, today: NaiveDate) {
        if self.is_active {
            self.void_what_was_wrong();
            self.look_again(today);
        }
    }

    fn void_what_was_wrong(&mut self) {
        for index in 0..self.closings.len() {
            let Closed { closing, fate } = self.closings[index];
            if fate == Fate::Void {
                continue;
            }
            // The rule asks how it stands without this closing.
            self.closings[index].fate = Fate::Void;
            let Some(wrong) = void(&closing, &self.documents, &self.payments, &self.credit()) else {
                self.closings[index].fate = fate;
                continue;
            };
            let night = closing.night.last_day();
            let movement = format!("credit.void:{}:{night}", self.account);
            let posting = self.post(PostingKind::CreditClosing, wrong.amount, Some(movement), night, VOIDED);
            self.top_up(wrong.topup, Some(format!("credit.void_topup:{}:{night}", self.account)), night);
            self.done.fates.insert(night, (Fate::Void, posting));
        }
    }

    fn look_again(&mut self, today: NaiveDate) {
        if self.standing() != Standing::Closed {
            return;
        }
        let Recheck::Released { topup } = recheck(&self.documents, &self.payments, &self.credit(), today) else {
            return;
        };
        let mut last = today;
        for closed in self.closings.iter_mut().filter(|closed| closed.fate == Fate::Stands) {
            closed.fate = Fate::Paid;
            last = closed.closing.night.last_day();
            self.done.fates.insert(last, (Fate::Paid, None));
        }
        self.top_up(topup, Some(format!("credit.release:{}:{last}", self.account)), last);
    }

    // ---- blocks

    /// Ends the blocks whose causes are over.
    pub(super) fn end_blocks(&mut self, rules: &Rules) {
        if self.blocks.is_empty() {
            return;
        }
        let standing = self.block_standing(rules);
        let is_closed = self.standing() == Standing::Closed;
        let is_over = |cause: Cause| match cause {
            // What is paid or void stands no longer, whatever the next check finds.
            Cause::CreditClosed => !is_closed,
            other => other.is_over(&standing),
        };
        let (over, rest): (Vec<InForce>, Vec<InForce>) =
            self.blocks.drain(..).partition(|held| is_over(held.block.cause));
        self.blocks = rest;
        self.done.ended.extend(over);
    }

    /// Begins blocks for what it owes, as far as a notice of intention is on record where one is needed (A16).
    pub(super) fn begin_debt_block(&mut self, rules: &Rules) {
        if !self.is_active {
            return;
        }
        if self.standing() == Standing::Closed {
            self.begin(Cause::CreditClosed, rules.now);
        } else if self.owes_without_credit
            && self.mode == PaymentMode::Postpaid
            && !Cause::PostpaidDebt.is_over(&self.block_standing(rules))
        {
            self.begin(Cause::PostpaidDebt, rules.now);
        }
    }

    /// Begins the block of an invoice, or of months, that are overdue for too long (B14, T23).
    pub(super) fn begin_overdue_block(&mut self, rules: &Rules) {
        if self.is_active && !Cause::Overdue.is_over(&self.block_standing(rules)) {
            self.begin(Cause::Overdue, rules.now);
        }
    }

    fn begin(&mut self, cause: Cause, now: DateTime<Utc>) {
        let is_begun =
            self.done.begun.iter().chain(self.blocks.iter().map(|held| &held.block)).any(|block| block.cause == cause);
        if is_begun {
            return;
        }
        let notice = self.notice.filter(|_| cause.needs_notice());
        if let Ok(block) = Block::new(cause, None, notice, now) {
            if block.notice_id.is_some() {
                self.notice = None;
            }
            self.done.begun.push(block);
        }
    }

    // ---- postings

    fn top_up(&mut self, amount: Decimal, movement: Option<String>, day: NaiveDate) -> Option<usize> {
        let description = if amount < Decimal::ZERO { LOWERED } else { TOPUP };
        self.post(PostingKind::TopupCredit, amount, movement, day, description)
    }

    /// Plans a posting, if it is one of anything; which one it is.
    fn post(
        &mut self,
        kind: PostingKind,
        amount: Decimal,
        movement: Option<String>,
        day: NaiveDate,
        description: &str,
    ) -> Option<usize> {
        if amount.is_zero() {
            return None;
        }
        self.outstanding += amount;
        self.balance += amount;
        let reference = format!("credit:{}", month_of(day).format("%Y-%m"));
        self.done.postings.push(Planned { kind, amount, movement, reference, description: description.to_owned() });
        Some(self.done.postings.len() - 1)
    }
}
