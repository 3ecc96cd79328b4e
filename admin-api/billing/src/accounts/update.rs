//! Terms of an account change.
//!
//! Owns: payment mode, credit policy, limit and deferral (A13, B13, B14), who answers for it, its card code, zone and comment.
//! Does not own: plans (`plans`), its end (`close`), what a switch to or from credit by the month posts (`credit`).
//! Always: what is not said stays; the credit terms go together at every moment, and a deferral goes with the credit by days that it belongs to.

use chrono_tz::Tz;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use sqlx::Row;

use super::open::{PERSONAL, responsible_of};
use super::rules::{CreditPolicy, DeferralTerms, PaymentMode, check_credit, check_deferral, limit_fits};
use super::{AccountError, CreditFault};
use crate::change::Change;
use crate::clients::keep_differing;
use crate::credit;
use crate::edit::Edit;
use crate::ledger;
use crate::store::StoreError;

/// How an account is to be; what is kept or `None` stays.
#[derive(Clone, Debug, Default)]
pub struct AccountUpdate {
    /// When it pays.
    pub payment_mode: Option<PaymentMode>,
    /// What credit it has.
    pub credit_policy: Option<CreditPolicy>,
    /// Credit limit.
    pub credit_limit: Option<Decimal>,
    /// Whether credit by the month that it comes under is topped up now; else the turn of the month does it (M54).
    pub credit_at_once: bool,
    /// Days from the issue of a payment invoice until it is overdue; cleared: it may wait for ever.
    pub deferral_days: Edit<i32>,
    /// Days from the issue until it stops work with services; cleared: never.
    pub block_after_days: Edit<i32>,
    /// Login of who answers for it.
    pub responsible: Edit<String>,
    /// Code of the card in the accounting program (L6).
    pub card_code: Edit<String>,
    /// For staff.
    pub comment: Option<String>,
    /// Zone.
    pub zone: Option<Tz>,
}

impl AccountUpdate {
    /// Whether it says anything of credit.
    pub fn touches_credit(&self) -> bool {
        self.payment_mode.is_some()
            || self.credit_policy.is_some()
            || self.credit_limit.is_some()
            || self.credit_at_once
            || self.deferral_days != Edit::Keep
            || self.block_after_days != Edit::Keep
    }

    /// The deferral with a policy: one that nothing is said of goes with the credit by days that it belongs to.
    fn deferral(&self, policy: CreditPolicy, before: DeferralTerms) -> DeferralTerms {
        let stays = if policy == CreditPolicy::Days { before } else { DeferralTerms::default() };
        DeferralTerms {
            days: self.deferral_days.clone().applied(stays.days),
            block_after_days: self.block_after_days.clone().applied(stays.block_after_days),
        }
    }
}

/// The terms as they stand.
#[derive(Clone)]
struct Terms {
    payment_mode: PaymentMode,
    credit_policy: CreditPolicy,
    credit_limit: Decimal,
    deferral: DeferralTerms,
    responsible_id: Option<i64>,
    responsible: Option<String>,
    card_code: Option<String>,
    comment: String,
    zone: String,
}

impl Terms {
    /// What a check of credit may ask for later.
    const fn credit(&self) -> (PaymentMode, CreditPolicy, Decimal) {
        (self.payment_mode, self.credit_policy, self.credit_limit)
    }

    fn comes_under_monthly(&self, before: &Self) -> bool {
        self.credit_policy == CreditPolicy::Monthly && before.credit_policy != CreditPolicy::Monthly
    }

    fn most_owed(&self) -> Option<Decimal> {
        super::credit::most_owed(self.payment_mode, self.credit_policy, self.credit_limit)
    }
}

