//! A version before it is sealed: envelope, leaf and row are made of it.

use crate::{
    exchange::{Exchange, asked::Asked},
    facility::keyring::HeldKey,
    failure::Failure,
    http::reply::VersionMark,
    record::index_card::made::Carded,
};
use fhir::audit_event::AuditPatient;
use model::{Digest, FacilityName, LeafKind, LogicalId, ResourceType, Tag, VersionInteraction};
use sealing::{ClearFacts, Place, Sealed};
use store::{Link, NewVersion};
use tlog::leaf::{self, Statement};

/// Everything about a version but its envelope and leaf.
pub(super) struct Draft<'a> {
    pub(super) kind: &'a ResourceType,
    pub(super) id: &'a LogicalId,
    pub(super) record: Tag,
    pub(super) mark: VersionMark,
    pub(super) interaction: VersionInteraction,
    pub(super) subject: Option<Tag>,
    pub(super) key: HeldKey,
    pub(super) content: &'a [u8],
    pub(super) links: Vec<Link>,
    pub(super) tokens: Vec<model::Token>,
}

impl Draft<'_> {
    /// What its card is made of, beside its content.
    pub(super) const fn carded(&self) -> Carded<'_> {
        Carded {
            kind: self.kind,
            id: self.id,
            record: self.record,
            mark: self.mark,
            subject: self.subject,
            key: &self.key,
        }
    }

    /// Seals it as the request's own version; the exchange commits it.
    ///
    /// # Errors
    /// When the facility was not asked, or sealing fails.
    pub(super) fn seal(
        self,
        exchange: &mut Exchange<'_>,
        asked: &Asked,
        concerned: Vec<AuditPatient>,
    ) -> Result<(), Failure> {
        let name = &exchange.facility().name;
        let (policy_number, policy) = asked.policy_of(name)?;
        let place = Place {
            facility: name,
            sealed_type: self.kind.into(),
            record: self.record,
            version: self.mark.number,
            clear: ClearFacts {
                interaction: self.interaction.as_str(),
                time: self.mark.time,
                policy_number,
                subject: self.subject,
                audit: None,
            },
        };
        let random = &*exchange.app().random;
        let sealed = sealing::seal(
            &place,
            self.key.id,
            &self.key.key,
            self.id.as_str(),
            self.content,
            random,
        )?;
        let statement = self.statement(name, policy, &sealed);
        let version = NewVersion {
            commitment: leaf::commitment(&sealed.salts.leaf, &statement.encode()),
            version: store::Version {
                resource_type: self.kind.clone(),
                record: self.record,
                number: self.mark.number,
                interaction: self.interaction,
                policy_number,
                time: self.mark.time,
                subject: self.subject,
                padded_size: sealing::padded_size(&sealed.envelope).unwrap_or(0),
                data_key: self.key.id,
                envelope: sealed.envelope,
            },
            links: self.links,
            tokens: self.tokens,
        };
        exchange.write_version(asked, version, concerned);
        Ok(())
    }

    /// What the leaf of a version commits to.
    fn statement(&self, facility: &FacilityName, policy: Digest, sealed: &Sealed) -> Statement {
        Statement {
            content: leaf::content_digest(&sealed.salts.content, self.content),
            facility: facility.clone(),
            interaction: self.interaction.as_str().to_owned(),
            kind: LeafKind::Version,
            policy,
            reference: format!("{}/{}", self.kind, self.id),
            seal: sealing::envelope_digest(&sealed.envelope),
            subject: self.subject,
            time: self.mark.time,
            version: self.mark.number.get(),
        }
    }
}
