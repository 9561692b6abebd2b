// A peer that reads no answer: it grants no window to any stream.
// node http2_window.mjs CERTIFICATE ORIGIN PATH COUNT prints how often each status came.
import { connect } from 'node:http2';
import { readFileSync } from 'node:fs';

const [, , certificate, origin, path, count] = process.argv;
const settings = { initialWindowSize: 0 };
const session = connect(origin, { ca: readFileSync(certificate), settings });
session.on('error', (error) => {
  console.error(String(error));
  process.exit(1);
});

const statuses = {};
let heads = 0;
function ask() {
  const stream = session.request({ ':method': 'GET', ':path': path });
  stream.on('error', () => {});
  stream.on('response', ({ ':status': status }) => {
    statuses[status] = (statuses[status] ?? 0) + 1;
    heads += 1;
    if (heads === Number(count)) {
      console.log(JSON.stringify(statuses));
      process.exit(0);
    }
  });
}

// The settings count once the server has said that it knows them.
session.on('localSettings', () => {
  for (let number = 0; number < Number(count); number += 1) ask();
});
