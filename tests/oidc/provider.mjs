// A certified OpenID provider (panva/node-oidc-provider), for people who sign in to a gateway in tests.
//
//     node provider.mjs REDIRECT_URI
//
// It listens on a free port of 127.0.0.1 and says its issuer on standard output. Who signs in, with any password, has
// the claims of ACCOUNTS. Some accounts make the provider say something false, each in one way (LIES): their ID tokens
// are signed anew with its own key, so that nothing but the one thing is wrong with them.

import { createServer } from 'node:http';

import { SignJWT, UnsecuredJWT, decodeJwt, exportJWK, generateKeyPair } from 'jose';
import Provider from 'oidc-provider';

const CLIENT = { client_id: 'jobseal-test', client_secret: 'the secret of jobseal-test' };
const ANOTHER = { client_id: 'another', client_secret: 'the secret of another' };
const ALGORITHM = 'RS256';

const { privateKey } = await generateKeyPair(ALGORITHM, { extractable: true });
const { privateKey: anotherKey } = await generateKeyPair(ALGORITHM);
const jwk = { ...(await exportJWK(privateKey)), kid: 'test', use: 'sig', alg: ALGORITHM };

const email = (name) => ({ email: `${name}@example.com`, email_verified: true });
const ACCOUNTS = {
  carla: { preferred_username: 'Carla', groups: ['office', 'approvers'], ...email('carla') },
  dora: { preferred_username: 'dora', groups: ['office', 'admin', 'admins', 'jobseal-admins'], ...email('dora') },
  nobody: { preferred_username: 'nobody', groups: ['kitchen'], ...email('nobody') },
  none: { preferred_username: 'none', ...email('none') },
  visitor: { preferred_username: 'visitor', groups: ['office'], email: 'v@other.example', email_verified: true },
  unverified: { preferred_username: 'unverified', groups: ['office'], email: 'u@example.com', email_verified: false },
  odd: { preferred_username: 'Ann\u0430 \u{1f600}', groups: 'office', ...email('odd') },
  anna: { preferred_username: 'anna', groups: ['office'], ...email('anna') },
  leaving: { preferred_username: 'leaving', groups: ['office'], ...email('leaving') },
  changing: { preferred_username: 'changing', groups: ['office'], ...email('changing') },
};

const sign = (claims, header = {}, key = privateKey) =>
  new SignJWT(claims).setProtectedHeader({ alg: ALGORITHM, kid: 'test', ...header }).sign(key);
const LIES = {
  'lie-nonce': (claims) => sign({ ...claims, nonce: 'another' }),
  'lie-no-nonce': ({ nonce, ...claims }) => sign(claims),
  'lie-audience': (claims) => sign({ ...claims, aud: 'another' }),
  'lie-audience-for-us': (claims) => sign({ ...claims, aud: 'another', azp: CLIENT.client_id }),
  'lie-party': (claims) => sign({ ...claims, aud: [CLIENT.client_id, 'another'], azp: 'another' }),
  'lie-issuer': (claims) => sign({ ...claims, iss: 'https://evil.example' }),
  'lie-expired': (claims) => sign({ ...claims, iat: claims.iat - 7200, exp: claims.iat - 3600 }),
  'lie-no-expiry': ({ exp, ...claims }) => sign(claims),
  'lie-unsigned': (claims) => new UnsecuredJWT(claims).encode(),
  'lie-key': (claims) => sign(claims, {}, anotherKey),
  'lie-secret': (claims) => sign(claims, { alg: 'HS256' }, new TextEncoder().encode(CLIENT.client_secret.padEnd(32))),
  'lie-subject': (claims) => sign({ ...claims, sub: 'carla' }),
};
for (const name of Object.keys(LIES)) ACCOUNTS[name] = { preferred_username: name, groups: ['office'], ...email(name) };

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [CLIENT, ANOTHER].map((client) => ({ ...client, redirect_uris: [process.argv[2]] })),
    jwks: { keys: [jwk] },
    pkce: { required: () => true },
    claims: { openid: ['sub'], profile: ['preferred_username', 'groups'], email: ['email', 'email_verified'] },
    findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ sub, ...ACCOUNTS[sub] }) }),
    cookies: { keys: ['a key for tests'] },
  });
  provider.use(async (ctx, next) => {
    await next();
    const claims = ctx.path === '/token' && ctx.body?.id_token ? decodeJwt(ctx.body.id_token) : {};
    if (LIES[claims.sub]) ctx.body = { ...ctx.body, id_token: await LIES[claims.sub](claims) };
  });
  // What the office does to somebody while the tests run.
  server.on('request', (request, answer) => {
    const [, verb, sub, groups] = decodeURIComponent(request.url).split('/');
    if (verb !== 'groups-of') return provider.callback()(request, answer);
    ACCOUNTS[sub].groups = groups.split(',');
    return answer.end();
  });
  console.log(issuer);
});
