//! Notices of the intention to block.
//!
//! Owns: table `account_notice`.
//! Does not own: writing and sending them.
//! Always: a notice is recorded once it was sent, and stays; whoever waited for it to be blocked is blocked with it (A16).

use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde_json::json;

use super::{BlockError, hold, hold_months};
use crate::change::Change;
use crate::credit::after_notice;

/// How a notice went out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Channel {
    /// By e-mail.
    Mail,
    /// As a letter.
    Post,
    /// As an electronic document.
    Edo,
    /// From hand to hand.
    Hand,
}

impl Channel {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Mail, Self::Post, Self::Edo, Self::Hand];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Post => "post",
            Self::Edo => "edo",
            Self::Hand => "hand",
        }
    }
}

impl FromStr for Channel {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|channel| channel.as_str() == text).ok_or(())
    }
}

/// A notice that was sent.
#[derive(Clone, Debug)]
pub struct NewNotice {
    /// When; now when absent.
    pub sent_at: Option<DateTime<Utc>>,
    /// How.
    pub channel: Channel,
    /// Its text, or where it is kept.
    pub text: String,
}

/// Records a notice; its identifier.
///
/// # Errors
/// No such account; a moment that is not there yet.
pub async fn add_notice(change: &mut Change, account: &str, new: &NewNotice, reason: &str) -> Result<i64, BlockError> {
    let now = change.now();
    let sent_at = new.sent_at.unwrap_or(now);
    if sent_at > now {
        return Err(BlockError::NotSentYet);
    }
    hold_months(change, account).await?;
    let held = hold(change.connection(), account).await?;
    let author = change.actor().login.clone();
    let id: i64 = sqlx::query_scalar(
        "INSERT INTO account_notice (account_id, sent_at, channel, text, author, created_at) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
    )
    .bind(held.id)
    .bind(sent_at)
    .bind(new.channel.as_str())
    .bind(&new.text)
    .bind(author)
    .bind(now)
    .fetch_one(change.connection())
    .await?;
    let after = json!({"notice": id, "sent_at": sent_at, "channel": new.channel.as_str()});
    change.record("account.notice", "account", account, &json!({}), &after, reason);
    after_notice(change, held.id).await?;
    Ok(id)
}
