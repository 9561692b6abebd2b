//! What a request asks of records, with the entries that this opens in its audit.
//!
//! Asking opens the entry, as a refusal leaves it: the record, no version, nobody concerned
//! but a Patient itself. What is released, written or found to be so completes it. A right
//! does not leave this file, so that nothing is done by it without its entry; of many
//! candidates those alone have one that are shown.

use crate::{
    audit::administered::Did,
    exchange::{
        Exchange,
        acts::{Entry, Touch},
        facts::Facts,
    },
    failure::Failure,
};
use fhir::audit_event::{AuditPatient, AuditTouched};
use model::{Digest, FacilityName, LogicalId, ResourceType, Restful, VersionNumber};
use policies::{Action, Permit, Target, Withheld, WrongPermit};

/// Patients that a refused write leaves in the audit, at most: the first by id. Somebody
/// without a right has chosen them.
const MAX_NAMED: usize = 8;

/// What is asked of one record, with the right that was given.
#[derive(Default)]
pub(crate) struct Asked {
    /// None for one of many candidates.
    entry: Option<Entry>,
    permit: Option<Permit>,
}

/// A record as the audit names it.
pub(crate) struct Named {
    /// Its type.
    pub kind: ResourceType,
    /// Its id.
    pub id: LogicalId,
    /// The version that was shown or made.
    pub version: Option<VersionNumber>,
    /// The patients concerned.
    pub patients: Vec<AuditPatient>,
}

/// Content that may be shown, and is looked at first.
pub(crate) struct Examined<T> {
    content: T,
    asked: Asked,
}

impl Asked {
    /// Whether it was permitted.
    pub(crate) const fn is_permitted(&self) -> bool {
        self.permit.is_some()
    }

    /// Checks that a version of `target` may be written.
    ///
    /// # Errors
    /// When the right was given for something else, or not at all.
    pub(crate) fn check_write(&self, target: &Target) -> Result<(), Failure> {
        self.right()?.check_write(target).map_err(Failure::fault)
    }

    /// Number and digest of the policy set of a facility by which it was permitted.
    ///
    /// # Errors
    /// When that facility was not asked.
    pub(crate) fn policy_of(&self, facility: &FacilityName) -> Result<(u32, Digest), Failure> {
        let policy = self.right()?.policy_of(facility);
        policy.ok_or_else(|| Failure::fault("a permit without the rules of its facility"))
    }

    /// Lets content out to be looked at; whether it is shown is decided by what it is.
    ///
    /// # Errors
    /// When the right was given for something else, or not at all.
    pub(crate) fn examine<T>(self, withheld: Withheld<T>) -> Result<Examined<T>, Failure> {
        let content = self.right()?.release(withheld).map_err(Failure::fault)?;
        Ok(Examined {
            content,
            asked: self,
        })
    }

    fn right(&self) -> Result<&Permit, Failure> {
        let right = self.permit.as_ref();
        right.ok_or_else(|| Failure::fault(WrongPermit))
    }
}

impl<T> Examined<T> {
    /// Looks at the content.
    pub(crate) fn look<U>(&self, look: impl FnOnce(&T) -> U) -> U {
        look(&self.content)
    }

    /// Takes a part of the content that is not shown.
    pub(crate) fn take<U>(&mut self, take: impl FnOnce(&mut T) -> U) -> U {
        take(&mut self.content)
    }
}

