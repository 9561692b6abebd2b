"""Makes golden.json, without any code of Chartseal.

The vectors follow the written formats (docs/proof-format.md, RFC 9162, C2SP)
with hashlib and `cryptography` alone. Run: python3 make_golden.py > golden.json
"""

import base64
import hashlib
import json

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def split(n):
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def mth(leaves):
    """RFC 9162, 2.1.1, over leaf hashes."""
    if not leaves:
        return sha()
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return sha(b"\x01", mth(leaves[:k]), mth(leaves[k:]))


def path(m, leaves):
    """RFC 9162, 2.1.3.1."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return path(m, leaves[:k]) + [mth(leaves[k:])]
    return path(m - k, leaves[k:]) + [mth(leaves[:k])]


def proof(m, leaves, complete=True):
    """RFC 9162, 2.1.4.1, SUBPROOF."""
    if m == len(leaves):
        return [] if complete else [mth(leaves)]
    k = split(len(leaves))
    if m <= k:
        return proof(m, leaves[:k], complete) + [mth(leaves[k:])]
    return proof(m - k, leaves[k:], False) + [mth(leaves[:k])]


def salt(label):
    return sha(b"golden salt ", label.encode())


def leaf_vector(name, statement):
    text = canonical(statement)
    leaf_salt = salt(name)
    commitment = sha(b"chartseal/1/leaf\n", leaf_salt, text.encode())
    entry = b"\x01" + commitment
    return {
        "name": name,
        "statement": text,
        "leafSalt": leaf_salt.hex(),
        "commitment": commitment.hex(),
        "entry": entry.hex(),
        "leafHash": sha(b"\x00", entry).hex(),
    }


def record(**changed):
    statement = {
        "content": sha(b"content").hex(),
        "facility": "st-mary",
        "interaction": "create",
        "kind": "version",
        "policy": sha(b"policy").hex(),
        "reference": "Observation/0b9f2a52-2b9e-4f0b-9f1d-9d8f0a3a7c11",
        "seal": sha(b"seal").hex(),
        "subject": "00112233445566778899aabbccddeeff",
        "time": "2026-11-22T10:00:00.123Z",
        "v": 1,
        "version": 1,
    }
    statement.update(changed)
    return statement


ENTRY = {
    "digest": sha(b"sealed row").hex(),
    "entry": 1,
    "tag": "00112233445566778899aabbccddeeff",
}


def system(kind, **members):
    statement = {
        "facility": "st-mary",
        "kind": kind,
        "number": 3,
        "time": "2026-11-22T10:00:00.123Z",
        "v": 1,
    }
    statement.update(members)
    return statement


def leaves_section():
    return [
        leaf_vector("version", record()),
        leaf_vector(
            "no subject, no policy, largest version",
            record(subject="", policy="0" * 64, interaction="patch", version=4294967295),
        ),
        leaf_vector("delete", record(interaction="delete", version=2)),
        leaf_vector(
            "audit",
            record(
                kind="audit",
                interaction="search-type",
                reference="AuditEvent/5d7c9f3e-70c5-4c2a-8a44-9a3a2b1c0d0e",
            ),
        ),
        leaf_vector(
            "audit with escapes in its interaction",
            record(
                kind="audit",
                interaction='operation:a"b\\c/d\b\t\n\f\r\x00\x1f\x7f\u00e9\u2028\U0001f600',
                reference="AuditEvent/x",
            ),
        ),
        leaf_vector(
            "system",
            {
                "facility": "st-mary",
                "kind": "policy",
                "number": 7,
                "time": "2026-11-22T10:00:00.000Z",
                "v": 1,
                "digest": sha(b"policy").hex(),
            },
        ),
        leaf_vector("policy set put in force", system("policy", digest=sha(b"policy").hex(), set=2)),
        leaf_vector("registration", system("registration", **ENTRY)),
        leaf_vector("proposed change", system("change", **ENTRY)),
        leaf_vector("decision", system("decision", **ENTRY)),
        leaf_vector(
            "unknown system kind",
            {
                "facility": "st-mary",
                "kind": "later",
                "number": 1,
                "time": "2026-11-22T10:00:00.000Z",
                "v": 1,
                "list": ["a", 1, {"b": []}],
            },
        ),
    ]


def content_section():
    samples = [b"", b'{"id":"a","resourceType":"Patient"}', "{\"a\":\"é\"}".encode()]
    out = []
    for number, sample in enumerate(samples):
        content_salt = salt(f"content {number}")
        digest = sha(b"chartseal/1/content\n", content_salt, sample)
        out.append(
            {"salt": content_salt.hex(), "bytes": sample.hex(), "digest": digest.hex()}
        )
    return out


def events_section():
    out = []
    for size in (1, 2, 3, 5, 8, 13):
        leaves, events = [], []
        for k in range(size):
            event = canonical({"id": f"r.{k}", "resourceType": "AuditEvent"}).encode()
            event_salt = salt(f"event {size} {k}")
            leaf = sha(b"\x00", sha(b"chartseal/1/event\n", event_salt, event))
            leaves.append(leaf)
            events.append({"salt": event_salt.hex(), "event": event.hex(), "leaf": leaf.hex()})
        for k, event in enumerate(events):
            event["path"] = [hash.hex() for hash in path(k, leaves)]
        root = mth(leaves)
        content = sha(b"chartseal/1/events\n", size.to_bytes(8, "big"), root)
        out.append({"events": events, "root": root.hex(), "content": content.hex()})
    return out


def trees_section():
    data = [sha(b"\x00", f"leaf {n}".encode()) for n in range(600)]
    roots = {str(n): mth(data[:n]).hex() for n in (0, 1, 2, 3, 7, 8, 255, 256, 257, 511, 600)}
    inclusion, consistency = [], []
    for index, size in [(0, 1), (0, 2), (6, 7), (3, 8), (255, 256), (256, 257), (0, 600), (599, 600), (300, 600)]:
        hashes = [hash.hex() for hash in path(index, data[:size])]
        inclusion.append({"index": index, "size": size, "path": hashes})
    for old, new in [(1, 2), (3, 7), (4, 7), (6, 7), (256, 257), (255, 600), (256, 600), (512, 600), (599, 600), (7, 7)]:
        hashes = [hash.hex() for hash in proof(old, data[:new])]
        consistency.append({"old": old, "new": new, "path": hashes})
    return {"roots": roots, "inclusion": inclusion, "consistency": consistency}


def tiles_section():
    size = 70000
    level, tiles, number = [sha(b"\x00", f"leaf {n}".encode()) for n in range(size)], [], 0
    while level:
        above = []
        for index in range(0, len(level), 256):
            tile = level[index : index + 256]
            tiles.append({"level": number, "index": index // 256, "width": len(tile), "sha256": sha(*tile).hex()})
            if len(tile) == 256:
                above.append(mth(tile))
        level, number = above, number + 1
    data = [sha(b"\x00", f"leaf {n}".encode()) for n in range(size)]
    return {"size": size, "root": mth(data).hex(), "tiles": tiles}


def log_section():
    origin = "gw.example/log/st-mary"
    seed = sha(b"golden log key")
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    key_id = sha(origin.encode(), b"\n\x01", public)[:4]
    typed = base64.b64encode(b"\x01" + public).decode()
    vkey = f"{origin}+{key_id.hex()}+{typed}"
    data = [sha(b"\x00", f"leaf {n}".encode()) for n in range(13)]
    text = f"{origin}\n13\n{base64.b64encode(mth(data)).decode()}\n"
    signature = base64.b64encode(key_id + key.sign(text.encode())).decode()
    checkpoint = f"{text}\n\u2014 {origin} {signature}\n"
    lines = "".join(base64.b64encode(hash).decode() + "\n" for hash in path(5, data))
    return {
        "origin": origin,
        "seed": seed.hex(),
        "vkey": vkey,
        "logId": sha(b"chartseal/1/logid\n", public, origin.encode()).hex(),
        "size": 13,
        "root": mth(data).hex(),
        "checkpoint": checkpoint,
        "index": 5,
        "path": [hash.hex() for hash in path(5, data)],
        "tlogProof": f"c2sp.org/tlog-proof@v1\nindex 5\n{lines}\n{checkpoint}",
    }


print(
    json.dumps(
        {
            "leaves": leaves_section(),
            "content": content_section(),
            "events": events_section(),
            "trees": trees_section(),
            "tiles": tiles_section(),
            "log": log_section(),
        },
        indent=1,
        ensure_ascii=True,
    )
)
