"""Computes golden.json apart from the Rust code: only hashlib, hmac, and AESGCM
of the `cryptography` package, straight from the descriptions in
docs/storage-format.md. Run by hand; the output is committed and frozen.

    python3 make_golden.py CASEFOLD.json > golden.json

Needs `unicodedata2` 18.0.0 and the C and F lines of CaseFolding.txt 18.0.0 as
JSON (code point -> list of code points), for instance from the package
`@unicode/unicode-18.0.0`.
"""

import base64
import hashlib
import hmac
import json
import struct
import sys

import unicodedata2
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

assert unicodedata2.unidata_version == "18.0.0"
FOLD = {int(k): "".join(map(chr, v)) for k, v in json.load(open(sys.argv[1])).items()}


def lp(text):
    data = text if isinstance(text, bytes) else text.encode()
    return struct.pack(">I", len(data)) + data


def hkdf(ikm, salt, info, length):
    prk = hmac.digest(salt or bytes(64), ikm, "sha512")
    okm, block, count = b"", b"", 1
    while len(okm) < length:
        block = hmac.digest(prk, block + info + bytes([count]), "sha512")
        okm, count = okm + block, count + 1
    return okm[:length]


def run(start, length):
    return bytes((start + i) % 256 for i in range(length))


# --- envelopes ---------------------------------------------------------------


def clear(interaction, time, policy, subject, audit=None):
    """What format 2 binds of the row: `audit` is outcome, purpose, user, client, events."""
    out = lp(interaction) + struct.pack(">QI", time, policy) + (subject or bytes(16))
    if audit:
        outcome, purpose, user, client, events = audit
        out += bytes([outcome]) + lp(purpose or "") + (user or bytes(16)) + (client or bytes(16))
        out += struct.pack(">I", events)
    return out


def envelope(facility, kind, record, version, key, key_id, salt, nonce, identity, content,
             row=None):
    """Of format 1; with the clear facts of a row of format 2."""
    okm = hkdf(key, salt, b"chartseal/1/seal", 128)
    plain = lp(identity) + content + b"\x80"
    plain += bytes(-len(plain) % 256)
    form = 2 if row else 1
    aad = lp(f"chartseal/{form}/seal") + lp(facility) + key_id + lp(kind) + record
    aad += struct.pack(">I", version) + (clear(*row) if row else b"")
    sealed = AESGCM(okm[:32]).encrypt(nonce, plain, aad)
    out = bytes([form]) + key_id + salt + okm[32:64] + nonce + sealed
    patient = run(0x77, 16)
    content_salt = okm[96:]
    event = hkdf(content_salt, b"", b"chartseal/1/event" + patient, 32)
    text = "name=Ångström&_count=5"
    secret = hkdf(content_salt, b"", b"chartseal/1/query", 32)
    query = hashlib.sha256(b"chartseal/1/query\n" + secret + text.encode()).hexdigest()
    return {
        "facility": facility, "type": kind, "record": record.hex(), "version": version,
        "data_key": key.hex(), "data_key_id": key_id.hex(), "salt": salt.hex(),
        "nonce": nonce.hex(), "id": identity, "content": content.hex(),
        "envelope": out.hex(), "envelope_digest": hashlib.sha256(out).hexdigest(),
        "padded_size": len(plain), "leaf_salt": okm[64:96].hex(),
        "content_salt": content_salt.hex(),
        "patient": patient.hex(), "event_salt": event.hex(),
        "query": text, "query_digest": query,
    }


