//! TLS of the gateway's listener by rustls: certificate and key from PEM files,
//! taken anew when the files change, and client certificates where a CA for them
//! is configured.
//!
//! A new pair that cannot be used changes nothing: the old one stays, with a
//! warning. The client CA is read once, at the start.

use model::Timestamp;
use rustls::{
    RootCertStore, ServerConfig,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier},
    sign::CertifiedKey,
};
use std::{
    fmt, fs, io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::SystemTime,
};
use x509_cert::{Certificate, der::Decode as _};

/// The files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate and those between it and its root, PEM.
    pub certificate: PathBuf,
    /// The private key, PEM.
    pub key: PathBuf,
    /// Roots of the clients' certificates, PEM; clients must then show one.
    pub client_ca: Option<PathBuf>,
}

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("`{}` cannot be read: {}; correct the path or the permissions", path.display(), source.kind())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Others may read the private key.
    #[error("the private key `{}` can be read by others (mode {mode:04o}); run `chmod 600` on it", path.display())]
    OpenToOthers {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Not what it should be.
    #[error("`{}` holds no {what} in PEM form", path.display())]
    Content {
        /// Which.
        path: PathBuf,
        /// What was looked for.
        what: &'static str,
    },
    /// Certificate and key are not a pair.
    #[error("the private key `{}` does not belong to the certificate; replace both together", path.display())]
    NoPair {
        /// The key's file.
        path: PathBuf,
    },
    /// The library does not take the settings.
    #[error("TLS cannot be set up with these files")]
    Settings,
}

/// The certificate in use.
#[derive(Debug)]
pub struct Certificates {
    files: TlsFiles,
    provider: Arc<CryptoProvider>,
    held: RwLock<Held>,
}

struct Held {
    key: Arc<CertifiedKey>,
    /// None when rustls can use what our reader does not understand.
    expiry: Option<Timestamp>,
    stamp: Stamp,
}

/// By which a change of the files is noticed.
type Stamp = [Option<(SystemTime, u64)>; 2];

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").finish_non_exhaustive()
    }
}

impl Certificates {
    /// Reads certificate and key.
    ///
    /// # Errors
    /// When a file is missing, of another form, or the two are not a pair.
    pub fn open(files: TlsFiles) -> Result<Arc<Self>, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let stamp = stamp(&files);
        let key = Arc::new(read_pair(&files, &provider)?);
        let expiry = expiry(&key);
        Ok(Arc::new(Self {
            files,
            provider,
            held: RwLock::new(Held { key, expiry, stamp }),
        }))
    }

    /// The settings of a listener with this certificate, now and later.
    ///
    /// # Errors
    /// When the client CA cannot be used.
    pub fn server_config(self: &Arc<Self>) -> Result<ServerConfig, TlsError> {
        let builder = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(|_| TlsError::Settings)?;
        let builder = match &self.files.client_ca {
            None => builder.with_no_client_auth(),
            Some(path) => {
                let mut roots = RootCertStore::empty();
                for root in certificates(path)? {
                    roots.add(root).map_err(|_| TlsError::Content {
                        path: path.clone(),
                        what: "CA certificate",
                    })?;
                }
                let verifier = WebPkiClientVerifier::builder_with_provider(
                    Arc::new(roots),
                    Arc::clone(&self.provider),
                );
                builder.with_client_cert_verifier(verifier.build().map_err(|_| TlsError::Settings)?)
            }
        };
        Ok(builder.with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>))
    }

    /// Reads the files again when they have changed, or in any case. What cannot be
    /// used is warned of once for each state of the files.
    pub fn reload(&self, in_any_case: bool) {
        let stamp = stamp(&self.files);
        if !in_any_case && self.held().stamp == stamp {
            return;
        }
        let fresh = read_pair(&self.files, &self.provider);
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        held.stamp = stamp;
        match fresh {
            Ok(key) => {
                held.expiry = expiry(&key);
                held.key = Arc::new(key);
                tracing::info!("the TLS certificate was read again");
            }
            Err(error) => {
                tracing::warn!(%error, "the TLS certificate was not changed");
            }
        }
    }

    /// Until when the certificate in use is good; not of those between it and its root.
    #[must_use]
    pub fn expiry(&self) -> Option<Timestamp> {
        self.held().expiry
    }

    fn held(&self) -> std::sync::RwLockReadGuard<'_, Held> {
        self.held.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.held().key))
    }
}

/// `notAfter` of the first certificate, which is the server's own
/// (<https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.5>).
fn expiry(key: &CertifiedKey) -> Option<Timestamp> {
    let certificate = Certificate::from_der(key.cert.first()?).ok()?;
    let not_after = certificate.tbs_certificate().validity().not_after;
    let millis = not_after.to_unix_duration().as_millis();
    Timestamp::from_millis(millis.try_into().ok()?).ok()
}

