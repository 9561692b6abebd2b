//! The issuer's side of a login: discovery, the question a browser takes there, and
//! what the code is worth.

use super::LoginArgs;
use crate::http_client;
use model::{Random, RandomUnavailable};
use oidc::HttpClient;
use openidconnect::{
    AccessTokenHash, AuthorizationCode, ClientId, CsrfToken, DiscoveryError, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, IssuerUrl, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope, TokenResponse as _,
    core::{
        CoreAuthenticationFlow, CoreClient, CoreIdToken, CoreIdTokenVerifier,
        CoreJwsSigningAlgorithm as Algorithm, CoreProviderMetadata, CoreTokenResponse,
        CoreTokenType,
    },
};
use std::{error::Error, time::Duration};
use url::Url;
use zeroize::Zeroizing;

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// What an ID token may be signed with: by the issuer's own key, so nothing shared.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::EcdsaP256Sha256,
    Algorithm::EcdsaP384Sha384,
    Algorithm::EdDsa,
    Algorithm::RsaSsaPkcs1V15Sha256,
    Algorithm::RsaSsaPkcs1V15Sha384,
    Algorithm::RsaSsaPkcs1V15Sha512,
    Algorithm::RsaSsaPssSha256,
    Algorithm::RsaSsaPssSha384,
    Algorithm::RsaSsaPssSha512,
];

/// An issuer that was found.
pub struct Issuer {
    http: HttpClient,
    client: Client,
    scopes: Vec<String>,
    /// Sent with question and code: for which gateway the token is to be.
    target: Vec<(&'static str, String)>,
}

/// What the browser takes to the issuer, and what its answer is checked with.
pub struct Question {
    /// To be opened.
    pub url: Url,
    /// Comes back with the answer.
    pub state: String,
    nonce: Nonce,
    verifier: PkceCodeVerifier,
}

/// Who logged in, and the token.
pub struct LoggedIn {
    pub subject: String,
    pub name: Option<String>,
    pub token: Zeroizing<String>,
    pub lifetime: Option<Duration>,
}

impl Issuer {
    /// Asks the issuer what it is.
    pub async fn discover(args: &LoginArgs, redirect: String) -> Result<Self, String> {
        let url = &args.issuer;
        let unusable = |why: String| format!("the issuer `{url}` cannot be used: {why}");
        let http = HttpClient::new(url.starts_with("https:")).map_err(|error| error.to_string())?;
        let name = IssuerUrl::new(url.clone()).map_err(|error| unusable(error.to_string()))?;
        let metadata = CoreProviderMetadata::discover_async(name, &http)
            .await
            .map_err(|error| unusable(of_discovery(&error)))?;
        let redirect = RedirectUrl::new(redirect).map_err(|error| error.to_string())?;
        let id = ClientId::new(args.client_id.clone());
        let client = Client::from_provider_metadata(metadata, id, None).set_redirect_uri(redirect);
        let target = [("resource", &args.resource), ("audience", &args.audience)];
        Ok(Self {
            http,
            client,
            scopes: args.scope.clone(),
            target: target
                .into_iter()
                .filter_map(|(name, value)| Some((name, value.clone()?)))
                .collect(),
        })
    }

    /// A question of our own, which nobody can guess.
    pub fn question(&self, random: &dyn Random) -> Result<Question, String> {
        let fresh = || secret(random).map_err(|error| error.to_string());
        let (state, nonce) = (CsrfToken::new(fresh()?), Nonce::new(fresh()?));
        let verifier = PkceCodeVerifier::new(fresh()?);
        let mut request = self
            .client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                || state,
                || nonce,
            )
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .add_scopes(self.scopes.iter().cloned().map(Scope::new));
        for (name, value) in &self.target {
            request = request.add_extra_param(*name, value);
        }
        let (url, state, nonce) = request.url();
        Ok(Question {
            url,
            state: state.secret().clone(),
            nonce,
            verifier,
        })
    }

    /// Gives the code for the tokens, and checks who they say has logged in.
    pub async fn redeem(&self, code: String, question: Question) -> Result<LoggedIn, String> {
        let mut request = self
            .client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|_| "the issuer names no token endpoint".to_owned())?
            .set_pkce_verifier(question.verifier);
        for (name, value) in &self.target {
            request = request.add_extra_param(*name, value);
        }
        let tokens = request
            .request_async(&self.http)
            .await
            .map_err(|error| match error {
                RequestTokenError::ServerResponse(refusal) => {
                    format!("the issuer gave no token: {refusal}")
                }
                RequestTokenError::Request(error) => error.to_string(),
                _ => "the issuer's answer to the code cannot be understood".to_owned(),
            })?;
        self.trusted(&tokens, &question.nonce)
    }

    fn trusted(&self, tokens: &CoreTokenResponse, nonce: &Nonce) -> Result<LoggedIn, String> {
        if *tokens.token_type() != CoreTokenType::Bearer {
            return Err("the issuer gave a token that is no bearer token".to_owned());
        }
        let id_token = tokens
            .id_token()
            .ok_or("the issuer gave no ID token; may the client have the scope `openid`?")?;
        let distrusted =
            |error: &dyn Error| format!("the issuer's ID token is not to be trusted: {error}");
        let verifier = self
            .client
            .id_token_verifier()
            .set_allowed_algs(ALGORITHMS.to_vec());
        let claims = id_token
            .claims(&verifier, nonce)
            .map_err(|error| distrusted(&error))?;
        if let Some(stated) = claims.access_token_hash() {
            let actual = hash(id_token, tokens, &verifier).map_err(|error| distrusted(&*error))?;
            if actual != *stated {
                return Err("the issuer's ID token is of another access token".to_owned());
            }
        }
        Ok(LoggedIn {
            subject: claims.subject().to_string(),
            name: claims
                .name()
                .and_then(|name| name.get(None))
                .map(|name| name.to_string()),
            token: Zeroizing::new(tokens.access_token().secret().clone()),
            lifetime: tokens.expires_in(),
        })
    }
}

fn hash(
    id_token: &CoreIdToken,
    tokens: &CoreTokenResponse,
    verifier: &CoreIdTokenVerifier<'_>,
) -> Result<AccessTokenHash, Box<dyn Error>> {
    let (algorithm, key) = (id_token.signing_alg()?, id_token.signing_key(verifier)?);
    let hash = AccessTokenHash::from_token(tokens.access_token(), algorithm, key)?;
    Ok(hash)
}

/// 64 characters, as PKCE may have them.
fn secret(random: &dyn Random) -> Result<String, RandomUnavailable> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    random.fill(bytes.as_mut())?;
    Ok(hex::encode(bytes.as_ref()))
}

/// What went wrong, with its causes; the library tells the outermost only.
fn of_discovery<E: Error + 'static>(error: &DiscoveryError<E>) -> String {
    match error {
        DiscoveryError::Request(error) => http_client::reason(error),
        DiscoveryError::Response(status, ..) => format!(
            "it answered {} where its discovery document should be",
            status.as_u16()
        ),
        DiscoveryError::Validation(why) => why.clone(),
        _ => "what it serves is no discovery document".to_owned(),
    }
}
