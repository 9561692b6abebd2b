//! `GET /authorize`: a login for the demo, where whoever asks says who they are. One
//! public client, the code flow with PKCE, redirects to this machine only
//! (<https://www.rfc-editor.org/rfc/rfc8252>).

use super::{DemoUser, Issuer, code::Agreed};
use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, LOCATION, REFERRER_POLICY},
    web::{self, Data, ServiceConfig},
};
use serde_json::json;
use std::{collections::BTreeMap, fmt::Write as _};
use url::{Host, Url, form_urlencoded};

/// What the issuer knows the client by through which people log in.
pub const LOGIN_CLIENT: &str = "demo-login";

/// Who can log in; the patients are too many to list.
const USERS: [DemoUser; 5] = [
    DemoUser::Auditor,
    DemoUser::Admin,
    DemoUser::AdminSecond,
    DemoUser::Clinician,
    DemoUser::ClinicianOther,
];

/// Serves the endpoint.
pub(crate) fn routes(app: &mut ServiceConfig) {
    app.route("/authorize", web::get().to(authorize));
}

async fn authorize(request: HttpRequest, issuer: Data<Issuer>) -> HttpResponse {
    let query = request.query_string();
    let question = match Question::read(query) {
        Ok(question) => question,
        Err(why) => return refused(why),
    };
    let Some(hint) = &question.login_hint else {
        return page(query);
    };
    let Some(user) = USERS
        .into_iter()
        .find(|user| user.profile().subject == hint)
    else {
        return question.back(&issuer, &[("error", "access_denied")]);
    };
    let Ok(code) = model::new_uuid(issuer.options.random.as_ref()) else {
        return question.back(&issuer, &[("error", "server_error")]);
    };
    let agreed = Agreed {
        user,
        redirect: question.given_redirect.clone(),
        challenge: question.challenge.clone(),
        nonce: question.nonce.clone(),
    };
    let now = issuer.options.clock.now();
    issuer.codes.give_out(code.clone(), agreed, now);
    question.back(&issuer, &[("code", &code)])
}

/// What a client asks by a browser.
struct Question {
    redirect: Url,
    given_redirect: String,
    challenge: String,
    state: Option<String>,
    nonce: Option<String>,
    login_hint: Option<String>,
}

impl Question {
    fn read(query: &str) -> Result<Self, &'static str> {
        let mut given: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if given
                .insert(name.into_owned(), value.into_owned())
                .is_some()
            {
                return Err("a parameter is given twice");
            }
        }
        let is = |name: &str, value: &str| given.get(name).is_some_and(|given| given == value);
        if !is("client_id", LOGIN_CLIENT) {
            return Err("`client_id` must be `demo-login`");
        }
        if !is("response_type", "code") || !is("code_challenge_method", "S256") {
            return Err("only the code flow with PKCE by S256 is offered");
        }
        let given_redirect = given.remove("redirect_uri").unwrap_or_default();
        let redirect = loopback(&given_redirect)
            .ok_or("`redirect_uri` must be an http address on this machine")?;
        let challenge = given.remove("code_challenge");
        Ok(Self {
            redirect,
            given_redirect,
            challenge: challenge.ok_or("`code_challenge` is missing")?,
            state: given.remove("state"),
            nonce: given.remove("nonce"),
            login_hint: given.remove("login_hint"),
        })
    }

    /// Sends the browser back with an answer (RFC 6749, 4.1.2; RFC 9207).
    fn back(&self, issuer: &Issuer, answer: &[(&str, &str)]) -> HttpResponse {
        let mut to = self.redirect.clone();
        to.query_pairs_mut()
            .extend_pairs(answer)
            .extend_pairs(self.state.as_ref().map(|state| ("state", state)))
            .append_pair("iss", &issuer.url);
        HttpResponse::SeeOther()
            .insert_header((LOCATION, to.to_string()))
            .insert_header((CACHE_CONTROL, "no-store"))
            .finish()
    }
}

fn loopback(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let here = match url.host()? {
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
        Host::Domain(_) => false,
    };
    (here && url.scheme() == "http" && url.fragment().is_none()).then_some(url)
}

/// A link for each user: the same question with a hint.
fn page(query: &str) -> HttpResponse {
    let mut links = String::new();
    for profile in USERS.iter().map(DemoUser::profile) {
        // Encoded anew, the query holds nothing that a page could take for markup.
        let link = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form_urlencoded::parse(query.as_bytes()))
            .append_pair("login_hint", profile.subject)
            .finish()
            .replace('&', "&amp;");
        let (name, role) = (profile.name, profile.role);
        // Writing to a string does not fail.
        let _ = write!(
            links,
            "<li><a href=\"/authorize?{link}\">{name}</a>, {role}"
        );
    }
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .body(format!(
            "<!doctype html><title>Dev issuer</title><h1>Who are you?</h1>\
             <p>This issuer of the demo believes anyone.<ul>{links}</ul>"
        ))
}

fn refused(why: &'static str) -> HttpResponse {
    HttpResponse::BadRequest().json(json!({
        "error": "invalid_request",
        "error_description": why,
    }))
}
