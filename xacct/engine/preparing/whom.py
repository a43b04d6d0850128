"""Whom or what the word of a revocation means, and what comes near where nothing goes by it; pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from xacct.engine.estates import named
from xacct.errors import BadUsage
from xacct.kinds.role import Role
from xacct.manifest.model import (
    Foreign,
    LinkSpec,
    Manifest,
    Name,
    TrustList,
    WholeAccount,
    WrittenDocument,
)
from xacct.plan.reach import admits, anchor, names
from xacct.policy.arn import Arn, account_of, is_account_id
from xacct.policy.document import Document
from xacct.policy.principal import is_unique_id
from xacct.policy.shared import Part, parts
from xacct.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Who goes out of which roles; without ``people`` everybody does."""

    roles: tuple[Name, ...]
    people: frozenset[str] = frozenset()


def target_of(manifest: Manifest, text: str) -> Target:
    """What a user means by the name of a link, a role or a principal.

    Raises:
        BadUsage: nothing of the manifest goes by that name, and it is none that a principal can have; or it means
            more than one thing.
    """
    roles = {str(name): name for name in _roles(manifest)}
    meant = {
        full: name
        for full, name in sorted(roles.items())
        if text in (full, name.arn, name.name, f"role/{name.name}")
    }
    link = manifest.links.get(text)
    if len(meant) > 1 or (link is not None and meant and str(link.role) not in meant):
        also = f'the link "{text}" into {link.role}, and ' if link is not None else ""
        raise BadUsage(
            f'"{text}" means more than one thing: {also}{", ".join(meant)}; nothing was changed',
            fix=f"Say which role: {' or '.join(dict.fromkeys((*meant, *([str(link.role)] if link else []))))}.",
        )
    if link is not None:
        return _of_link(manifest, link)
    for name in meant.values():
        return Target(roles=(name,))
    person = _person(manifest, text)
    if person is not None:
        return Target(roles=tuple(roles[one] for one in sorted(roles)), people=frozenset({person}))
    raise BadUsage(
        f'"{text}" is no link, role or principal of the manifest {manifest.name}; nothing was changed',
        fix=f"{near(manifest, text)} A principal is an ARN, an account, or ACCOUNT/user/NAME.",
    )


def near(manifest: Manifest, text: str) -> str:
    """What a user may have meant by a word that nothing goes by, in a sentence or two."""
    roles = sorted(str(name) for name in _roles(manifest))
    words = {*manifest.links, *manifest.accounts, *roles}
    words |= {str(one) for one in named(manifest) if one.kind in ("user", "role")}
    words |= set(_foreign(manifest))
    by_end: dict[str, list[str]] = {}
    for word in sorted(words):  # by their ends, because what comes before them is alike in all
        by_end.setdefault(_end(word), []).append(word)
    close = difflib.get_close_matches(_end(text), by_end, n=3, cutoff=0.6)
    if close:
        return f"Did you mean {' or '.join(word for end in close for word in by_end[end])}?"
    return f"Links: {', '.join(sorted(manifest.links)) or 'none'}. Roles: {', '.join(roles) or 'none'}."


def unknown(manifest: Manifest, snapshots: Mapping[str, Snapshot], target: Target) -> tuple[str, ...]:
    """The people of a target whom no trust of its roles lets in, and of whom nothing else speaks by name either:
    not the manifest, and no account that was read.

    Who is meant by the manifest only as one of a group or of an account is among them, once the trust does not let
    them in any more: nothing tells such a name from a slip of the pen.
    """
    known = {anchor(one.arn) for one in named(manifest)} | {anchor(one) for one in _foreign(manifest)}
    known |= {spec.account.id for spec in manifest.accounts.values()}
    known |= {account_of(one) for one in _foreign(manifest)}
    for snapshot in snapshots.values():
        known |= {anchor(user.arn) for user in snapshot.users.values()}
        known |= {anchor(role.arn) for role in snapshot.roles.values()}
    own = {name.arn for name in target.roles}
    trusts = [role for snapshot in snapshots.values() for role in Role.pick(snapshot)]
    others = [bucket.policy for snapshot in snapshots.values() for bucket in snapshot.buckets.values()]
    documents = [role.trust for role in trusts] + [one for one in others if isinstance(one, Document)]
    return tuple(
        one
        for one in sorted(target.people)
        if anchor(one) not in known
        and not any(admits(role.trust, one) for role in trusts if role.arn in own)
        and not any(_speaks(document, one) for document in documents)
    )


def _speaks(document: Document, person: str) -> bool:
    """Whether a document names someone, and not only everybody, or their whole account."""
    return any(
        _name(part) not in ("", account_of(person)) and names(part, person) for part in parts(document)
    )


def _name(part: Part) -> str:
    """The ARN or the account that a part names; "" where it names nobody of IAM, or everybody."""
    one = part.principal
    if one is None or one.type != "AWS" or one.value == "*" or is_unique_id(one.value):
        return ""
    return one.value


def _end(word: str) -> str:
    return word.lower().rpartition("/")[2]


def _foreign(manifest: Manifest) -> Iterator[str]:
    """Principals of other accounts that the manifest lets in by ARN, and all that its documents name."""
    trusts = [link.trust for link in manifest.links.values()]
    for role in manifest.roles.values():
        match role.trust:
            case TrustList(principals=principals):
                trusts.append(principals)
            case WrittenDocument(document=document):
                yield from (name for part in parts(document) if (name := _name(part)))
    yield from (one.arn for trust in trusts for one in trust if isinstance(one, Foreign))


def _roles(manifest: Manifest) -> Iterator[Name]:
    yield from (link.role for link in manifest.links.values())
    yield from (role.name for role in manifest.roles.values() if role.name.account.name in manifest.owners)


def _of_link(manifest: Manifest, link: LinkSpec) -> Target:
    """The link's role; where it serves others too and everybody is named, only the link's own people."""
    others = [one for one in manifest.links.values() if one.role == link.role and one.name != link.name]
    spec = manifest.roles.get(str(link.role))
    shared = bool(others) or (spec is not None and spec.existing)
    people: set[str] = set()
    for trusted in link.trust:
        match trusted:
            case Name():
                people.add(trusted.arn)
            case Foreign(arn=arn):
                people.add(arn)
            case WholeAccount(account=account):
                people.add(account.id)
            case _:
                return Target(roles=(link.role,))
    return Target(roles=(link.role,), people=frozenset(people) if shared else frozenset())


def _person(manifest: Manifest, text: str) -> str | None:
    """An ARN or an account id; None where the text is neither, nor a name that gives one."""
    accounts = {name: spec.account for name, spec in manifest.accounts.items()}
    if text in accounts:
        return accounts[text].id
    if is_account_id(text):
        return text
    arn = Arn.parse(text)
    if arn is not None and arn.service == "sts" and arn.resource.startswith("assumed-role/"):
        return f"arn:{arn.partition}:iam::{arn.account}:role/{arn.resource.split('/')[1]}"
    if arn is not None and arn.resource == "root":
        return arn.account
    if arn is not None and arn.resource.startswith(("user/", "role/")):
        return text
    account, _, rest = text.partition("/")
    if account in accounts and rest.partition("/")[0] in ("user", "role"):
        return accounts[account].iam_arn(rest)
    return None
