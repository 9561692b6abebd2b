"""Computes golden.json apart from the Rust code, straight from docs/storage-format.md:
the inside of index cards, and the values of the tokens of index epoch 2. Run by hand; the
output is committed and frozen.

    python3 make_golden.py > golden.json

Needs `well_known.txt`, the list of well-known texts; normal forms of strings are written out
here, for those are held by `crates/sealing`.
"""

import calendar
import datetime
import hashlib
import json
import os
import re
import struct
from decimal import Decimal, getcontext

getcontext().prec = 2000
HERE = os.path.dirname(os.path.abspath(__file__))
KNOWN = open(os.path.join(HERE, "well_known.txt"), encoding="utf-8").read().splitlines()
EPOCH = datetime.datetime(1970, 1, 1)
DAY = datetime.timedelta(days=1)


def n(x):
    return bytes([x]) if x < 128 else struct.pack(">H", 0x8000 + x)


def parameter(name):
    return struct.unpack(">I", hashlib.sha256(name.encode()).digest()[:4])[0]


# --- dates: [first ms, ms after the last, has a zone] --------------------------


def millis(moment):
    return (moment - EPOCH) // datetime.timedelta(milliseconds=1)


def date(text):
    match = re.fullmatch(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(.*))?)?)?", text)
    year, month, day, clock = match.groups()
    start = datetime.datetime(int(year), int(month or 1), int(day or 1))
    if clock is None:
        days = (1 if day else calendar.monthrange(start.year, start.month)[1] if month
                else 366 if calendar.isleap(start.year) else 365)
        return [millis(start), millis(start) + days * 86_400_000, False]
    match = re.fullmatch(r"(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:\d\d)?", clock)
    hour, minute, second, fraction, zone = match.groups()
    fraction = (fraction or "")[:3]
    first = millis(start + datetime.timedelta(hours=int(hour), minutes=int(minute),
                                              seconds=int(second or 0)))
    first += int(fraction.ljust(3, "0") or 0)
    if zone and zone != "Z":
        sign = -1 if zone[0] == "-" else 1
        first -= sign * (int(zone[1:3]) * 60 + int(zone[4:6])) * 60_000
    length = 10 ** (3 - len(fraction)) if second else 60_000
    return [first, first + length, zone is not None]


def period(start, end):
    """[from or None, from has a zone, until or None, until has a zone]"""
    from_, until = date(start) if start else None, date(end) if end else None
    return [from_ and from_[0], from_ and from_[2], until and until[1], until and until[2]]


def span(value):
    if "date" in value:
        first, after, zoned = date(value["date"])
        return [first, zoned, after, zoned]
    return period(*value["period"])


# --- the inside of a card ------------------------------------------------------

DAYS = [28, 29, 30, 31, 365, 366]
LENGTHS = [1, 10, 100, 1_000, 60_000, 86_400_000] + [days * 86_400_000 for days in DAYS]


