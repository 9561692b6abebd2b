"""Computes cards.json apart from the Rust code: only hashlib, hmac, and AESGCM of the
`cryptography` package, straight from docs/storage-format.md ("Index card", "Patient head",
"Tokens of index epoch 2"). Run by hand; the output is committed and frozen.

    python3 make_cards.py > cards.json
"""

import hmac
import json
import struct

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def lp(text):
    data = text if isinstance(text, bytes) else text.encode()
    return struct.pack(">I", len(data)) + data


def hkdf(ikm, info, length):
    prk = hmac.digest(bytes(64), ikm, "sha512")
    okm, block, count = b"", b"", 1
    while len(okm) < length:
        block = hmac.digest(prk, block + info + bytes([count]), "sha512")
        okm, count = okm + block, count + 1
    return okm[:length]


def run(start, length):
    return bytes((start + i) % 256 for i in range(length))


KEY, KEY_ID = run(0x10, 32), run(0x90, 16)


def card(number, facility, kind, version, epoch, subject, time, identity, content):
    record, nonce = run(0x40 + number, 16), run(0x60 + number, 12)
    plain = lp(identity) + content + b"\x80"
    plain += bytes(-len(plain) % 128)
    aad = (lp("chartseal/1/card") + lp(facility) + KEY_ID + lp(kind) + record
           + struct.pack(">II", version, epoch) + (subject or bytes(16)) + struct.pack(">Q", time))
    sealed = AESGCM(hkdf(KEY, b"chartseal/1/card", 32)).encrypt(nonce, plain, aad)
    return {"facility": facility, "type": kind, "record": record.hex(), "version": version,
            "index_epoch": epoch, "subject": subject.hex() if subject else None, "time": time,
            "id": identity, "content": content.hex(), "nonce": nonce.hex(),
            "card": (b"\x01" + nonce + sealed).hex()}


TIME = 1_795_000_000_123
CARDS = [
    card(1, "st-mary", "Observation", 1, 2, run(0x70, 16), TIME, "obs-1", b"\0\0"),
    card(2, "st-mary", "Practitioner", 9, 2, None, TIME, "p.2", b""),
    # 4 + 5 + 118 bytes and the mark are one block; a byte more are two.
    card(3, "a", "Patient", 2**32 - 1, 2**32 - 1, run(0x43, 16), 0, "pat-1", run(0, 118)),
    card(4, "a", "Patient", 2, 3, run(0x44, 16), TIME, "pat-1", run(0, 119)),
]


def members(list_, key):
    total = 0
    for record, version in list_:
        mac = hmac.digest(key, record + struct.pack(">I", version), "sha256")
        total += int.from_bytes(mac, "big")
    return total % 2**256


def head(number, facility, counter, list_):
    patient, nonce = run(0x50 + number, 16), run(0x80 + number, 12)
    okm = hkdf(KEY, b"chartseal/1/head", 64)
    total = members(list_, okm[32:]).to_bytes(32, "big")
    plain = struct.pack(">QQ", counter, len(list_)) + total
    aad = lp("chartseal/1/head") + lp(facility) + KEY_ID + patient
    sealed = AESGCM(okm[:32]).encrypt(nonce, plain, aad)
    return {"facility": facility, "patient": patient.hex(), "counter": counter,
            "members": [{"record": record.hex(), "version": version} for record, version in list_],
            "sum": total.hex(), "nonce": nonce.hex(), "row": (b"\x01" + nonce + sealed).hex()}


HEADS = [
    head(1, "st-mary", 1, []),
    head(2, "st-mary", 1, [(run(0x50, 16), 1)]),
    head(3, "a", 2**64 - 1, [(run(i, 16), 1 + i) for i in range(40)]),
]

INDEX_ROOT = run(0xC0, 32)


def token(kind, parameter, form, value):
    key = hkdf(INDEX_ROOT, b"chartseal/1/token" + lp(kind) + lp(parameter), 32)
    full = hmac.digest(key, bytes([form]) + lp(value), "sha256")
    return {"type": kind, "parameter": parameter, "form": form, "value": value.hex(),
            "token": full[:16].hex(), "row": struct.unpack(">q", full[:8])[0]}


TOKENS = [
    token("Patient", "family", 1, "muller-ludenscheidt".encode()),
    token("Patient", "family", 2, b"mull"),
    token("Patient", "family", 2, "王".encode()),
    token("Patient", "identifier", 5, b"12345"),
    token("Patient", "birthdate", 6, b"^D1961-03-05"),
    token("Encounter", "date", 6, b"*"),
    token("Encounter", "date", 6, b">Y201"),
    token("Observation", "value-quantity", 7, b"^P1.72"),
    token("Observation", "value-quantity", 7, b"~"),
    token("ValueSet", "url", 8, b"http://x.example/vs|1"),
    token("Observation", "subject", 10, run(0x40, 16)),
]

print(json.dumps({"data_key": KEY.hex(), "data_key_id": KEY_ID.hex(), "cards": CARDS,
                  "heads": HEADS, "index_root": INDEX_ROOT.hex(), "tokens": TOKENS}, indent=1))
