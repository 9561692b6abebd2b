#!/usr/bin/env python3
"""The second verifier of Chartseal proofs.

It was written from docs/proof-format.md alone and shares no line with the first
one (`chartseal verify`, crates/proof); e2e/tests/second_verifier.rs tests that
both always answer the same. The functions come in the order of the page's
sections and use its words; members keep the names that they have in the files.

    verify.py PROOF.json --trust FILE [--resource FILE] [--at TIME] [--json]
    verify.py --batch

Exit code 0: everything demanded holds and nothing is false. 1: something is
false, or a demanded check is not checked. 2: an input was refused.

With --batch every line of the input is {"proof": PATH, "trust": PATH,
"resource"?: PATH, "at"?: TIME}, and one line comes out for each: the answer of
--json with `exit`, or {"exit":2,"refused":WHY}.

Needs Python 3.9 and the package `cryptography`; no network, no secret.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import re
import sys
import time
from datetime import date
from types import SimpleNamespace
from typing import Any, Callable, Container, Dict, List, NamedTuple, NoReturn, Optional, Tuple

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:
    print("verify.py: needs the Python package `cryptography`", file=sys.stderr)
    sys.exit(2)


class Refused(Exception):
    """An input breaks a rule of form. Its text never holds a value of the input."""


def refuse(why: str) -> NoReturn:
    raise Refused(why)


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


# 2. Conventions: JSON ---------------------------------------------------------


class Number(NamedTuple):
    text: str  # as it came


def parse_json(data: bytes, where: str) -> Dict[str, Any]:
    """`json` refuses what RFC 8259 refuses but NaN and Infinity, and keeps neither
    twins nor a number's text; surrogates and depth are for us to look at."""
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=members,
            parse_int=Number,
            parse_float=Number,
            parse_constant=lambda name: refuse(f"{where} is not JSON"),
        )
        canonical(value)  # fails on a lone surrogate, which has no UTF-8
        well_formed = isinstance(value, dict) and depth(value) <= 64
    except (ValueError, RecursionError):
        refuse(f"{where} is not JSON as this format has it")
    return value if well_formed else refuse(f"{where} is not an object, or nested too deep")


