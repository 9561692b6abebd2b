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
    /// Where the request came from, as far as trusted proxies say; no port.
    pub address: Option<String>,
    /// Where it is carried out.
    pub(crate) lane: Lane,
}

impl Context {
    /// Authenticates a request and finds its facility: the one that the path
    /// names, or the caller's own.
    ///
    /// # Errors
    /// Unauthenticated without a valid token, unavailable without its issuer's keys;
    /// not found for a facility that is not here.
    pub async fn enter(request: &HttpRequest) -> Result<Self, Failure> {
        let app = request
            .app_data::<web::Data<App>>()
            .ok_or_else(|| Failure::fault("the server was assembled without its state"))?
            .clone()
            .into_inner();
        let address = request
            .extensions()
            .get::<ClientAddress>()
            .map(|client| client.0);
        let mut caller = authenticate(request, &app, address).await?;
        request
            .extensions_mut()
            .insert(ClientId(caller.client.clone()));
        app.throttle
            .caller(&caller)
            .inspect_err(|_| app.counters.throttled())?;
        // A caller of no facility here has no rules of its own here.
        let home = app.find_facility(&caller.facility).await?;
        let home = home.ok_or_else(foreign_home)?;
        if caller.patient.is_none() {
            let user = caller.fhir_user.as_deref();
            caller.patient = user.and_then(|user| identity::patient_of_user(user, &home.local));
        }
        let named = request.match_info().get("facility");
        let facility = match named.map(str::parse::<FacilityName>) {
            None => Some(Arc::clone(&home)),
            Some(Ok(name)) => app.find_facility(&name).await?,
            Some(Err(_)) => None,
        }
        .ok_or_else(Failure::not_found)?;
        let home = (home.id != facility.id).then_some(home);
        for facility in [Some(&facility), home.as_ref()].into_iter().flatten() {
            facility.keep_fresh().await?;
        }
        let user = searcher_of(&caller);
        // Whose answers are not read gets no others.
        let room = app.under_way.of(user.clone()).take(0);
        room.inspect_err(|_| app.counters.throttled())?;
        request.extensions_mut().insert(Asker(user));
        let base = app.base_of(
            &facility.name,
            request.match_info().get("facility").is_some(),
        );
        Ok(Self {
            local: facility.local.clone(),
            request_id: request
                .extensions()
                .get::<RequestId>()
                .map(|id| id.0.clone())
                .unwrap_or_default(),
            address: address.map(|address| address.to_string()),
            app,
            facility,
            home,
            caller: Arc::new(caller),
            base,
            lane: Lane::default(),
        })
    }

    /// Whose request it is, where requests of one are held against those of others.
    pub(crate) fn user(&self) -> String {
        searcher_of(&self.caller)
    }
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

impl Context {
    /// Carries out a request; one that is `long` from the beginning, beside. The work may
    /// begin twice, and must leave no trace before it is done.
    ///
    /// # Errors
    /// Those of the work; throttled when too many long requests of the user wait.
    pub(crate) async fn carry_out<T: Send + 'static>(
        self,
        long: bool,
        work: impl AsyncFn(&Self) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        if !long {
            tokio::select! {
                biased;
                outcome = work(&self) => return outcome,
                () = self.lane.left() => {}
            }
        }
        let (app, user) = (Arc::clone(&self.app), self.user());
        // Whose answers are not read gets no others.
        app.under_way.of(user.clone()).take(0)?;
        let place = app.long_work.place(&user).await?;
        app.counters.long_request();
        let lane = Lane::Beside;
        let beside = Self { lane, ..self };
        app.long_work.beside(place, beside, work).await
    }
}
