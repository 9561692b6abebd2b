//! What is asked: by whom, for what, about which record.

pub(crate) mod action;
pub(crate) mod caller;
pub(crate) mod caller_entity;
pub(crate) mod consent;
pub(crate) mod entity;
pub(crate) mod infrastructure;
pub(crate) mod resource_entity;
pub(crate) mod resource_kind;
pub(crate) mod smart_scope;
pub(crate) mod target;

use crate::{Action, Caller, ConsentRule, Target};
use model::Tag;

/// What is asked.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// Who asks.
    pub caller: &'a Caller,
    /// Tag of the caller's patient under the id root of the caller's facility.
    pub own_patient: Option<Tag>,
    /// What is asked for.
    pub action: Action,
    /// What it is asked about.
    pub target: &'a Target,
    /// The consents of the patients concerned.
    pub consents: &'a [ConsentRule],
}
