//! Who asks, at whose base, under which request id: what every handler needs
//! before it looks at the request itself.

use crate::{
    app::App,
    facility::Facility,
    failure::{Category, Failure},
    identity::{self, Refusal, Unauthenticated},
    limits::{long_work::Lane, user::searcher_of},
    listener::{
        access_log::{ClientId, RequestId},
        answer::Asker,
        proxies::ClientAddress,
    },
};
use actix_web::{HttpMessage, HttpRequest, http::header, web};
use fhir::{IssueCode, LocalBase};
use model::FacilityName;
use policies::Caller;
use std::{net::IpAddr, sync::Arc};

/// An authenticated request at a facility's base.
pub struct Context {
    /// The process.
    pub app: Arc<App>,
    /// The facility at whose base the request is made.
    pub facility: Arc<Facility>,
    /// The caller's own facility, when it is another.
    pub home: Option<Arc<Facility>>,
    /// Who asks.
    pub caller: Arc<Caller>,
    /// The base of absolute links, without a final slash.
    pub base: String,
    /// Tells this facility's own URLs from foreign ones.
    pub local: LocalBase,
    /// The id of the request.
    pub request_id: String,
    /// Where the request came from by the word of trusted proxies; no port.
    pub address: Option<String>,
    /// Where it is carried out.
    pub(crate) lane: Lane,
}

/// Why a request was not let in.
pub(crate) struct NotEntered {
    /// What it is answered.
    pub(crate) failure: Failure,
    /// Where it is audited: unless nobody knows whose it is, or it was one too many.
    pub(crate) known: Option<Context>,
}

impl From<Failure> for NotEntered {
    fn from(failure: Failure) -> Self {
        let known = None;
        Self { failure, known }
    }
}

/// What is known of a request before its facility is.
struct Arrival<'r> {
    request: &'r HttpRequest,
    app: Arc<App>,
    address: Option<IpAddr>,
    caller: Caller,
}

impl Arrival<'_> {
    /// The facility that the path names; `None` when it names none.
    async fn facility(&self) -> Result<Option<Option<Arc<Facility>>>, Failure> {
        let named = self.request.match_info().get("facility");
        Ok(match named.map(str::parse::<FacilityName>) {
            None => None,
            Some(Ok(name)) => Some(self.app.find_facility(&name).await?),
            Some(Err(_)) => Some(None),
        })
    }

    /// The request at a facility; `home` when its caller's is another.
    fn at(self, facility: Arc<Facility>, home: Option<Arc<Facility>>) -> Context {
        let named = self.request.match_info().get("facility").is_some();
        let id = self.request.extensions();
        let id = id.get::<RequestId>().map(|id| id.0.clone());
        Context {
            local: facility.local.clone(),
            request_id: id.unwrap_or_default(),
            address: self.address.map(|address| address.to_string()),
            base: self.app.base_of(&facility.name, named),
            app: self.app,
            facility,
            home,
            caller: Arc::new(self.caller),
            lane: Lane::default(),
        }
    }

    /// A caller of no facility here, who has no rules of its own here. It is audited where
    /// it came to, or without that in the aggregate, as a token that counts nowhere.
    fn of_foreign_home(self, facility: Option<Arc<Facility>>) -> NotEntered {
        if facility.is_none() {
            self.app.counters.unauthenticated();
        }
        NotEntered {
            failure: foreign_home(),
            known: facility.map(|facility| self.at(facility, None)),
        }
    }
}