/// Changes an account.
pub async fn update(
    change: &mut Change,
    code: &str,
    update: &AccountUpdate,
    revision: Option<i64>,
    reason: &str,
) -> Result<(), AccountError> {
    if update.touches_credit() {
        hold_months(change, code).await?;
    }
    let row = sqlx::query(
        "SELECT a.id, a.payment_mode, a.credit_policy, a.credit_limit, a.deferral_days, a.block_after_days, a.responsible_id, u.login AS responsible,
                a.card_code, a.comment, a.zone, a.revision, c.gdpr_state <> 'none' AS cleaned
         FROM account a JOIN client c ON c.id = a.client_id LEFT JOIN staff_user u ON u.id = a.responsible_id
         WHERE a.code = $1 FOR KEY SHARE OF c FOR NO KEY UPDATE OF a",
    )
    .bind(code)
    .fetch_optional(change.connection())
    .await?
    .ok_or(AccountError::NotFound)?;
    if row.get("cleaned") {
        return Err(AccountError::Cleaned);
    }
    if revision.is_some_and(|seen| seen != row.get::<i64, _>("revision")) {
        return Err(AccountError::Stale);
    }
    let id: i64 = row.get("id");
    let before = Terms {
        payment_mode: word(row.get("payment_mode"))?,
        credit_policy: word(row.get("credit_policy"))?,
        credit_limit: row.get::<Decimal, _>("credit_limit").normalize(),
        deferral: DeferralTerms { days: row.get("deferral_days"), block_after_days: row.get("block_after_days") },
        responsible_id: row.get("responsible_id"),
        responsible: row.get("responsible"),
        card_code: row.get("card_code"),
        comment: row.get("comment"),
        zone: row.get("zone"),
    };
    let mut after = before.clone();
    after.payment_mode = update.payment_mode.unwrap_or(after.payment_mode);
    after.credit_policy = update.credit_policy.unwrap_or(after.credit_policy);
    after.credit_limit = update.credit_limit.map_or(after.credit_limit, |limit| limit.normalize());
    after.deferral = update.deferral(after.credit_policy, before.deferral);
    after.card_code = update.card_code.clone().applied(after.card_code);
    after.comment = update.comment.clone().unwrap_or(after.comment);
    after.zone = update.zone.map_or(after.zone, |zone| zone.name().to_owned());
    // Who left meanwhile stays responsible until somebody else is named.
    if update.responsible != Edit::Keep {
        after.responsible = update.responsible.clone().applied(None);
        after.responsible_id = responsible_of(change.connection(), after.responsible.as_deref()).await?;
    }
    if update.touches_credit() {
        if !limit_fits(after.credit_limit) {
            return Err(AccountError::BadLimit);
        }
        check_credit(after.payment_mode, after.credit_policy, after.credit_limit).map_err(AccountError::Credit)?;
        if !after.deferral.fits() {
            return Err(AccountError::BadDays);
        }
        check_deferral(after.credit_policy, after.deferral).map_err(AccountError::Credit)?;
        if update.credit_at_once && !after.comes_under_monthly(&before) {
            return Err(AccountError::Credit(CreditFault::NothingToTopUp));
        }
        super::credit::refuse_raise(change, before.most_owed(), after.most_owed()).await?;
    }
    if after.zone != before.zone {
        let has_usage: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM usage_total WHERE account_id = $1)")
            .bind(id)
            .fetch_one(change.connection())
            .await?;
        if has_usage {
            return Err(AccountError::HasUsage);
        }
    }
    if after.credit() != before.credit() {
        credit::keep_terms(change, id).await?;
    }
    sqlx::query(
        "UPDATE account SET payment_mode = $2, credit_policy = $3, credit_limit = $4, responsible_id = $5, card_code = $6, comment = $7, zone = $8,
             deferral_days = $9, block_after_days = $10, revision = revision + 1 WHERE id = $1",
    )
    .bind(id)
    .bind(after.payment_mode.as_str())
    .bind(after.credit_policy.as_str())
    .bind(after.credit_limit)
    .bind(after.responsible_id)
    .bind(&after.card_code)
    .bind(&after.comment)
    .bind(&after.zone)
    .bind(after.deferral.days)
    .bind(after.deferral.block_after_days)
    .execute(change.connection())
    .await?;
    let (was_on, is_on) = ((before.payment_mode, before.credit_policy), (after.payment_mode, after.credit_policy));
    credit::switched(change, id, Some(was_on), is_on, update.credit_at_once).await?;
    let (mut was, mut is) = (shown(&before), shown(&after));
    keep_differing(&mut was, &mut is);
    change.record_personal(("account.edit", "account", code), &was, &is, PERSONAL, reason);
    Ok(())
}

/// Holds the months of an account that may be posted to: they are held before it (`ledger`).
async fn hold_months(change: &mut Change, code: &str) -> Result<(), AccountError> {
    let id: Option<i64> = sqlx::query_scalar("SELECT id FROM account WHERE code = $1")
        .bind(code)
        .fetch_optional(change.connection())
        .await?;
    Ok(ledger::hold_months(change, &[id.ok_or(AccountError::NotFound)?]).await?)
}

fn word<T: std::str::FromStr>(text: &str) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::Inconsistent {
        table: "account",
        problem: format!("`{text}`, which is no payment mode and no credit policy"),
    })
}

fn shown(terms: &Terms) -> Value {
    json!({
        "payment_mode": terms.payment_mode.as_str(), "credit_policy": terms.credit_policy.as_str(), "credit_limit": terms.credit_limit,
        "deferral_days": terms.deferral.days, "block_after_days": terms.deferral.block_after_days,
        "responsible": terms.responsible, "card_code": terms.card_code, "comment": terms.comment, "zone": terms.zone,
    })
}
