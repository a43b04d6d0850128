"""A small, slow evaluator of one case, written along the documentation and sharing no code with xacct.

``judge`` takes the plain mapping of a ``policy test`` case and gives the word of the decision. Every rule stands in
one place, with the page of the IAM User Guide it is from. Three values: True, False, and None for what cannot be known.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

Case = dict[str, Any]
Statement = dict[str, Any]


def judge(case: Case) -> str:
    """ "Allowed", "ImplicitlyDenied", "ExplicitlyDenied" or "Unknown". Page: Policy evaluation logic."""
    request, policies = case["request"], case.get("policies", {})
    who = asker(request["principal"])
    if who["kind"] == "service" and "assumerolewith" in request["action"].lower():
        who = {"kind": "federated", "account": "", "arn": who["name"]}  # whoever this provider vouches for
    keys = all_keys(request, who)
    ask = {"who": who, "action": request["action"], "resource": request["resource"], "keys": keys}
    ask["bounded"] = bool(policies.get("boundary"))
    owner = request.get("resource_account") or who["account"]

    identity = [statements(one) for one in many(policies.get("identity"))]
    resource = [statements(one) for one in many(policies.get("resource"))]
    boundary = [statements(one) for one in many(policies.get("boundary"))]
    session = [statements(one) for one in many(policies.get("session"))]
    endpoint = [statements(one) for one in many(policies.get("vpc_endpoint"))]
    scp = [[statements(one) for one in many(level["policies"])] for level in policies.get("scp", [])]
    rcp = [[statements(one) for one in many(level["policies"])] for level in policies.get("rcp", [])]
    if who["kind"] in ("service", "anonymous", "federated") or "role/aws-service-role/" in who.get(
        "role", ""
    ):
        scp = []  # AWS Organizations: service control policies affect users and roles that are not service-linked
    if "role/aws-service-role/" in who.get("role", ""):
        rcp = []  # AWS Organizations: resource control policies do not affect service-linked roles

    # An explicit deny in any policy is final.
    denials = [
        speaks(ask, one, "Deny", names=False)
        for group in (identity, boundary, session, *scp)
        for one in group
    ]
    denials += [speaks(ask, one, "Deny", names=True) for group in (resource, endpoint, *rcp) for one in group]
    if True in denials:
        return "ExplicitlyDenied"

    allowed = all_of(
        [
            *(some_of([speaks(ask, one, "Allow", names=False) for one in level]) for level in scp),
            *([some_of([speaks(ask, one, "Allow", names=True) for one in endpoint])] if endpoint else []),
            by_sides(ask, owner, identity, resource, boundary, session),
        ]
    )
    if allowed is False:
        return "ImplicitlyDenied"
    if allowed is None or None in denials:
        return "Unknown"
    return "Allowed"


def by_sides(
    ask: Case, owner: str, identity: list[Any], resource: list[Any], boundary: list[Any], session: list[Any]
) -> bool | None:
    """Which side has to allow. Pages: Cross-account policy evaluation; Evaluating policies within one account."""
    who = ask["who"]
    given = {how: some_of([speaks(ask, one, "Allow", names=how) for one in resource]) for how in HOW}
    anyhow = some_of(list(given.values()))
    if who["kind"] in ("service", "anonymous", "federated"):
        return anyhow
    caps = all_of(
        [
            some_of([speaks(ask, one, "Allow", names=False) for one in boundary]) if boundary else True,
            some_of([speaks(ask, one, "Allow", names=False) for one in session]) if session else True,
        ]
    )
    own = all_of([some_of([speaks(ask, one, "Allow", names=False) for one in identity]), caps])
    if who["kind"] == "federated-user" and not session:
        own = False  # Permissions for GetFederationToken: without a session policy, the user's policies give nothing
        caps = False
    if who["kind"] == "root":
        if ask["action"].lower() == "sts:assumerole":
            return False  # AssumeRole, Permissions: not with credentials of the root user
        own = True
    if owner != who["account"]:
        return all_of([own, anyhow])
    # A policy that names the user or the session itself, or everybody, is enough, and nothing caps it; one that names
    # the role, or the user who federated, is capped by boundary and session policy; one that names the account hands
    # over to its policies. Page: How AWS enforcement code logic evaluates requests to allow or deny access.
    direct = some_of([given["itself"], given["everybody"], all_of([given["role"], caps])])
    service, resource_name = ask["action"].lower().split(":")[0], ask["resource"]
    if (service == "sts" and ":role/" in resource_name) or (service == "kms" and ":key/" in resource_name):
        return some_of([direct, all_of([own, anyhow])])
    return some_of([direct, own])


HOW = ("itself", "everybody", "role", "account")


def asker(given: Any) -> Case:
    """Who asks. Page: Principal."""
    if isinstance(given, dict) and given.get("type") == "Anonymous":
        return {"kind": "anonymous", "account": ""}
    arn = given["arn"] if isinstance(given, dict) else given
    extra = given if isinstance(given, dict) else {}
    if not arn.startswith("arn:"):
        return {"kind": "service", "account": "", "name": arn}
    account, rest = arn.split(":")[4], arn.split(":", 5)[5]
    head = rest.split("/")[0]
    who: Case = {"account": account, "arn": arn, "id": extra.get("id", "")}
    if head == "root":
        return {**who, "kind": "root"}
    if head == "user":
        return {**who, "kind": "user", "name": rest.split("/")[-1]}
    if head == "role":
        return {**who, "kind": "role", "role": arn}
    if head == "assumed-role":
        partition = arn.split(":")[1]
        role = extra.get("role") or f"arn:{partition}:iam::{account}:role/{rest.split('/')[1]}"
        return {**who, "kind": "session", "role": role, "session": rest.split("/")[2]}
    if head == "federated-user":
        user = f"arn:aws:iam::{account}:user/{rest.split('/')[1]}"
        return {**who, "kind": "federated-user", "opener": extra.get("user") or user}
    return {**who, "kind": "federated", "account": ""}


def all_keys(request: Case, who: Case) -> dict[str, list[str]]:
    """The keys of the request; those that follow from who asks, unless given. Page: Global condition keys."""
    keys: dict[str, Any] = {}
    if who["kind"] in ("user", "federated-user"):
        keys["aws:PrincipalArn"] = who["arn"]
        keys["aws:PrincipalType"] = "User" if who["kind"] == "user" else "FederatedUser"
    if who["kind"] == "user":
        keys["aws:username"] = who["name"]
        if who["id"]:
            keys["aws:userid"] = who["id"]
    if who["kind"] == "federated-user":
        keys["aws:userid"] = f"{who['account']}:{who['arn'].split('/')[-1]}"
    if who["kind"] in ("session", "role"):
        keys["aws:PrincipalArn"], keys["aws:PrincipalType"] = who["role"], "AssumedRole"
    if who["kind"] == "session" and who["id"]:
        keys["aws:userid"] = f"{who['id']}:{who['session']}"
    if who["kind"] == "root":
        keys["aws:PrincipalArn"], keys["aws:PrincipalType"] = who["arn"], "Account"
        keys["aws:userid"] = who["account"]
    if who["kind"] == "service":
        keys["aws:PrincipalServiceName"], keys["aws:PrincipalIsAWSService"] = who["name"], True
    if who["kind"] == "anonymous":
        keys["aws:PrincipalType"], keys["aws:userid"] = "Anonymous", "anonymous"
    if who["account"]:
        keys["aws:PrincipalAccount"], keys["aws:PrincipalIsAWSService"] = who["account"], False
    found = {name.lower(): texts(value) for name, value in keys.items()}
    found.update({name.lower(): texts(value) for name, value in request.get("context", {}).items()})
    return found


def speaks(ask: Case, document: list[Statement], effect: str, names: Any) -> bool | None:
    """Whether a statement of this effect applies. ``names`` True: it must name who asks, a word: in just this way."""
    found = []
    for one in document:
        if one["Effect"] != effect:
            continue
        if names is True and named(ask, one) is None:
            continue
        if isinstance(names, str) and named(ask, one) != names:
            continue
        found.append(applies(ask, one))
    return some_of(found)


def applies(ask: Case, one: Statement) -> bool | None:
    """Action, resource and every condition. Pages: Action, NotAction, Resource, NotResource, Condition."""
    action = ask["action"].lower()
    if "Action" in one and not any(like(pattern.lower(), action) for pattern in texts(one["Action"])):
        return False
    if "NotAction" in one and any(like(pattern.lower(), action) for pattern in texts(one["NotAction"])):
        return False
    new = one["__version"] == "2012-10-17"
    if "Resource" in one and not any(resource_fits(each, ask, new) for each in texts(one["Resource"])):
        return False
    if "NotResource" in one and any(resource_fits(each, ask, new) for each in texts(one["NotResource"])):
        return False
    met = []
    for operator, block in one.get("Condition", {}).items():
        for key, values in block.items():
            met.append(
                condition(operator.lower(), ask["keys"].get(key.lower(), []), texts(values), ask["keys"], new)
            )
    return all_of(met)


def named(ask: Case, one: Statement) -> str | None:
    """In which way a statement names who asks; None where it does not. Pages: Principal, NotPrincipal."""
    if "NotPrincipal" in one:
        ways = ways_of(ask["who"], one["NotPrincipal"])
        kind = ask["who"]["kind"]
        if one["Effect"] == "Deny":
            if ask["bounded"]:
                return "everybody"  # NotPrincipal with Deny hits every principal with a permissions boundary
            needed = {
                "session": {"itself", "role", "account"},
                "role": {"role", "account"},
                "user": {"itself", "account"},
                "federated-user": {"itself", "account"},
            }.get(kind)
            if needed is not None and "everybody" not in ways:
                return None if needed <= ways else "everybody"
        return None if ways else "everybody"
    ways = ways_of(ask["who"], one.get("Principal", {}))
    return next((how for how in HOW if how in ways), None)


def ways_of(who: Case, element: Any) -> set[str]:
    ways: set[str] = set()
    pairs = (
        [("*", "*")]
        if element == "*"
        else [(kind, each) for kind, some in element.items() for each in texts(some)]
    )
    for kind, value in pairs:
        if kind == "*" or (kind == "AWS" and value == "*"):
            ways.add("everybody")
        if kind == "Service" and who["kind"] == "service" and value == who["name"]:
            ways.add("itself")
        if kind == "Federated" and who["kind"] == "federated" and value == who["arn"]:
            ways.add("itself")
        if kind != "AWS" or who["kind"] in ("service", "anonymous", "federated"):
            continue
        if value.startswith("arn:") and value.endswith(":root") and value.split(":")[2] == "iam":
            value = value.split(":")[4]
        if value == who["account"]:
            ways.add("itself" if who["kind"] == "root" else "account")
        if value == who["arn"] and who["kind"] not in ("root", "role"):
            ways.add("itself")
        if who.get("id") and value == who["id"]:
            ways.add("role" if who["kind"] in ("session", "role") else "itself")
        if value == who.get("role"):
            ways.add("role")
        if value == who.get("opener"):
            ways.add("role")
    return ways


def like(pattern: str, text: str) -> bool:
    """* is any text, ? is one character."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(like(pattern[1:], text[cut:]) for cut in range(len(text) + 1))
    return bool(text) and pattern[0] in ("?", text[0]) and like(pattern[1:], text[1:])


