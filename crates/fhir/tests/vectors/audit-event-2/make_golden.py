"""Computes the vectors of renderer 2 apart from the Rust code: the records as they are
sealed, and their events, from the description in docs/storage-format.md ("Audit
records"). Run by hand; the output is committed and frozen.

    python3 make_golden.py

A patient's tag is stood in for by the bytes of its id. The digest of query text n is 32
bytes of 0x5a + n - 1.
"""

import base64
import json
import pathlib

FOLDER = pathlib.Path(__file__).parent
BALP = "https://profiles.ihe.net/ITI/BALP/"
TERMS = "http://terminology.hl7.org/CodeSystem/"
DCM = "http://dicom.nema.org/resources/ontology/DCM"
RESTFUL = "http://hl7.org/fhir/restful-interaction"


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def coding(system, code, display):
    return {"code": code, "display": display, "system": system}


def concept(*of):
    return {"coding": [coding(*of)]}


# --- tables ------------------------------------------------------------------

REST = coding(TERMS + "audit-event-type", "rest", "Restful Operation")
EXPORT = coding(DCM, "110106", "Export")
APPLICATION = (DCM, "110150", "Application")
DESTINATION = (DCM, "110152", "Destination Role ID")
SOURCE = (DCM, "110153", "Source Role ID")
CUSTODIAN = (TERMS + "provenance-participant-type", "custodian", "Custodian")
RECIPIENT = (TERMS + "v3-ParticipationType", "IRCP", "information recipient")
AUTHOR = (TERMS + "v3-ParticipationType", "AUT", "author (originator)")

# profile, action, type, client, server, user
QUERY = ("Query", "E", REST, SOURCE, DESTINATION, RECIPIENT)
PATTERNS = {
    "create": ("Create", "C", REST, SOURCE, DESTINATION, AUTHOR),
    "read": ("Read", "R", REST, DESTINATION, SOURCE, RECIPIENT),
    "vread": ("Read", "R", REST, DESTINATION, SOURCE, RECIPIENT),
    "update": ("Update", "U", REST, SOURCE, DESTINATION, AUTHOR),
    "delete": ("Delete", "D", REST, APPLICATION, CUSTODIAN, AUTHOR),
    "search-type": QUERY,
    "history-instance": (None, "R", REST, DESTINATION, SOURCE, RECIPIENT),
    "unauthenticated": (None, "E", coding(DCM, "110114", "User Authentication"), *QUERY[3:]),
}
DISCLOSING = ("read", "vread", "search-type", "history-instance", "operation:proof")


def pattern(interaction):
    if interaction.startswith("admin:"):
        return (None, "E", coding(DCM, "110113", "Security Alert"), *QUERY[3:])
    return PATTERNS.get(interaction, (None, *QUERY[1:]))


def subtypes(interaction):
    if interaction.startswith("operation:"):
        return [coding(RESTFUL, "operation", "operation"), {"code": "$" + interaction[10:]}]
    if interaction.startswith("admin:"):
        return [coding(DCM, "110129", "Security Configuration"), {"code": interaction[6:]}]
    if interaction == "unauthenticated":
        return [coding(DCM, "110122", "Login")]
    return [coding(RESTFUL, interaction, interaction)]


LIFECYCLE = {
    "create": ("1", "Origination / Creation"),
    "update": ("3", "Amendment"),
    "read": ("6", "Access / Use"),
    "delete": ("14", "Logical deletion"),
}

# --- rendering ---------------------------------------------------------------


def tag(patient):
    return patient.encode().ljust(16, b"\0")


def grouped(record):
    """Each event: patient, interaction, outcome, text, query numbers, records."""
    events = {}
    for act in record["acts"]:
        places = [(None, None)] if not act["touched"] else []
        for one in act["touched"]:
            places += [(at, one) for at in one[3:]] or [(None, one)]
        for at, one in places:
            patient = None if at is None else record["patients"][at]
            name = (b"" if patient is None else tag(patient), act["i"])
            event = events.setdefault(name, {
                "patient": patient, "i": act["i"], "o": act["o"], "text": act.get("text"),
                "queries": [], "touched": []})
            if int(act["o"]) > int(event["o"]):
                event["o"], event["text"] = act["o"], act.get("text")
            if "q" in act and act["q"] not in event["queries"]:
                event["queries"].append(act["q"])
            if one is not None:
                event["touched"].append((act.get("did"), one))
    return [events[name] for name in sorted(events)]


