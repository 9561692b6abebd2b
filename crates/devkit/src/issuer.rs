//! An OpenID issuer for the demo and for tests: discovery, keys, a token endpoint
//! for the client credentials of seven invented clients, and a login that believes
//! whoever comes.
//!
//! Access tokens are JWTs of RFC 9068 signed with ES256, with SMART v2 scopes
//! (<https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html>).
//! Each client stands for one invented user. Keys and client secrets are kept in the
//! directory, readable by their owner only.

mod authorize;
mod client;
mod code;
mod discovery;
mod key;
mod private_file;
mod secret;
mod token;
mod token_endpoint;

use crate::loopback::{self, Loopback};
use actix_web::web::Data;
use client::Clients;
use code::Codes;
use key::Keys;
use model::{Clock, FacilityName, Invalid, Random, RandomUnavailable, SystemClock, SystemRandom};
use std::{
    io,
    path::PathBuf,
    sync::{Arc, RwLock},
    time::Duration,
};

pub use authorize::LOGIN_CLIENT;
pub use client::DemoUser;
pub use secret::Secret;

/// What the issuer stands for.
#[derive(Debug, Clone)]
pub struct DevIssuerConfig {
    /// The directory that keeps keys and client secrets; made when absent.
    pub dir: PathBuf,
    /// The port on 127.0.0.1; `None` takes any free one. The issuer's name
    /// contains it, so tokens outlive a restart only when the port does.
    pub port: Option<u16>,
    /// The `aud` of every token: the gateway.
    pub audience: String,
    /// How long tokens from the token endpoint are valid.
    pub lifetime: Duration,
    /// The users' facility, and that of `clinicianOther`.
    pub facilities: [FacilityName; 2],
}

/// The ports through which time and chance come in.
#[derive(Clone)]
pub struct DevIssuerOptions {
    /// Gives tokens their times.
    pub clock: Arc<dyn Clock>,
    /// Gives keys, secrets and token ids.
    pub random: Arc<dyn Random>,
    /// Whether its discovery document says what it is, so that services refuse it. For
    /// tests of services it plays an operator's own issuer.
    pub is_marked: bool,
}

impl Default for DevIssuerOptions {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            is_marked: true,
        }
    }
}

/// Why the issuer could not be started, or could not sign.
#[derive(Debug, thiserror::Error)]
pub enum IssuerError {
    /// A file or directory of the issuer cannot be used.
    #[error("cannot use `{path}`, where the dev issuer keeps its secrets: {source}")]
    Storage {
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Others may read a file of secrets.
    #[error("`{path}` can be read by others: make it private (chmod 600)")]
    NotPrivate {
        /// The file.
        path: PathBuf,
    },
    /// A file of secrets does not hold what this program wrote.
    #[error("`{path}` cannot be understood: restore it, or remove it to have it made anew")]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// The server cannot listen.
    #[error("cannot serve the dev issuer on 127.0.0.1 port {port}: {source}")]
    Listen {
        /// The port that was asked for; 0 for any.
        port: u16,
        /// What the system says.
        source: io::Error,
    },
    /// No randomness.
    #[error(transparent)]
    Random(#[from] RandomUnavailable),
    /// The lifetime goes beyond the calendar.
    #[error("the token's lifetime is too long")]
    Lifetime,
    /// A claim that cannot be written.
    #[error(transparent)]
    Invalid(#[from] Invalid),
}

/// All that requests share.
pub(crate) struct Issuer {
    url: String,
    audience: String,
    lifetime: Duration,
    facilities: [FacilityName; 2],
    clients: Clients,
    codes: Codes,
    keys: RwLock<Keys>,
    options: DevIssuerOptions,
}

/// A running issuer; it stops when it is dropped.
pub struct DevIssuer {
    server: Loopback,
    issuer: Arc<Issuer>,
}

impl DevIssuer {
    /// Opens or makes keys and secrets and serves the issuer, on threads of its
    /// own.
    ///
    /// # Errors
    /// When the directory or the port cannot be used, when a file of secrets is
    /// damaged or readable by others, or without randomness.
    pub fn start(config: DevIssuerConfig) -> Result<Self, IssuerError> {
        Self::start_with(config, DevIssuerOptions::default())
    }

    /// The same, unmarked: services take it for an operator's issuer.
    ///
    /// # Errors
    /// As [`DevIssuer::start`].
    pub fn start_unmarked(config: DevIssuerConfig) -> Result<Self, IssuerError> {
        let options = DevIssuerOptions {
            is_marked: false,
            ..DevIssuerOptions::default()
        };
        Self::start_with(config, options)
    }

    /// The same with a clock and randomness of one's own.
    ///
    /// # Errors
    /// As [`DevIssuer::start`].
    pub fn start_with(
        config: DevIssuerConfig,
        options: DevIssuerOptions,
    ) -> Result<Self, IssuerError> {
        let listen = |source| IssuerError::Listen {
            port: config.port.unwrap_or(0),
            source,
        };
        private_file::directory(&config.dir)?;
        let keys = Keys::establish(&config.dir, options.random.as_ref())?;
        let clients = Clients::establish(&config.dir, options.random.as_ref())?;
        let reserved = loopback::reserve(config.port).map_err(listen)?;
        let address = reserved.address().map_err(listen)?;
        let issuer = Arc::new(Issuer {
            url: format!("http://{address}"),
            audience: config.audience,
            lifetime: config.lifetime,
            facilities: config.facilities,
            clients,
            codes: Codes::default(),
            keys: RwLock::new(keys),
            options,
        });
        let data = Data::from(issuer.clone());
        let server = reserved
            .serve("devissuer", move |app| {
                discovery::routes(app, data.clone());
                authorize::routes(app);
                token_endpoint::routes(app);
            })
            .map_err(listen)?;
        Ok(Self { server, issuer })
    }

    /// The `iss` of every token, and where discovery begins.
    #[must_use]
    pub fn issuer_url(&self) -> String {
        self.issuer.url.clone()
    }

    /// A token for this user, valid from now for `lifetime`.
    ///
    /// # Errors
    /// Without randomness, or when the lifetime goes beyond the calendar.
    pub fn mint(&self, user: &DemoUser, lifetime: Duration) -> Result<String, IssuerError> {
        self.issuer.mint(user, None, None, lifetime)
    }

    /// The same for somebody else of the same client, role and scope, so that one client
    /// can have several users.
    ///
    /// # Errors
    /// As [`DevIssuer::mint`].
    pub fn mint_for(
        &self,
        user: &DemoUser,
        subject: &str,
        lifetime: Duration,
    ) -> Result<String, IssuerError> {
        self.issuer.mint(user, Some(subject), None, lifetime)
    }

    /// The credentials of this user's client, for the token endpoint.
    #[must_use]
    pub fn client(&self, user: &DemoUser) -> (&'static str, Secret) {
        let id = user.client_id();
        (id, self.issuer.clients.secret(id))
    }

    /// Signs with a new key from now on; the key set keeps the former public
    /// keys, so that tokens already out stay valid.
    ///
    /// # Errors
    /// When the key cannot be kept, or without randomness.
    pub fn rotate(&self) -> Result<(), IssuerError> {
        self.issuer
            .keys_mut()
            .rotate(self.issuer.options.random.as_ref())
    }

    /// Answers what has been asked, then stops.
    pub async fn stop(self) {
        self.server.stop().await;
    }
}