impl Context {
    /// Authenticates a request and finds its facility: the one that the path
    /// names, or the caller's own.
    ///
    /// # Errors
    /// Unauthenticated without a valid token, unavailable without its issuer's keys;
    /// not found for a facility that is not here.
    pub(crate) async fn enter(request: &HttpRequest) -> Result<Self, NotEntered> {
        let mut arrival = arrive(request).await?;
        let app = Arc::clone(&arrival.app);
        let home = app.find_facility(&arrival.caller.facility).await?;
        let named = arrival.facility().await?;
        let Some(home) = home else {
            return Err(arrival.of_foreign_home(named.flatten()));
        };
        let caller = &mut arrival.caller;
        if caller.patient.is_none() {
            let user = caller.fhir_user.as_deref();
            caller.patient = user.and_then(|user| identity::patient_of_user(user, &home.local));
        }
        let facility = match named {
            None => Arc::clone(&home),
            Some(Some(facility)) => facility,
            // Audited where its caller is at home.
            Some(None) => {
                return Err(NotEntered {
                    failure: Failure::not_found(),
                    known: Some(arrival.at(home, None)),
                });
            }
        };
        let home = (home.id != facility.id).then_some(home);
        for facility in [Some(&facility), home.as_ref()].into_iter().flatten() {
            facility.keep_fresh().await?;
        }
        let user = searcher_of(&arrival.caller);
        // Whose answers are not read gets no others.
        let room = app.under_way.of(user.clone()).take(0);
        room.inspect_err(|_| app.counters.throttled())?;
        request.extensions_mut().insert(Asker(user));
        Ok(arrival.at(facility, home))
    }

    /// Whose request it is and where, for its audit.
    pub(crate) fn known(&self) -> Self {
        Self {
            app: Arc::clone(&self.app),
            facility: Arc::clone(&self.facility),
            home: self.home.clone(),
            caller: Arc::clone(&self.caller),
            base: self.base.clone(),
            local: self.local.clone(),
            request_id: self.request_id.clone(),
            address: self.address.clone(),
            lane: Lane::default(),
        }
    }

    /// Whose request it is, where requests of one are held against those of others.
    pub(crate) fn user(&self) -> String {
        searcher_of(&self.caller)
    }
}

/// Authenticates a request and lets it in as one of its caller's.
async fn arrive(request: &HttpRequest) -> Result<Arrival<'_>, Failure> {
    let app = request
        .app_data::<web::Data<App>>()
        .ok_or_else(|| Failure::fault("the server was assembled without its state"))?
        .clone()
        .into_inner();
    let address = request
        .extensions()
        .get::<ClientAddress>()
        .map(|client| client.0);
    let caller = authenticate(request, &app, address).await?;
    request
        .extensions_mut()
        .insert(ClientId(caller.client.clone()));
    app.throttle
        .caller(&caller)
        .inspect_err(|_| app.counters.throttled())?;
    Ok(Arrival {
        request,
        app,
        address,
        caller,
    })
}

fn foreign_home() -> Failure {
    Failure::new(
        Category::NotFound,
        IssueCode::NotFound,
        "the facility of this token is not served here; check the token's claim and the URL",
    )
}

/// Who the token speaks for. An address that keeps sending tokens which are not
/// valid is told to wait.
async fn authenticate(
    request: &HttpRequest,
    app: &App,
    address: Option<IpAddr>,
) -> Result<Caller, Failure> {
    let header = authorization(request);
    match app.identity.authenticate(header, address).await {
        Ok(caller) => Ok(caller),
        Err(refused) => {
            if let Some(client) = &refused.client {
                request.extensions_mut().insert(ClientId(client.clone()));
            }
            app.throttle
                .address(address)
                .inspect_err(|_| app.counters.throttled())?;
            app.counters.unauthenticated();
            Err(unauthenticated(refused))
        }
    }
}

/// The `Authorization` header. Two of them are no bearer token: whoever stands in
/// front of the gateway may go by the other one.
fn authorization(request: &HttpRequest) -> Option<&str> {
    let mut given = request.headers().get_all(header::AUTHORIZATION);
    let first = given.next()?;
    match given.next() {
        None => Some(first.to_str().unwrap_or_default()),
        Some(_) => Some(""),
    }
}

/// Whatever is wrong with a token, its sender is told the same; that keys are
/// missing is no fault of the token.
fn unauthenticated(refused: Unauthenticated) -> Failure {
    let category = match refused.reason {
        Refusal::KeysUnavailable => return Failure::unavailable(refused),
        Refusal::NoToken | Refusal::NotBearer => Category::Unauthenticated,
        _ => Category::InvalidToken,
    };
    let text = "send a valid bearer token of a configured issuer";
    Failure::new(category, IssueCode::Login, text).because(refused)
}
