//! Refuses writes while they are held back ([`Hold`]).

use crate::{app::App, hold::Hold};
use actix_web::{
    Error,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::Method,
    middleware::Next,
    web,
};

/// Refuses writes while they are held.
///
/// # Errors
/// Those of the handlers; a refusal is an answer.
pub(crate) async fn admit(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<EitherBody<impl MessageBody>>, Error> {
    let app = request.app_data::<web::Data<App>>();
    if app.is_some_and(|app| app.hold.is_closed()) && writes(&request) {
        return Ok(request
            .error_response(Hold::refusal())
            .map_into_right_body());
    }
    let response = next.call(request).await?;
    Ok(response.map_into_left_body())
}

/// A search by POST reads; what cannot be told from its method counts as a write.
fn writes(request: &ServiceRequest) -> bool {
    let reads = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    let path = request.path().trim_end_matches('/');
    let searches = *request.method() == Method::POST && path.ends_with("/_search");
    !(reads || searches)
}
