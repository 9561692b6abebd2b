//! An installation on a PostgreSQL server: gateways and the anchor-service as
//! processes of their own, with anvil and the dev issuer.

use crate::{
    chain::Chain,
    installation::{Installation, Log, User, is_ready},
};
use devkit::issuer::{DemoUser, DevIssuer};
use e2e::{Service, until};
use std::path::PathBuf;

/// A service and its configuration; it may be down.
struct Seat {
    command: &'static str,
    config: PathBuf,
    watch: u16,
    service: Option<Service>,
}

pub struct Site {
    pub house: Installation,
    pub chain: Chain,
    pub log: Log,
    pub registry: String,
    /// The ports of the gateways.
    pub ports: Vec<u16>,
    issuer: DevIssuer,
    seats: Vec<Seat>,
}

impl Site {
    /// Goes live with so many gateways over the database of the first URL, and starts
    /// everything over that of the second.
    pub fn start(made_at: &str, used_at: &str, gateways: usize) -> Self {
        let (house, chain) = (Installation::new(), Chain::anvil());
        house.write_secret("database-url", made_at);
        let issuer = house.issuer(None);
        let (config, watch) = house.anchor("anchor.toml", &chain);
        let (log, registry) = house.go_live_by(&config, &issuer.issuer_url());
        house.write_secret("database-url", used_at);

        let mut ports = Vec::new();
        let mut seats = Vec::new();
        let mut seat = |command, config, watch| {
            seats.push(Seat {
                command,
                config,
                watch,
                service: None,
            });
        };
        for number in 1..=gateways {
            let name = format!("gateway-{number}.toml");
            let (config, port, watch) = house.gateway(&name, &issuer.issuer_url());
            seat("gateway", config, watch);
            ports.push(port);
        }
        seat("anchor", config, watch);
        let mut site = Self {
            house,
            chain,
            log,
            registry,
            ports,
            issuer,
            seats,
        };
        (0..=gateways).for_each(|number| site.begin(number));
        site.wait();
        site
    }

    /// How many services there are; the last is the anchor-service.
    pub const fn len(&self) -> usize {
        self.seats.len()
    }

    pub fn begin(&mut self, number: usize) {
        let seat = &mut self.seats[number];
        seat.service = Some(self.house.start(seat.command, &seat.config));
    }

    /// SIGKILL.
    pub fn kill(&mut self, number: usize) {
        self.seats[number].service.take().unwrap().kill9();
    }

    /// SIGTERM to one, which must end well.
    pub fn end(&mut self, number: usize) {
        let service = self.seats[number].service.take().unwrap();
        let logged = service.logged();
        assert!(service.stop().success(), "{logged}");
    }

    /// Waits until one has ended by itself; what it wrote to its log.
    pub fn ended(&mut self, number: usize) -> String {
        let mut service = self.seats[number].service.take().unwrap();
        until("its end", 60, || (!service.runs()).then_some(()));
        service.logged()
    }

    /// The port of a service's operations listener.
    pub fn watch(&self, number: usize) -> u16 {
        self.seats[number].watch
    }

    /// The configuration of the anchor-service, which its commands take too.
    pub fn config(&self) -> PathBuf {
        self.house.path("anchor.toml")
    }

    /// Waits until all are ready; one that has ended fails the test.
    pub fn wait(&mut self) {
        for seat in &mut self.seats {
            let service = seat.service.as_mut().unwrap();
            service.wait_until(seat.command, || is_ready(seat.watch));
        }
    }

    /// Whoever may write everything, at each gateway.
    pub fn users(&self) -> Vec<User> {
        let user = |port: &u16| User::new(&self.issuer, &DemoUser::System, *port);
        self.ports.iter().map(user).collect()
    }

    /// What the services have written to their logs, of no record and no secret.
    pub fn logged(&self) -> String {
        let of = |seat: &Seat| seat.service.as_ref().map(Service::logged);
        self.seats.iter().filter_map(of).collect()
    }

    /// SIGTERM; each must end well.
    pub fn stop(self) {
        for seat in self.seats {
            let service = seat.service.unwrap();
            let logged = service.logged();
            assert!(service.stop().success(), "{}: {logged}", seat.command);
        }
    }
}
