"""Computes audit_salts.json apart from the Rust code, straight from docs/storage-format.md
("Salts"): what follows from the content salt of an audit record of renderer 2. Run by
hand; the output is committed and frozen.

    python3 make_audit_salts.py > audit_salts.json
"""

import hashlib
import hmac
import json
import struct


def lp(data):
    return struct.pack(">I", len(data)) + data


def hkdf32(ikm, info):
    """HKDF-SHA512 without a salt, one block, its first 32 bytes."""
    prk = hmac.digest(bytes(64), ikm, "sha512")
    return hmac.digest(prk, info + b"\x01", "sha512")[:32]


def event(content_salt, patient, interaction):
    salt = hkdf32(content_salt, b"chartseal/2/event" + patient + lp(interaction.encode()))
    return {"content_salt": content_salt.hex(), "patient": patient.hex(),
            "interaction": interaction, "event_salt": salt.hex()}


def query(content_salt, number, text):
    salt = hkdf32(content_salt, b"chartseal/2/query" + struct.pack(">I", number))
    digest = hashlib.sha256(b"chartseal/1/query\n" + salt + text.encode())
    return {"content_salt": content_salt.hex(), "number": number, "query": text,
            "query_digest": digest.hexdigest()}


SALT, OTHER = bytes(range(0x40, 0x60)), bytes(32)
PATIENT = bytes(range(0x77, 0x87))
print(json.dumps({
    "events": [
        event(SALT, PATIENT, "create"),
        event(SALT, PATIENT, "update"),
        event(SALT, bytes(16), "search-type"),
        event(OTHER, PATIENT, "admin:client-register"),
        event(OTHER, bytes(16), "operation:proof"),
    ],
    "queries": [
        query(SALT, 1, "name=Ångström&_count=5"),
        query(SALT, 2, "name=Ångström&_count=5"),
        query(OTHER, 10000, ""),
    ],
}, indent=1))
