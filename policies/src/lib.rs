//! Who may do what: Cedar schema and policies as data, and the one function,
//! [`Authorizer::decide`], that judges every access.
//!
//! SMART scopes, the rules of each facility concerned, and later consent must
//! all agree; what is not permitted is denied, a forbid wins, and any error is
//! a denial. The right to act is a [`Permit`], which only `decide` can make.
//! Cedar: <https://docs.cedarpolicy.com/>. Nothing here knows HTTP or SQL.

mod action;
mod authorizer;
mod caller;
mod compiled;
mod consent;
mod decision_log;
mod decision_record;
mod entities;
mod infrastructure;
mod limits;
mod memory;
mod permit;
mod smart_scope;
mod source;
mod stored_log;
mod target;
mod withheld;

pub use action::Action;
pub use authorizer::{Authorizer, Question};
pub use caller::{Caller, Purpose, Role};
pub use compiled::{Compiled, PolicyError};
pub use consent::ConsentRule;
pub use decision_log::{Class, DecisionLog, Relation};
pub use decision_record::{DecisionRecord, Outcome, Reason, ReplayError, Ruling};
pub use entities::{CallerEntity, ResourceEntity};
pub use permit::{Decision, Denial, Permit, WrongPermit};
pub use smart_scope::{IgnoredScope, SmartScope, parse_scopes};
pub use source::{PolicySource, SourceError};
pub use stored_log::StoredClass;
pub use target::{Target, TargetFacts};
pub use withheld::Withheld;
