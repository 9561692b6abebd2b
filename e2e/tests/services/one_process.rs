//! `chartseal serve` on SQLite with the dev L2 and the dev issuer, gone live.

use crate::{
    chain::Chain,
    installation::{Installation, Log, Sample, User, is_ready},
};
use devkit::issuer::{DemoUser, DevIssuer};
use e2e::Service;
use std::path::PathBuf;

pub struct OneProcess {
    pub house: Installation,
    pub chain: Chain,
    pub config: PathBuf,
    pub log: Log,
    pub registry: String,
    /// Of the gateway.
    pub port: u16,
    /// Of the operations listener.
    pub watch: u16,
    issuer: DevIssuer,
}

impl OneProcess {
    /// Installed, with this at the end of its configuration; nothing runs yet.
    pub fn go_live(more: &str) -> Self {
        Self::go_live_in(Installation::new(), more)
    }

    /// The same in a folder in which something is already.
    pub fn go_live_in(house: Installation, more: &str) -> Self {
        Self::go_live_with(house, |sample| sample.and(more))
    }

    /// The same with a configuration that is edited so.
    pub fn go_live_with(house: Installation, edited: impl FnOnce(Sample) -> Sample) -> Self {
        let chain = Chain::dev(&house.path(""));
        let issuer = house.issuer(None);
        let (sample, port, watch) = house.serve(&issuer.issuer_url(), &chain);
        let config = house.write("serve.toml", &edited(sample));
        let (log, registry) = house.go_live(&config);
        Self {
            house,
            chain,
            config,
            log,
            registry,
            port,
            watch,
            issuer,
        }
    }

    /// Starts it, and waits until it is ready.
    pub fn start(&self) -> Service {
        let mut service = self.house.start("serve", &self.config);
        service.wait_until("ready", || is_ready(self.watch));
        service
    }

    /// Whose tokens it takes.
    pub const fn issuer(&self) -> &DevIssuer {
        &self.issuer
    }

    /// Whoever may write everything.
    pub fn system(&self) -> User {
        User::new(&self.issuer, &DemoUser::System, self.port)
    }

    /// Waits for the final proof of a version, and verifies it.
    pub fn assert_proof(&self, user: &User, version: &str) {
        let (log, registry) = (&self.log, &self.registry);
        self.house
            .assert_proof(user, version, log, &self.chain, registry);
    }
}
