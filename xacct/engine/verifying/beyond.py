"""What somebody may do in a bucket beyond what is declared: sought by proof, believed by decision; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from xacct.access.estate import Estate
from xacct.access.explain import Hop, ending
from xacct.manifest.documents import ACCESS
from xacct.platform import platform_named
from xacct.policy.addressed import Known, addressed, joined, of_effect
from xacct.policy.document import Document, Statement
from xacct.policy.evaluate import Outcome
from xacct.policy.principal import Principal, Session
from xacct.policy.proof.prove import Counterexample, NotDecided, Proven, allows, no_more_than
from xacct.policy.request import Request, keys_of

_MOST = 24
"""So many actions that a proof names are decided one by one; with more nothing is decided."""
_WELL_KNOWN = (*ACCESS.values(), "s3:PutBucketPolicy", "s3:DeleteBucket", "s3:GetObjectVersion")
_LAYERS = ("identity", "resource")
_OF_WHO = ("aws:principal", "aws:username", "aws:userid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Excess:
    """A request that is allowed and not declared, with its hops; or why that could not be decided."""

    request: Request | None = None
    hops: tuple[Hop, ...] = ()
    doubt: str = ""

    @property
    def when(self) -> tuple[tuple[str, str], ...]:
        """The keys and values that it takes."""
        if self.request is None:
            return ()
        given = self.hops[0].request.context
        asked = [(key, one) for key, values in self.request.context.items() for one in values]
        asked = [(key, one) for key, one in asked if given.get(key) == (one,) and not key.startswith(_OF_WHO)]
        return tuple(dict.fromkeys([*asked, *(pair for hop in self.hops for pair in hop.settled.when)]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Who asks, in which bucket (its ARN), and what is declared: a request is, where one document allows it.

    ``vouched`` tells which statements of the bucket's policy are declared. With ``given`` only what the bucket's policy
    gives by itself is looked at. ``now`` is the time as in ``aws:CurrentTime``.
    """

    principal: Principal
    bucket: str
    declared: tuple[Document, ...]
    vouched: Callable[[Statement], bool]
    given: bool = False
    now: str = ""


def beyond(estate: Estate, asked: Asked) -> Excess | None:
    """An action of S3 on the bucket or its objects that the live documents allow and nothing declares; None if none.

    Every alternative is a set of documents all of which must allow, so that one that is proven to give no more than
    is declared is enough for it. A request that a proof finds is believed only if the decision over all documents
    allows it too.
    """
    return _Search(estate, asked).found()