fn stamp(files: &TlsFiles) -> Stamp {
    [&files.certificate, &files.key].map(|path| {
        let metadata = fs::metadata(path).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    })
}

fn read_pair(files: &TlsFiles, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
    let chain = certificates(&files.certificate)?;
    let path = &files.key;
    let bytes = zeroize::Zeroizing::new(read(path)?);
    let mode = fs::metadata(path)
        .map_err(|source| unreadable(path, source))?
        .permissions()
        .mode()
        & 0o777;
    if mode & 0o007 != 0 {
        return Err(TlsError::OpenToOthers {
            path: path.clone(),
            mode,
        });
    }
    let key = PrivateKeyDer::from_pem_slice(&bytes).map_err(|_| TlsError::Content {
        path: path.clone(),
        what: "private key",
    })?;
    CertifiedKey::from_der(chain, key, provider)
        .map_err(|_| TlsError::NoPair { path: path.clone() })
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let none = || TlsError::Content {
        path: path.to_owned(),
        what: "certificate",
    };
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&read(path)?)
        .collect::<Result<_, _>>()
        .map_err(|_| none())?;
    if chain.is_empty() {
        return Err(none());
    }
    Ok(chain)
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|source| unreadable(path, source))
}

fn unreadable(path: &Path, source: io::Error) -> TlsError {
    TlsError::File {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use tempfile::TempDir;

    fn files(folder: &TempDir) -> TlsFiles {
        TlsFiles {
            certificate: folder.path().join("certificate.pem"),
            key: folder.path().join("key.pem"),
            client_ca: None,
        }
    }

    /// A file of `tests/certificates`.
    fn file(name: &str) -> String {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/certificates");
        fs::read_to_string(folder.join(name)).unwrap()
    }

    fn put(files: &TlsFiles, certificate: &str, key: &str) {
        fs::write(&files.certificate, file(certificate)).unwrap();
        fs::write(&files.key, file(key)).unwrap();
        fs::set_permissions(&files.key, Permissions::from_mode(0o600)).unwrap();
    }

    fn serves(certificates: &Certificates, name: &str) -> bool {
        let wanted = CertificateDer::from_pem_slice(file(name).as_bytes()).unwrap();
        certificates.held().key.cert[0] == wanted
    }

    #[test]
    fn a_new_pair_is_taken_and_a_bad_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let files = files(&folder);
        put(&files, "first.crt", "first.key");
        let certificates = Certificates::open(files.clone()).unwrap();
        assert!(serves(&certificates, "first.crt"));
        assert!(certificates.server_config().is_ok());

        put(&files, "second.crt", "second.key");
        certificates.reload(true);
        assert!(serves(&certificates, "second.crt"));

        // The key of another certificate, then none at all.
        put(&files, "first.crt", "client.key");
        certificates.reload(true);
        assert!(serves(&certificates, "second.crt"));
        fs::write(&files.key, "no key").unwrap();
        certificates.reload(false);
        assert!(serves(&certificates, "second.crt"));

        put(&files, "first.crt", "first.key");
        certificates.reload(false);
        assert!(serves(&certificates, "first.crt"));
    }

    #[test]
    fn the_expiry_is_that_of_the_certificate_in_use() {
        let folder = tempfile::tempdir().unwrap();
        let files = files(&folder);
        put(&files, "first.crt", "first.key");
        let certificates = Certificates::open(files.clone()).unwrap();
        // What `openssl x509 -enddate` says of them.
        let (first, later) = ("2126-10-29T14:57:44.000Z", "2136-05-29T21:24:04.000Z");
        let expiry = || certificates.expiry().unwrap().to_string();
        assert_eq!(expiry(), first);

        put(&files, "later.crt", "client.key");
        certificates.reload(true);
        assert_eq!(expiry(), first);
        put(&files, "later.crt", "later.key");
        certificates.reload(true);
        assert_eq!(expiry(), later);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let mut files = files(&folder);
        let refused = |files: &TlsFiles| match Certificates::open(files.clone()) {
            Ok(open) => open.server_config().map(drop).unwrap_err().to_string(),
            Err(error) => error.to_string(),
        };
        assert!(refused(&files).contains("cannot be read"));
        put(&files, "first.crt", "first.key");
        fs::set_permissions(&files.key, Permissions::from_mode(0o644)).unwrap();
        assert!(refused(&files).contains("chmod 600"));
        put(&files, "first.crt", "second.key");
        assert!(refused(&files).contains("does not belong"));
        put(&files, "first.crt", "first.key");
        files.client_ca = Some(files.key.clone());
        assert!(refused(&files).contains("holds no certificate"));
    }
}