ENVELOPES = [
    envelope("st-mary", "Observation", run(0x10, 16), 1, run(0, 32), run(0x90, 16),
             run(0x60, 32), run(0xA0, 12), "obs-1",
             b'{"id":"obs-1","resourceType":"Observation","status":"final"}'),
    # a delete: the id alone
    envelope("a", "Patient", bytes(16), 0xFFFFFFFF, run(7, 32), bytes(16), bytes(32),
             bytes(12), "x" * 64, b""),
    # the plaintext is 255 bytes, so that 0x80 fills the block
    envelope("st-mary", "#query", run(0x10, 16), 1, run(0, 32), run(0x90, 16),
             run(0x61, 32), run(0xA1, 12), "q", b"z" * 250),
    # the plaintext is 256 bytes and becomes 512
    envelope("st-mary", "AuditEvent", run(0x10, 16), 1, run(0, 32), run(0x90, 16),
             run(0x62, 32), run(0xA2, 12), "q", b"z" * 251),
    # content that ends like padding
    envelope("st-mary", "Binary", run(0x10, 16), 2, run(0, 32), run(0x90, 16),
             run(0x63, 32), run(0xA3, 12), "ü", b"\x80\x00\x80\x00\x00"),
]

def envelope_2(kind, version, number, identity, content, row):
    sealed = envelope("st-mary", kind, run(0x10, 16), version, run(0, 32), run(0x90, 16),
                      run(0xB0 + number, 32), run(0xC0 + number, 12), identity, content, row)
    interaction, time, policy, subject, *audit = row
    sealed |= {"interaction": interaction, "time": time, "policy_number": policy,
               "subject": subject and subject.hex()}
    if audit:
        outcome, purpose, user, client, events = audit[0]
        sealed["audit"] = {"outcome": outcome, "purpose": purpose, "user": user and user.hex(),
                           "client": client and client.hex(), "events": events}
    return sealed


TIME = 1_795_000_000_123
ENVELOPES_2 = [
    envelope_2("Observation", 1, 1, "obs-1",
               b'{"id":"obs-1","resourceType":"Observation","status":"final"}',
               ("create", TIME, 3, run(0x77, 16))),
    # of no patient, and no set of rules was valid
    envelope_2("Organization", 0xFFFFFFFF, 2, "org-1", b"{}", ("update", 0, 0, None)),
    envelope_2("Observation", 2, 3, "obs-1", b"", ("delete", TIME + 1, 0xFFFFFFFF, run(0x77, 16))),
    # audit records: everything known, and nothing
    envelope_2("AuditEvent", 1, 4, "a-1", b"{}",
               ("operation:proof", TIME, 3, run(0x77, 16),
                (4, "TREAT", run(0x21, 16), run(0x22, 16), 0xFFFFFFFF))),
    envelope_2("AuditEvent", 1, 5, "a-2", b"{}",
               ("unauthenticated", TIME, 0, None, (12, None, None, None, 1))),
    # what has a time and nothing else
    envelope_2("#query", 2, 6, "1", "name=Ångström".encode(), ("", TIME, 0, None)),
    envelope_2("#answer", 1, 7, "1", b"[]", ("", TIME, 0, None)),
    envelope_2("#client", 7, 8, "lab-1", b"{}", ("", TIME, 0, None)),
    envelope_2("#change", 1, 9, "1", b"{}", ("", TIME, 0, None)),
]

# --- wrapped keys ------------------------------------------------------------


def wrapped_data_key(facility, generation, kek, kind, tag, key_id, key, nonce):
    aad = lp("chartseal/1/wrap") + lp(facility) + bytes([kind]) + tag + key_id
    aad += struct.pack(">I", generation)
    return {
        "facility": facility, "generation": generation, "kek": kek.hex(), "kind": kind,
        "tag": tag.hex(), "data_key_id": key_id.hex(), "data_key": key.hex(),
        "nonce": nonce.hex(), "wrapped": (nonce + AESGCM(kek).encrypt(nonce, key, aad)).hex(),
    }


def number(value):
    return value.to_bytes(16, "big")


SCOPES = [
    (1, run(0x31, 16)), (2, bytes(16)), (3, bytes(16)), (4, number(3)), (5, run(0x41, 16)),
    (6, run(0x51, 16)), (7, bytes(16)), (8, number(2026 * 12 + 11 - 1)),
]
WRAPPED_DATA_KEYS = [
    wrapped_data_key("st-mary", 1 + i, run(0x20, 32), kind, tag, run(0x90 + i, 16),
                     run(i, 32), run(0xB0 + i, 12))
    for i, (kind, tag) in enumerate(SCOPES)
]


