//! What each rule says to a token, for whoever sets up an issuer or a client. A caller is
//! told only that a token is refused; whoever has the configuration may know why.
//!
//! Nobody is asked, so the signature is not checked and registrations are not known.

use super::{
    caller,
    claims::Claims,
    config::{ClaimNames, IdentityConfig, IssuerConfig},
    refusal::Refusal,
    token::Token,
};
use fhir::LocalBase;
use model::{FacilityName, Timestamp};
use policies::{Purpose, Role, parse_scopes};
use serde_json::Value;

/// Characters of a token's own words that are shown.
const MAX_SHOWN: usize = 100;

/// How a rule came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The token keeps it.
    Holds,
    /// The token is refused for it, or shows its caller no record.
    Fails,
    /// The token is taken, and something in it counts for nothing.
    Ignored,
    /// It cannot be told from here.
    NotChecked,
}

/// One rule, and what it says to the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its name: a member of the token, or what is looked at.
    pub name: &'static str,
    /// How it came out.
    pub verdict: Verdict,
    /// What was found, or what to do.
    pub text: String,
}

/// The rules in the order in which the gateway asks them. After one of the first two
/// has failed there is nothing to ask the others about. `home_of` gives the URLs of a
/// facility.
#[must_use]
pub fn explain(
    config: &IdentityConfig,
    home_of: &dyn Fn(&FacilityName) -> LocalBase,
    token: &str,
    now: Timestamp,
) -> Vec<Rule> {
    let mut rules = Rules(Vec::new());
    let token = match Token::parse(token) {
        Ok(token) => token,
        Err(refusal) => {
            let advice =
                "send the access token as the issuer gave it, three parts with dots between";
            rules.fails("form", format!("{refusal}; {advice}"));
            return rules.0;
        }
    };
    rules.holds("form", "a signed JWT");
    let issuer = token.stated_issuer();
    let known = config.issuers.iter().find(|known| known.url == issuer);
    let Some(known) = known else {
        let urls: Vec<&str> = config
            .issuers
            .iter()
            .map(|issuer| issuer.url.as_str())
            .collect();
        let urls = urls.join("`, `");
        rules.fails(
            "iss",
            format!(
                "`{}` is none of `{urls}`; each letter counts, a final `/` too",
                shown(issuer)
            ),
        );
        return rules.0;
    };
    rules.holds("iss", issuer);
    rules.header(&token, known);
    rules.verdict("signature", Verdict::NotChecked, "needs the issuer's keys");
    let claims = token.stated();
    rules.audience(claims, known);
    rules.times(claims, known, now);
    rules.facts(claims, known);
    rules.patient(claims, known, home_of);
    rules.verdict(
        "registration",
        Verdict::NotChecked,
        "the client must be registered at the facility, with the roles that it uses",
    );
    rules.0
}

struct Rules(Vec<Rule>);

impl Rules {
    fn verdict(&mut self, name: &'static str, verdict: Verdict, text: impl Into<String>) {
        let text = text.into();
        self.0.push(Rule {
            name,
            verdict,
            text,
        });
    }

    fn holds(&mut self, name: &'static str, text: &str) {
        self.verdict(name, Verdict::Holds, shown(text));
    }

    fn fails(&mut self, name: &'static str, text: impl Into<String>) {
        self.verdict(name, Verdict::Fails, text);
    }

    fn header(&mut self, token: &Token<'_>, issuer: &IssuerConfig) {
        let (typ, alg) = token.stated_kind();
        match token.check_header(issuer) {
            Ok(_) => self.holds("header", &format!("{typ}, {alg}")),
            Err(Refusal::Algorithm) => {
                let taken = &issuer.algorithms;
                let advice = "let the issuer sign access tokens so, or add it to `algorithms`";
                let text = format!("`alg` is `{}`, taken are {taken:?}; {advice}", shown(alg));
                self.fails("header", text);
            }
            Err(Refusal::TokenType) => {
                let taken = &issuer.token_type;
                let advice = "let the issuer write it so (RFC 9068), or set `tokenType`";
                let text = format!("`typ` is `{}`, not `{taken}`; {advice}", shown(typ));
                self.fails("header", text);
            }
            Err(refusal) => self.fails("header", refusal.to_string()),
        }
        match token.key_id() {
            Ok(id) => self.holds("kid", id),
            Err(refusal) => self.fails("kid", format!("{refusal}; the issuer must write `kid`")),
        }
    }