class _Search:
    """The documents that have a say, each as it speaks to who asks."""

    def __init__(self, estate: Estate, asked: Asked) -> None:
        self._estate = estate
        self._asked = asked
        owner = estate.owner(asked.bucket)
        sample = f"{asked.bucket}/xacct-sample"
        request = Request.of(asked.principal, "s3:GetObject", sample, resource_account=owner)
        policies, gaps = estate.policies(request)
        self._gaps = "; ".join(dict.fromkeys(gap.reason for gap in gaps))
        self._known = known_of(estate, asked.principal, owner, asked.now)
        limits = policies.boundary
        caps = (limits,) if isinstance(limits, Document) else limits or ()
        spoken = partial(addressed, asking=request, known=self._known, bounded=bool(caps))
        mine = joined(spoken(one.document) for one in policies.identity)
        capped = tuple(spoken(one) for one in caps)
        home = not request.across
        platform = platform_named(estate.snapshots[owner].platform) if owner in estate.snapshots else None
        delegates = home and (platform is None or platform.account_delegates)
        resource = policies.resource or Document.of()
        declared = spoken(resource, delegates=delegates, chosen=asked.vouched)
        given = spoken(resource, delegates=delegates, chosen=lambda one: not asked.vouched(one))
        self._declared = (*(spoken(one) for one in asked.declared), of_effect(declared, "Allow"))
        self._denies = [of_effect(one, "Deny") for one in (mine, *capped, given)]
        unread = {layer: "; ".join(one.reason for one in gaps if one.layer == layer) for layer in _LAYERS}
        self._unread = {id(mine): unread["identity"], id(given): unread["resource"]}
        self._alternatives: list[tuple[Document, ...]] = [(given,) if home else (given, mine, *capped)]
        if home and not asked.given:
            self._alternatives.append((mine, *capped))

    def found(self) -> Excess | None:
        """Of the first alternative that gives more for certain, else of one where that is not decided."""
        found = [one for every in self._alternatives if (one := self._of_all(every)) is not None]
        return next((one for one in found if one.request is not None), found[0] if found else None)

    def _of_all(self, documents: tuple[Document, ...]) -> Excess | None:
        answers: list[Excess] = []
        for one in documents:
            answer = self._one(one)
            if answer is None and (doubt := self._unread.get(id(one))):
                answer = Excess(doubt=doubt)
            if answer is None:
                return None
            answers.append(answer)
        return next((one for one in answers if one.request is not None), answers[0])

    def _one(self, document: Document) -> Excess | None:
        """What of one document is more; None where nothing is."""
        inside: list[dict[str, Any]] = [
            {"Effect": "Deny", "Action": "*", "NotResource": [self._asked.bucket, f"{self._asked.bucket}/*"]},
            {"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"},
        ]
        left: list[str] = []
        doubt = ""
        for _ in range(_MOST):
            if left:
                inside[2:] = [{"Effect": "Deny", "Action": left, "Resource": "*"}]
            answer = self._more(joined([document, *self._denies, Document.of(*inside)]))
            if isinstance(answer, Proven):
                return Excess(doubt=doubt) if doubt else None
            if isinstance(answer, NotDecided):
                return Excess(doubt=answer.reason)
            hops = tuple(self._ask(answer.request))
            if all(hop.outcome is Outcome.ALLOWED for hop in hops):
                return self._better_known([document, *self._denies, Document.of(*inside)]) or Excess(
                    request=answer.request, hops=hops
                )
            if hops[0].outcome is not Outcome.ALLOWED:
                doubt = (
                    self._gaps or hops[0].settled.decision.reason or "something takes a part of it away again"
                )
            left.append(answer.request.action)
        return Excess(doubt=doubt or "there are too many requests to look at")

    def _better_known(self, documents: list[Document]) -> Excess | None:
        """The same by an action that people know, where one is allowed too."""
        for action in _WELL_KNOWN:
            others = Document.of({"Effect": "Deny", "NotAction": action, "Resource": "*"})
            answer = self._more(joined([*documents, others]))
            if isinstance(answer, Counterexample):
                hops = tuple(self._ask(answer.request))
                if all(hop.outcome is Outcome.ALLOWED for hop in hops):
                    return Excess(request=answer.request, hops=hops)
        return None

    def _more(self, document: Document) -> Proven | NotDecided | Counterexample:
        """What a document allows beyond all that is declared, a Deny in one of several declared ones not believed."""
        whole = no_more_than(document, joined(of_effect(one, "Allow") for one in self._declared))
        answers = [whole]
        answers += [no_more_than(document, one) for one in self._declared if _denies(one)]
        for answer in answers:
            if isinstance(answer, Counterexample) and not self._is_declared(answer.request):
                return answer
        return (
            NotDecided("it hangs on a Deny among what is declared")
            if isinstance(whole, Counterexample)
            else whole
        )

    def _is_declared(self, request: Request) -> bool:
        return any(allows(one, request) is not False for one in self._declared)

    def _ask(self, request: Request) -> Iterator[Hop]:
        """The request as it comes from who asks."""
        context: dict[str, object] = {
            key: values
            for key, values in request.context.items()
            if key not in self._known and not key.startswith(_OF_WHO)
        }
        if self._asked.now:
            context["aws:CurrentTime"] = self._asked.now
        return ending(self._estate, self._asked.principal, request.action, request.resource, context)


def _denies(document: Document) -> bool:
    return any(one.effect == "Deny" for one in document.statements)


def known_of(estate: Estate, principal: Principal, owner: str, now: str) -> Known:
    """The keys that follow from who asks, from the bucket and from the time; what a session does not bring."""
    known = dict(keys_of(principal))
    known |= {f"aws:principaltag/{tag}".lower(): (value,) for tag, value in estate.tags(principal).items()}
    known |= {"aws:resourceaccount": (owner,), "aws:securetransport": ("true",)}
    if now:
        known["aws:currenttime"] = (now,)
    if isinstance(principal, Session):
        known |= dict.fromkeys(("aws:multifactorauthpresent", "aws:multifactorauthage"), ())
    return known
