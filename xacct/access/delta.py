"""Who gains and who loses what between two estates, one line each; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from xacct.access.estate import Estate
from xacct.access.questions import Question, questions_about
from xacct.access.who import Reacher, who_can
from xacct.policy.evaluate import Outcome
from xacct.policy.federation import SSO_PATH
from xacct.policy.principal import Anonymous, Federated, Service, Session

_SSO = f":role/{SSO_PATH}/"
MOST_QUESTIONS = 200
"""By name, and as many again of what only wildcards speak of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """That somebody may do something: who, through which roles, what on what.

    ``others`` are actions that documents speak of by wildcards only, beyond those that are asked by name.
    ``outside`` tells that it is none of the accounts that were read, ``sure`` that every hop is allowed for
    certain and not only possible.
    """

    who: str
    roles: tuple[str, ...]
    actions: tuple[str, ...]
    resource: str
    others: tuple[str, ...] = ()
    outside: bool = False
    public: bool = False
    sure: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """What changes; ``left_out`` counts questions beyond those that were asked."""

    gained: tuple[Access, ...]
    lost: tuple[Access, ...]
    left_out: int = 0


def delta(before: Estate, after: Estate, holders: Iterable[str], buckets: Iterable[str]) -> Delta:
    """Who gains or loses access by what these roles, groups and users (ARNs) hold and by the policies of these buckets.

    The questions are the actions and resources of their documents, before and after.
    """
    questions = questions_about((before, after), holders, buckets)
    by_name = [one for one in questions if not one.alike]
    beyond = [one for one in questions if one.alike]
    asked = [*by_name[:MOST_QUESTIONS], *beyond[:MOST_QUESTIONS]]
    had, has = _told(ways(before, asked)), _told(ways(after, asked))
    return Delta(
        gained=_grouped({way: sure for way, sure in has.items() if way not in had}),
        lost=_grouped({way: sure for way, sure in had.items() if way not in has}),
        left_out=len(questions) - len(asked),
    )


class Way(NamedTuple):
    """Somebody's way to an answer: who, through which roles, what on what; ``alike`` as in a question."""

    who: str
    roles: tuple[str, ...]
    action: str
    shown: str
    alike: tuple[str, ...]
    outside: bool
    public: bool


def ways(estate: Estate, questions: Iterable[Question]) -> dict[Way, bool]:
    """Every way to an answer, and whether it is certain."""
    found: dict[Way, bool] = {}
    for question in questions:
        for reacher in who_can(estate, question.action, question.resource, dict(question.context)):
            if isinstance(reacher.principal, Session) and not reacher.outside and not _people(reacher):
                continue  # a role is a way for somebody, not somebody
            key = Way(
                _arn(reacher),
                reacher.roles,
                question.action,
                question.shown,
                question.alike,
                reacher.outside,
                isinstance(reacher.principal, Anonymous),
            )
            found[key] = reacher.outcome is Outcome.ALLOWED
    return found


def _told(found: Mapping[Way, bool]) -> dict[Way, bool]:
    """Without the ways through a role of Identity Center: the people with that permission set are told instead."""
    return {way: sure for way, sure in found.items() if not any(_SSO in role for role in way.roles)}


def _people(reacher: Reacher) -> bool:
    """Whether it is the role of a permission set, which stands for whoever Identity Center signs in."""
    return isinstance(reacher.principal, Session) and _SSO in reacher.principal.role_arn


def _arn(reacher: Reacher) -> str:
    if isinstance(reacher.principal, Anonymous):
        return "*"
    principal = reacher.principal
    if isinstance(principal, Federated | Service):
        return principal.called
    return principal.role_arn if isinstance(principal, Session) else principal.arn


def _grouped(ways: Mapping[Way, bool]) -> tuple[Access, ...]:
    """The same people on the same way to the same thing, with all they may do there."""
    table: dict[tuple[str, tuple[str, ...], str, bool, bool, bool], list[Way]] = {}
    for way, sure in ways.items():
        key = (way.who, way.roles, way.shown, way.outside, way.public, sure)
        table.setdefault(key, []).append(way)
    return tuple(
        Access(
            who=who,
            roles=roles,
            actions=tuple(way.action for way in some if not way.alike),
            others=tuple(sorted(action for way in some for action in way.alike)),
            resource=shown,
            outside=outside,
            public=public,
            sure=sure,
        )
        for (who, roles, shown, outside, public, sure), some in sorted(table.items())
    )