def filled(pattern: str, keys: dict[str, list[str]]) -> str | None:
    """A pattern with its variables replaced; what they hold is plain text. Page: Variables and tags."""
    text, rest = "", pattern
    while "${" in rest:
        before, _, after = rest.partition("${")
        inside, closed, tail = after.partition("}")
        if not closed:
            break
        text += before
        name, comma, default = inside.partition(",")
        if inside in ("*", "?", "$"):
            text += {"*": STAR, "?": MARK, "$": "$"}[inside]
        else:
            values = keys.get(name.strip().lower(), [])
            if len(values) == 1:
                value = values[0]
            elif comma:
                value = default.strip()[1:-1]
            else:
                return None
            text += value.replace("*", STAR).replace("?", MARK)
        rest = tail
    return text + rest


STAR, MARK = "\x01", "\x02"
"""Stand for a star and a question mark that are plain characters."""


def matched(pattern: str, text: str) -> bool:
    return (
        like(pattern, text.replace("*", STAR).replace("?", MARK))
        if STAR in pattern or MARK in pattern
        else like(pattern, text)
    )


def resource_fits(pattern: str, ask: Case, new: bool) -> bool:
    """By the six parts of an ARN; parts that are left out are anything. Page: Resource."""
    resource = ask["resource"]
    if pattern == "*":
        return True
    written = filled(pattern, ask["keys"]) if new else pattern
    if written is None:
        return False
    if not pattern.startswith("arn:") or not resource.startswith("arn:"):
        return matched(written, resource)
    return parts_fit(written, resource)


