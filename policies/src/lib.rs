//! Who may do what: Cedar schema and policies as data, and the one function,
//! [`DecisionLog::decide`], that decides over every access.
//!
//! SMART scopes, the rules of each facility concerned, and later consent must
//! all agree; what is not permitted is denied, a forbid wins, and any error is
//! a denial. The right to act is a [`Permit`], which only `decide` can make.
//! Cedar: <https://docs.cedarpolicy.com/>. Nothing here knows HTTP or SQL.
//!
//! A clinician whose token grants reading reads a record of the own facility:
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use model::{FacilityName, Tag};
//! use policies::*;
//! use std::sync::Arc;
//!
//! let riverside: FacilityName = "riverside".parse()?;
//! let rules = Compiled::new(1, &PolicySource::shipped())?;
//! let authorizer = Authorizer::new([(riverside.clone(), Arc::new(rules))]);
//!
//! let clinician = Caller {
//!     issuer: "https://login.example".to_owned(),
//!     subject: "c1".to_owned(),
//!     client: "ehr".to_owned(),
//!     facility: riverside.clone(),
//!     roles: vec![Role::Clinician],
//!     purpose: Some(Purpose::Treat),
//!     patient: None,
//!     scopes: parse_scopes("user/Patient.r").0,
//!     name: None,
//!     fhir_user: None,
//!     email: None,
//! };
//! let record = Tag::new([1; 16]);
//! let facts = TargetFacts {
//!     facility: riverside,
//!     resource_type: "Patient".parse()?,
//!     patients: vec![record],
//!     labels: Vec::new(),
//! };
//! let withheld = Withheld::new(record, facts, "the content");
//! let target = withheld.target();
//! let mut log = DecisionLog::new(clinician, None);
//! let mut decide = |action| log.decide(&authorizer, action, &target, &[]);
//!
//! let Decision::Permit(permit) = decide(Action::Read) else {
//!     return Err("denied".into());
//! };
//! assert_eq!(permit.release(withheld)?, "the content");
//! // No scope of the token grants it.
//! assert!(matches!(decide(Action::Delete), Decision::Denied(_)));
//! # Ok(())
//! # }
//! ```

mod decision;
mod question;
mod set;
pub use decision::authorizer::Authorizer;
pub use decision::class::{Class, Relation};
pub use decision::decision_log::DecisionLog;
pub use decision::decision_record::{DecisionRecord, Outcome, Reason, ReplayError, Ruling};
pub use decision::permit::{Decision, Denial, Permit, WrongPermit};
pub use decision::stored_log::StoredClass;
pub use decision::withheld::Withheld;
pub use question::Question;
pub use question::action::Action;
pub use question::caller::{Caller, Purpose, Role};
pub use question::caller_entity::CallerEntity;
pub use question::consent::ConsentRule;
pub use question::resource_entity::ResourceEntity;
pub use question::smart_scope::{IgnoredScope, SmartScope, parse_scopes};
pub use question::target::{Target, TargetFacts};
pub use set::compiled::Compiled;
pub use set::policy_error::PolicyError;
pub use set::source::{PolicySource, SourceError};
