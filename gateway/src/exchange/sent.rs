//! What a body is sent for, and whether its sender may send any: known from the head of
//! the request, so that nobody holds memory by a body that would be refused whatever it
//! says.

use crate::{context::Context, exchange::run, failure::Failure};
use model::{Interaction, ResourceType};
use policies::{Action, Target};

/// What is sent.
#[derive(Debug)]
pub(crate) struct Sent<'k> {
    /// What it is in the audit, as long as it is not read.
    pub(crate) interaction: Interaction,
    /// The actions that it may be sent for.
    pub(crate) actions: &'static [Action],
    /// The type of the record; none of a Bundle.
    pub(crate) kind: Option<&'k ResourceType>,
}

impl Sent<'_> {
    /// Lets its sender in, or refuses with an audit record.
    ///
    /// # Errors
    /// Forbidden when the caller may do nothing of the kind.
    pub(crate) async fn admit(&self, context: &Context) -> Result<(), Failure> {
        let interaction = self.interaction.clone();
        let may = run::beforehand(context, &interaction, |exchange| {
            exchange.rules.require_client().is_ok() && exchange.could(self.actions, self.kind)
        });
        if may {
            return Ok(());
        }
        run::run(context, interaction, async |exchange| {
            let target = match self.kind {
                Some(kind) => exchange.stranger(kind),
                None => Target::base(exchange.facility().name.clone()),
            };
            for action in self.actions {
                exchange.pass_over(*action, &target);
            }
            Err(Failure::forbidden())
        })
        .await
    }
}
