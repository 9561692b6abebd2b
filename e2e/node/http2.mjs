// HTTP/2 over TLS by Node.js, a stack that shares nothing with the gateway's:
// node http2.mjs CERTIFICATE TOKEN ORIGIN, requests as JSON on standard input.
// Prints {protocol, tls, answers}: what was negotiated, and each answer.
import { connect } from 'node:http2';
import { readFileSync } from 'node:fs';

const [, , certificate, token, origin] = process.argv;
const requests = JSON.parse(readFileSync(0, 'utf8'));
const session = connect(origin, { ca: readFileSync(certificate) });
session.on('error', (error) => {
  console.error(String(error));
  process.exit(1);
});

function ask({ method, path, body }) {
  return new Promise((resolve, reject) => {
    const headers = { ':method': method, ':path': path, authorization: `Bearer ${token}` };
    if (body) headers['content-type'] = 'application/fhir+json';
    const stream = session.request(headers);
    const chunks = [];
    let answer;
    stream.on('response', (got) => (answer = got));
    stream.on('data', (chunk) => chunks.push(chunk));
    stream.on('error', reject);
    stream.on('end', () => {
      const { ':status': status, ...rest } = answer;
      resolve({ status, headers: rest, body: Buffer.concat(chunks).toString('utf8') });
    });
    stream.end(body ? JSON.stringify(body) : undefined);
  });
}

session.on('connect', async () => {
  // All at once, on one connection.
  const answers = await Promise.all(requests.map(ask));
  const { alpnProtocol: protocol } = session.socket;
  console.log(JSON.stringify({ protocol, tls: session.socket.getProtocol(), answers }));
  session.close();
});