class Bodies:
    def __init__(self):
        self.data, self.places, self.refused = b"", {}, False

    def text(self, text):
        if not text:
            self.data += n(0)
        elif text in KNOWN:
            self.data += n(2 * KNOWN.index(text) + 1)
        elif text in self.places:
            self.data += n(2 * (256 + self.places[text]) + 1)
        else:
            self.refused |= len(text.encode()) > 1_024
            self.places[text] = len(self.data)
            self.data += n(2 * len(text.encode())) + text.encode()

    def date(self, value):
        start, start_zone, end, end_zone = span(value)
        both = start is not None and end is not None
        code = LENGTHS.index(end - start) + 1 if both and end - start in LENGTHS else 0
        flags = code | (16 if start is None else 0 if start_zone else 64)
        flags |= 32 if end is None else 0 if end_zone else 128
        self.data += bytes([flags])
        if start is not None:
            self.data += struct.pack(">q", start)
        if end is not None and code == 0:
            self.data += struct.pack(">q", end)

    def number(self, value):
        if isinstance(value, str):
            self.data += b"\x01"
            self.text(value)
            return
        if "comparator" in value:
            low_flag, high_flag = {"<": (0, 24), "<=": (0, 8), ">": (6, 0), ">=": (2, 0)}[
                value["comparator"]]
            self.data += bytes([low_flag | high_flag])
            self.text(value["value"])
            return
        low, high = value["range"]
        self.data += bytes([(2 if low else 0) | (8 if high else 0)])
        for end in (low, high):
            if end:
                self.text(end)

    def fits(self, value, start):
        """Writes a value of the body that begins at start, or nothing of it."""
        data, places = self.data, dict(self.places)
        self.value(value)
        over = self.refused or len(self.data) > min(start + 4_096, 12_288)
        if over:
            self.data, self.places, self.refused = data, places, False
        return not over

    def value(self, value):
        if "date" in value or "period" in value:
            self.data += b"\x01"
            self.date(value)
        elif "number" in value:
            self.data += b"\x02"
            self.number(value["number"])
        elif "quantity" in value:
            self.data += b"\x03"
            self.number(value["quantity"])
            for part in ("system", "code", "unit"):
                self.text(value.get(part))
        elif "code" in value:
            self.data += b"\x04"
            for part in value["code"]:
                self.text(part)
        elif "identifier" in value:
            self.data += b"\x05"
            for part in value["identifier"]:
                self.text(part)
            self.data += n(len(value["types"]))
            for coding in value["types"]:
                for part in coding:
                    self.text(part)
        elif "uri" in value or "canonical" in value:
            self.data += b"\x06" + (b"\x01" if "canonical" in value else b"\x00")
            self.text(value.get("uri") or value["canonical"])
        elif "reference" in value:
            self.data += b"\x07" + bytes.fromhex(value["reference"])
            self.text(value["type"])
        elif "text" in value:
            received, normal = value["text"][:64], value["normal"][:64]
            lowered = "".join(c.lower() if c.isascii() else c for c in received)
            flags = (1 if len(value["text"]) > 64 else 0) | (2 if len(value["normal"]) > 64 else 0)
            flags |= 4 if normal != lowered else 0
            self.data += b"\x08" + bytes([flags])
            self.text(received)
            if flags & 4:
                self.text(normal)
        else:
            self.data += b"\x09" + n(len(value["composite"]))
            for component in value["composite"]:
                self.data += n(len(component))
                for part in component:
                    self.value(part)


def card(facts, values):
    heads, bodies, count = b"", Bodies(), 0
    for number, name in enumerate(["labels", "authors", "clinicalDate", "related"], 1):
        if name not in facts:
            continue
        count += 1
        start, fact = len(bodies.data), facts[name]
        if fact == "cut":
            heads += bytes([number]) + n(1)
            continue
        if name == "labels":
            bodies.data += struct.pack(">I", fact["rules"]) + n(len(fact["list"]))
            for label in fact["list"]:
                for part in label:
                    bodies.text(part)
        elif name == "clinicalDate":
            bodies.date(fact)
        else:
            bodies.data += n(len(fact)) + b"".join(map(bytes.fromhex, fact))
        heads += bytes([number]) + n(2 * (len(bodies.data) - start))
    for number, name in sorted((parameter(name), name) for name in values):
        start = len(bodies.data)
        kept, listed = 0, values[name]["list"]
        while kept < len(listed) and bodies.fits(listed[kept], start):
            kept += 1
        cut = values[name].get("cut", False) or kept < len(listed)
        heads += struct.pack(">I", number) + n(2 * kept + cut) + n(len(bodies.data) - start)
    return (n(count) + n(len(values)) + heads + bodies.data).hex()


# --- tokens --------------------------------------------------------------------

MIN, MAX = datetime.date(1900, 1, 1), datetime.date(2099, 12, 31)
LAST = 1170


def day_of(ms):
    first, last = millis(datetime.datetime(1900, 1, 1)), millis(datetime.datetime(2100, 1, 1)) - 1
    return (EPOCH + datetime.timedelta(milliseconds=min(max(ms, first), last))).date()


def buckets(day):
    return [f"D{day}", f"M{day:%Y-%m}", f"Y{day.year}", f"Y{day.year // 10}"]


