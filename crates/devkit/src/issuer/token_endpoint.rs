//! `POST /token` with the client credentials grant (RFC 6749 4.4), and with the code of
//! a login (4.1.3).
//!
//! A client authenticates by the Basic scheme or in the body (2.3.1), never by
//! both. The patient's client adds `patient`, the id of a Patient: it stands in
//! for the launch context that a login would give.

use super::{DemoUser, Issuer, authorize, secret::Secret};
use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, PRAGMA, WWW_AUTHENTICATE},
    },
    web::{self, Bytes, Data, ServiceConfig},
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use model::LogicalId;
use serde_json::json;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// Serves the endpoint.
pub(crate) fn routes(app: &mut ServiceConfig) {
    app.service(web::resource("/token").route(web::post().to(post)));
}

type Form = BTreeMap<String, Secret>;

/// An error answer of RFC 6749 5.2.
struct Failure {
    code: &'static str,
    text: &'static str,
    /// The client tried the Basic scheme, so the answer must name it.
    basic: bool,
}

const fn failure(code: &'static str, text: &'static str) -> Failure {
    Failure {
        code,
        text,
        basic: false,
    }
}

async fn post(request: HttpRequest, issuer: Data<Issuer>, body: Bytes) -> HttpResponse {
    match grant(&request, &issuer, &body) {
        Ok(answer) => answer,
        Err(failure) => {
            let mut answer = HttpResponse::build(match failure.code {
                "invalid_client" => StatusCode::UNAUTHORIZED,
                "server_error" => StatusCode::INTERNAL_SERVER_ERROR,
                _ => StatusCode::BAD_REQUEST,
            });
            if failure.basic {
                answer.insert_header((WWW_AUTHENTICATE, "Basic realm=\"dev issuer\""));
            }
            answer
                .insert_header((CACHE_CONTROL, "no-store"))
                .insert_header((PRAGMA, "no-cache"))
                .json(json!({ "error": failure.code, "error_description": failure.text }))
        }
    }
}

fn grant(request: &HttpRequest, issuer: &Issuer, body: &[u8]) -> Result<HttpResponse, Failure> {
    let form = read_form(request, body)?;
    if form.get("grant_type").map(Secret::reveal) == Some("authorization_code") {
        return redeem(issuer, &form);
    }
    let client_id = authenticate(request, issuer, &form)?;
    match form.get("grant_type").map(Secret::reveal) {
        Some("client_credentials") => {}
        Some(_) => {
            let text = "only client_credentials and authorization_code are offered";
            return Err(failure("unsupported_grant_type", text));
        }
        None => return Err(failure("invalid_request", "`grant_type` is missing")),
    }
    let patient: Option<LogicalId> = match form.get("patient") {
        Some(id) => Some(
            id.reveal()
                .parse()
                .map_err(|_| failure("invalid_request", "`patient` is not a logical id"))?,
        ),
        None => None,
    };
    let user = DemoUser::of_client(&client_id, patient).ok_or(failure(
        "invalid_request",
        "this client has to name a `patient`",
    ))?;
    let offered = user.profile().scope;
    let scope = form.get("scope").map_or(offered, Secret::reveal);
    let known = |part| offered.split(' ').any(|scope| scope == part);
    if !scope.is_empty() && !scope.split(' ').all(known) {
        let text = "this client may not have that scope";
        return Err(failure("invalid_scope", text));
    }
    let token = issuer
        .mint(&user, None, Some(scope), issuer.lifetime)
        .map_err(|_| failure("server_error", "the token cannot be signed"))?;
    let mut answer = json!({
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": issuer.lifetime.as_secs(),
    });
    if let (false, Some(members)) = (scope.is_empty(), answer.as_object_mut()) {
        members.insert("scope".to_owned(), scope.into());
    }
    Ok(granted(&answer))
}

/// The tokens of a login. Its client is public: the PKCE verifier is the proof.
fn redeem(issuer: &Issuer, form: &Form) -> Result<HttpResponse, Failure> {
    let given = |name: &str| form.get(name).map_or("", Secret::reveal);
    if given("client_id") != authorize::LOGIN_CLIENT {
        return Err(failure("invalid_client", "codes are for `demo-login`"));
    }
    let now = issuer.options.clock.now();
    let agreed = issuer
        .codes
        .take_back(
            given("code"),
            given("redirect_uri"),
            given("code_verifier"),
            now,
        )
        .ok_or(failure("invalid_grant", "the code is not good (any more)"))?;
    let cannot = |_| failure("server_error", "the token cannot be signed");
    let token = issuer
        .mint(&agreed.user, None, None, issuer.lifetime)
        .map_err(cannot)?;
    let id_token = issuer
        .identify(&agreed.user, agreed.nonce.as_deref())
        .map_err(cannot)?;
    Ok(granted(&json!({
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": issuer.lifetime.as_secs(),
        "id_token": id_token,
    })))
}

fn granted(answer: &serde_json::Value) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((PRAGMA, "no-cache"))
        .json(answer)
}

/// Every parameter once (RFC 6749 3.2).
fn read_form(request: &HttpRequest, body: &[u8]) -> Result<Form, Failure> {
    let is_form = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| {
            kind.trim()
                .eq_ignore_ascii_case("application/x-www-form-urlencoded")
        });
    if !is_form {
        let text = "send application/x-www-form-urlencoded";
        return Err(failure("invalid_request", text));
    }
    let mut form = Form::new();
    for (name, value) in url::form_urlencoded::parse(body) {
        let value = Secret::new(value.into_owned());
        if form.insert(name.into_owned(), value).is_some() {
            return Err(failure("invalid_request", "a parameter is given twice"));
        }
    }
    // A parameter without a value is as good as left out (RFC 6749 3.2).
    form.retain(|_, value| !value.reveal().is_empty());
    Ok(form)
}

/// The id of the client that proved itself.
fn authenticate(request: &HttpRequest, issuer: &Issuer, form: &Form) -> Result<String, Failure> {
    let basic = request.headers().get(AUTHORIZATION);
    let wrong = Failure {
        code: "invalid_client",
        text: "unknown client or wrong secret",
        basic: basic.is_some(),
    };
    let credentials = match (basic, form.get("client_secret")) {
        (Some(_), Some(_)) => {
            let text = "the client authenticates in two ways";
            return Err(failure("invalid_request", text));
        }
        (Some(header), None) => header.to_str().ok().and_then(read_basic),
        (None, Some(secret)) => form
            .get("client_id")
            .map(|id| (id.reveal().to_owned(), secret.clone())),
        (None, None) => None,
    };
    match credentials {
        Some((id, secret)) if issuer.clients.admits(&id, secret.reveal()) => Ok(id),
        _ => Err(wrong),
    }
}

/// `Basic base64(id:secret)`, each form-encoded first (RFC 6749 2.3.1).
fn read_basic(header: &str) -> Option<(String, Secret)> {
    let (scheme, encoded) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("basic").then_some(())?;
    let decoded = Zeroizing::new(BASE64.decode(encoded.trim()).ok()?);
    let (id, secret) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some((form_decoded(id)?, Secret::new(form_decoded(secret)?)))
}

fn form_decoded(text: &str) -> Option<String> {
    if text.contains(['&', '=']) {
        return None;
    }
    let mut parts = url::form_urlencoded::parse(text.as_bytes());
    parts.next().map(|(name, _)| name.into_owned())
}
