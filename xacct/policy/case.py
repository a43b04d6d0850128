"""Unit tests for policies: one case is a request, the documents that have a say, and the expected answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from xacct.policy.document import Document, MalformedDocument
from xacct.policy.evaluate import Decision, Level, Named, Outcome, Policies, Request, decide
from xacct.policy.principal import Anonymous, Principal, parse_principal
from xacct.problem import BadInput, Place, Problem

_LAYERS = ("identity", "resource", "session", "boundary", "scp", "rcp", "vpc_endpoint")
_OF_PROVIDERS = ("sts:assumerolewithwebidentity", "sts:assumerolewithsaml")
_REQUEST = ("principal", "action", "resource", "resource_account", "context", "unknown_keys")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case; ``place`` is where it stands, for messages."""

    name: str
    request: Request
    policies: Policies
    expected: Outcome
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A case and what came out."""

    case: Case
    decision: Decision

    @property
    def passed(self) -> bool:
        """Whether it came out as expected."""
        return self.decision.outcome is self.case.expected


def judge(case: Case) -> Verdict:
    """The case, decided."""
    return Verdict(case=case, decision=decide(case.request, case.policies))


def read_cases(text: str, file: str = "") -> tuple[Case, ...]:
    """The cases of a JSON Lines text, one a line; empty lines are skipped.

    Raises:
        BadInput: with every problem of every line.
    """
    cases: list[Case] = []
    problems: list[Problem] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            cases.append(read_case(line, Place(file, number, 1)))
        except BadInput as found:
            problems += found.problems
    if problems:
        raise BadInput(problems)
    return tuple(cases)


def read_case(given: str | Mapping[str, Any], place: Place | None = None) -> Case:
    """One case from its text or from a mapping.

    What a case holds beside name, request, policies and expected is its author's own. Beside what a request
    may say, ``unknown_keys`` lists condition keys of which nothing is known, and ``unknown`` among the
    policies lists layers that could not be read. A key whose value is null is absent. Resource control
    policies only ever deny: the service itself attaches one that allows everything beside them.

    Raises:
        BadInput: with every problem of the case.
    """
    if isinstance(given, str):
        try:
            given = json.loads(given, parse_constant=_no_number)
        except json.JSONDecodeError as error:
            where = Place(place.file, place.line, error.colno) if place else None
            raise BadInput([_problem(where, "Not JSON", f"Not JSON: {error.msg}.")]) from None
        except ValueError:  # neither a constant that JSON has not, nor more digits than Python converts
            raise BadInput([_problem(place, "Not JSON", "A number in it is none, or too long.")]) from None
        except RecursionError:
            raise BadInput([_problem(place, "Not JSON", "It is nested too deep.")]) from None
    reader = _Reader(place)
    case = reader.case(given)
    if case is None or reader.problems:
        raise BadInput(reader.problems)
    return case


class _Reader:
    """Walks one case and gathers what is wrong with it."""

    def __init__(self, place: Place | None) -> None:
        self.place = place
        self.problems: list[Problem] = []

    def wrong(self, path: str, why: str) -> None:
        self.problems.append(_problem(self.place, "Not a case", f"{path} {why}"))

    def mapping(self, given: object, path: str, known: tuple[str, ...]) -> Mapping[str, Any]:
        if not isinstance(given, Mapping):
            self.wrong(path, "must be an object.")
            return {}
        for key in given:
            if known and key not in known:
                self.wrong(f"{path}.{key}", f"is not known; {path} may hold {', '.join(known)}.")
        return given

    def case(self, given: object) -> Case | None:
        top = self.mapping(given, "case", ())
        request = self.request(top.get("request"))
        policies = self.policies(top.get("policies", {}))
        expected = self.expected(top.get("expected"))
        name = top.get("name", "")
        if not isinstance(name, str):
            self.wrong("name", "must be a text.")
        if request is None or expected is None:
            return None
        return Case(name=str(name), request=request, policies=policies, expected=expected, place=self.place)

    def expected(self, given: object) -> Outcome | None:
        word = given.get("decision") if isinstance(given, Mapping) else given
        try:
            return Outcome(word)
        except ValueError:
            words = ", ".join(outcome.value for outcome in Outcome)
            self.wrong("expected.decision", f"must be one of {words}.")
            return None

    def request(self, given: object) -> Request | None:
        parts = self.mapping(given, "request", _REQUEST)
        for key in ("action", "resource"):
            if not isinstance(parts.get(key), str) or not parts[key]:
                self.wrong(f"request.{key}", "must be a text.")
        if isinstance(parts.get("action"), str) and ":" not in parts["action"]:
            self.wrong("request.action", "must be written as service:Action.")
        context = self.mapping(parts.get("context", {}), "request.context", ())
        context = {key: value for key, value in context.items() if value is not None}
        for key, value in context.items():
            several = value if isinstance(value, list) else [value]
            if any(not isinstance(one, str | bool | int | float) for one in several):
                self.wrong(
                    f"request.context.{key}", "must be a text, a number, true or false, or a list of them."
                )
        owner = parts.get("resource_account", "")
        if not isinstance(owner, str):
            self.wrong("request.resource_account", 'must be a text: write "012345678901", with quotes.')
        principal = self.principal(parts.get("principal"), context, parts.get("action"))
        if self.problems or principal is None:
            return None
        return Request.of(
            principal,
            parts["action"],
            parts["resource"],
            resource_account=owner,
            context=context,
            unknown_keys=self.texts(parts.get("unknown_keys", []), "request.unknown_keys"),
        )

    def principal(self, given: object, context: Mapping[str, Any], action: object) -> Principal | None:
        """Who asks; of a session the role's path is taken from a given aws:PrincipalArn that fits.

        Who enters a role with a token or an assertion is whoever the named provider vouches for.
        """
        if given == "*" or (isinstance(given, Mapping) and given.get("type") == "Anonymous"):
            return Anonymous()
        if not isinstance(given, str | Mapping):
            self.wrong("request.principal", "must be an ARN, a service's name, or an object.")
            return None
        role = next((value for key, value in context.items() if key.lower() == "aws:principalarn"), None)
        if isinstance(given, Mapping):
            given = {str(key): str(value) for key, value in given.items()}
        elif _is_role_of(role, given):
            given = {"arn": given, "role": str(role)}
        elif str(action).lower() in _OF_PROVIDERS and not given.startswith("arn:"):
            given = {"type": "Federated", "arn": given}
        try:
            return parse_principal(given)
        except (ValueError, KeyError) as error:
            self.wrong("request.principal", f"is no principal: {error}.")
            return None

    def texts(self, given: object, path: str) -> tuple[str, ...]:
        if not isinstance(given, list) or any(not isinstance(one, str) for one in given):
            self.wrong(path, "must be a list of texts.")
            return ()
        return tuple(given)

    def policies(self, given: object) -> Policies:
        parts = self.mapping(given, "policies", (*_LAYERS, "unknown"))
        unknown = self.texts(parts.get("unknown", []), "policies.unknown")
        for layer in unknown:
            if layer not in _LAYERS:
                self.wrong("policies.unknown", f"may name {', '.join(_LAYERS)}.")
        resource = self.documents(parts.get("resource"), "policies.resource")
        if len(resource) > 1:
            self.wrong("policies.resource", "must be one document: a resource has one policy.")
        boundary = self.documents(parts.get("boundary"), "policies.boundary")
        session = self.documents(parts.get("session"), "policies.session")
        return Policies(
            identity=self.documents(parts.get("identity"), "policies.identity"),
            resource=resource[0].document if resource else None,
            session=tuple(named.document for named in session) if parts.get("session") else None,
            boundary=tuple(named.document for named in boundary) or None,
            scp=self.levels(parts.get("scp"), "policies.scp"),
            rcp=self.levels(parts.get("rcp"), "policies.rcp"),
            vpc_endpoint=tuple(
                named.document for named in self.documents(parts.get("vpc_endpoint"), "policies.vpc_endpoint")
            ),
            unknown=frozenset(unknown),
        )

    def levels(self, given: object, path: str) -> tuple[Level, ...]:
        found: list[Level] = []
        for number, item in enumerate(given if isinstance(given, list) else [] if given is None else [given]):
            where = f"{path}[{number}]"
            if isinstance(item, Mapping) and "policies" in item:
                self.mapping(item, where, ("orgIdentifier", "policies"))
                name = str(item.get("orgIdentifier", ""))
                found.append(Level(name, self.documents(item["policies"], f"{where}.policies")))
            else:
                found.append(Level("", self.documents(item, where)))
        return tuple(found)

    def documents(self, given: object, path: str) -> tuple[Named, ...]:
        """One document or a list of them, each bare or as ``{"name": ..., "policy": ...}``."""
        if given is None:
            return ()
        if not isinstance(given, list):
            return self.document(given, path)
        return tuple(
            named for number, item in enumerate(given) for named in self.document(item, f"{path}[{number}]")
        )

    def document(self, given: object, path: str) -> tuple[Named, ...]:
        name = ""
        if isinstance(given, Mapping) and "policy" in given and "Statement" not in given:
            self.mapping(given, path, ("name", "policy"))
            name, given, path = str(given.get("name", "")), given["policy"], f"{path}.policy"
        if not isinstance(given, str | Mapping):
            self.wrong(path, "must be a policy document.")
            return ()
        try:
            return (Named(name, Document.parse(given)),)
        except MalformedDocument as found:
            self.problems += [
                _problem(self.place, problem.summary, f"{path}: {problem.detail}", problem.fix)
                for problem in found.problems
            ]
            return ()


def _no_number(word: str) -> object:
    raise ValueError(word)


def _is_role_of(role: object, session: str) -> bool:
    """Whether a role's ARN can be that of an assumed-role ARN."""
    if not isinstance(role, str) or ":role/" not in role or ":assumed-role/" not in session:
        return False
    account, name = session.split(":")[4], session.partition(":assumed-role/")[2].partition("/")[0]
    return role.split(":")[4:5] == [account] and role.rpartition("/")[2] == name


def _problem(place: Place | None, summary: str, detail: str, fix: str = "Correct the case.") -> Problem:
    return Problem(summary=summary, detail=detail, fix=fix, place=place)