def members(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else refuse("a member stands twice")


def inside(value: Any) -> Optional[List[Any]]:
    """What an object or an array holds; None for everything else."""
    found = list(value.values()) if isinstance(value, dict) else value
    return found if isinstance(found, list) else None


def depth(value: Any) -> int:
    items = inside(value)
    return 0 if items is None else 1 + max(map(depth, items), default=0)


SPECIAL = re.compile(r'["\\\x00-\x1f]')
SHORT = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


def spelled(value: Any) -> str:
    if isinstance(value, dict):
        # Text sorts by code points, which is the order of the UTF-8 bytes.
        return "{" + ",".join(f"{spelled(k)}:{spelled(value[k])}" for k in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(spelled, value)) + "]"
    if isinstance(value, Number):
        return value.text
    if isinstance(value, str):
        return '"' + SPECIAL.sub(lambda at: SHORT.get(at[0]) or f"\\u{ord(at[0]):04x}", value) + '"'
    return {True: "true", False: "false", None: "null"}[value]


def canonical(value: Any) -> bytes:
    return spelled(value).encode("utf-8")


# 2. Conventions: members and what they hold -----------------------------------
# A reader takes a JSON value and the place where it stands, and gives what it
# means or refuses it.

Reader = Callable[[Any, str], Any]

INTEGER = re.compile("0|[1-9][0-9]{0,18}")
HEX = re.compile("(?:[0-9a-f]{2})+")
TIME = re.compile("(YYYY)-(YY)-(YY)T(YY):(YY):(YY)[.](YYY)Z".replace("Y", "[0-9]"))


def string(value: Any, where: str) -> str:
    return value if isinstance(value, str) else refuse(f"{where} is not a string")


def integer(value: Any, where: str) -> int:
    if not isinstance(value, Number) or not INTEGER.fullmatch(value.text):
        refuse(f"{where} is not an integer as this format has them")
    return int(value.text)


def hexadecimal(value: Any, where: str) -> bytes:
    text = string(value, where)
    return bytes.fromhex(text) if HEX.fullmatch(text) else refuse(f"{where} is not hex")


def only(read: Reader, accepts: Callable[[Any], Any], why: str) -> Reader:
    def checked(value: Any, where: str) -> Any:
        meant = read(value, where)
        return meant if accepts(meant) else refuse(f"{where} {why}")

    return checked


def form(pattern: str) -> Reader:
    return only(string, re.compile(pattern).fullmatch, "is not of its form")


def among(read: Reader, choices: Container[Any]) -> Reader:
    return only(read, choices.__contains__, "has a value that is not allowed")


def hex_of(size: int) -> Reader:
    return only(hexadecimal, lambda data: len(data) == size, f"does not have {size} bytes")


hash_ = hex_of(32)
address = form("0x[0-9a-f]{40}")
facility = form("[a-z0-9][a-z0-9-]{0,39}")
some_text = form("(?s:.+)")
# Nothing of the Unicode property White_Space, nothing below U+0020, no `+`.
key_name = form("[^\x00-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000+]+")


def moment(text: str) -> Optional[int]:
    """Milliseconds since 1970, negative before; None when it is not a time."""
    match = TIME.fullmatch(text)
    if not match:
        return None
    year, month, day, hour, minute, second, milli = map(int, match.groups())
    try:
        # The calendar repeats every 400 years of 146,097 days; `date` knows no year 0.
        days = date(year % 400 + 400, month, day).toordinal() + (year // 400 - 1) * 146097
    except ValueError:
        return None
    seconds = (((days - date(1970, 1, 1).toordinal()) * 24 + hour) * 60 + minute) * 60 + second
    return seconds * 1000 + milli if hour < 24 and minute < 60 and second < 60 else None


timestamp = only(string, lambda text: moment(text) is not None, "is not a time")


def from_base64(text: str, where: str, size: Optional[int] = None) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        refuse(f"{where} is not base64")
    if base64.b64encode(data).decode() != text or size not in (None, len(data)):
        refuse(f"{where} is not canonical base64 of this size")
    return data


def array(item: Reader) -> Reader:
    def read(value: Any, where: str) -> List[Any]:
        if not isinstance(value, list):
            refuse(f"{where} is not an array")
        return [item(entry, f"{where}[{index}]") for index, entry in enumerate(value)]

    return read


def table(required: Dict[str, Reader], optional: Optional[Dict[str, Reader]] = None) -> Reader:
    """An object with these members and no others; an optional one may be None."""
    readers = {**required, **(optional or {})}

    def read(value: Any, where: str) -> SimpleNamespace:
        if not isinstance(value, dict) or not required.keys() <= value.keys() <= readers.keys():
            refuse(f"{where} is not an object, lacks a member or has an unknown one")
        found = {name: None for name in readers}
        for name, entry in value.items():
            found[name] = readers[name](entry, f"{where}.{name}")
        return SimpleNamespace(**found)

    return read


# 3. The leaf ------------------------------------------------------------------


OF_EVERY_KIND = dict(facility=facility, kind=some_text, time=timestamp, v=among(integer, [1]))
OF_A_SYSTEM_KIND = dict(OF_EVERY_KIND, number=among(integer, range(1, 10**19)))
OF_A_VERSION = dict(
    OF_EVERY_KIND,
    **dict.fromkeys(("content", "policy", "seal"), hash_),
    interaction=among(string, ["create", "update", "patch", "delete"]),
    reference=form("[A-Za-z0-9]{1,64}/[A-Za-z0-9.-]{1,64}"),
    subject=form("(?:[0-9a-f]{32})?"),
    version=among(integer, range(1, 2**32)),
)
AUDIT_REFERENCE = form("AuditEvent/[A-Za-z0-9.-]{1,50}")
OF_AN_AUDIT = dict(
    OF_A_VERSION, interaction=some_text, reference=AUDIT_REFERENCE, version=among(integer, [1])
)


def statement(value: Any, where: str) -> SimpleNamespace:
    data = string(value, where).encode("utf-8")
    parsed = parse_json(data, where)
    if canonical(parsed) != data:
        refuse(f"{where} is not canonical JSON")
    if not is_plain(parsed):
        refuse(f"{where} holds something else than text, integers, arrays and objects")
    kind = {"version": OF_A_VERSION, "audit": OF_AN_AUDIT}.get(str(parsed.get("kind")))
    if kind is None and ("content" in parsed or "seal" in parsed):
        refuse(f"{where} has a member that its kind does not have")
    # A system kind may have any further members.
    known = parsed if kind else {k: v for k, v in parsed.items() if k in OF_A_SYSTEM_KIND}
    return SimpleNamespace(**vars(table(kind or OF_A_SYSTEM_KIND)(known, where)), bytes=data)


def is_plain(value: Any) -> bool:
    if isinstance(value, Number):
        return INTEGER.fullmatch(value.text) is not None
    items = inside(value)
    return isinstance(value, str) if items is None else all(map(is_plain, items))


# 4. The log: tree -------------------------------------------------------------


def root_of_path(leaf: bytes, index: int, size: int, path: List[bytes]) -> Optional[bytes]:
    """The root to which the path leads; None when it leads nowhere."""
    if index >= size:
        return None
    fn, sn, r = index, size - 1, leaf
    for p in path:
        if sn == 0:
            return None
        if fn % 2 == 1 or fn == sn:
            r = sha256(b"\x01", p, r)
            while fn % 2 == 0 and fn != 0:
                fn, sn = fn // 2, sn // 2
        else:
            r = sha256(b"\x01", r, p)
        fn, sn = fn // 2, sn // 2
    return r if sn == 0 else None


# 4. The log: keys and signatures ----------------------------------------------

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def y_squared(point: bytes) -> int:
    return pow(int.from_bytes(point, "little") & (2**255 - 1), 2, P)


def is_on_curve(point: bytes) -> bool:
    """Whether -x^2 + y^2 = 1 + d x^2 y^2 has a solution x."""
    y2 = y_squared(point)
    x2 = (y2 - 1) * pow(D * y2 + 1, P - 2, P) % P
    return pow(x2, (P - 1) // 2, P) in (0, 1)


def is_of_small_order(point: bytes) -> bool:
    """Orders 1 and 2 have y = 1 and y = -1, order 4 has y = 0. Doubling a point of
    order 8 gives y = 0, so it has x^2 = -y^2, and by the curve d y^4 + 2 y^2 = 1."""
    y2 = y_squared(point)
    return y2 in (0, 1) or (D * y2 * y2 + 2 * y2 - 1) % P == 0


def vkey(value: Any, where: str) -> SimpleNamespace:
    match = re.fullmatch("([^+]+)[+]([^+]+)[+](.+)", string(value, where))
    if not match:
        refuse(f"{where} is not a verifier key")
    name, key_id = key_name(match[1], where), hex_of(4)(match[2], where)
    key = from_base64(match[3], where)
    if len(key) < 2 or sha256(name.encode("utf-8"), b"\n", key)[:4] != key_id:
        refuse(f"{where} holds no key, or another one than its id says")
    return SimpleNamespace(name=name, key_id=key_id, type=key[0], public=key[1:])


def is_log_key(key: SimpleNamespace) -> bool:
    of_its_type = key.type == 1 and len(key.public) == 32
    return of_its_type and is_on_curve(key.public) and not is_of_small_order(key.public)


log_key = only(vkey, is_log_key, "is not an Ed25519 key, or a weak one")


def verifies(public: bytes, signature: bytes, text: bytes) -> bool:
    """Strict Ed25519; the key itself was looked at when it was read."""
    if len(signature) != 64 or int.from_bytes(signature[32:], "little") >= ORDER:
        return False
    if is_of_small_order(signature[:32]):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, text)
    except (InvalidSignature, ValueError):
        return False
    return True


# 4. The log: notes, checkpoints, proof texts ----------------------------------


CHECKPOINT = re.compile("((.+)\n(.+)\n(.+)\n)\n((?:.+\n){1,32})")
PROOF_TEXT = re.compile("c2sp[.]org/tlog-proof@v1\nindex (.+)\n((?:.+\n){0,63})\n((?s:.+))")


def signature_line(line: str, where: str) -> Tuple[str, bytes, bytes]:
    """Key name, key id and signature."""
    match = re.fullmatch("\u2014 (.+) (.+)", line) or refuse(f"{where} has an odd signature")
    name, data = key_name(match[1], where), from_base64(match[2], where)
    return (name, data[:4], data[4:]) if len(data) > 4 else refuse(f"{where} has no signature")


def checkpoint_of(note: str, where: str) -> SimpleNamespace:
    match = CHECKPOINT.fullmatch(note)
    if not match or re.search("[\x00-\x09\x0b-\x1f]", note):
        refuse(f"{where} does not have three lines and 1 to 32 signatures")
    return SimpleNamespace(
        text=match[1].encode("utf-8"),
        origin=key_name(match[2], where),
        size=integer(Number(match[3]), where),
        root=from_base64(match[4], where, 32),
        signatures=[signature_line(line, where) for line in match[5][:-1].split("\n")],
    )


def proof_text(value: Any, where: str) -> SimpleNamespace:
    match = PROOF_TEXT.fullmatch(string(value, where)) or refuse(f"{where} is not a proof text")
    return SimpleNamespace(
        index=integer(Number(match[1]), where),
        path=[from_base64(line, where, 32) for line in match[2].split("\n")[:-1]],
        checkpoint=checkpoint_of(match[3], where),
    )


# 5. The proof bundle ----------------------------------------------------------

short_path = only(array(hash_), lambda path: len(path) <= 63, "is too long")
EVENT = table(dict(index=integer, size=integer, path=short_path, salt=hash_))
LEAF = table(
    dict(entry=hex_of(33), statement=statement, leafSalt=hash_),
    dict(contentSalt=hash_, event=EVENT),
)
PLACE = dict(logId=hash_, root=hash_, seq=integer, size=integer)
ANCHOR = table(dict(PLACE, chainId=integer, registry=address))
EVIDENCE = table(
    dict(header=hexadecimal, receipt=hexadecimal, index=integer, proof=array(hexadecimal))
)
PENDING = dict(format=among(string, ["chartseal-proof/1"]), rung=string, leaf=LEAF)
SEQUENCED = dict(PENDING, tlogProof=proof_text)
ANCHORED = table(dict(SEQUENCED, anchor=ANCHOR), dict(evidence=EVIDENCE))
RUNGS = dict(
    pending=table(PENDING), sequenced=table(SEQUENCED), anchored=ANCHORED, finalized=ANCHORED
)


def parse_bundle(data: bytes) -> SimpleNamespace:
    if len(data) > 1048576:
        refuse("bundle is too large")
    value = parse_json(data, "bundle")
    if canonical(value) != data:
        refuse("bundle is not canonical JSON")
    found = RUNGS[among(string, RUNGS)(value.get("rung"), "bundle.rung")](value, "bundle")
    leaf, kind = found.leaf, found.leaf.statement.kind
    if leaf.entry[0] != 1:
        refuse("bundle.leaf.entry does not begin with 01")
    if (leaf.contentSalt and kind != "version") or (leaf.event and kind != "audit"):
        refuse("bundle.leaf has a member that its kind does not have")
    # What the rung does not have is None too.
    return SimpleNamespace(**{"tlogProof": None, "anchor": None, **vars(found)})


# 6. The trust file ------------------------------------------------------------

LEVELS = ["inclusion", "checkpoint", "anchor", "block"]
SOURCE = among(string, ["operator", "node", "other"])
LOG = table(
    dict(origin=key_name, logId=hash_, facility=facility, source=SOURCE, vkeys=array(log_key)),
    dict(witnesses=table(dict(k=integer, vkeys=array(vkey))), promise=log_key),
)
ANCHORS, HEADS = array(table(PLACE)), array(table(dict(PLACE, time=integer)))
KIND = among(string, ["ethereum", "qbft"])
BLOCK = table(dict(number=integer, hash=hash_))
VALIDATORS = table(dict(fromBlock=integer, addresses=array(address)))
REASON = among(string, ["log-key", "submitter-key"])
CLOSED = table(dict(logId=hash_, reason=REASON), dict(successor=hash_))
OF_A_CHAIN = dict(chainId=integer, registry=address, kind=KIND, source=SOURCE)
CHAIN = table(
    dict(OF_A_CHAIN, anchors=ANCHORS, heads=HEADS),
    dict(blocks=array(BLOCK), validators=array(VALIDATORS), closed=array(CLOSED)),
)
FORMAT = among(string, ["chartseal-trust/1"])
TRUST = table(
    dict(format=FORMAT, logs=array(LOG), chains=array(CHAIN)),
    dict(require=among(string, LEVELS), maxAnchorAge=integer),
)


def parse_trust(data: bytes) -> SimpleNamespace:
    trust = TRUST(parse_json(data, "trust"), "trust")
    no_two([log.origin for log in trust.logs], "logs of one origin")
    no_two([(chain.chainId, chain.registry) for chain in trust.chains], "chains of one registry")
    for chain in trust.chains:
        no_two([(anchor.logId, anchor.size) for anchor in chain.anchors], "anchors of one size")
        no_two([(anchor.logId, anchor.seq) for anchor in chain.anchors], "anchors of one seq")
        no_two([head.logId for head in chain.heads], "heads of one log")
        no_two([closed.logId for closed in chain.closed or []], "reasons of one log")
    return trust


def no_two(keys: List[Any], what: str) -> None:
    if len(set(keys)) != len(keys):
        refuse(f"trust has two {what}")


# 7. The checks ----------------------------------------------------------------
# Each gives its verdict and the reason.

Check = Tuple[str, str]
Answer = Tuple[Dict[str, Any], int]
Resource = Optional[Dict[str, Any]]
Entry = Optional[SimpleNamespace]
HOLDS, FALSE, NOT_CHECKED = "holds", "false", "not checked"


def check_content(leaf: SimpleNamespace, resource: Resource) -> Check:
    if leaf.statement.kind == "audit":
        return check_event(leaf, resource)
    if leaf.statement.kind == "version":
        return check_version(leaf, resource)
    return NOT_CHECKED, "the statement is of a system kind"


def check_version(leaf: SimpleNamespace, resource: Resource) -> Check:
    said, deleted = leaf.statement, leaf.statement.interaction == "delete"
    if deleted and resource is not None:
        return FALSE, "a deletion has no resource"
    if not deleted and resource is None:
        return NOT_CHECKED, "no resource was given"
    if leaf.contentSalt is None:
        return NOT_CHECKED, "the bundle has no content salt"
    if resource is not None and not is_the_version(resource, said):
        return FALSE, "the resource is another one, or another version"
    content = b"" if deleted else canonical(resource)
    if sha256(b"chartseal/1/content\n", leaf.contentSalt, content) != said.content:
        return FALSE, "the content is another one"
    return HOLDS, "the content is that of the statement"


def is_the_version(resource: Dict[str, Any], said: SimpleNamespace) -> bool:
    named, meta = [resource.get("resourceType"), resource.get("id")], resource.get("meta")
    if named != said.reference.split("/") or not isinstance(meta, dict):
        return False
    # A number of the same digits is no text, and differs.
    return [meta.get("versionId"), meta.get("lastUpdated")] == [str(said.version), said.time]


def check_event(leaf: SimpleNamespace, resource: Resource) -> Check:
    event = leaf.event
    if resource is None:
        return NOT_CHECKED, "no AuditEvent was given"
    if event is None:
        return NOT_CHECKED, "the bundle does not open an event"
    expected = f"{leaf.statement.reference}.{event.index}".split("/")
    if [resource.get("resourceType"), resource.get("id")] != expected:
        return FALSE, "the resource is another one"
    inner = sha256(b"chartseal/1/event\n", event.salt, canonical(resource))
    root = root_of_path(sha256(b"\x00", inner), event.index, event.size, event.path)
    if root is None:
        return FALSE, "the path leads to no root"
    size = event.size.to_bytes(8, "big")
    if sha256(b"chartseal/1/events\n", size, root) != leaf.statement.content:
        return FALSE, "the event is not in the audit record"
    return HOLDS, "the event is in the audit record"


def check_commitment(leaf: SimpleNamespace) -> Check:
    if b"\x01" + sha256(b"chartseal/1/leaf\n", leaf.leafSalt, leaf.statement.bytes) != leaf.entry:
        return FALSE, "the leaf commits to another statement"
    return HOLDS, "the leaf commits to the statement"


def check_inclusion(entry: bytes, proof: Entry) -> Check:
    if proof is None:
        return NOT_CHECKED, "the bundle has no proof text"
    leaf, checkpoint = sha256(b"\x00", entry), proof.checkpoint
    if root_of_path(leaf, proof.index, checkpoint.size, proof.path) != checkpoint.root:
        return FALSE, "the leaf is not in the tree of the checkpoint"
    return HOLDS, "the leaf is in the tree of the checkpoint"


def check_checkpoint(bundle: SimpleNamespace, trust: SimpleNamespace, log: Entry) -> Check:
    if bundle.tlogProof is None:
        return NOT_CHECKED, "the bundle has no checkpoint"
    if log is None:
        return NOT_CHECKED, "the trust file does not know the log"
    checkpoint, anchor, signed = bundle.tlogProof.checkpoint, bundle.anchor, False
    for name, key_id, signature in checkpoint.signatures:
        for key in log.vkeys:
            if (key.name, key.key_id) != (name, key_id):
                continue
            if not verifies(key.public, signature, checkpoint.text):
                return FALSE, "a signature of the log's key does not verify"
            signed = signed or name == checkpoint.origin
    if not signed:
        return FALSE, "no key of the log signed the checkpoint"
    if log.facility != bundle.leaf.statement.facility:
        return FALSE, "the log is another facility's"
    known = [entry for chain in trust.chains for entry in (*chain.anchors, *chain.heads)]
    known = [a for a in known if (a.logId, a.size) == (log.logId, checkpoint.size)]
    if any(a.root != checkpoint.root for a in known):
        return FALSE, "a chain knows another root of the log at this size"
    if anchor and (anchor.size, anchor.root) != (checkpoint.size, checkpoint.root):
        return FALSE, "the anchor is not of this checkpoint"
    closed = [entry for chain in trust.chains for entry in chain.closed or []]
    stolen = any((c.logId, c.reason) == (log.logId, "log-key") for c in closed)
    anchors = [a for chain in trust.chains for a in chain.anchors if a.logId == log.logId]
    if stolen and not any((a.size, a.root) == (checkpoint.size, checkpoint.root) for a in anchors):
        return NOT_CHECKED, "the log's key was stolen, and no chain holds an anchor of this"
    return HOLDS, "a key of the log signed the checkpoint"


def check_anchor(
    bundle: SimpleNamespace, trust: SimpleNamespace, log: Entry, chain: Entry, at: int
) -> Check:
    """`at` is in milliseconds since 1970."""
    anchor, limit = bundle.anchor, trust.maxAnchorAge
    if anchor is None:
        return NOT_CHECKED, "the bundle has no anchor"
    if chain is None:
        return NOT_CHECKED, "the trust file does not know the registry"
    if log is None:
        return NOT_CHECKED, "the trust file does not know the log"
    if anchor.logId != log.logId:
        return FALSE, "the anchor is another log's"
    known = [a for a in chain.anchors if a.logId == anchor.logId]
    known = [a for a in known if a.seq == anchor.seq or a.size == anchor.size]
    if not known:
        return NOT_CHECKED, "the trust file does not know this anchor"
    if any((a.seq, a.size, a.root) != (anchor.seq, anchor.size, anchor.root) for a in known):
        return FALSE, "the trust file knows another anchor in its place"
    if limit is None:
        return HOLDS, "the trust file knows this anchor as final"
    times = [head.time for head in chain.heads if head.logId == anchor.logId]
    if not times:
        return NOT_CHECKED, "the trust file does not know the log's newest anchor"
    if at // 1000 - times[0] > limit:
        return FALSE, "the log's newest anchor is too old"
    return HOLDS, "the trust file knows this anchor as final, and the newest is young enough"


# 8. The answer ----------------------------------------------------------------


def verify(bundle: SimpleNamespace, trust: SimpleNamespace, resource: Resource, at: int) -> Answer:
    proof, anchor = bundle.tlogProof, bundle.anchor
    origin = proof.checkpoint.origin if proof else None
    place = (anchor.chainId, anchor.registry) if anchor else None
    log = next((log for log in trust.logs if log.origin == origin), None)
    chain = next((a for a in trust.chains if (a.chainId, a.registry) == place), None)
    checks = {
        "content": check_content(bundle.leaf, resource),
        "commitment": check_commitment(bundle.leaf),
        "inclusion": check_inclusion(bundle.leaf.entry, proof),
        "checkpoint": check_checkpoint(bundle, trust, log),
        "anchor": check_anchor(bundle, trust, log, chain, at),
        "block": (NOT_CHECKED, "this release does not check it"),
    }
    verdicts = {name: verdict for name, (verdict, _) in checks.items()}
    require = trust.require or level_given(trust, log)
    if require == "inclusion" and verdicts["inclusion"] == HOLDS != verdicts["checkpoint"]:
        checks["inclusion"] = (HOLDS, checks["inclusion"][1] + ", which nothing authenticated")
    reached = rung_reached(verdicts)
    independent = reached == "finalized" and chain is not None and chain.source != "operator"
    value = {
        "checks": {name: {"reason": why, "verdict": says} for name, (says, why) in checks.items()},
        "independent": "yes" if independent else "no",
        "reached": reached,
        "stated": bundle.rung,
        **about(bundle, log, chain),
    }
    return value, exit_code(verdicts, require, resource is not None)


def level_given(trust: SimpleNamespace, log: Entry) -> str:
    """What a trust file demands of a log that does not say what it requires."""
    anchors = [anchor for chain in trust.chains for anchor in chain.anchors]
    anchored = log is not None and any(anchor.logId == log.logId for anchor in anchors)
    return "anchor" if anchored else "checkpoint"


def about(bundle: SimpleNamespace, log: Entry, chain: Entry) -> Dict[str, Any]:
    said = {"statement": parse_json(bundle.leaf.statement.bytes, "statement")}
    if bundle.tlogProof is not None:
        proof = bundle.tlogProof
        said["log"] = {
            "index": Number(str(proof.index)),
            "origin": proof.checkpoint.origin,
            "size": Number(str(proof.checkpoint.size)),
            "source": log.source if log else "unknown",
        }
    if bundle.anchor is not None:
        anchor = bundle.anchor
        said["anchor"] = {
            "chainId": Number(str(anchor.chainId)),
            "registry": anchor.registry,
            "seq": Number(str(anchor.seq)),
            "source": chain.source if chain else "unknown",
        }
        heads = [head for head in chain.heads if head.logId == anchor.logId] if chain else []
        for head in heads:
            if head.seq >= anchor.seq:
                name = "blockTime" if head.seq == anchor.seq else "blockNotAfter"
                said["anchor"][name] = Number(str(head.time))
    return said


def rung_reached(verdicts: Dict[str, str]) -> str:
    if verdicts["commitment"] != HOLDS:
        return "none"
    if verdicts["inclusion"] != HOLDS or verdicts["checkpoint"] != HOLDS:
        return "pending"
    return "finalized" if verdicts["anchor"] == HOLDS else "sequenced"


def exit_code(verdicts: Dict[str, str], require: str, with_resource: bool) -> int:
    demanded = ["commitment"] + LEVELS[: LEVELS.index(require) + 1]
    demanded += ["content"] if with_resource else []
    all_hold = all(verdicts[name] == HOLDS for name in demanded)
    return 0 if all_hold and FALSE not in verdicts.values() else 1


# The command ------------------------------------------------------------------


def read(path: str, what: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except (OSError, ValueError):
        refuse(f"{what} cannot be read")


def answer(
    proof: str,
    trust: str,
    resource: Optional[str],
    at: Optional[str],
    require: Optional[str] = None,
) -> Answer:
    now = moment(at) if at is not None else int(time.time() * 1000)
    if now is None:
        refuse("the time given is not a time")
    bundle, trusted = parse_bundle(read(proof, "bundle")), parse_trust(read(trust, "trust"))
    trusted.require = require or trusted.require
    record = parse_json(read(resource, "resource"), "resource") if resource is not None else None
    return verify(bundle, trusted, record, now)


def answer_line(line: bytes) -> Dict[str, Any]:
    question = table(dict(proof=string, trust=string), dict(resource=string, at=string))
    try:
        asked = question(parse_json(line, "the line"), "the line")
        value, code = answer(asked.proof, asked.trust, asked.resource, asked.at)
    except Refused as why:
        return {"exit": Number("2"), "refused": str(why)}
    return {**value, "exit": Number(str(code))}


def lines(value: Dict[str, Any]) -> str:
    checks = value["checks"].items()
    lines = [f"{name:<12}{check['verdict']:<13}{check['reason']}" for name, check in checks]
    lines += [f"{name:<12}{value[name]}" for name in ("stated", "reached", "independent")]
    return "\n".join(lines)


def run() -> int:
    parser = argparse.ArgumentParser(prog="verify.py", description="Checks a Chartseal proof.")
    parser.add_argument("proof", nargs="?", metavar="PROOF.json", help="the proof bundle")
    parser.add_argument("--trust", metavar="FILE", help="the trust file")
    parser.add_argument("--resource", metavar="FILE", help="the resource that the proof is about")
    parser.add_argument("--require", choices=LEVELS, help="what must be shown")
    parser.add_argument("--at", metavar="TIME", help="judge the age of anchors at this moment")
    parser.add_argument("--json", action="store_true", help="print the answer as JSON")
    parser.add_argument("--batch", action="store_true", help="questions come in by lines of JSON")
    given = parser.parse_args()
    if given.batch:
        for line in sys.stdin.buffer:
            print(spelled(answer_line(line)))
        return 0
    if given.proof is None or given.trust is None:
        parser.error("a bundle and --trust are needed")
    value, code = answer(given.proof, given.trust, given.resource, given.at, given.require)
    print(spelled(value) if given.json else lines(value))
    return code


def main() -> int:
    try:
        code = run()
        sys.stdout.flush()
        return code
    except Refused as why:
        print(f"verify.py: refused: {why}", file=sys.stderr)
    except (Exception, KeyboardInterrupt) as error:
        # It is no verdict; what could not be written must not be tried again.
        print(f"verify.py: failed with {type(error).__name__}", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return 2


if __name__ == "__main__":
    sys.exit(main())