def wrapped_kek(facility, generation, root, kek, nonce):
    aad = lp("chartseal/1/kek") + lp(facility) + struct.pack(">I", generation)
    key_file = {
        "format": "chartseal-key-file/1",
        "roots": [{"facility": facility, "generation": generation, "key": root.hex()}],
    }
    return {
        "facility": facility, "generation": generation, "root": root.hex(), "kek": kek.hex(),
        "nonce": nonce.hex(), "key_file": json.dumps(key_file),
        "wrapped": (nonce + AESGCM(root).encrypt(nonce, kek, aad)).hex(),
    }


WRAPPED_KEKS = [
    wrapped_kek("st-mary", 1, run(0x40, 32), run(0x20, 32), run(0xC0, 12)),
    wrapped_kek("0", 0xFFFFFFFF, run(0x41, 32), run(0x21, 32), run(0xC1, 12)),
]

# --- tags --------------------------------------------------------------------

ID_ROOT = run(0xD0, 32)
TAG_KEY = hkdf(ID_ROOT, b"", b"chartseal/1/id", 32)


def record_tag(kind, identity):
    return hmac.digest(TAG_KEY, lp(kind) + lp(identity), "sha256")[:16].hex()


TAGS = {
    "id_root": ID_ROOT.hex(),
    "records": [
        {"type": kind, "id": identity, "tag": record_tag(kind, identity)}
        for kind, identity in [("Patient", "p-1"), ("Observation", "p-1"), ("Patient", "P-1")]
    ],
    "user": {"issuer": "https://id.example/", "subject": "dr.müller",
             "tag": record_tag("#user", "https://id.example/\ndr.müller")},
    "client": {"client": "lab-1", "tag": record_tag("#client", "lab-1")},
}

# --- tokens ------------------------------------------------------------------

INDEX_ROOT = run(0xE0, 32)


def normal(text):
    text = unicodedata2.normalize("NFKC", text)
    text = "".join(FOLD.get(ord(c), c) for c in text)
    text = unicodedata2.normalize("NFD", text)
    text = "".join(c for c in text if unicodedata2.category(c) != "Mn")
    return unicodedata2.normalize("NFKC", text)


def token(kind, parameter, form, value, patient=b""):
    key = hkdf(INDEX_ROOT, b"", b"chartseal/1/token" + lp(kind) + lp(parameter), 32)
    hashed = normal(value) if form == 1 else value
    mac = hmac.digest(key, bytes([form]) + lp(hashed) + patient, "sha256")[:16]
    return {"type": kind, "parameter": parameter, "form": form, "value": value,
            "patient": patient.hex(), "token": mac.hex()}


PATIENT = run(0x31, 16)
TOKENS = {
    "index_root": INDEX_ROOT.hex(),
    "tokens": [
        token("Patient", "family", 1, "ÁLVAREZ"),
        token("Patient", "family", 1, "Groß"),
        token("Patient", "family", 2, "al"),
        token("Patient", "family", 2, "alvare"),
        token("Patient", "identifier", 3, "http://example.org/mrn|12345"),
        token("Patient", "identifier", 4, "|12345"),
        token("Patient", "identifier", 5, "12345"),
        token("Patient", "birthdate", 6, "Y196"),
        token("Patient", "birthdate", 6, "D1961-03-05"),
        token("Observation", "value-quantity", 7, "120"),
        token("Patient", "_profile", 8, "http://Example.org/P"),
        token("Patient", "identifier", 9, ""),
        token("Patient", "gender", 5, "female", PATIENT),
        token("Patient", "gender", 5, "female"),
        token("Patient", "family", 1, "Müller", PATIENT),
    ],
}

# --- normal forms ------------------------------------------------------------


