//! What a request does, act by act, for its audit: the request itself, or every entry
//! of its Bundle, so that each has an outcome and a query text of its own.

use crate::failure::Failure;
use fhir::audit_event::{AuditAct, AuditOutcome, AuditPatient, AuditTouched};
use model::{AuditInteraction, LogicalId, ResourceType, VersionNumber};

/// The acts of one request, in order; the last one goes on.
pub(crate) struct Acts {
    request: AuditInteraction,
    before: Vec<Act>,
    current: Act,
}

/// How an act ended: the outcome, and the word for it.
type Ended = (AuditOutcome, Option<&'static str>);

struct Act {
    interaction: AuditInteraction,
    did: Option<AuditInteraction>,
    ended: Ended,
    query: Option<String>,
    touched: Vec<Touched>,
}

struct Touched {
    record: AuditTouched,
    /// Whether it was touched to make a version of it.
    writes: bool,
}

impl Act {
    const fn new(interaction: AuditInteraction) -> Self {
        Self {
            interaction,
            did: None,
            ended: (AuditOutcome::Success, None),
            query: None,
            touched: Vec::new(),
        }
    }

    const fn is_bare(&self) -> bool {
        self.query.is_none() && self.touched.is_empty()
    }
}

/// What a failure is in the audit.
pub(crate) fn outcome_of(failure: &Failure) -> (AuditOutcome, Option<&'static str>) {
    let outcome = match failure.category.audit_outcome() {
        8 => AuditOutcome::SeriousFailure,
        _ => AuditOutcome::MinorFailure,
    };
    (outcome, Some(failure.code.as_str()))
}

impl Acts {
    /// The request as its first act.
    pub(crate) fn of(request: &AuditInteraction) -> Self {
        Self {
            request: request.clone(),
            before: Vec::new(),
            current: Act::new(request.clone()),
        }
    }

    /// Begins the act of an entry of a Bundle; what is noted from now on belongs to it.
    pub(crate) fn begin(&mut self, interaction: &str) {
        self.go_on_with(Act::new(AuditInteraction::restful(interaction)));
    }

    /// Ends the act that goes on as failed, by itself.
    pub(crate) fn fail(&mut self, failure: &Failure) {
        self.current.ended = outcome_of(failure);
    }

    /// Notes the text of a search.
    pub(crate) fn query(&mut self, text: String) {
        self.current.query = Some(text);
    }

    /// Notes a record that the act is about.
    pub(crate) fn touch(
        &mut self,
        (resource_type, id): (&ResourceType, &LogicalId),
        version: Option<VersionNumber>,
        writes: bool,
        patients: Vec<AuditPatient>,
    ) {
        let record = AuditTouched {
            kind: resource_type.as_str().to_owned(),
            id: id.as_str().to_owned(),
            version,
            patients,
        };
        self.current.touched.push(Touched { record, writes });
    }

    /// Notes a record that was read to decide over the act: an act of its own, before it.
    pub(crate) fn consult(
        &mut self,
        (resource_type, id): (&ResourceType, &LogicalId),
        version: Option<VersionNumber>,
        patients: Vec<AuditPatient>,
    ) {
        let going_on = std::mem::replace(
            &mut self.current,
            Act::new(AuditInteraction::restful("read")),
        );
        self.touch((resource_type, id), version, false, patients);
        self.go_on_with(going_on);
    }

    /// Notes what an administrator did to something, by its path below `/admin`.
    pub(crate) fn administer(&mut self, path: &str, did: &str) {
        let mut act = Act::new(self.request.clone());
        act.did = Some(AuditInteraction::restful(did));
        act.touched.push(Touched {
            record: administered(path),
            writes: false,
        });
        self.go_on_with(act);
    }

    /// Forgets the versions that will never be.
    pub(crate) fn give_up_writes(&mut self) {
        let acts = self.before.iter_mut().chain([&mut self.current]);
        for touched in acts.flat_map(|act| &mut act.touched) {
            if touched.writes {
                touched.record.version = None;
            }
        }
    }

    /// The acts as the audit records them, and the query texts in order. How the request
    /// `ended` as a whole counts for every act that did not end worse by itself.
    pub(crate) fn recorded(&self, ended: Option<Ended>) -> (Vec<AuditAct>, Vec<&str>) {
        // A Bundle is its entries: it is an act of its own only when it has none.
        let bare = usize::from(self.before.first().is_some_and(Act::is_bare));
        let acts = self.before.iter().skip(bare).chain([&self.current]);
        let (mut recorded, mut queries) = (Vec::new(), Vec::new());
        for act in acts {
            let query = act.query.as_deref().map(|text| {
                queries.push(text);
                u32::try_from(queries.len()).unwrap_or(u32::MAX)
            });
            let whole = ended.filter(|(outcome, _)| *outcome >= act.ended.0);
            let (outcome, text) = whole.unwrap_or(act.ended);
            let records = act.touched.iter().map(|touched| touched.record.clone());
            recorded.push(AuditAct {
                interaction: act.interaction.clone(),
                did: act.did.clone(),
                outcome,
                outcome_text: text.map(str::to_owned),
                query,
                touched: records.collect(),
            });
        }
        (recorded, queries)
    }

    fn go_on_with(&mut self, act: Act) {
        self.before.push(std::mem::replace(&mut self.current, act));
    }
}

/// Something below `/admin` as the audit names it.
pub(crate) fn administered(path: &str) -> AuditTouched {
    let (kind, id) = path.split_once('/').unwrap_or((path, ""));
    AuditTouched {
        kind: kind.to_owned(),
        id: id.to_owned(),
        version: None,
        patients: Vec::new(),
    }
}
