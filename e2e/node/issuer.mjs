// A certified OpenID provider, the published package oidc-provider, as an issuer
// of access tokens for the gateway. Who logs in is said by `login_hint`, without a
// page to fill in; `denied` says no.
//
// node issuer.mjs CONFIG. Keys, clients and facts are read again at SIGHUP; the
// answer of GET /counts tells how often discovery and keys were fetched.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { generateKeyPairSync } from 'node:crypto';
import Provider, { errors } from 'oidc-provider';

// The package takes it for granted; not every Node.js 20 has it.
URL.parse ??= (text, base) => (URL.canParse(text, base) ? new URL(text, base) : null);

const [, , file] = process.argv;
const counts = { discovery: 0, keys: 0 };

/** A key for RS256, which JSON from outside need not bring. */
const rsa = {
  ...generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }),
  alg: 'RS256',
  use: 'sig',
  kid: 'rsa',
};

function provider(config) {
  const factsOf = (token) => config.facts[token.accountId ?? token.clientId];
  const isBackend = (client) => client.grantTypeAllowed('client_credentials');
  return new Provider(config.issuer, {
    // The first key of an algorithm signs; all are published.
    jwks: { keys: [...config.keys, rsa] },
    clients: config.clients,
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    cookies: { keys: ['loopback only'] },
    scopes: ['openid', 'profile'],
    claims: { openid: ['sub'], profile: ['name'] },
    conformIdTokenClaims: false,
    ttl: { AccessToken: 600, ClientCredentials: 600, Interaction: 600, Session: 600, Grant: 600, IdToken: 600 },
    enabledJWA: { clientAuthSigningAlgValues: ['ES256', 'ES384', 'RS384'], idTokenSigningAlgValues: ['ES256'] },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: (_ctx, client, oneOf) => oneOf ?? (isBackend(client) ? config.audience : undefined),
        getResourceServerInfo(_ctx, resource, client) {
          if (resource !== config.audience) throw new errors.InvalidTarget();
          return {
            audience: config.audience,
            scope: 'system/*.cruds user/*.cruds user/AuditEvent.rs',
            accessTokenFormat: 'jwt',
            jwt: { sign: { alg: config.algorithms[client.clientId] ?? 'ES256' } },
          };
        },
      },
    },
    extraTokenClaims: (_ctx, token) => factsOf(token),
    findAccount: (_ctx, id) => ({
      accountId: id,
      claims: () => ({ sub: id, name: config.facts[id]?.name }),
    }),
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
  });
}

/** Finishes a login as the account of the hint, who consents to everything. */
async function interact(issuer, request, response) {
  const { params } = await issuer.interactionDetails(request, response);
  const accountId = params.login_hint;
  if (!accountId || accountId === 'denied') {
    const no = { error: 'access_denied', error_description: 'nobody logged in' };
    return issuer.interactionFinished(request, response, no);
  }
  const grant = new issuer.Grant({ accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  for (const resource of [params.resource ?? []].flat()) grant.addResourceScope(resource, params.scope);
  const consent = { grantId: await grant.save() };
  return issuer.interactionFinished(request, response, { login: { accountId }, consent });
}

const read = () => {
  const config = JSON.parse(readFileSync(file, 'utf8'));
  const issuer = provider(config);
  return { config, issuer, callback: issuer.callback() };
};
let now = read();
process.on('SIGHUP', () => { now = read(); });

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url, now.config.issuer);
  if (pathname === '/counts') {
    response.setHeader('content-type', 'application/json');
    return response.end(JSON.stringify({ ...counts, signing: now.config.keys[0].kid }));
  }
  if (pathname === '/.well-known/openid-configuration') counts.discovery += 1;
  if (pathname === '/jwks') counts.keys += 1;
  if (!pathname.startsWith('/interaction/')) return now.callback(request, response);
  return interact(now.issuer, request, response).catch((error) => {
    response.statusCode = 500;
    response.end(error.message);
  });
});
server.listen(new URL(now.config.issuer).port, '127.0.0.1');
