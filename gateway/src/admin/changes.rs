//! `/admin/changes`: what was proposed, and deciding it.

use super::{Act, Answer, asked::Asked, change, done, open_change, proposal::Proposal};
use crate::{
    failure::{Category, Failure},
    http::head::Given,
    search::paging,
};
use fhir::IssueCode;
use model::Tag;
use serde::Serialize;

/// What the list reads.
pub(super) const PARAMETERS: [&str; 2] = [COUNT, BEFORE];
const COUNT: &str = "_count";
/// The id of the last change of the page before.
const BEFORE: &str = "before";
/// Changes on a page at most, and when nothing is asked.
const MAX_PAGE: u32 = 100;

/// A page of changes.
#[derive(Serialize)]
struct List {
    changes: Vec<change::View>,
    /// Where the page after it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Which changes are asked for.
struct Wanted {
    count: u32,
    before: Option<Tag>,
}

impl Wanted {
    fn parse(query: &str) -> Result<Self, Failure> {
        let (mut given, mut asked) = (Given::default(), Self::newest());
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                COUNT => asked.count = paging::parse_count(&value, 1)?.min(MAX_PAGE),
                BEFORE => asked.before = Some(value.parse().map_err(|_| no_change())?),
                // `Offered` has refused it.
                _ => {}
            }
            given.take(&name)?;
        }
        Ok(asked)
    }

    const fn newest() -> Self {
        Self {
            count: MAX_PAGE,
            before: None,
        }
    }
}

fn no_change() -> Failure {
    let text =
        format!("the value of `{BEFORE}` must be the id of a change; follow `next` as it is");
    Failure::new(Category::Invalid, IssueCode::Value, text)
}

/// A page of changes, the newest first.
pub(super) async fn list(asked: Asked) -> Answer {
    let wanted = Wanted::parse(asked.request.query_string())?;
    let page = asked.run(async |exchange| {
        let page = open_change::page(exchange, wanted.before, wanted.count).await?;
        let views = page.changes.iter().map(|change| change.view(exchange));
        Ok((views.collect::<Vec<_>>(), page.goes_on_after))
    });
    let (views, last) = page.await?;
    let (base, count) = (asked.context.app.public_url(), wanted.count);
    let next = last.map(|id| format!("{base}/admin/changes?{COUNT}={count}&{BEFORE}={id}"));
    Ok(done(&List {
        changes: views,
        next,
    }))
}

/// One change.
pub(super) async fn read(asked: Asked) -> Answer {
    let id = asked.named("id");
    let view = asked.run(async |exchange| {
        let change = open_change::find(exchange, id, Act::Read).await?;
        Ok(change.view(exchange))
    });
    Ok(done(&view.await?))
}

/// Approves a change, which then takes effect, or turns it down; its proposer withdraws it.
pub(super) async fn decide(mut asked: Asked, approve: bool) -> Answer {
    asked.refuse_body().await?;
    let (id, context) = (asked.named("id"), &asked.context);
    let _turn = context.facility.turn_to_decide().await;
    let decided = asked.run(async |exchange| {
        let change = change::decide(exchange, id, approve).await?;
        let made = approve && matches!(change.proposal, Proposal::FacilityMake(_));
        Ok((change.view(exchange), made))
    });
    let (view, made) = decided.await?;
    if made {
        // It is made; when it cannot be opened now, it will be at the next look.
        let look: Result<(), Failure> = context.app.look_for_facilities().await;
        drop(look);
    }
    Ok(done(&view))
}
