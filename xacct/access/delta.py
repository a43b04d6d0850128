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


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """That somebody may do something: who, through which roles, what on what.

    ``outside`` tells that it is none of the accounts that were read, ``sure`` that every hop is allowed for
    certain and not only possible.
    """

    who: str
    roles: tuple[str, ...]
    actions: tuple[str, ...]
    resource: str
    outside: bool = False
    public: bool = False
    sure: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """What changes; ``left_out`` counts questions beyond those that were asked."""

    gained: tuple[Access, ...]
    lost: tuple[Access, ...]
    left_out: int = 0


def delta(before: Estate, after: Estate, roles: Iterable[str], buckets: Iterable[str]) -> Delta:
    """Who gains or loses access by what these roles (ARNs) allow and by the policies of these buckets.

    The questions are the actions and resources of their documents, before and after.
    """
    questions = questions_about((before, after), roles, buckets)
    asked = questions[:MOST_QUESTIONS]
    had, has = _told(ways(before, asked)), _told(ways(after, asked))
    return Delta(
        gained=_grouped({way: sure for way, sure in has.items() if way not in had}),
        lost=_grouped({way: sure for way, sure in had.items() if way not in has}),
        left_out=len(questions) - len(asked),
    )


class Way(NamedTuple):
    """Somebody's way to an answer: who, through which roles, what on what."""

    who: str
    roles: tuple[str, ...]
    action: str
    shown: str
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
    table: dict[tuple[str, tuple[str, ...], str, bool, bool, bool], list[str]] = {}
    for (who, roles, action, shown, outside, public), sure in ways.items():
        table.setdefault((who, roles, shown, outside, public, sure), []).append(action)
    return tuple(
        Access(
            who=who,
            roles=roles,
            actions=tuple(actions),
            resource=shown,
            outside=outside,
            public=public,
            sure=sure,
        )
        for (who, roles, shown, outside, public, sure), actions in sorted(table.items())
    )
