//! What a request does, act by act, for its audit: the request itself, or every entry
//! of its Bundle, so that each has an outcome and a query text of its own.

use crate::{
    audit::administered::{Did, administered},
    failure::Failure,
};
use fhir::audit_event::{AuditAct, AuditOutcome, AuditTouched};
use model::{Interaction, Restful};

/// What the event of a conditional create says that found its record.
const MATCHED: &str = "matched";

/// The acts of one request, in order; the last one goes on.
pub(super) struct Acts {
    request: Interaction,
    before: Vec<Act>,
    current: Act,
    /// The act that goes on again after one beside it.
    aside: Option<Act>,
    /// Number of the act that began last.
    begun: u32,
}

/// How an act ended: the outcome, and the word for it.
type Ended = (AuditOutcome, Option<&'static str>);

struct Act {
    /// Which act of the request it is, in the order in which they began.
    number: u32,
    interaction: Interaction,
    did: Option<Interaction>,
    ended: Ended,
    query: Option<String>,
    touched: Vec<Touch>,
}

/// A record that an act is about.
pub(super) struct Touch {
    /// The record.
    pub record: AuditTouched,
    /// Whether a version of it is to be made.
    pub writes: bool,
}

/// Where a record stands in the acts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    act: u32,
    place: usize,
}

impl Act {
    const fn new(number: u32, interaction: Interaction) -> Self {
        Self {
            number,
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

    fn touch(&mut self, touch: Touch) -> Entry {
        self.touched.push(touch);
        Entry {
            act: self.number,
            place: self.touched.len() - 1,
        }
    }
}

/// What a failure is in the audit.
pub(super) fn outcome_of(failure: &Failure) -> (AuditOutcome, Option<&'static str>) {
    let outcome = match failure.category.audit_outcome() {
        8 => AuditOutcome::SeriousFailure,
        _ => AuditOutcome::MinorFailure,
    };
    (outcome, Some(failure.code.as_str()))
}

impl Acts {
    /// The request as its first act.
    pub(super) fn of(request: &Interaction) -> Self {
        Self {
            request: request.clone(),
            before: Vec::new(),
            current: Act::new(0, request.clone()),
            aside: None,
            begun: 0,
        }
    }

    /// Begins the act of an entry of a Bundle; what is noted from now on belongs to it.
    pub(super) fn begin(&mut self, interaction: Restful) {
        let act = self.next(interaction.into());
        self.go_on_with(act);
    }

    /// Ends the act that goes on as failed, by itself.
    pub(super) fn fail(&mut self, failure: &Failure) {
        self.current.ended = outcome_of(failure);
    }

    /// Notes the text of a search.
    pub(super) fn query(&mut self, text: String) {
        self.current.query = Some(text);
    }

    /// Notes a record that the act is about.
    pub(super) fn touch(&mut self, touch: Touch) -> Entry {
        self.current.touch(touch)
    }

    /// Notes a record that is read to decide over the act: an act of its own, before it.
    pub(super) fn consult(&mut self, touch: Touch) -> Entry {
        let mut act = self.next(Restful::Read.into());
        let entry = act.touch(touch);
        self.before.push(act);
        entry
    }

    /// Begins an act of its own before the act that goes on, such as the search that chooses
    /// its record.
    pub(super) fn begin_beside(&mut self, interaction: Restful) {
        let before = self.next(interaction.into());
        self.aside = Some(std::mem::replace(&mut self.current, before));
    }

    /// Ends it, and goes on with the other.
    pub(super) fn end_beside(&mut self) {
        if let Some(act) = self.aside.take() {
            self.go_on_with(act);
        }
    }

    /// Puts a record that was found in the place of one that was noted, with a word that says
    /// so.
    pub(super) fn found_instead(&mut self, entry: Entry, record: AuditTouched) {
        if let Some(touch) = self.entry(entry) {
            *touch = Touch {
                record,
                writes: false,
            };
        }
        self.current.ended = (AuditOutcome::Success, Some(MATCHED));
    }

    /// A record that was noted.
    pub(super) fn entry(&mut self, entry: Entry) -> Option<&mut Touch> {
        let acts = self.before.iter_mut().chain([&mut self.current]);
        let act = acts.rev().find(|act| act.number == entry.act);
        act?.touched.get_mut(entry.place)
    }

    /// Notes what an administrator did to something, by its path below `/admin`.
    pub(super) fn administer(&mut self, path: &str, did: Did) {
        let mut act = self.next(self.request.clone());
        act.did = Some(did.into());
        act.touch(Touch {
            record: administered(path),
            writes: false,
        });
        self.go_on_with(act);
    }

    /// Forgets the versions that will never be.
    pub(super) fn give_up_writes(&mut self) {
        let acts = self.before.iter_mut().chain([&mut self.current]);
        for touched in acts.flat_map(|act| &mut act.touched) {
            if touched.writes {
                touched.record.version = None;
            }
        }
    }

    /// The acts as the audit records them, and the query texts in order. How the request
    /// `ended` as a whole counts for every act that did not end worse by itself.
    pub(super) fn recorded(&self, ended: Option<Ended>) -> (Vec<AuditAct>, Vec<&str>) {
        // A Bundle is its entries: it is an act of its own only when it has none.
        let counts = |act: &&Act| act.number > 0 || !act.is_bare();
        let acts = self.before.iter().filter(counts).chain([&self.current]);
        let (mut recorded, mut queries) = (Vec::new(), Vec::new());
        for act in acts {
            let query = act.query.as_deref().map(|text| {
                queries.push(text);
                u32::try_from(queries.len()).unwrap_or(u32::MAX)
            });
            let whole = ended.filter(|(outcome, _)| *outcome >= act.ended.0);
            let (outcome, text) = whole.unwrap_or(act.ended);
            // What an operation was decided by may be among what it shows.
            let first = act.touched.first().map(|touched| &touched.record);
            let others = act.touched.iter().skip(1).map(|touched| &touched.record);
            let others = others.filter(|record| Some(*record) != first);
            let records = first.into_iter().chain(others).cloned();
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

    fn next(&mut self, interaction: Interaction) -> Act {
        self.begun = self.begun.saturating_add(1);
        Act::new(self.begun, interaction)
    }

    fn go_on_with(&mut self, act: Act) {
        self.before.push(std::mem::replace(&mut self.current, act));
    }
}
