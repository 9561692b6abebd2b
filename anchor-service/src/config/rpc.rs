//! The key `rpcUrl`: one node or several, each a URL or a table with what opens it.

use super::ConfigError;
use crate::{
    keys::secret::Secret,
    ledger::evm::{RpcNode, RpcNodes},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{
    Deserialize, Deserializer,
    de::{
        Error, MapAccess, SeqAccess, Visitor,
        value::{MapAccessDeserializer, SeqAccessDeserializer},
    },
};
use std::{fmt, path::Path};
use zeroize::Zeroizing;

/// Nodes that are asked at most.
const MAX_NODES: usize = 16;

/// The nodes of the L2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RpcUrl(Vec<NodeConfig>);

/// One node.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct NodeConfig {
    url: String,
    /// A bearer token (RFC 6750).
    #[serde(default)]
    bearer: Option<Secret>,
    /// The user of basic authentication (RFC 7617).
    #[serde(default)]
    user: Option<String>,
    #[serde(default)]
    password: Option<Secret>,
}

impl NodeConfig {
    const fn open(url: String) -> Self {
        Self {
            url,
            bearer: None,
            user: None,
            password: None,
        }
    }

    fn validate(&self) -> Result<(), ConfigError> {
        let rest = ["http://", "https://"]
            .iter()
            .find_map(|scheme| self.url.strip_prefix(scheme))
            .ok_or(ConfigError::RpcUrl)?;
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.contains('@') {
            return Err(ConfigError::RpcPassword);
        }
        // RFC 7617: the first colon ends the user.
        if self.user.as_ref().is_some_and(|user| user.contains(':')) {
            return Err(ConfigError::RpcUser);
        }
        match (&self.bearer, &self.user, &self.password) {
            (Some(_), None, None) | (None, Some(_), Some(_)) | (None, None, None) => Ok(()),
            _ => Err(ConfigError::RpcAuthorization),
        }
    }

    /// The header `Authorization`.
    fn authorization(&self) -> Result<Option<Zeroizing<String>>, String> {
        if let Some(bearer) = &self.bearer {
            let token = bearer.read()?;
            return Ok(Some(Zeroizing::new(format!("Bearer {}", *token))));
        }
        let (Some(user), Some(password)) = (&self.user, &self.password) else {
            return Ok(None);
        };
        let pair = Zeroizing::new(format!("{user}:{}", *password.read()?));
        let encoded = Zeroizing::new(STANDARD.encode(pair.as_bytes()));
        Ok(Some(Zeroizing::new(format!("Basic {}", *encoded))))
    }
}

impl RpcUrl {
    /// One node that is open to all who reach it.
    #[must_use]
    pub fn open(url: impl Into<String>) -> Self {
        Self(vec![NodeConfig::open(url.into())])
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        if self.0.is_empty() || self.0.len() > MAX_NODES {
            return Err(ConfigError::RpcNodes);
        }
        self.0.iter().try_for_each(NodeConfig::validate)
    }

    /// Makes relative paths of secrets ones from this folder.
    pub fn resolve(&mut self, folder: &Path) {
        for node in &mut self.0 {
            let secrets = [&mut node.bearer, &mut node.password];
            for secret in secrets.into_iter().flatten() {
                secret.resolve(folder);
            }
        }
    }

    /// The nodes, with what opens them.
    ///
    /// # Errors
    /// When a secret cannot be read, with why.
    pub fn read(&self) -> Result<RpcNodes, String> {
        let node = |node: &NodeConfig| {
            Ok(RpcNode {
                url: node.url.clone(),
                authorization: node.authorization()?,
            })
        };
        let nodes: Result<_, String> = self.0.iter().map(node).collect();
        nodes.map(RpcNodes)
    }
}

struct UrlVisitor;

impl<'de> Visitor<'de> for UrlVisitor {
    type Value = RpcUrl;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a URL, a table `{ url = \"URL\", .. }`, or a list of these")
    }

    fn visit_str<E: Error>(self, url: &str) -> Result<RpcUrl, E> {
        Ok(RpcUrl::open(url))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RpcUrl, A::Error> {
        NodeConfig::deserialize(MapAccessDeserializer::new(map)).map(|node| RpcUrl(vec![node]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<RpcUrl, A::Error> {
        let nodes: Vec<RpcUrl> = Vec::deserialize(SeqAccessDeserializer::new(seq))?;
        if nodes.iter().any(|one| one.0.len() != 1) {
            return Err(A::Error::custom("a list of nodes holds no lists"));
        }
        Ok(RpcUrl(nodes.into_iter().flat_map(|one| one.0).collect()))
    }
}

impl<'de> Deserialize<'de> for RpcUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UrlVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(value: Value) -> Result<RpcUrl, serde_json::Error> {
        serde_json::from_value(value)
    }

    #[test]
    fn one_node_or_several_are_read() {
        let one = read(json!("http://a:1/key")).unwrap();
        assert_eq!(one, RpcUrl::open("http://a:1/key"));
        let several = json!(["http://a:1", { "url": "https://b" }]);
        let several = read(several).unwrap();
        assert_eq!(several.validate(), Ok(()));
        assert_eq!(several.read().unwrap().0.len(), 2);
        assert!(!format!("{:?}", one.read().unwrap()).contains("key"));
        assert!(read(json!([["http://a"]])).is_ok_and(|url| url.validate().is_ok()));
        assert!(read(json!([["http://a", "http://b"]])).is_err());
        assert!(read(json!({ "url": "http://a", "token": "x" })).is_err());
        assert!(read(json!({ "url": "http://a", "bearer": "x" })).is_err());
    }

    #[test]
    fn what_cannot_work_is_refused() {
        let refused = |value| read(value).unwrap().validate().unwrap_err();
        assert_eq!(refused(json!([])), ConfigError::RpcNodes);
        assert_eq!(refused(json!("ws://x")), ConfigError::RpcUrl);
        assert_eq!(refused(json!("http://u:p@x/@")), ConfigError::RpcPassword);
        let secret = json!({ "env": "X" });
        for node in [
            json!({ "url": "http://a", "user": "u" }),
            json!({ "url": "http://a", "password": secret }),
            json!({ "url": "http://a", "bearer": secret, "user": "u", "password": secret }),
        ] {
            assert_eq!(refused(node), ConfigError::RpcAuthorization);
        }
        let user = json!({ "url": "http://a", "user": "a:b", "password": secret });
        assert_eq!(refused(user), ConfigError::RpcUser);
    }

    #[test]
    fn secrets_become_headers() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, "hunter2\n").unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&path, mode).unwrap();
        let secret = json!({ "file": "secret" });
        let mut nodes = read(json!([
            { "url": "http://a", "bearer": secret },
            { "url": "http://b", "user": "Aladdin", "password": secret },
        ]))
        .unwrap();
        assert!(nodes.read().is_err(), "not found beside the program");
        nodes.resolve(folder.path());
        let opened = nodes.read().unwrap();
        let headers: Vec<_> = opened
            .0
            .iter()
            .map(|node| node.authorization.as_ref().unwrap().as_str())
            .collect();
        assert_eq!(headers, ["Bearer hunter2", "Basic QWxhZGRpbjpodW50ZXIy"]);
        assert!(!format!("{nodes:?} {opened:?}").contains("hunter2"));
    }
}
