//! Runs what is only looked at.

use crate::{
    context::Context, exchange, failure::Failure, http::reply::Reply, interaction::look::Look,
};
use model::Interaction;

/// Shows what is asked for, once it is audited.
pub(super) async fn show(context: &Context, look: &Look<'_>) -> Result<Reply, Failure> {
    let interaction = Interaction::from(look.interaction());
    exchange::run(context, interaction, async |exchange| {
        look.make(exchange).await
    })
    .await
}
