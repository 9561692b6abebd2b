//! The span of a request, for whoever collects traces: what the log line says, under
//! the names of OpenTelemetry
//! (<https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server>), as a
//! part of the caller's trace if the request names one. Without a collector there
//! is no span, and nothing of this is done.

use crate::listener::metrics;
use actix_web::{
    dev::ServiceRequest,
    http::{Method, header::HeaderMap},
};
use opentelemetry::{global, propagation::Extractor, trace::TraceContextExt as _};
use tracing::{Span, field::Empty};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// Of the headers of a trace (<https://www.w3.org/TR/trace-context/>) the one that is
/// two numbers; `tracestate` could hold anything.
const TRACEPARENT: &str = "traceparent";

/// The span of a request that has this id.
pub fn of(request: &ServiceRequest, id: &str) -> Span {
    let span = tracing::debug_span!(
        "request",
        otel.kind = "server",
        http.request.method = metrics::name(request.method()),
        http.route = Empty,
        http.response.status_code = Empty,
        chartseal.request = id,
        chartseal.client = Empty,
    );
    if !span.is_disabled() {
        let parent = global::get_text_map_propagator(|propagator| {
            propagator.extract(&OneHeader(request.headers()))
        });
        // Without a span of a trace there is nothing to be a part.
        let _ = span.set_parent(parent);
    }
    span
}

/// Notes what is known at the end.
pub fn answered(
    span: &Span,
    method: &Method,
    route: Option<&str>,
    status: u16,
    client: Option<&str>,
) {
    if span.is_disabled() {
        return;
    }
    let method = metrics::name(method);
    span.record("http.response.status_code", status);
    match route {
        Some(route) => {
            // The span has begun, so that a new name is for the trace's own.
            span.context()
                .span()
                .update_name(format!("{method} {route}"));
            span.record("http.route", route);
        }
        None => span.context().span().update_name(method.to_owned()),
    }
    if let Some(client) = client {
        span.record("chartseal.client", client);
    }
}

struct OneHeader<'a>(&'a HeaderMap);

impl Extractor for OneHeader<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        (key == TRACEPARENT).then(|| self.0.get(key)?.to_str().ok())?
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT]
    }
}