def parts_fit(pattern: str, text: str) -> bool:
    wanted, given = pattern.split(":", 5), text.split(":", 5)
    if len(given) < 6:
        return False
    wanted += ["*"] * (6 - len(wanted))
    return all(matched(one, other) for one, other in zip(wanted, given, strict=True))


def condition(
    operator: str, given: list[str], wanted: list[str], keys: dict[str, list[str]], new: bool
) -> bool | None:
    """One key of one operator. Pages: Condition operators; Multivalued context keys."""
    every = operator.startswith("forallvalues:")
    some = operator.startswith("foranyvalue:")
    name = operator.split(":", 1)[1] if every or some else operator
    if name == "null" and not every and not some:
        asked = {value.lower() for value in wanted}
        if not asked or asked - {"true", "false"}:
            return None
        return ("false" if given else "true") in asked
    optional = name.endswith("ifexists")
    name = name.removesuffix("ifexists")
    if name not in TESTS:
        return None
    test, negated = TESTS[name]
    if not given or (every and given == [""]):
        return True if optional or every else (negated and not some)
    answers = []
    for value in given:
        hit = some_of([test(one, value, keys if new else None) for one in wanted])
        answers.append(None if hit is None else hit is not negated)
    if every or (negated and not some):
        return all_of(answers)
    return some_of(answers)