def every_scalar():
    """SHA-256 over lp(normal form) of every scalar value, in order."""
    digest = hashlib.sha256()
    for point in range(0x110000):
        if not 0xD800 <= point <= 0xDFFF:
            digest.update(lp(normal(chr(point))))
    return digest.hexdigest()


TEXTS = [
    "", "ÁLVAREZ", "A\u0301lvarez", "Groß", "GROSS", "ﬁsh", "Ｆｕｌｌ", "İstanbul", "ΣΊΣΥΦΟΣ",
    "Σίσυφος", "Łódź", "Ørsted", "Nguyễn", "한국", "\u1112\u1161\u11ab", "が", "ｶﾞ", "й",
    "اَلْعَرَبِيَّةُ", "Ꭰ", "ꭰ", "ǆ", "ŉ", "ΐ", "\u0345", "²", "\u00ad", "x\u0301\u0323",
    "Müller-Lüdenscheidt 3", "\U0001D400", "नमस्ते", "ẞ", "K",
]
NORMAL_FORMS = {
    "unicode": "18.0.0",
    "every_scalar": every_scalar(),
    "texts": [{"value": text, "normal": normal(text)} for text in TEXTS],
    "prefixes": [
        {"value": text,
         "prefixes": [normal(text)[:n] for n in (2, 4, 6) if len(normal(text)) >= n]}
        for text in ["", "É", "Li", "Lie", "Liën", "Lieberman", "Groß", "ﬁ", "𝐀𝐁𝐂𝐃𝐄𝐅𝐆"]
    ],
}

# --- cursors -----------------------------------------------------------------


def cursor(aad, plain, nonce):
    key = hkdf(ID_ROOT, b"", b"chartseal/1/cursor", 32)
    sealed = nonce + AESGCM(key).encrypt(nonce, plain, aad)
    return {"aad": aad.hex(), "plain": plain.hex(), "nonce": nonce.hex(),
            "cursor": base64.urlsafe_b64encode(sealed).decode().rstrip("=")}


CURSORS = [
    cursor(b"", b"", run(0xF0, 12)),
    cursor(b"st-mary\nPatient?name=x", b'{"after":12}', run(0xF1, 12)),
]

# --- idempotency ---------------------------------------------------------------


def idempotency(issuer, subject, client, key, parts, body):
    user_tag, client_tag = record_tag("#user", issuer + "\n" + subject), record_tag("#client", client)
    tag = record_tag("#idempotency", user_tag + "\n" + client_tag + "\n" + key)
    request_key = hkdf(ID_ROOT, b"", b"chartseal/1/request", 32)
    asked = bytes.fromhex(tag) + b"".join(map(lp, parts)) + body
    return {"issuer": issuer, "subject": subject, "client": client, "key": key, "tag": tag,
            "parts": parts, "body": body.hex(),
            "request": hmac.digest(request_key, asked, "sha256").hex()}


IDEMPOTENCY = [
    idempotency("https://id.example/", "lab-1", "lab-1", "8e03978e-40d5-43dd-bc93-6894a57f9324",
                ["POST", "/fhir/Patient", ""], b'{"resourceType":"Patient"}'),
    idempotency("https://id.example/", "dr.müller", "ehr", '"quoted"',
                ["DELETE", "/f/st-mary/fhir/Patient/p-1", 'W/"3"'], b""),
]

# --- registrations and proposed changes ----------------------------------------


def registration(kind, identity, tag_type, number, registered, state):
    content = json.dumps({"registered": registered, "state": state}, sort_keys=True,
                         separators=(",", ":"), ensure_ascii=False)
    record = bytes.fromhex(record_tag(tag_type, identity))
    return envelope("st-mary", kind, record, number, run(0, 32), run(0x90, 16),
                    run(0x64 + number, 32), run(0xA4 + number, 12), identity, content.encode())