def last_of(day, level):
    """The last day of the bucket of a level that has this day."""
    if level == 0:
        return day
    if level == 1:
        return day.replace(day=calendar.monthrange(day.year, day.month)[1])
    year = day.year if level == 2 else day.year // 10 * 10 + 9
    return datetime.date(year, 12, 31)


def first_of(day, level):
    if level == 0:
        return day
    if level == 1:
        return day.replace(day=1)
    return datetime.date(day.year if level == 2 else day.year // 10 * 10, 1, 1)


def after(day):
    return day + datetime.timedelta(days=1)


def cut(first, last):
    out = []
    while first <= last:
        level = max(level for level in range(4)
                    if level == 0 or first_of(first, level) == first and last_of(first, level) <= last)
        out.append("^" + buckets(first)[level])
        first = after(last_of(first, level))
    return out


def cover(first, last):
    for level in range(4):
        out, day = [], first
        while day <= last and len(out) < 5:
            out.append("=" + buckets(day)[level])
            day = after(last_of(day, level))
        if len(out) <= 4:
            return out
    return None


def date_rows(values):
    spans = [span(value) for value in values]
    starts = {MIN if start is None else day_of(start) for start, _, _, _ in spans}
    if len(starts) > 64:
        return ["*"]
    rows = {"^" + bucket for day in starts for bucket in buckets(day)}
    open_end = any(end is None for _, _, end, _ in spans)
    if open_end:
        rows |= {">", ">" + buckets(min(starts))[3]}
    if any(start is None for start, _, _, _ in spans):
        rows.add("<")
    latest = max(MAX if end is None else day_of(end - 1) for _, _, end, _ in spans)
    if min(starts) < latest:
        covering = cover(min(starts), latest)
        rows |= set(covering) if covering else set() if open_end else {"<"}
    return sorted(rows)


def stab(day):
    return ["=" + bucket for bucket in buckets(day)] + ["<"]


def shown(ms, offset):
    days = [day_of(ms), day_of(ms + offset * 60_000)]
    return min(days), max(days)


def bounds(text, offset):
    """The days l1, l2, h1, h2 of a date without prefix, by an offset in minutes."""
    first, end, zoned = date(text)
    if not zoned:
        first, end = first - offset * 60_000, end - offset * 60_000
    return shown(first, offset) + shown(end - 1, offset)


def decades(last):
    return [f">Y{decade}" for decade in range(190, last.year // 10 + 1)]


def date_query(text, offset, periods):
    prefix, rest = (text[:2], text[2:]) if text[:2].isalpha() else ("eq", text)
    l1, l2, h1, h2 = bounds(rest, offset)
    tail = [">"] if periods else []
    return ["*"] + {
        "eq": lambda: cut(l1, h2), "lt": lambda: cut(MIN, l2), "eb": lambda: cut(MIN, l2),
        "le": lambda: cut(MIN, h2), "sa": lambda: cut(h1, MAX),
        "gt": lambda: cut(h1, MAX) + stab(h1) + tail,
        "ge": lambda: cut(l1, MAX) + stab(l1) + tail, "ne": lambda: cut(MIN, MAX),
    }[prefix]()


def date_pair(lower, upper, offset, periods):
    l1, _, _, _ = bounds(lower[2:], offset)
    _, _, _, h2 = bounds(upper[2:], offset)
    return ["*"] + cut(l1, h2) + stab(l1) + (decades(h2) if periods else [])


def place(number):
    if abs(number) < Decimal("0.0001"):
        return 0
    exponent = number.adjusted()
    two = int(abs(number).scaleb(1 - exponent))
    at = LAST if exponent > 8 else (exponent + 4) * 90 + two - 10 + 1
    return -at if number < 0 else at


def names(at):
    if at == 0:
        return ["Z"] * 3
    sign, at = ("P" if at > 0 else "N"), abs(at) - 1
    exponent, two = at // 90 - 4, at % 90 + 10
    return [f"{sign}{exponent}.{two}", f"{sign}{exponent}.{two // 10}", f"{sign}{exponent}"]


def line(first, last):
    """All places from the first to the last as the fewest whole buckets."""
    out = []
    while first <= last:
        for level, length in ((2, 90), (1, 10), (0, 1)):
            if first == 0 or level == 0:
                size = 1
                break
            start = first - 1 if first > 0 else -first - length
            size = length
            if start % length == 0 and start >= 0 and first + length - 1 <= last:
                break
        out.append(names(first)[level])
        first += size
    return out


def covers(first, last):
    for level in range(3):
        found = list(dict.fromkeys(names(at)[level] for at in range(first, last + 1)))
        if len(found) <= 4:
            return found
    return None


def number_rows(values):
    rows = set()
    for value in values:
        if isinstance(value, str):
            rows |= {"^" + name for name in names(place(Decimal(value)))}
            continue
        if "comparator" in value:
            end = place(Decimal(value["value"]))
            low, high = (None, end) if "<" in value["comparator"] else (end, None)
        else:
            low, high = [end and place(Decimal(end)) for end in value["range"]]
        rows |= {"^" + name for name in names(-LAST if low is None else low)}
        found = covers(low, high) if low is not None and high is not None else None
        rows |= {"=" + name for name in found} if found else {"~"}
    return ["*"] if len(rows) > 192 else sorted(rows)


def number_query(text, ranges):
    prefix, rest = (text[:2], text[2:]) if text[:2].isalpha() else ("eq", text)
    number = Decimal(rest)
    places = number.as_tuple().exponent - (1 if "e" in rest.lower() and "." not in rest else 0)
    half = Decimal(5).scaleb(places - 1)
    at = place(number)
    low, high, reaching = {
        "eq": lambda: (place(number - half), place(number + half), False),
        "ap": lambda: (place(number - abs(number) / 10), place(number + abs(number) / 10), True),
        "lt": lambda: (-LAST, at, False), "le": lambda: (-LAST, at, False),
        "eb": lambda: (-LAST, at, False), "gt": lambda: (at, LAST, True),
        "ge": lambda: (at, LAST, True), "sa": lambda: (at, LAST, False),
        "ne": lambda: (-LAST, LAST, False),
    }[prefix]()
    tokens = ["*"] + ["^" + name for name in line(low, high)]
    if ranges and reaching:
        tokens += ["=" + name for name in dict.fromkeys(names(low))] + ["~"]
    return tokens


# --- the vectors ---------------------------------------------------------------

UCUM = "http://unitsofmeasure.org"
LOINC = "http://loinc.org"
TAG = "000102030405060708090a0b0c0d0e0f"
OTHER = "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"


def of(*values, cut=False):
    return {"list": list(values), **({"cut": True} if cut else {})}


def labelled(code):
    return ["http://terminology.hl7.org/CodeSystem/v3-Confidentiality", code]


CARDS = [
    {"name": "nothing", "facts": {}, "values": {}},
    {"name": "an Observation", "facts": {
        "labels": {"rules": 7, "list": [
            ["http://terminology.hl7.org/CodeSystem/v3-ActCode", "HIV"], labelled("R")]},
        "authors": [OTHER], "clinicalDate": {"date": "2019-03-05T09:30:10+01:00"},
        "related": [TAG, OTHER],
    }, "values": {
        "Observation.code": of({"code": [LOINC, "8867-4"]}),
        "Observation.category": of({"code": [
            "http://terminology.hl7.org/CodeSystem/observation-category", "vital-signs"]}),
        "Observation.status": of({"code": ["http://hl7.org/fhir/observation-status", "final"]}),
        "Observation.date": of({"date": "2019-03-05T09:30:10+01:00"}),
        "Observation.subject": of({"reference": TAG, "type": "Patient"}),
        "Observation.encounter": of({"reference": OTHER, "type": "Encounter"}),
        "Observation.value-quantity": of(
            {"quantity": "72.5", "system": UCUM, "code": "/min", "unit": "beats/minute"}),
        "Observation.code-value-quantity": of({"composite": [
            [{"code": [LOINC, "8867-4"]}],
            [{"quantity": "72.5", "system": UCUM, "code": "/min", "unit": "beats/minute"}]]}),
    }},
    {"name": "dates", "facts": {"labels": "cut", "related": "cut"}, "values": {
        "T.dates": of(*[{"date": text} for text in [
            "0001", "2019", "2020", "2019-02", "2020-02", "2019-04", "2019-05", "1961-03-05",
            "9999-12-31", "2019-03-05T23:30", "2019-03-05T23:30:01-05:00",
            "2019-03-05T23:30:01.2Z", "2019-03-05T23:30:01.25Z", "2019-03-05T23:30:01.256Z"]]),
        "T.periods": of(
            {"period": ["2019-12-30", "2020-01-02"]}, {"period": ["2019-03-20", None]},
            {"period": [None, "2019-05-02T10:00:00Z"]},
            {"period": ["2019-03-20T10:00Z", "2019-05"]}),
    }},
    {"name": "numbers", "facts": {"labels": {"rules": 1, "list": []}}, "values": {
        "T.numbers": of(
            *[{"number": text} for text in ["0", "-0.05", "7e9", "1.50E-3", "100.00"]],
            {"number": {"range": ["5", "9"]}}, {"number": {"range": [None, "9"]}},
            {"number": {"range": ["5", None]}}),
        "T.quantities": of(
            *[{"quantity": {"comparator": comparator, "value": "5"}, "system": UCUM,
               "code": "mg/dL", "unit": "mg/dl"} for comparator in ["<", "<=", ">", ">="]],
            {"quantity": "12", "unit": "tablets"}, {"quantity": {"range": ["1.0", "2"]}}),
    }},
    {"name": "texts", "facts": {}, "values": {
        "T.strings": of(
            {"text": "Smith", "normal": "smith"}, {"text": "Müller", "normal": "muller"},
            {"text": "王小明", "normal": "王小明"},
            {"text": "A" * 65, "normal": "a" * 65}, {"text": "A" * 64, "normal": "a" * 64},
            {"text": "e\u0301" * 40, "normal": "e" * 40},
            {"text": "ﬃ" * 30, "normal": "ffi" * 30}),
        "T.codes": of(
            {"code": [None, "a"]}, {"code": ["urn:x", None]}, {"code": [None, "true"]},
            {"code": ["urn:x", "a|b"]}),
        "T.identifiers": of(
            {"identifier": ["urn:x", "12"], "types": []},
            {"identifier": [None, "13"], "types": [
                ["http://terminology.hl7.org/CodeSystem/v2-0203", "MR"], [None, "chart"]]}),
        "T.uris": of(
            {"uri": "urn:oid:1.2.3"}, {"canonical": "http://x.example/vs|1.0"},
            {"canonical": "http://x.example/vs"}),
        "T.references": of(
            {"reference": TAG, "type": "Patient"}, {"reference": OTHER, "type": "Basic"},
            {"uri": "http://other.example/fhir/Patient/1"},
            {"identifier": ["urn:x", "12"], "types": []}),
        "T.cut": of({"text": "Smith", "normal": "smith"}, cut=True),
        "T.all-cut": of(cut=True),
    }},
    {"name": "many values", "facts": {}, "values": {
        "T.codes": of(*[{"code": ["urn:x", f"code-{i:03}"]} for i in range(150)])}},
]
# What does not fit: read it again and the last values are missing.
CUT_CARDS = [
    {"name": "too many values", "facts": {"authors": [TAG]}, "values": {
        f"T.codes-{k}": of(*[{"code": [f"urn:x:{k}", f"code-{i:03}-{k}"]} for i in range(320)])
        for k in range(5)}},
    {"name": "a text that is too long", "facts": {}, "values": {
        "T.uris": of({"uri": "x" * 1_024}, {"uri": "x" * 1_025}, {"uri": "y"}),
        "T.more": of({"uri": "x" * 1_024}, {"uri": "y"})}},
]
for entry in CARDS + CUT_CARDS:
    entry["content"] = card(entry["facts"], entry["values"])

DATE_ROWS = [
    [{"date": "1961-03-05"}], [{"date": "2019"}], [{"date": "2019-03-05T23:30:00-05:00"}],
    [{"date": "2019-03-05T23:30:00"}],
    [{"period": ["2019-12-30", "2020-01-02"]}], [{"period": ["2019-03-20", "2019-05-02"]}],
    [{"period": ["2011-03-20", "2019-05-02"]}], [{"period": ["2019-03-20", None]}],
    [{"period": [None, "2019-05-02"]}], [{"period": ["1951-03-20", "2019-05-02"]}],
    [{"period": ["2071-03-20", None]}], [{"date": "1850"}], [{"date": "2150"}],
    [{"date": "2019-03-05"}, {"date": "2019-03-07"}],
    [{"date": "1950"}, {"period": ["2080", None]}],
    [{"date": f"2019-{1 + i // 28:02}-{1 + i % 28:02}"} for i in range(64)],
    [{"date": f"2019-{1 + i // 28:02}-{1 + i % 28:02}"} for i in range(65)],
]
DATE_QUERIES = [
    [text, offset, periods]
    for text in ["eq2019-03-15", "ge2019-03-15", "gt2019-03-15", "le2019-03-15", "lt2019-03-15",
                 "sa2019-03-15", "eb2019-03-15", "ne2019-03-15", "2019", "2019-03",
                 "ge2019-03-15T01:00Z", "lt2019-03-15T23:30", "1850", "gt2150"]
    for offset, periods in [(0, True), (0, False), (330, True), (-300, True)]
]
DATE_PAIRS = [
    ["ge2019-03-15", "le2019-03-20", 0, True], ["gt2019-03-15", "lt2020-03-20", 0, False],
    ["ge2011", "le2019", 0, True], ["ge2019-03-15", "lt2019-03-16", 840, True],
]
NUMBER_ROWS = [
    ["0"], ["0.00001"], ["-0.00009"], ["0.0001"], ["72.5"], ["-0.05"], ["999999999"], ["1e9"],
    ["7e9"], ["-7e9"], ["5", "5.0", "500e-2"], [{"range": ["5", "9"]}],
    [{"range": ["5.41", "5.43"]}], [{"range": ["0.1", "10"]}], [{"range": ["-0.05", "0.05"]}],
    [{"range": ["-0.00001", "0.00001"]}], [{"range": ["5", None]}], [{"range": [None, "9"]}],
    [{"comparator": "<", "value": "5"}], [{"comparator": ">=", "value": "5"}],
    [str(i) for i in range(10, 60)], [str(i * 7) for i in range(100, 400)],
]
NUMBER_QUERIES = [
    [text, ranges]
    for text in ["gt5.4", "eq100", "100.00", "1e2", "5.40e-3", "0", "-0.05", "lt-0.05", "ge0",
                 "le7e9", "sa5.4", "eb5.4", "ne5", "ap100", "ap-100", "ap0", "gt-3", "eq1e9"]
    for ranges in (True, False)
]

NAMES = ["Patient.birthdate", "Observation.value-quantity", "Observation._tag",
         "Encounter.date", "T.dates"]
VECTORS = {
    "parameters": {name: parameter(name) for name in NAMES},
    "well_known": KNOWN,
    "cards": CARDS,
    "cut_cards": CUT_CARDS,
    "date_rows": [{"values": values, "rows": date_rows(values)} for values in DATE_ROWS],
    "date_queries": [{"query": text, "offset": offset, "periods": periods,
                      "tokens": date_query(text, offset, periods)}
                     for text, offset, periods in DATE_QUERIES],
    "date_pairs": [{"lower": lower, "upper": upper, "offset": offset, "periods": periods,
                    "tokens": date_pair(lower, upper, offset, periods)}
                   for lower, upper, offset, periods in DATE_PAIRS],
    "number_rows": [{"values": values, "rows": number_rows(values)} for values in NUMBER_ROWS],
    "number_queries": [{"query": text, "ranges": ranges, "tokens": number_query(text, ranges)}
                       for text, ranges in NUMBER_QUERIES],
}


def lines(section):
    """A vector on each line."""
    if isinstance(section, dict):
        return json.dumps(section)
    return "[\n" + ",\n".join(map(json.dumps, section)) + "\n]"


print("{\n" + ",\n".join(f"{json.dumps(name)}: {lines(of_)}" for name, of_ in VECTORS.items()) + "\n}")