def facility(of):
    return {"display": of.get("organisation", of["name"]), "identifier": {"value": of["base"]}}


def render(record, index, event):
    name, action, kind, client_type, server_type, user_type = pattern(event["i"])
    asking, server = record.get("agent"), record.get("server")
    home = (asking or {}).get("home")
    discloses = bool(
        home and home["name"] != record["facility"] and not server and event["patient"]
        and event["o"] == "0" and event["i"] in DISCLOSING)
    if discloses:
        action, kind, client_type, server_type = "R", EXPORT, APPLICATION, SOURCE
    observer = {"display": record["facility"], "identifier": {"value": record["base"]}}
    purpose = record.get("purpose") and [
        {"coding": [{"code": record["purpose"], "system": TERMS + "v3-ActReason"}]}]
    network = (asking or {}).get("address") and {"address": asking["address"], "type": "2"}
    person = asking if asking and asking["subject"] != asking["client"] else None

    def requestor(agent):
        """What stands on whichever agent asks."""
        agent["requestor"] = True
        if home:
            agent["extension"] = [{
                "url": "http://hl7.org/fhir/StructureDefinition/auditevent-OnBehalfOf",
                "valueReference": facility(home)}]
        if purpose:
            agent["purposeOfUse"] = purpose
        if asking.get("roles"):
            agent["role"] = [{"text": role} for role in asking["roles"]]
        return agent

    client = {"requestor": person is None, "type": concept(*client_type)}
    if asking:
        client["who"] = {"identifier": {"system": asking["issuer"], "value": asking["client"]}}
        client = client if person else requestor(client)
    else:
        client["who"] = {"display": "unauthenticated"}
    if network:
        client["network"] = network
    agents = [client, {
        "network": {"address": (server or record)["base"], "type": "5"}, "requestor": False,
        "type": concept(*server_type), "who": facility(server) if server else observer}]
    if discloses:
        recipient = {"requestor": False, "type": concept(*DESTINATION), "who": facility(home)}
        agents.append(recipient | ({"network": network} if network else {}))
    if person:
        user = requestor({"type": concept(*user_type), "who": {
            "identifier": {"system": person["issuer"], "value": person["subject"]}}})
        agents.append(user | ({"name": person["name"]} if "name" in person else {}))

    system_object = coding(TERMS + "audit-entity-type", "2", "System Object")
    administered, queried = event["i"].startswith("admin:"), name == "Query"
    entities = []
    if event["patient"]:
        entities.append({
            "role": coding(TERMS + "object-role", "1", "Patient"),
            "type": coding(TERMS + "audit-entity-type", "1", "Person"),
            "what": {"reference": "Patient/" + event["patient"]}})
    for did, (at, identity, version, *_) in event["touched"]:
        of = record["kinds"][at]
        reference = (server["base"] + "/" if server else "") + f"{of}/{identity}"
        reference += f"/_history/{version}" if version else ""
        data = {
            "role": coding(TERMS + "object-role", *(
                ("13", "Security Resource") if administered else ("4", "Domain Resource"))),
            "type": {"code": of, "system": "http://hl7.org/fhir/resource-types"}
            if queried else system_object,
            "what": {"identifier": {"value": f"{of}/{identity}"}}
            if administered else {"reference": reference}}
        if did in LIFECYCLE:
            data["lifecycle"] = coding(TERMS + "dicom-audit-lifecycle", *LIFECYCLE[did])
        entities.append(data)
    if "request" in record:
        entities.append({
            "type": {"code": "XrequestId", "system": BALP + "CodeSystem/BasicAuditEntityType"},
            "what": {"identifier": {"value": record["request"]}}})
    for number in event["queries"]:
        digest = bytes([0x5A + number - 1]) * 32
        entities.append({
            "description": f"query text {number}", "query": base64.b64encode(digest).decode(),
            "role": coding(TERMS + "object-role", "24", "Query"), "type": system_object})

    profile = None
    if event["o"] == "0" and network and not server:
        if discloses and event["touched"]:
            profile = "PrivacyDisclosure.Source"
        elif not discloses and name and not queried and len(event["touched"]) == 1:
            profile = ("Patient" if event["patient"] else "") + name
    meta = {"lastUpdated": record["time"], "versionId": "1"}
    if profile:
        meta["profile"] = [BALP + "StructureDefinition/IHE.BasicAudit." + profile]

    rendered = {
        "action": action, "agent": agents, "id": f"{record['id']}.{index}", "meta": meta,
        "outcome": event["o"], "recorded": record["time"], "resourceType": "AuditEvent",
        "source": {"observer": observer, "site": record["facility"], "type": [
            coding(TERMS + "security-source-type", "4", "Application Server")]},
        "subtype": [
            *([coding(TERMS + "iso-21089-lifecycle", "disclose",
                      "Disclose Record Lifecycle Event")] if discloses else []),
            *subtypes(event["i"]),
            *(subtypes(record["interaction"]) if record["interaction"] != event["i"] else [])],
        "type": kind}
    if entities:
        rendered["entity"] = entities
    if event["text"]:
        rendered["outcomeDesc"] = event["text"]
    if purpose:
        rendered["purposeOfEvent"] = purpose
    return rendered


