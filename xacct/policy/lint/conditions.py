"""Conditions: operators, keys and values that do not fit each other, and variables that stand for nothing.

Sources: IAM User Guide, "IAM JSON policy elements: Condition operators", "AWS global condition context keys",
"Access Analyzer policy check reference".
"""

from __future__ import annotations

import base64
import binascii
import difflib
import re
from ipaddress import ip_interface, ip_network

from xacct.policy import catalogue
from xacct.policy.condition import is_known
from xacct.policy.lint.globals import GLOBAL_KEYS, global_type
from xacct.policy.lint.reading import Clause, Sheet, Test, Value
from xacct.policy.values import block, moment, number

OPERATORS = (
    *(
        f"String{word}"
        for word in ("Equals", "NotEquals", "EqualsIgnoreCase", "NotEqualsIgnoreCase", "Like", "NotLike")
    ),
    *(
        f"{kind}{word}"
        for kind in ("Numeric", "Date")
        for word in ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
    ),
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    *(f"Arn{word}" for word in ("Equals", "NotEquals", "Like", "NotLike")),
    "Null",
)
_VARIABLE = re.compile(r"\$\{([^{}]*)\}")


def check(sheet: Sheet) -> None:
    """Each condition of each statement, and the variables everywhere."""
    for clause in sheet.clauses:
        for test in clause.tests:
            if _operator(sheet, test):
                _values(sheet, test)
                _type(sheet, test)
            _key(sheet, clause, test)
        _variables(sheet, clause)


def plain(test: Test) -> tuple[str, str, bool]:
    """Set prefix, operator and IfExists, in lower case."""
    prefix, colon, rest = test.operator.text.lower().partition(":")
    operator = rest if colon else prefix
    return (prefix if colon else ""), operator.removesuffix("ifexists"), operator.endswith("ifexists")


def _operator(sheet: Sheet, test: Test) -> bool:
    name = test.operator.text
    if is_known(name):
        return True
    prefix, operator, if_exists = plain(test)
    if operator == "null" and (if_exists or prefix):
        what = "IfExists" if if_exists else "a set operator"
        sheet.error(
            "null-misuse",
            test.operator,
            f"Null does not go with {what}: it asks for presence itself.",
            "Write Null.",
        )
        return False
    known = {one.lower(): one for one in OPERATORS}
    close = difflib.get_close_matches(operator, list(known), n=1, cutoff=0.6)
    sheet.error(
        "unknown-operator",
        test.operator,
        f'There is no operator "{name}"; the service refuses the policy.',
        f"Did you mean {known[close[0]]}?" if close else f"There are {', '.join(OPERATORS)}.",
    )
    return False


def _values(sheet: Sheet, test: Test) -> None:
    """Values that are not of the kind that the operator compares."""
    _, operator, _ = plain(test)
    for value in test.values:
        if "${" in value.text:
            continue
        if operator.endswith("ipaddress"):
            if block(value.text) is None:
                sheet.error(
                    "invalid-cidr",
                    value,
                    f'"{value.text}" is no address and no CIDR block.',
                    "Write such as 192.0.2.0/24.",
                )
            else:
                _address(sheet, test, value)
        elif operator.startswith("date"):
            if moment(value.text) is None:
                sheet.error(
                    "invalid-date",
                    value,
                    f'"{value.text}" is no date.',
                    "Write such as 2027-01-31T00:00:00Z.",
                )
        elif operator.startswith("numeric"):
            if number(value.text) is None:
                sheet.error("invalid-number", value, f'"{value.text}" is no number.', "Write digits.")
        elif operator in ("bool", "null"):
            if value.text.lower() not in ("true", "false"):
                sheet.error(
                    "invalid-bool",
                    value,
                    f'"{value.text}" is neither true nor false.',
                    "Write true or false.",
                )
        elif operator == "binaryequals":
            if not _is_base64(value.text):
                sheet.error("invalid-binary", value, f'"{value.text}" is not in base64.', "Encode it.")
        elif operator.startswith("arn"):
            if not value.text.startswith(("arn:", "*", "arn*")):
                sheet.error(
                    "invalid-arn-value",
                    value,
                    f'"{value.text}" is no ARN, so that it matches none.',
                    "Write an ARN, or use a String operator.",
                )
        elif operator in ("stringequals", "stringlike") and not _is_external_id(test, value.text):
            sheet.error(
                "invalid-external-id",
                value,
                f'"{value.text}" can be no external id: STS takes 2 to 1,224 letters, digits and _+=,.@:/-.',
                "Use another one.",
            )
        elif operator in ("stringequals", "stringnotequals") and ("*" in value.text and len(value.text) > 1):
            sheet.warn(
                "wildcard-without-like",
                value,
                f'"{value.text}": {test.operator.text} takes * for a plain character.',
                "Use StringLike where a wildcard is meant, ${*} where a star is.",
            )


def _address(sheet: Sheet, test: Test, value: Value) -> None:
    """Blocks that do not say what they mean, and private addresses, which aws:SourceIp never has."""
    network = ip_network(value.text, strict=False)
    if "/" in value.text and str(ip_interface(value.text).ip) != str(network.network_address):
        sheet.remark(
            "cidr-host-bits",
            value,
            f'"{value.text}" begins at {network.network_address}: what stands behind the prefix does not count.',
            f"Write {network}.",
        )
    if test.key.text.lower() == "aws:sourceip" and any(
        network.version == one.version and int(one[0]) <= int(network[0]) and int(network[-1]) <= int(one[-1])
        for one in _PRIVATE
    ):
        sheet.warn(
            "private-address",
            value,
            f'"{value.text}" is private; aws:SourceIp is the public address that a request comes from.',
            "Use public addresses, or aws:VpcSourceIp for requests through a VPC endpoint.",
        )


