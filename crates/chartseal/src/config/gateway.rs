//! The section `[gateway]`: where it listens, by which name it is known, whose
//! tokens it takes, and whether it speaks TLS itself or stands behind proxies.

use super::{
    Fault, below,
    urls::{is_bare, is_origin, is_public_url},
};
use ::gateway::{
    Certificates, Limits, Proxies, Rate, RegisteredOnly, SWEEP_WITHIN, Settings, TlsFiles,
    identity::{IdentityConfig, IssuerConfig},
};
use ipnet::IpNet;
use model::FacilityName;
use serde::Deserialize;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::Duration,
};

/// Everything that only a gateway needs.
#[derive(Debug, Deserialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "the table `[gateway]`"
)]
pub struct GatewaySection {
    /// Where it listens.
    pub listen: SocketAddr,
    public_url: String,
    #[serde(default)]
    former_urls: Vec<String>,
    #[serde(default)]
    allowed_origins: Vec<String>,
    workers: Option<usize>,
    tls: Option<TlsSection>,
    #[serde(default)]
    proxies: ProxiesSection,
    #[serde(default)]
    limits: LimitsSection,
    #[serde(default)]
    clients: Clients,
    #[serde(default)]
    person_claims: PersonClaims,
    sweep_hours: Option<u32>,
    issuers: Vec<IssuerConfig>,
}

/// Whose tokens count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", expecting = "`registered` or `any`")]
enum Clients {
    /// Those of clients that the caller's facility has registered.
    #[default]
    Registered,
    /// Those of any client: that the issuer knows it is enough.
    Any,
}

/// When two accounts that propose and approve are two people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", expecting = "`whenThere` or `required`")]
enum PersonClaims {
    /// When no claim says otherwise, and the second token leaves out none that the first had.
    #[default]
    WhenThere,
    /// When both tokens have `fhirUser` or a verified `email`, and they differ.
    Required,
}

#[derive(Debug, Deserialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "the table `[gateway.tls]`"
)]
struct TlsSection {
    certificate: PathBuf,
    key: PathBuf,
    client_ca: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    default,
    expecting = "the table `[gateway.proxies]`"
)]
struct ProxiesSection {
    trusted: Vec<IpNet>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    default,
    expecting = "the table `[gateway.limits]`"
)]
struct LimitsSection {
    requests_per_second: Option<u32>,
    burst: Option<u32>,
    user_requests_per_second: Option<u32>,
    user_burst: Option<u32>,
    denials_per_minute: Option<u32>,
    user_denials_per_minute: Option<u32>,
    user_query_bytes_per_second: Option<u32>,
    user_query_bytes_burst: Option<u32>,
    user_records_per_second: Option<u32>,
    user_records_burst: Option<u32>,
    user_stored_bytes_per_day: Option<u64>,
    service_stored_bytes_per_day: Option<u64>,
    body_bytes: Option<usize>,
    body_seconds: Option<u32>,
    patients_of_record: Option<usize>,
    opened_records: Option<u64>,
    opened_bytes: Option<u64>,
    searched_cards: Option<u64>,
    answer_bytes: Option<u64>,
}

/// The longest time that rows can be left unswept.
const MOST_SWEEP_HOURS: u32 = 24 * 31;
/// The highest that each limit of bytes can be set to.
const MOST_BYTES: u64 = 4 * 1024 * 1024 * 1024;
/// The most that a user or a service can be let store in a day: 16 TiB.
const MOST_STORED_BYTES: u64 = 16 << 40;
/// The most records that a request can be let open.
const MOST_RECORDS: u64 = 1_000_000;
/// The most index cards that a search can be let read.
const MOST_CARDS: u64 = 200_000;
/// The most patients that a record can be let name.
const MOST_PATIENTS: u64 = 20_000;
/// The largest body that can be let in: of a larger one the envelope would be too large.
const MOST_BODY_BYTES: u64 = 256 * 1024 * 1024;

impl LimitsSection {
    fn check(&self) -> Result<(), Fault> {
        let numbers = [
            self.requests_per_second,
            self.burst,
            self.user_requests_per_second,
            self.user_burst,
            self.denials_per_minute,
            self.user_denials_per_minute,
            self.user_query_bytes_per_second,
            self.user_query_bytes_burst,
            self.user_records_per_second,
            self.user_records_burst,
            self.body_seconds,
        ];
        if numbers.contains(&Some(0)) || self.body_bytes == Some(0) {
            let problem = "each must be at least 1; write a large number for no limit";
            return Err(("gateway.limits", problem.to_owned()));
        }
        for (name, set, most) in self.bounded() {
            if set.is_some_and(|set| !(1..=most).contains(&set)) {
                return Err((name, format!("must be from 1 to {most}")));
            }
        }
        Ok(())
    }

