//! Discovery of an issuer: <https://openid.net/specs/openid-connect-discovery-1_0.html>,
//! through `openidconnect`, which checks that the document names the issuer it
//! was fetched from.

use super::config::IssuerConfig;
use oidc::HttpClient;
use openidconnect::{
    AdditionalProviderMetadata, IssuerUrl, ProviderMetadata,
    core::{
        CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType,
        CoreJsonWebKey, CoreJsonWebKeySet, CoreJweContentEncryptionAlgorithm,
        CoreJweKeyManagementAlgorithm, CoreResponseMode, CoreResponseType,
        CoreSubjectIdentifierType,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::{Arc, PoisonError, RwLock};

/// A discovery document, in which the dev issuer says what it is.
type Metadata = ProviderMetadata<
    Marker,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

#[derive(Debug, Clone, Deserialize, Serialize)]
struct Marker {
    #[serde(default)]
    chartseal_dev_issuer: bool,
}

impl AdditionalProviderMetadata for Marker {}

/// One issuer as it is discovered.
pub(super) struct Discovery {
    config: Arc<IssuerConfig>,
    /// As it was last fetched.
    document: RwLock<Option<Value>>,
}

impl Discovery {
    pub(super) fn new(config: Arc<IssuerConfig>) -> Self {
        Self {
            config,
            document: RwLock::default(),
        }
    }

    /// The URL of the issuer.
    pub(super) fn url(&self) -> &str {
        &self.config.url
    }

    /// The document as it was last fetched.
    pub(super) fn document(&self) -> Option<Value> {
        let document = self.document.read();
        document.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Discovers the issuer and fetches its key set.
    pub(super) async fn discover(&self, http: &HttpClient) -> Result<CoreJsonWebKeySet, String> {
        let url = IssuerUrl::new(self.config.url.clone()).map_err(|error| error.to_string())?;
        let metadata = Metadata::discover_async(url, &http.of(&self.config.url))
            .await
            .map_err(|error| error.to_string())?;
        if metadata.additional_metadata().chartseal_dev_issuer && !self.config.may_be_dev {
            return Err(
                "this is the dev issuer, which gives anyone a token and is for `chartseal demo` \
                 alone; configure another"
                    .to_owned(),
            );
        }
        let document = serde_json::to_value(&metadata).map_err(|error| error.to_string())?;
        *self
            .document
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Some(document);
        Ok(metadata.jwks().clone())
    }
}