# --- records -----------------------------------------------------------------

GATEWAY = "https://gateway.example.org"


def base(name):
    return f"{GATEWAY}/f/{name}/fhir"


def place(name, **more):
    return {"base": base(name), "name": name} | more


ANNA = {
    "address": "192.0.2.7", "client": "ward-app", "home": place("st-mary"),
    "issuer": "https://login.example.org", "name": 'Dr. Anna "Ä" Test',
    "roles": ["clinician"], "subject": "u-17"}
VISITOR = ANNA | {"home": place("hillcrest"), "name": "Dr. Vera Visit", "subject": "u-99"}
LAB = {
    "address": "2001:db8::9", "client": "lab-1", "home": place("st-mary"),
    "issuer": "https://login.example.org", "roles": ["system"], "subject": "lab-1"}


def act(interaction, *touched, outcome="0", **more):
    return {"i": interaction, "o": outcome, "touched": [list(one) for one in touched]} | more


def record(interaction, acts, agent=ANNA, kinds=(), patients=(), **more):
    made = {
        "acts": acts, "agent": agent, "base": base("st-mary"),
        "decision": {"action": "read", "policies": ["share"]}, "facility": "st-mary",
        "id": "rec-0123456789abcdef0123456789abcdef", "interaction": interaction,
        "kinds": list(kinds), "patients": list(patients), "purpose": "TREAT", "render": 2,
        "request": "req-1", "time": "2026-11-27T10:00:00.123Z"} | more
    return {name: value for name, value in made.items() if value is not None}