REGISTRATIONS = [
    registration("#client", "lab-1", "#client", 1,
                 {"client": {"clientId": "lab-1", "name": "Laboratory", "roles": ["auditor", "system"]}},
                 "active"),
    registration("#client", "lab-1", "#client", 2,
                 {"client": {"clientId": "lab-1", "roles": ["system"]}}, "revoked"),
    registration("#administrator", "https://id.example/\ndr.müller", "#user", 3,
                 {"administrator": {"issuer": "https://id.example/", "subject": "dr.müller"}},
                 "active"),
    registration("#administrator", "https://id.example/\ndr.müller", "#user", 4,
                 {"administrator": {"issuer": "https://id.example/", "name": "Dr. Müller",
                                    "subject": "dr.müller"}},
                 "active"),
    registration("#client", "https://id.example/\nlab-1", "#client", 5,
                 {"client": {"clientId": "lab-1", "issuer": "https://id.example/",
                             "roles": ["system"]}}, "active"),
    registration("#facility", "st-mary", "#facility", 6,
                 {"facility": {"name": "st-mary", "organisation": "St. Mary's",
                               "sharing": {"with": ["st-mary-east"]}}}, "active"),
]


def change(number, name, of, known={}):
    """The content's members are sorted; the id of the change is random."""
    proposer = {"issuer": "https://id.example/", "subject": "dr.müller"} | known
    content = json.dumps({"proposal": {"change": name, "of": of}, "proposer": proposer},
                         sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return envelope("st-mary", "#change", run(0x50 + number, 16), 1, run(0, 32), run(0x90, 16),
                    run(0x68 + number, 32), run(0xA8 + number, 12), "1", content.encode())


CLIENT = {"clientId": "lab-1", "roles": ["system"]}
PEOPLE = [{"issuer": "https://id.example/", "subject": "a.okoro"},
          {"issuer": "https://id.example/", "name": "B. Ruiz", "subject": "b.ruiz"}]
CHANGES = [
    change(1, "client-register", CLIENT | {"name": "Laboratory"}),
    change(2, "client-revoke", CLIENT),
    change(3, "administrator-register", PEOPLE[1]),
    change(4, "administrator-revoke", PEOPLE[0]),
    change(5, "facility-make",
           {"administrators": PEOPLE, "clients": [CLIENT], "name": "st-mary-east"}),
    change(6, "facility-change",
           {"name": "st-mary", "organisation": "St. Mary's", "sharing": {"with": []}},
           {"email": "mueller@hospital.example", "fhirUser": "Practitioner/7",
            "name": "Dr. Müller"}),
]


def own(kind, tag_type, identity, number, salt, content):
    """What is sealed of a facility itself, under the tag of a type and an id."""
    record = bytes.fromhex(record_tag(tag_type, identity))
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return envelope("st-mary", kind, record, number, run(0, 32), run(0x90, 16),
                    run(salt, 32), run(salt + 0x40, 12), identity, text.encode())


OWN = [
    own("#policyset", "#policyset", "2", 2, 0x6A,
        {"policies": {"none": '@id("none")\nforbid (principal, action, resource);'},
         "schema": "entity Facility;"}),
    own("#policy", "#policy", "2", 1, 0x6B,
        {"digest": "ab" * 32, "facility": "st-mary", "kind": "policy", "number": 2, "set": 2,
         "time": "2026-11-22T10:00:00.123Z", "v": 1}),
    own("#registration", "#registration", "7", 1, 0x6C,
        {"digest": "cd" * 32, "entry": 1, "facility": "st-mary", "kind": "registration",
         "number": 7, "tag": "5a" * 16, "time": "2026-11-22T10:00:00.123Z", "v": 1}),
]

print(json.dumps({
    "envelopes": ENVELOPES, "envelopes_2": ENVELOPES_2, "wrapped_data_keys": WRAPPED_DATA_KEYS,
    "wrapped_keks": WRAPPED_KEKS, "tags": TAGS, "tokens": TOKENS,
    "normal_forms": NORMAL_FORMS, "cursors": CURSORS, "idempotency": IDEMPOTENCY,
    "registrations": REGISTRATIONS, "changes": CHANGES, "own": OWN,
}, indent=1, ensure_ascii=True))