    /// Limits with a highest value.
    fn bounded(&self) -> [(&'static str, Option<u64>, u64); 8] {
        [
            (
                "gateway.limits.bodyBytes",
                self.body_bytes.map(|bytes| bytes as u64),
                MOST_BODY_BYTES,
            ),
            (
                "gateway.limits.patientsOfRecord",
                self.patients_of_record.map(|patients| patients as u64),
                MOST_PATIENTS,
            ),
            (
                "gateway.limits.openedRecords",
                self.opened_records,
                MOST_RECORDS,
            ),
            (
                "gateway.limits.searchedCards",
                self.searched_cards,
                MOST_CARDS,
            ),
            (
                "gateway.limits.userStoredBytesPerDay",
                self.user_stored_bytes_per_day,
                MOST_STORED_BYTES,
            ),
            (
                "gateway.limits.serviceStoredBytesPerDay",
                self.service_stored_bytes_per_day,
                MOST_STORED_BYTES,
            ),
            ("gateway.limits.openedBytes", self.opened_bytes, MOST_BYTES),
            ("gateway.limits.answerBytes", self.answer_bytes, MOST_BYTES),
        ]
    }

    fn limits(&self) -> Limits {
        let usual = Limits::default();
        Limits {
            client_requests: rate(self.requests_per_second, self.burst, usual.client_requests),
            user_requests: rate(
                self.user_requests_per_second,
                self.user_burst,
                usual.user_requests,
            ),
            client_denials_per_minute: self
                .denials_per_minute
                .unwrap_or(usual.client_denials_per_minute),
            user_denials_per_minute: self
                .user_denials_per_minute
                .unwrap_or(usual.user_denials_per_minute),
            user_query_bytes: usual.user_query_bytes.map(|usual| Rate {
                per_second: self.user_query_bytes_per_second.unwrap_or(usual.per_second),
                burst: self.user_query_bytes_burst.unwrap_or(usual.burst),
            }),
            user_records: usual.user_records.map(|usual| Rate {
                per_second: self.user_records_per_second.unwrap_or(usual.per_second),
                burst: self.user_records_burst.unwrap_or(usual.burst),
            }),
            user_stored_bytes_per_day: self
                .user_stored_bytes_per_day
                .or(usual.user_stored_bytes_per_day),
            service_stored_bytes_per_day: self
                .service_stored_bytes_per_day
                .or(usual.service_stored_bytes_per_day),
            body_bytes: self.body_bytes.unwrap_or(usual.body_bytes),
            body_seconds: self.body_seconds.unwrap_or(usual.body_seconds),
            patients_of_record: self.patients_of_record.unwrap_or(usual.patients_of_record),
            opened_records: self.opened_records.unwrap_or(usual.opened_records),
            opened_bytes: self.opened_bytes.unwrap_or(usual.opened_bytes),
            searched_cards: self.searched_cards.unwrap_or(usual.searched_cards),
            answer_bytes: self.answer_bytes.unwrap_or(usual.answer_bytes),
        }
    }
}

/// A rate of the file, whose burst is a second's worth unless it is given.
fn rate(per_second: Option<u32>, burst: Option<u32>, usual: Option<Rate>) -> Option<Rate> {
    let rate = per_second.map(Rate::of).or(usual)?;
    Some(Rate {
        burst: burst.unwrap_or(rate.burst),
        ..rate
    })
}

/// How the gateway's listener is made.
pub struct Listener {
    /// Threads.
    pub workers: usize,
    /// TLS, unless plain HTTP.
    pub certificates: Option<Arc<Certificates>>,
    /// Who stands in front.
    pub proxies: Proxies,
}

impl GatewaySection {
    pub(super) fn check(&self) -> Result<(), Fault> {
        if !is_public_url(&self.public_url) {
            let problem = "must be an https URL without path, query and fragment, \
                           http only on a loopback host; clients reach the gateway by it";
            return Err(("gateway.publicUrl", problem.to_owned()));
        }
        if !self.former_urls.iter().all(|url| is_bare(url)) {
            let problem = "each must be an http or https URL without path, query and fragment, \
                           under which clients reached the gateway before";
            return Err(("gateway.formerUrls", problem.to_owned()));
        }
        if !self.allowed_origins.iter().all(|origin| is_origin(origin)) {
            let problem = "each must be the origin of pages as browsers write it, such as \
                           `https://app.example`: https, http only on a loopback host";
            return Err(("gateway.allowedOrigins", problem.to_owned()));
        }
        if self
            .workers
            .is_some_and(|workers| !(1..=1024).contains(&workers))
        {
            return Err(("gateway.workers", "must be from 1 to 1024".to_owned()));
        }
        if self
            .sweep_hours
            .is_some_and(|hours| !(1..=MOST_SWEEP_HOURS).contains(&hours))
        {
            let problem = format!("must be from 1 to {MOST_SWEEP_HOURS}");
            return Err(("gateway.sweepHours", problem));
        }
        self.limits.check()?;
        let identity = self.settings(false).identity.check();
        identity.map_err(|error| ("gateway.issuers", error.to_string()))?;
        if self.is_open_plain() && self.proxies.trusted.is_empty() {
            let problem = "plain HTTP is served on a loopback address only; add `[gateway.tls]`, \
                           or name the proxies that end TLS in `[gateway.proxies]`, `trusted`";
            return Err(("gateway.listen", problem.to_owned()));
        }
        Ok(())
    }

