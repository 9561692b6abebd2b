//! Traces by OpenTelemetry, sent to a collector as OTLP over HTTP
//! (<https://opentelemetry.io/docs/specs/otlp/#otlphttp>), when the configuration
//! names one. They hold what the log holds and how long each part took: method,
//! route, status, ids of request and client, names of transactions.
//!
//! A collector that does not answer costs the traces, never a request.

use crate::config::TelemetrySection;
use opentelemetry::{global, trace::TracerProvider as _};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{Sampler, SdkTracer, SdkTracerProvider},
};
use std::{future::Future, pin::Pin, time::Duration};
use tokio::runtime::Handle;

/// How long a batch may take.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(10);

/// What sends the traces; whatever waits is sent by [`Traces::stop`].
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// Begins to collect, if a collector is configured; asks nobody anything. Must
    /// be called on the runtime by which traces are to be sent.
    ///
    /// # Errors
    /// When the exporter cannot be made.
    pub fn start(section: &TelemetrySection, service: &str) -> Result<Option<Self>, String> {
        let Some(endpoint) = section.traces_url() else {
            return Ok(None);
        };
        let client = Client {
            runtime: Handle::current(),
            http: reqwest::Client::builder()
                .timeout(EXPORT_TIMEOUT)
                .no_proxy()
                .build()
                .map_err(|_| "the HTTP client for traces cannot be made")?,
        };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(endpoint)
            .with_timeout(EXPORT_TIMEOUT)
            .build()
            .map_err(|error| format!("traces cannot be sent: {error}"))?;
        global::set_text_map_propagator(TraceContextPropagator::new());
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            // Not what the caller of a request asks for: it could ask for all.
            .with_sampler(Sampler::TraceIdRatioBased(section.trace_ratio))
            .with_resource(
                Resource::builder_empty()
                    .with_service_name(format!("chartseal-{service}"))
                    .build(),
            )
            .build();
        Ok(Some(Self(provider)))
    }

    /// What makes spans into traces.
    pub fn tracer(&self) -> SdkTracer {
        self.0.tracer("chartseal")
    }

    /// Sends what waits.
    pub async fn stop(self) {
        // It waits for the sending, which needs this thread.
        let stopped = tokio::task::spawn_blocking(move || self.0.shutdown()).await;
        if !matches!(stopped, Ok(Ok(()))) {
            tracing::warn!("the last traces were not sent");
        }
    }
}

/// Sends from the exporter's own thread by the runtime of the service.
#[derive(Debug)]
struct Client {
    runtime: Handle,
    http: reqwest::Client,
}

type Sending<'a> = Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'a>>;

impl HttpClient for Client {
    fn send_bytes<'a: 'b, 'b>(&'a self, request: Request<Bytes>) -> Sending<'b>
    where
        Self: 'b,
    {
        let http = self.http.clone();
        let sent = self.runtime.spawn(async move {
            let (head, body) = request.into_parts();
            let sending = http
                .request(head.method, head.uri.to_string())
                .headers(head.headers)
                .body(body);
            let answer = sending.send().await?;
            let mut response = Response::builder().status(answer.status());
            if let Some(headers) = response.headers_mut() {
                headers.clone_from(answer.headers());
            }
            Ok(response.body(answer.bytes().await?)?)
        });
        Box::pin(async move { sent.await? })
    }
}