Test = Callable[[str, str, Any], "bool | None"]


def text_equals(fold: bool) -> Test:
    def test(wanted: str, given: str, keys: Any) -> bool | None:
        if keys is not None:
            plain = filled(wanted, keys)
            if plain is None:
                return False
            wanted = plain.replace(STAR, "*").replace(MARK, "?")
        return wanted.lower() == given.lower() if fold else wanted == given

    return test


def text_like(wanted: str, given: str, keys: Any) -> bool | None:
    written = filled(wanted, keys) if keys is not None else wanted
    return False if written is None else matched(written, given)


def arn_like(wanted: str, given: str, keys: Any) -> bool | None:
    written = filled(wanted, keys) if keys is not None else wanted
    if written is None:
        return False
    return parts_fit(written, given) if len(written.split(":", 5)) == 6 else matched(written, given)


def truth(wanted: str, given: str, keys: Any) -> bool | None:
    if {wanted.lower(), given.lower()} - {"true", "false"}:
        return None
    return wanted.lower() == given.lower()


def binary(wanted: str, given: str, keys: Any) -> bool | None:
    try:
        return base64.b64decode(wanted, validate=True) == base64.b64decode(given, validate=True)
    except (binascii.Error, ValueError):
        return None


def address(wanted: str, given: str, keys: Any) -> bool | None:
    try:
        block, one = ipaddress.ip_network(wanted, strict=False), ipaddress.ip_network(given, strict=False)
    except ValueError:
        return None
    return block.version == one.version and all(end in block for end in (one[0], one[-1]))


def number(compare: Callable[[float, float], bool]) -> Test:
    def test(wanted: str, given: str, keys: Any) -> bool | None:
        try:
            return compare(float(given), float(wanted))
        except ValueError:
            return None

    return test


def date(compare: Callable[[datetime, datetime], bool]) -> Test:
    def test(wanted: str, given: str, keys: Any) -> bool | None:
        moments = []
        for text in (given, wanted):
            try:
                moment = datetime.fromisoformat(text)
            except ValueError:
                try:
                    moment = datetime.fromtimestamp(float(text), UTC)
                except (ValueError, OverflowError, OSError):
                    return None
            moments.append(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
        return compare(*moments)

    return test


TESTS: dict[str, tuple[Test, bool]] = {
    "stringequals": (text_equals(False), False),
    "stringnotequals": (text_equals(False), True),
    "stringequalsignorecase": (text_equals(True), False),
    "stringnotequalsignorecase": (text_equals(True), True),
    "stringlike": (text_like, False),
    "stringnotlike": (text_like, True),
    "arnequals": (arn_like, False),
    "arnlike": (arn_like, False),
    "arnnotequals": (arn_like, True),
    "arnnotlike": (arn_like, True),
    "bool": (truth, False),
    "binaryequals": (binary, False),
    "ipaddress": (address, False),
    "notipaddress": (address, True),
}
for _word, _compare in {
    "equals": lambda one, other: one == other,
    "lessthan": lambda one, other: one < other,
    "lessthanequals": lambda one, other: one <= other,
    "greaterthan": lambda one, other: one > other,
    "greaterthanequals": lambda one, other: one >= other,
}.items():
    TESTS[f"numeric{_word}"] = (number(_compare), False)
    TESTS[f"date{_word}"] = (date(_compare), False)
TESTS["numericnotequals"] = (TESTS["numericequals"][0], True)
TESTS["datenotequals"] = (TESTS["dateequals"][0], True)


def statements(given: Any) -> list[Statement]:
    document = given.get("policy", given)
    bodies = document["Statement"]
    version = document.get("Version", "2008-10-17")
    return [{**one, "__version": version} for one in (bodies if isinstance(bodies, list) else [bodies])]


def many(given: Any) -> list[Any]:
    if given is None:
        return []
    return given if isinstance(given, list) else [given]


def texts(given: Any) -> list[str]:
    return [str(one).lower() if isinstance(one, bool) else str(one) for one in many(given)]


def some_of(answers: list[bool | None]) -> bool | None:
    if True in answers:
        return True
    return None if None in answers else False


def all_of(answers: list[bool | None]) -> bool | None:
    if False in answers:
        return False
    return None if None in answers else True
