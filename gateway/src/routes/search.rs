//! Routes of a search (<https://hl7.org/fhir/R4/http.html#search>).

use super::{Answer, Arrived, path, shown};
use crate::{
    context::Context,
    failure::Failure,
    http::{body, head, prefer::Preferences, query_text},
    interaction::look::Look,
};
use model::{LogicalId, ResourceType};

/// Searches by the query, and by the form where one was sent.
pub(super) async fn search(mut arrived: Arrived<'_>) -> Answer {
    let query = text(&mut arrived).await?;
    let kind = path::kind(arrived.request)?;
    let lenient = admitted(&arrived, &query)?;
    let long = look(&kind, &query, lenient).is_long();
    let search = async move |context: &Context| {
        let look = look(&kind, &query, lenient);
        shown::show(context, &look).await
    };
    let reply = arrived.context.carry_out(long, search).await?;
    Ok(reply.into_response())
}

/// The same of a patient's compartment.
pub(super) async fn compartment(mut arrived: Arrived<'_>) -> Answer {
    let query = text(&mut arrived).await?;
    let request = arrived.request;
    let (patient, members) = (path::id(request)?, path::members(request)?);
    let lenient = admitted(&arrived, &query)?;
    let around = Around { patient, members };
    let long = around.look(&query, lenient).is_long();
    let search = async move |context: &Context| {
        let look = around.look(&query, lenient);
        shown::show(context, &look).await
    };
    let reply = arrived.context.carry_out(long, search).await?;
    Ok(reply.into_response())
}

/// What the path of a compartment names.
struct Around {
    patient: LogicalId,
    members: Option<ResourceType>,
}

impl Around {
    const fn look<'r>(&'r self, query: &'r str, lenient: bool) -> Look<'r> {
        Look::Compartment {
            patient: &self.patient,
            members: self.members.as_ref(),
            query,
            lenient,
        }
    }
}

/// The query, and behind it the form where one was sent.
async fn text(arrived: &mut Arrived<'_>) -> Result<String, Failure> {
    let request = arrived.request;
    let query = request.query_string().to_owned();
    let query = match arrived.payload.take() {
        None => query,
        Some(payload) => {
            let form = body::read_form(request, payload).await?;
            if query.is_empty() {
                form
            } else {
                format!("{query}&{form}")
            }
        }
    };
    query_text::check(request.method(), &query)?;
    Ok(query)
}

/// Admits one more search of its caller; whether what is not supported is ignored.
fn admitted(arrived: &Arrived<'_>, query: &str) -> Result<bool, Failure> {
    let request = arrived.request;
    head::of_query(request, query)?;
    let app = &arrived.context.app;
    app.throttle
        .searches(&arrived.context.caller)
        .inspect_err(|_| app.counters.throttled())?;
    Ok(Preferences::of(request).lenient)
}

const fn look<'r>(kind: &'r ResourceType, query: &'r str, lenient: bool) -> Look<'r> {
    Look::Search {
        kind,
        query,
        lenient,
    }
}
