// Serves an OpenID provider on loopback for the tests of sign-in.
//
// Standard input has one JSON object a line. The first names the clients and the accounts. Each later one changes
// something. Other accounts keep the sessions and codes; any other change is a restart of the provider, which loses them.
// Each line is answered by a line on standard output. The process ends when standard input is closed, so it never outlives
// the test that started it.

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';

import { Provider } from 'oidc-provider';

// The library's notices may not stand among the answers.
console.info = console.warn;

const COOKIE_KEY = randomBytes(32).toString('hex');
const RSA_BITS = 2048;

let issuer;
let provider;
let answer;
const state = { clients: [], accounts: {}, keys: [], takesClaims: true };

// Returns a new private key, with an id by which tokens name it.
function newKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: RSA_BITS });
  const kid = randomBytes(8).toString('hex');
  return { ...privateKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' };
}

function makeProvider() {
  provider = new Provider(issuer, {
    clients: state.clients,
    jwks: { keys: state.keys },
    cookies: { keys: [COOKIE_KEY] },
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false }, claimsParameter: { enabled: state.takesClaims } },
    interactions: { url: (_, { uid }) => `/interaction/${uid}` },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...state.accounts[id].claims }) }),
    claims: {
      openid: state.takesClaims ? ['sub'] : ['sub', 'amr'],
      email: ['email', 'email_verified'],
      profile: ['preferred_username'],
      acr: null,
      amr: null,
      auth_time: null,
    },
    // By the specification, claims of a scope stand in the ID token only if the client asks for them there.
    conformIdTokenClaims: state.takesClaims,
  });
  answer = provider.callback();
}

function show(response, status, body) {
  response.writeHead(status, { 'content-type': 'text/html; charset=utf-8' });
  response.end(`<!doctype html><title>Provider</title><form method="post">${body}</form>`);
}

const FORMS = {
  login: '<input name="account"><input name="password" type="password"><button>Sign in</button>',
  consent: '<button name="answer" value="yes">Allow</button><button name="answer" value="no">Refuse</button>',
};

async function grantOf({ grantId, session, params, prompt: { details } }) {
  const found = grantId && (await provider.Grant.find(grantId));
  const grant = found || new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  if (details.missingOIDCScope) grant.addOIDCScope(details.missingOIDCScope.join(' '));
  if (details.missingOIDCClaims) grant.addOIDCClaims(details.missingOIDCClaims);
  return grant.save();
}

// Shows the form of a login or a consent, or takes it.
async function interact(request, response) {
  const details = await provider.interactionDetails(request, response);
  const { name } = details.prompt;
  if (request.method !== 'POST') return show(response, 200, FORMS[name]);
  const fields = new URLSearchParams(await text(request));
  const finish = (result) =>
    provider.interactionFinished(request, response, result, { mergeWithLastSubmission: name === 'consent' });
  if (name === 'consent') {
    if (fields.get('answer') !== 'yes') return finish({ error: 'access_denied' });
    return finish({ consent: { grantId: await grantOf(details) } });
  }
  const account = state.accounts[fields.get('account')];
  if (!account || account.password !== fields.get('password')) return show(response, 401, FORMS.login);
  const { amr, acr, ageSeconds = 0 } = account;
  const ts = Math.floor(Date.now() / 1000) - ageSeconds;
  return finish({ login: { accountId: fields.get('account'), amr, acr, ts } });
}

async function serve(request, response) {
  try {
    if (request.url.startsWith('/interaction/')) await interact(request, response);
    else await answer(request, response);
  } catch (error) {
    process.stderr.write(`${error.stack}\n`);
    show(response, 400, '');
  }
}

const server = createServer(serve);
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
issuer = `http://127.0.0.1:${server.address().port}`;

for await (const line of createInterface({ input: process.stdin })) {
  const { newKey: isNew, accounts = state.accounts, ...changes } = JSON.parse(line);
  Object.assign(state, changes, { accounts });
  if (isNew || !state.keys.length) state.keys = [newKey()];
  if (isNew || Object.keys(changes).length) makeProvider();
  process.stdout.write(`${JSON.stringify({ issuer })}\n`);
}
process.exit();