ONE, TWO = ["p-one"], ["p-one", "p-two"]
OBSERVATION = (0, "o-1", 1, 0)
RECORDS = {
    "create": record("create", [act("create", OBSERVATION)], kinds=["Observation"], patients=ONE),
    "read": record("read", [act("read", (0, "org-1", 4))], kinds=["Organization"]),
    "read-several-patients": record(
        "read", [act("read", (0, "g-1", 3, 1, 0))], kinds=["Group"], patients=TWO),
    "update": record(
        "update", [act("update", (0, "o-1", 2, 0))], kinds=["Observation"], patients=ONE),
    "delete": record(
        "delete", [act("delete", (0, "c-9", 3, 0))], kinds=["Condition"], patients=ONE),
    "delete-by-client": record(
        "delete", [act("delete", (0, "c-9", 3, 0))], agent=LAB, kinds=["Condition"],
        patients=ONE, purpose=None),
    "search": record(
        "search-type",
        [act("search-type", (0, "o-1", 1, 0), (0, "o-2", 5, 1), (0, "o-3", 2), q=1)],
        kinds=["Observation"], patients=TWO),
    "search-nothing": record("search-type", [act("search-type", q=1)]),
    "transaction": record(
        "transaction",
        [act("delete", (0, "c-9", 3, 1)),
         act("create", (1, "p-one", 1, 0), (2, "org-1", 1), (3, "o-2", 1, 0)),
         act("update", (3, "o-1", 2, 0)),
         act("read", (4, "e-1", 6, 1)),
         act("search-type", (3, "o-7", 1, 1), q=1),
         act("search-type", (3, "o-7", 1, 1), (3, "o-8", 2, 0), q=2),
         act("search-type", q=3)],
        kinds=["Condition", "Patient", "Organization", "Observation", "Encounter"],
        patients=TWO),
    "batch-partly-failed": record(
        "batch",
        [act("read", (0, "o-1", 1, 0), (0, "o-2", 1, 0)),
         act("read", (0, "o-3", 0), outcome="4", text="not-found"),
         act("update", (0, "o-1", 2, 0)),
         act("update", (0, "o-2", 0, 0), (0, "o-5", 0, 0), outcome="4", text="conflict"),
         act("update", (0, "o-4", 0, 0), outcome="8", text="exception"),
         act("batch", outcome="4", text="structure")],
        kinds=["Observation"], patients=ONE),
    "transaction-failed": record(
        "transaction",
        [act("create", (0, "o-1", 0, 0), outcome="4", text="not-found"),
         act("read", (1, "absent", 0), outcome="4", text="not-found")],
        kinds=["Observation", "Patient"], patients=ONE),
    "transaction-denied": record(
        "transaction", [act("transaction", outcome="4", text="forbidden")]),
    "repeated": record(
        "create", [act("create", OBSERVATION, text="repeated")], kinds=["Observation"],
        patients=ONE),
    "history": record(
        "history-instance", [act("history-instance", (0, "o-1", 2, 0), (0, "o-1", 1, 0))],
        kinds=["Observation"], patients=ONE),
    "proof": record(
        "operation:proof", [act("operation:proof", OBSERVATION)], kinds=["Observation"],
        patients=ONE),
    "denied": record(
        "read", [act("read", (0, "o-1", 0), outcome="4", text="not-found")],
        kinds=["Observation"]),
    "backend-client": record(
        "read", [act("read", OBSERVATION)], agent=LAB, kinds=["Observation"], patients=ONE),
    "no-address": record(
        "read", [act("read", OBSERVATION)], kinds=["Observation"], patients=ONE,
        agent={name: value for name, value in ANNA.items() if name != "address"}),
    "disclosure": record(
        "read", [act("read", OBSERVATION)], agent=VISITOR, kinds=["Observation"], patients=ONE),
    "disclosure-by-search": record(
        "search-type", [act("search-type", (0, "o-1", 1, 0), (0, "o-2", 5, 1), (1, "org-1", 1),
                            q=1)],
        agent=VISITOR | {"home": place("hillcrest", organisation="Hillcrest Hospital gGmbH")},
        kinds=["Observation", "Organization"], patients=TWO),
    "disclosure-to-client": record(
        "vread", [act("vread", OBSERVATION)], agent=LAB | {"home": place("hillcrest")},
        kinds=["Observation"], patients=ONE),
    "visitor-denied": record(
        "update", [act("update", (0, "o-1", 0), outcome="4", text="forbidden")], agent=VISITOR,
        kinds=["Observation"]),
    "seen-from-home": record(
        "search-type", [act("search-type", (0, "o-1", 1), (0, "o-2", 5), q=1)], agent=VISITOR,
        base=base("hillcrest"), facility="hillcrest", server=place("st-mary"),
        kinds=["Observation"]),
    "read-seen-from-home": record(
        "read", [act("read", (0, "o-1", 1))], agent=VISITOR, base=base("hillcrest"),
        facility="hillcrest", server=place("st-mary"), kinds=["Observation"]),
    "admin-change": record(
        "admin:client-register",
        [act("admin:client-register", (0, "4e1f", 0), did="create"),
         act("admin:client-register", (1, "lab-1", 0), did="propose")],
        kinds=["changes", "clients"], purpose=None),
    "init": record(
        "admin:init",
        [act("admin:init", (0, "https://login.example.org|u-1", 0), did="create")],
        agent={"client": "chartseal init", "issuer": "urn:chartseal:operator",
               "subject": "chartseal init"},
        base="urn:chartseal:st-mary", kinds=["administrators"], purpose=None, request=None),
    "unauthenticated": record(
        "unauthenticated", [act("unauthenticated", outcome="4", text="login")], agent=None,
        purpose=None, request=None),
}

if __name__ == "__main__":
    for name, made in RECORDS.items():
        (FOLDER / f"{name}.record.json").write_text(canonical(made))
        for index, event in enumerate(grouped(made)):
            rendered = canonical(render(made, index, event))
            (FOLDER / f"{name}.{index}.event.json").write_text(rendered)
        print(f'    ("{name}", {index + 1}),')