    fn audience(&mut self, claims: &Claims, issuer: &IssuerConfig) {
        let wanted = issuer.audience.as_str();
        let names = |value: &Value| value.as_str() == Some(wanted);
        let named = match claims.get("aud") {
            Some(Value::Array(all)) => all.iter().any(names),
            Some(one) => names(one),
            None => false,
        };
        if named {
            self.holds("aud", wanted);
        } else {
            let advice = "give the client an audience mapper, a resource or a scope that adds it";
            self.fails("aud", format!("does not hold `{wanted}`; {advice}"));
        }
        if claims.get("cnf").is_some() {
            self.fails("cnf", Refusal::Bound.to_string());
        }
    }

    fn times(&mut self, claims: &Claims, issuer: &IssuerConfig, now: Timestamp) {
        let longest = issuer.token_lifetime_seconds;
        match claims.check_time(now, longest) {
            Ok(exp) => {
                let left = exp.saturating_sub(now.as_seconds());
                self.holds("time", &format!("good for {left} seconds more"));
            }
            Err(Refusal::TooLongLived) => {
                let advice = "shorten it at the issuer, or raise `tokenLifetimeSeconds`";
                let text = format!("made for more than {longest} seconds; {advice}");
                self.fails("time", text);
            }
            Err(Refusal::NotYetValid) => {
                let text = "`nbf` or `iat` is to come; compare the clocks of issuer and gateway";
                self.fails("time", text);
            }
            Err(refusal) => self.fails("time", refusal.to_string()),
        }
    }

    /// What the token says of its caller.
    fn facts(&mut self, claims: &Claims, issuer: &IssuerConfig) {
        self.facility(claims, issuer);
        match caller::word(claims, "sub") {
            Ok(Some(_)) => self.holds("sub", "is there"),
            Ok(None) => self.fails("sub", "is not there; the issuer must write it"),
            Err(refusal) => self.fails("sub", refusal.to_string()),
        }
        match caller::client(claims) {
            Ok(client) => self.holds("client_id", &client),
            Err(refusal) => self.fails("client_id", format!("{refusal}; `azp` would do")),
        }
        self.scopes(claims);
        self.roles(claims, &issuer.claims.roles);
        self.purpose(claims, &issuer.claims.purpose_of_use);
    }

    /// The own record of whoever is a patient.
    fn patient(
        &mut self,
        claims: &Claims,
        issuer: &IssuerConfig,
        home_of: &dyn Fn(&FacilityName) -> LocalBase,
    ) {
        let names = &issuer.claims;
        match caller::patient(claims, &names.patient) {
            Ok(Some(_)) => return self.holds("patient", "is there"),
            Ok(None) => {}
            Err(refusal) => {
                return self.fails("patient", format!("{refusal}; it must be a logical id"));
            }
        }
        if names_own_record(claims, names, home_of) {
            return self.holds("patient", "is there, by `fhirUser`");
        }
        let mut roles = caller::roles(claims, &names.roles).unwrap_or_default();
        roles.retain(|role| role.parse::<Role>().is_ok());
        let text = format!(
            "neither `{}` nor `fhirUser` names a Patient of the facility, so the role patient \
             sees no record; write the logical id, or a `fhirUser` that is `Patient/<id>` or \
             begins with `publicUrl` or one of `formerUrls`",
            names.patient
        );
        match roles.as_slice() {
            ["patient"] => self.fails("patient", text),
            some if some.contains(&"patient") => {
                self.verdict("patient", Verdict::Ignored, text);
            }
            _ => self.holds("patient", "none; only patients need one"),
        }
    }