    pub(super) fn resolve(&mut self, folder: &Path) {
        if let Some(tls) = &mut self.tls {
            below(folder, &mut tls.certificate);
            below(folder, &mut tls.key);
            if let Some(path) = &mut tls.client_ca {
                below(folder, path);
            }
        }
    }

    /// Plain HTTP where others than this machine can come.
    fn is_open_plain(&self) -> bool {
        self.tls.is_none() && !self.listen.ip().is_loopback()
    }

    /// The issuers whose tokens are taken for people of this facility.
    pub fn issuers(&self, facility: &FacilityName) -> Vec<&str> {
        let of = self.issuers.iter().filter(|issuer| issuer.serves(facility));
        of.map(|issuer| issuer.url.as_str()).collect()
    }

    /// Whether tokens of clients that are not registered are accepted.
    pub fn takes_any_client(&self) -> bool {
        self.clients == Clients::Any
    }

    /// What the gateway is told. An issuer of a file is never the dev issuer.
    pub fn settings(&self, log_public: bool) -> Settings {
        let issuers = self.issuers.clone();
        Settings {
            public_url: self.public_url.trim_end_matches('/').to_owned(),
            former_urls: self
                .former_urls
                .iter()
                .map(|url| url.trim_end_matches('/').to_owned())
                .collect(),
            allowed_origins: self.allowed_origins.clone(),
            identity: IdentityConfig { issuers },
            log_public,
            limits: self.limits.limits(),
            registered_only: RegisteredOnly {
                administrators: true,
                clients: self.clients == Clients::Registered,
                person_claims: self.person_claims == PersonClaims::Required,
            },
            sweep_within: self.sweep_hours.map_or(SWEEP_WITHIN, |hours| {
                Duration::from_secs(u64::from(hours) * 3_600)
            }),
        }
    }

    /// How its listener is made; reads the certificate.
    ///
    /// # Errors
    /// When the certificate cannot be used.
    pub fn listener(&self) -> Result<Listener, Fault> {
        let fault = |error: ::gateway::TlsError| ("gateway.tls", error.to_string());
        let mut certificates = None;
        if let Some(tls) = &self.tls {
            let files = TlsFiles {
                certificate: tls.certificate.clone(),
                key: tls.key.clone(),
                client_ca: tls.client_ca.clone(),
            };
            let open = Certificates::open(files).map_err(fault)?;
            // The client CA is tried now, not at the first handshake.
            open.server_config().map_err(fault)?;
            certificates = Some(open);
        }
        let trusted = self.proxies.trusted.clone();
        let cores = thread::available_parallelism().map_or(2, usize::from);
        Ok(Listener {
            workers: self.workers.unwrap_or(cores),
            certificates,
            proxies: if self.is_open_plain() {
                Proxies::requiring(trusted)
            } else {
                Proxies::trusting(trusted)
            },
        })
    }
}
