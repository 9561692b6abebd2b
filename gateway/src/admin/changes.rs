//! `/admin/changes`: what was proposed, and deciding it.

use super::{Act, Answer, answer, change, done, open_change, proposal::Proposal, run};
use crate::{
    failure::{Category, Failure},
    http::{body, head::Given},
    search::paging,
};
use actix_web::{HttpRequest, web};
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
struct Asked {
    count: u32,
    before: Option<Tag>,
}

impl Asked {
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
pub(super) async fn list(request: HttpRequest) -> Answer {
    answer(&request, "change-list", async |context| {
        let asked = Asked::parse(request.query_string())?;
        let (views, last) = run(&context, "change-list", async |exchange| {
            let page = open_change::page(exchange, asked.before, asked.count).await?;
            let views = page.changes.iter().map(|change| change.view(exchange));
            Ok((views.collect::<Vec<_>>(), page.goes_on_after))
        })
        .await?;
        let (base, count) = (context.app.public_url(), asked.count);
        let next = last.map(|id| format!("{base}/admin/changes?{COUNT}={count}&{BEFORE}={id}"));
        Ok(done(&List {
            changes: views,
            next,
        }))
    })
    .await
}

/// One change.
pub(super) async fn read(request: HttpRequest) -> Answer {
    answer(&request, "change-read", async |context| {
        let id = id(&request);
        let view = run(&context, "change-read", async |exchange| {
            let change = open_change::find(exchange, id, Act::Read).await?;
            Ok(change.view(exchange))
        })
        .await?;
        Ok(done(&view))
    })
    .await
}

/// Approves a change, which then takes effect.
pub(super) async fn approve(request: HttpRequest, payload: web::Payload) -> Answer {
    decide(&request, payload, "change-approve", true).await
}

/// Turns a change down; its proposer withdraws it.
pub(super) async fn reject(request: HttpRequest, payload: web::Payload) -> Answer {
    decide(&request, payload, "change-reject", false).await
}

async fn decide(
    request: &HttpRequest,
    payload: web::Payload,
    name: &'static str,
    approve: bool,
) -> Answer {
    answer(request, name, async |context| {
        body::refuse(request, payload).await?;
        let id = id(request);
        let _turn = context.facility.turn_to_decide().await;
        let (view, made) = run(&context, name, async |exchange| {
            let change = change::decide(exchange, id, approve).await?;
            let made = approve && matches!(change.proposal, Proposal::FacilityMake(_));
            Ok((change.view(exchange), made))
        })
        .await?;
        if made {
            // It is made; when it cannot be opened now, it will be at the next look.
            let look: Result<(), Failure> = context.app.look_for_facilities().await;
            drop(look);
        }
        Ok(done(&view))
    })
    .await
}

fn id(request: &HttpRequest) -> &str {
    request.match_info().get("id").unwrap_or_default()
}