impl Exchange<'_> {
    /// Asks for an action on one record; opens its entry.
    pub(crate) fn ask(&mut self, action: Action, kind: &ResourceType, id: &LogicalId) -> Asked {
        let touch = self.touch(kind, id, action.writes());
        Asked {
            entry: Some(self.acts.touch(touch)),
            permit: None,
        }
    }

    /// Asks for a record by which another is decided; its entry is an act of its own,
    /// before the act that goes on.
    pub(crate) fn ask_beside(&mut self, kind: &ResourceType, id: &LogicalId) -> Asked {
        let mut touch = self.touch(kind, id, false);
        // What is hidden or absent concerns nobody by being named.
        touch.record.patients.clear();
        Asked {
            entry: Some(self.acts.consult(touch)),
            permit: None,
        }
    }

    /// Decides over what was asked. The last decision is the one that counts.
    pub(crate) fn permit(&mut self, asked: &mut Asked, action: Action, target: &Target) -> bool {
        asked.permit = self.decide(action, target);
        asked.is_permitted()
    }

    /// Decides over one of many candidates. It has an entry when it is shown.
    pub(crate) fn weigh(&mut self, action: Action, target: &Target) -> Asked {
        Asked {
            entry: None,
            permit: self.decide(action, target),
        }
    }

    /// Decides over a candidate that is known to be denied, for the audit.
    pub(crate) fn pass_over(&mut self, action: Action, target: &Target) {
        drop(self.decide(action, target));
    }

    /// Decides over an action on no single record.
    ///
    /// # Errors
    /// Forbidden.
    pub(crate) fn require(&mut self, action: Action, target: &Target) -> Result<(), Failure> {
        match self.decide(action, target) {
            Some(_) => Ok(()),
            None => Err(Failure::forbidden()),
        }
    }

    /// Refuses a write; the entry names some of those whom its body names.
    pub(crate) fn refuse(&mut self, asked: &Asked, named: Vec<AuditPatient>) -> Failure {
        self.name_some(asked, named);
        Failure::forbidden()
    }

    /// Names in the entry of a refused write some of those whom its body names.
    pub(crate) fn name_some(&mut self, asked: &Asked, mut named: Vec<AuditPatient>) {
        named.truncate(MAX_NAMED);
        if let Some(entry) = asked.entry {
            self.complete_entry(entry, None, named);
        }
    }

    /// Completes the entry of what was permitted: the version that was made or found, and
    /// whom it concerns.
    pub(crate) fn complete(
        &mut self,
        asked: &Asked,
        version: Option<VersionNumber>,
        patients: Vec<AuditPatient>,
    ) {
        if let (Some(entry), true) = (asked.entry, asked.is_permitted()) {
            self.complete_entry(entry, version, patients);
        }
    }

    /// Begins an act of its own before the act that goes on, such as the search that chooses
    /// its record.
    pub(crate) fn begin_beside(&mut self, interaction: Restful) {
        self.acts.begin_beside(interaction);
    }

    /// Ends it, and goes on with the other.
    pub(crate) fn end_beside(&mut self) {
        self.acts.end_beside();
    }

    /// Says in the entry of a write that a record was found, and nothing written.
    pub(crate) fn complete_found(&mut self, asked: &Asked, found: Named) {
        if let (Some(entry), true) = (asked.entry, asked.is_permitted()) {
            let record = AuditTouched {
                kind: found.kind.as_str().to_owned(),
                id: found.id.as_str().to_owned(),
                version: found.version,
                patients: found.patients,
            };
            self.acts.found_instead(entry, record);
        }
    }

    /// Shows what was looked at; its entry says so.
    pub(crate) fn disclose<T>(
        &mut self,
        examined: Examined<T>,
        named: impl FnOnce(&T) -> Named,
    ) -> T {
        let Examined { content, asked } = examined;
        self.show(&asked, named(&content));
        content
    }

    /// Shows what the entry, as it was opened, stands for already; of many candidates, the
    /// text of the search.
    ///
    /// # Errors
    /// When the right was given for something else, or not at all.
    pub(crate) fn disclose_as_asked<T>(
        &mut self,
        asked: Asked,
        withheld: Withheld<T>,
    ) -> Result<T, Failure> {
        Ok(asked.examine(withheld)?.content)
    }

    /// Shows what a proof without content has of a record; `leaf` must return nothing but
    /// the statement and the leaf salt.
    ///
    /// # Errors
    /// When the right was given for something else, or not at all.
    pub(crate) fn disclose_leaf<T, U>(
        &mut self,
        asked: &Asked,
        withheld: Withheld<T>,
        named: Named,
        leaf: impl FnOnce(T) -> U,
    ) -> Result<U, Failure> {
        let right = asked.right()?;
        let shown = right.release_leaf(withheld, leaf).map_err(Failure::fault)?;
        self.show(asked, named);
        Ok(shown)
    }

    /// Begins the entry of a Bundle: what is asked from now on belongs to it.
    pub(crate) fn begin_entry(&mut self, interaction: Restful) {
        self.acts.begin(interaction);
    }

    /// Ends the entry of a Bundle as failed, by itself. A denial costs what a denied request
    /// does.
    pub(crate) fn fail_entry(&mut self, failure: &Failure) {
        self.acts.fail(failure);
        if failure.is_denial() {
            self.note_denial();
        }
    }

    /// Notes what an administrator does to something, by its path below `/admin`.
    pub(crate) fn administer(&mut self, path: &str, did: Did) {
        self.acts.administer(path, did);
    }

    fn decide(&mut self, action: Action, target: &Target) -> Option<Permit> {
        let facts = Facts::of(target);
        self.rules.decide(&self.context.app, action, &facts)
    }

    /// Says in the entry what is shown of a record: of a damaged one, that it is there.
    pub(crate) fn show(&mut self, asked: &Asked, named: Named) {
        let entry = asked.entry.unwrap_or_else(|| {
            let touch = self.touch(&named.kind, &named.id, false);
            self.acts.touch(touch)
        });
        self.complete_entry(entry, named.version, named.patients);
    }

    fn complete_entry(
        &mut self,
        entry: Entry,
        version: Option<VersionNumber>,
        patients: Vec<AuditPatient>,
    ) {
        let Some(Touch { record, .. }) = self.acts.entry(entry) else {
            return;
        };
        record.version = version;
        // A Patient stands there already, as itself.
        if !patients.is_empty() {
            record.patients = patients;
        }
    }

    /// A record that was asked about. A Patient is the patient concerned whatever becomes
    /// of the request: whoever asks for it, whether it is there and may be seen or not,
    /// asked about that patient.
    fn touch(&self, kind: &ResourceType, id: &LogicalId, writes: bool) -> Touch {
        let itself = (kind.as_str() == "Patient").then(|| AuditPatient {
            tag: self.tag(kind, id),
            id: id.clone(),
        });
        let record = AuditTouched {
            kind: kind.as_str().to_owned(),
            id: id.as_str().to_owned(),
            version: None,
            patients: itself.into_iter().collect(),
        };
        Touch { record, writes }
    }
}
