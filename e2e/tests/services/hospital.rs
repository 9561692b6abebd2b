//! A hospital in service: `chartseal serve` on SQLite with the dev L2, which takes
//! the tokens of oidc-provider and of nobody else.

use crate::{
    chain::Chain,
    installation::{Installation, is_ready, metric},
    oidc::{AUDIENCE, Provider},
    signer::Signer,
};
use e2e::{Caller, Reply, Service};
use std::path::PathBuf;

pub const NAME: &str = "Quintessa";

pub struct Hospital {
    pub house: Installation,
    pub issuer: Provider,
    pub service: Service,
    /// The port of the operations listener.
    pub watch: u16,
    config: PathBuf,
    port: u16,
    // It lives as long as the service.
    _chain: Chain,
}

impl Hospital {
    /// Ready, with an issuer of these keys.
    pub fn start(keys: &[&Signer]) -> Self {
        let house = Installation::new();
        let mut issuer = Provider::new(&house);
        issuer.start(keys);
        let chain = Chain::dev(&house.path(""));
        let (sample, port, watch) = house.serve(&issuer.url, &chain);
        let audience = format!("audience = \"{AUDIENCE}\"");
        let algorithms = format!("{audience}\nalgorithms = [\"ES256\", \"RS256\"]");
        let config = house.write("serve.toml", &sample.with(&audience, &algorithms));
        drop(house.go_live(&config));
        let mut service = house.start("serve", &config);
        service.wait_until("ready", || is_ready(watch));
        Self {
            house,
            issuer,
            service,
            watch,
            config,
            port,
            _chain: chain,
        }
    }

    /// Another gateway in place of the one that runs; it need not be ready.
    pub fn restart(self) -> Self {
        let status = self.service.stop();
        assert!(status.success());
        let service = self.house.start("serve", &self.config);
        Self { service, ..self }
    }

    /// Someone at the FHIR base, with this token or none.
    pub fn caller(&self, token: Option<&str>) -> Caller {
        Caller::new(&format!("http://127.0.0.1:{}/fhir", self.port), token)
    }

    pub fn get(&self, token: &str, path: &str) -> Reply {
        self.caller(Some(token)).get(path)
    }

    /// Creates a patient; gives `Patient/id`.
    pub fn create_patient(&self, token: &str) -> String {
        let patient = format!(r#"{{"resourceType":"Patient","name":[{{"family":"{NAME}"}}]}}"#);
        let made = self.caller(Some(token)).post("Patient", patient);
        let version = made.expect(201, "create").location();
        version.split("/_history").next().unwrap().to_owned()
    }

    pub fn metric(&self, series: &str) -> f64 {
        metric(self.watch, series)
    }

    /// Whether the gateway says that the issuer cannot be asked.
    pub fn issuer_fails(&self) -> bool {
        let series = format!("chartseal_issuer_failing{{issuer=\"{}\"}}", self.issuer.url);
        self.metric(&series) > 0.5
    }
}