_PRIVATE = tuple(
    map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"))
)


def _is_external_id(test: Test, text: str) -> bool:
    """Whether a text can be one, where the condition is on it; wildcards may stand in a pattern."""
    if test.key.text.lower() != "sts:externalid":
        return True
    return _EXTERNAL_ID.fullmatch(text) is not None


_EXTERNAL_ID = re.compile(r"[\w+=,.@:/*?-]{2,1224}|[*]", re.ASCII)


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


_FITTING = {
    "String": ("string",),
    "ArrayOfString": ("string",),
    "ARN": ("arn", "string"),
    "ArrayOfARN": ("arn", "string"),
    "Bool": ("bool",),
    "ArrayOfBool": ("bool",),
    "Numeric": ("numeric",),
    "Date": ("date", "numeric"),
    "IPAddress": ("ipaddress", "notipaddress"),
}


def _type(sheet: Sheet, test: Test) -> None:
    """Operators that compare another kind of value than the key has."""
    _, operator, _ = plain(test)
    kind = key_type(test.key.text)
    if kind is None or operator in ("null", "binaryequals"):
        return
    if not operator.startswith(_FITTING.get(kind, ("",))):
        sheet.warn(
            "type-mismatch",
            test.operator,
            f"{test.key.text} is of type {kind}, and {test.operator.text} compares something else.",
            f"Use an operator for {kind}.",
        )
    elif kind in ("ARN", "ArrayOfARN") and operator.startswith("string"):
        sheet.remark(
            "string-operator-on-arn",
            test.operator,
            f"{test.key.text} is an ARN; {test.operator.text} compares it as one text, wildcards across its parts.",
            "Use ArnLike, which compares part by part.",
        )


def key_type(key: str) -> str | None:
    """The type of a condition key; None where the reference does not have it."""
    found = global_type(key)
    return found if found is not None else catalogue.key_type(key)


def _key(sheet: Sheet, clause: Clause, test: Test) -> None:
    key = test.key.text
    if key_type(key) is not None:
        _asked(sheet, clause, test)
        return
    service, colon, _ = key.partition(":")
    if not colon:
        sheet.error("malformed-key", test.key, f'"{key}" is no condition key.', "Write such as aws:SourceIp.")
    elif service.lower() == "aws":
        close = difflib.get_close_matches(
            key, [one for one in GLOBAL_KEYS if not one.endswith("/")], n=1, cutoff=0.6
        )
        sheet.error(
            "unknown-key",
            test.key,
            f'There is no global condition key "{key}"; the condition is never met as it is meant.',
            f"Did you mean {close[0]}?" if close else "Look it up among the global condition context keys.",
        )
    elif service.lower() in catalogue.services():
        close = difflib.get_close_matches(key, catalogue.keys_of(service.lower()), n=1, cutoff=0.6)
        sheet.error(
            "unknown-key",
            test.key,
            f'The service {service} has no condition key "{key}".',
            f"Did you mean {close[0]}?" if close else "Look it up in the Service Authorization Reference.",
        )


_OF_LISTINGS = frozenset({"s3:prefix", "s3:delimiter", "s3:max-keys"})


def _asked(sheet: Sheet, clause: Clause, test: Test) -> None:
    """A key of listings in a statement that lists nothing: the classic mistake beside s3:GetObject."""
    key = test.key.text
    if key.lower() not in _OF_LISTINGS:
        return
    some = list(catalogue.each(value.text.lower() for value in clause.of("Action")))
    if some and not any(catalogue.has_key(action, key) for action in some):
        sheet.warn(
            "key-without-action",
            test.key,
            f"Only listings have {key}; in requests for the actions of this statement it is always missing.",
            "Say which objects by the Resource, and put the condition into a statement of s3:ListBucket.",
        )


_ALWAYS = ("*", "?", "$")


def _variables(sheet: Sheet, clause: Clause) -> None:
    values = [
        *clause.of("Resource", "NotResource"),
        *(value for test in clause.tests for value in test.values),
    ]
    for value in values:
        for found in _VARIABLE.finditer(value.text):
            name = found.group(1).partition(",")[0].strip()
            if name in _ALWAYS:
                continue
            service = name.partition(":")[0].lower()
            if not name or ":" not in name:
                sheet.error(
                    "invalid-variable",
                    value,
                    f'"{found.group()}" is no policy variable.',
                    "Write such as ${aws:username}.",
                )
            elif service == "aws" and global_type(name) is None:
                sheet.error(
                    "unknown-variable",
                    value,
                    f'There is no key "{name}".',
                    "Look it up among the global condition context keys.",
                )
        if value.text.count("${") > len(_VARIABLE.findall(value.text)):
            sheet.error("invalid-variable", value, "A policy variable is not closed.", "Add the brace.")
    for value in clause.of("Action", "NotAction"):
        if "${" in value.text:
            sheet.error(
                "variable-not-allowed", value, "Variables have no place in an Action.", "Name the action."
            )


def guards(clause: Clause) -> frozenset[str]:
    """The keys that a statement asks for, in lower case."""
    return frozenset(test.key.text.lower() for test in clause.tests)
