//! What a row says in clear beside its envelope. From format 2 on the envelope opens
//! beside these facts only, so whoever can write the database but holds no key changes
//! none of them unseen (docs/storage-format.md, "Envelopes").

use crate::envelope::length_prefix;
use model::{Tag, Timestamp};

/// The facts of a row that an envelope of format 2 is bound to. All of them are known
/// before sealing; a decision that is made anew seals anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClearFacts<'a> {
    /// How the row came about; empty where it has no such column.
    pub interaction: &'a str,
    /// When.
    pub time: Timestamp,
    /// The policy set in force; 0 where there was none or the row has no such column.
    pub policy_number: u32,
    /// The patient it is sealed under or concerns.
    pub subject: Option<Tag>,
    /// The further facts of an audit record.
    pub audit: Option<AuditFacts<'a>>,
}

/// What the row of an audit record says besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditFacts<'a> {
    /// `AuditEvent.outcome`: 0, 4, 8 or 12.
    pub outcome: u8,
    /// Purpose of use.
    pub purpose: Option<&'a str>,
    /// Who asked.
    pub user: Option<Tag>,
    /// Through which client.
    pub client: Option<Tag>,
    /// Number of AuditEvents.
    pub events: u32,
}

impl ClearFacts<'_> {
    /// The facts of a row that has a time and none of the other columns: query texts,
    /// answers, registrations, policy sets, statements.
    #[must_use]
    pub const fn at(time: Timestamp) -> Self {
        Self {
            interaction: "",
            time,
            policy_number: 0,
            subject: None,
            audit: None,
        }
    }

    /// Adds them to an AAD: `lp(interaction) ‖ u64 time in ms ‖ u32 policy set number ‖
    /// subject tag 16`, and of an audit record `u8 outcome ‖ lp(purpose) ‖ user tag 16 ‖
    /// client tag 16 ‖ u32 events`. A missing tag is zeros, a missing text is empty.
    pub(crate) fn push(&self, aad: &mut Vec<u8>) {
        length_prefix::push(aad, self.interaction.as_bytes());
        // The same eight bytes as the unsigned number: no row is older than 1970.
        aad.extend_from_slice(&self.time.as_millis().to_be_bytes());
        aad.extend_from_slice(&self.policy_number.to_be_bytes());
        push_tag(aad, self.subject);
        let Some(audit) = &self.audit else { return };
        aad.push(audit.outcome);
        length_prefix::push(aad, audit.purpose.unwrap_or_default().as_bytes());
        push_tag(aad, audit.user);
        push_tag(aad, audit.client);
        aad.extend_from_slice(&audit.events.to_be_bytes());
    }
}

fn push_tag(aad: &mut Vec<u8>, tag: Option<Tag>) {
    aad.extend_from_slice(tag.unwrap_or(Tag::ZERO).as_bytes());
}
