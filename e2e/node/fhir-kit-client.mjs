// Drives a FHIR server through the published package fhir-kit-client, each
// interaction once or more. Prints `ok NAME` for each; any surprise ends it.
//
// FHIR_BASE, SYSTEM_TOKEN (writes), CLINICIAN_TOKEN (reads).

import assert from 'node:assert/strict';
import Client from 'fhir-kit-client';

const { FHIR_BASE: baseUrl, SYSTEM_TOKEN, CLINICIAN_TOKEN } = process.env;
const as = (token) => {
  const client = new Client({ baseUrl });
  client.bearerToken = token;
  return client;
};
const system = as(SYSTEM_TOKEN);
const clinician = as(CLINICIAN_TOKEN);
const status = (body) => Client.httpFor(body).response.status;
const header = (body, name) => Client.httpFor(body).response.headers.get(name);

const patient = (family, value) => ({
  resourceType: 'Patient',
  identifier: [{ system: 'urn:oid:1.2.3.4', value }],
  name: [{ family, given: ['Ada'] }],
  birthDate: '1970-01-01',
});

const statement = await clinician.capabilityStatement();
assert.equal(statement.resourceType, 'CapabilityStatement');
assert.equal(statement.fhirVersion, '4.0.1');
console.log('ok capabilities');

const created = await system.create({
  resourceType: 'Patient',
  body: patient('Lovelace', 'kit-1'),
  headers: { Prefer: 'return=representation' },
});
assert.equal(status(created), 201);
const { id } = created;
assert.match(id, /^[A-Za-z0-9.-]{1,64}$/);
assert.match(header(created, 'location'), new RegExp(`/Patient/${id}/_history/1$`));
assert.equal(header(created, 'etag'), 'W/"1"');
console.log('ok create');

const read = await clinician.read({ resourceType: 'Patient', id });
assert.deepEqual(read.name, created.name);
assert.equal(read.meta.versionId, '1');
assert.ok(!Number.isNaN(Date.parse(header(read, 'last-modified'))));
console.log('ok read');

const updated = await system.update({
  resourceType: 'Patient',
  id,
  body: { ...read, birthDate: '1815-12-10' },
  headers: { 'If-Match': 'W/"1"', Prefer: 'return=representation' },
});
assert.equal(status(updated), 200);
assert.equal(updated.meta.versionId, '2');
await assert.rejects(
  system.update({
    resourceType: 'Patient',
    id,
    body: read,
    headers: { 'If-Match': 'W/"1"' },
  }),
  (error) => error.response.status === 412 || error.response.status === 409,
);
console.log('ok update');

const first = await clinician.vread({ resourceType: 'Patient', id, version: '1' });
assert.equal(first.birthDate, '1970-01-01');
console.log('ok vread');

const history = await clinician.history({ resourceType: 'Patient', id });
assert.equal(history.type, 'history');
assert.deepEqual(
  history.entry.map((entry) => entry.resource.meta.versionId),
  ['2', '1'],
);
console.log('ok history');

const fullUrl = (n) => `urn:uuid:00000000-0000-4000-8000-00000000000${n}`;
const observation = (n, subject) => ({
  fullUrl: fullUrl(n),
  resource: {
    resourceType: 'Observation',
    status: 'final',
    code: { text: 'Body weight' },
    subject: { reference: subject },
    valueQuantity: { value: 60 + n, unit: 'kg' },
  },
  request: { method: 'POST', url: 'Observation' },
});
const answer = await system.transaction({
  body: {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      {
        fullUrl: fullUrl(0),
        resource: patient('Babbage', 'kit-2'),
        request: { method: 'POST', url: 'Patient' },
      },
      ...[1, 2, 3, 4, 5].map((n) => observation(n, fullUrl(0))),
    ],
  },
});
assert.equal(answer.type, 'transaction-response');
assert.equal(answer.entry.length, 6);
answer.entry.forEach((entry) => assert.match(entry.response.status, /^201/));
const second = answer.entry[0].response.location.match(/Patient\/([^/]+)\/_history\/1$/)[1];
console.log('ok transaction');

const byIdentifier = await clinician.search({
  resourceType: 'Patient',
  searchParams: { identifier: 'urn:oid:1.2.3.4|kit-2' },
});
assert.equal(byIdentifier.type, 'searchset');
assert.deepEqual(byIdentifier.entry.map((entry) => entry.resource.id), [second]);
const none = await clinician.search({
  resourceType: 'Patient',
  searchParams: { identifier: 'urn:oid:1.2.3.4|nobody' },
});
assert.equal((none.entry ?? []).length, 0);
console.log('ok search');

const weights = new Set();
let pages = 0;
let page = await clinician.search({
  resourceType: 'Observation',
  searchParams: { patient: second, _count: 2 },
});
while (page) {
  pages += 1;
  assert.ok(pages <= 5, 'paging ends');
  for (const { resource } of page.entry ?? []) {
    assert.equal(resource.subject.reference, `Patient/${second}`);
    weights.add(resource.valueQuantity.value);
  }
  page = await clinician.nextPage({ bundle: page });
}
assert.deepEqual([...weights].sort(), [61, 62, 63, 64, 65]);
assert.ok(pages >= 3, 'two a page');
console.log('ok paging');

const batch = await system.batch({
  body: {
    resourceType: 'Bundle',
    type: 'batch',
    entry: [
      { request: { method: 'GET', url: `Patient/${id}` } },
      { request: { method: 'GET', url: 'Patient/not-there' } },
    ],
  },
});
assert.equal(batch.type, 'batch-response');
assert.match(batch.entry[0].response.status, /^200/);
assert.match(batch.entry[1].response.status, /^404/);
assert.equal(batch.entry[1].response.outcome.resourceType, 'OperationOutcome');
console.log('ok batch');

await system.delete({ resourceType: 'Patient', id });
await assert.rejects(
  clinician.read({ resourceType: 'Patient', id }),
  (error) =>
    error.response.status === 410 && error.response.data.resourceType === 'OperationOutcome',
);
console.log('ok delete');

await assert.rejects(
  as('no-token').read({ resourceType: 'Patient', id: second }),
  (error) =>
    error.response.status === 401 && error.response.data.resourceType === 'OperationOutcome',
);
console.log('ok refusal');
