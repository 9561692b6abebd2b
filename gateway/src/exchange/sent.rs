//! What a body is sent for, and whether its sender may send any: known from the head of
//! the request, so that nobody holds memory by a body that would be refused whatever it
//! says.

use crate::{
    context::Context,
    exchange::run,
    failure::Failure,
    interaction::kinds::{self, Row},
};
use model::{Interaction, ResourceType, Restful};
use policies::{Action, Target};

/// What is sent.
#[derive(Debug)]
pub(crate) enum Sent<'k> {
    /// A new record of a type.
    New(&'k ResourceType),
    /// A record of a type under an id.
    Put(&'k ResourceType),
    /// A Bundle.
    Bundle,
}

impl Sent<'_> {
    fn row(&self) -> &'static Row {
        match self {
            Self::New(_) => &kinds::CREATE,
            Self::Put(_) => &kinds::UPDATE,
            Self::Bundle => &kinds::BUNDLE,
        }
    }

    fn actions(&self) -> &'static [Action] {
        self.row().sent_for
    }

    const fn kind(&self) -> Option<&ResourceType> {
        match self {
            Self::New(kind) | Self::Put(kind) => Some(kind),
            Self::Bundle => None,
        }
    }

    fn interaction(&self) -> Interaction {
        let restful = self.row().interactions.last();
        Interaction::from(*restful.unwrap_or(&Restful::Batch))
    }

    /// Lets its sender in, or refuses with an audit record.
    ///
    /// # Errors
    /// Forbidden when the caller may do nothing of the kind.
    pub(crate) async fn admit(&self, context: &Context) -> Result<(), Failure> {
        let interaction = self.interaction();
        let may = run::beforehand(context, &interaction, |exchange| {
            exchange.rules.require_client().is_ok() && exchange.could(self.actions(), self.kind())
        });
        if may {
            return Ok(());
        }
        run::run(context, interaction, async |exchange| {
            let target = match self.kind() {
                Some(kind) => exchange.stranger(kind),
                None => Target::base(exchange.facility().name.clone()),
            };
            for action in self.actions() {
                exchange.pass_over(*action, &target);
            }
            Err(Failure::forbidden())
        })
        .await
    }
}