    fn facility(&mut self, claims: &Claims, issuer: &IssuerConfig) {
        let name = &issuer.claims.facility;
        let Some(found) = claims.at(name) else {
            let text = format!(
                "there is no claim `{name}`; let the issuer write the name of the facility there, \
                 or name its claim in `claims.facility`"
            );
            return self.fails("facility", text);
        };
        let facility = found
            .as_str()
            .and_then(|name| name.parse::<FacilityName>().ok());
        match facility {
            None => self.fails(
                "facility",
                format!("`{name}` must be a facility's name: 1 to 40 of a-z, 0-9 and `-`"),
            ),
            Some(facility) if issuer.serves(&facility) => {
                self.holds("facility", facility.as_str());
            }
            Some(facility) => self.fails(
                "facility",
                format!("`{facility}` is none of this issuer's `facilities`"),
            ),
        }
    }

    fn scopes(&mut self, claims: &Claims) {
        let Some(scope) = claims.get("scope") else {
            let text = "there is none, so no record may be asked for; administration needs none";
            return self.verdict("scope", Verdict::Ignored, text);
        };
        let Some(scope) = scope.as_str() else {
            return self.fails("scope", "must be one text of words with spaces between");
        };
        let (granting, ignored) = parse_scopes(scope);
        let words: Vec<String> = granting.iter().map(ToString::to_string).collect();
        if words.is_empty() {
            let text = "none that grants anything, such as `user/*.rs` or `system/*.cruds`";
            self.verdict("scope", Verdict::Ignored, text);
        } else {
            self.holds("scope", &words.join(" "))
        }
        for (word, reason) in ignored {
            let text = format!("`{}` counts for nothing: {reason}", shown(&word));
            self.verdict("scope", Verdict::Ignored, text);
        }
    }

    fn roles(&mut self, claims: &Claims, name: &str) {
        let Ok(words) = caller::roles(claims, name) else {
            let text = format!("`{name}` must be a word or a list of words");
            return self.fails("roles", text);
        };
        let (known, unknown): (Vec<&str>, Vec<&str>) =
            words.iter().partition(|word| word.parse::<Role>().is_ok());
        if known.is_empty() {
            let text = format!(
                "`{name}` holds none of clinician, patient, admin, auditor, system, monitor; \
                 without a role nothing is permitted"
            );
            self.verdict("roles", Verdict::Ignored, text);
        } else {
            self.holds("roles", &known.join(" "));
        }
        if !unknown.is_empty() {
            let text = format!("`{}` count for nothing", shown(&unknown.join(" ")));
            self.verdict("roles", Verdict::Ignored, text);
        }
    }

    fn purpose(&mut self, claims: &Claims, name: &str) {
        match claims.at(name).and_then(Value::as_str) {
            None => {
                let text = format!("there is no `{name}`; clinicians need one, such as `TREAT`");
                self.verdict("purpose", Verdict::Ignored, text);
            }
            Some(code) if code.parse::<Purpose>().is_ok() => self.holds("purpose", code),
            Some(code) => {
                let text = format!("`{}` is no purpose that is known here", shown(code));
                self.verdict("purpose", Verdict::Ignored, text);
            }
        }
    }
}

/// Whether `fhirUser` is a patient of the token's facility, by its URLs.
fn names_own_record(
    claims: &Claims,
    names: &ClaimNames,
    home_of: &dyn Fn(&FacilityName) -> LocalBase,
) -> bool {
    let facility = claims.at(&names.facility).and_then(Value::as_str);
    let facility = facility.and_then(|name| name.parse::<FacilityName>().ok());
    let user = caller::fhir_user(claims);
    user.zip(facility).is_some_and(|(user, facility)| {
        caller::patient_of_user(&user, &home_of(&facility)).is_some()
    })
}

/// What a token says goes to a terminal, which must not obey it.
fn shown(text: &str) -> String {
    let plain = model::shown(text);
    match plain.char_indices().nth(MAX_SHOWN) {
        Some((at, _)) => format!("{}...", plain.get(..at).unwrap_or_default()),
        None => plain,
    }
}
