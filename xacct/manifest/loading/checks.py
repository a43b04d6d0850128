"""The section ``checks``: what verify tries besides what follows from the links, and with which objects."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from xacct.manifest.documents import ACCESS
from xacct.manifest.loading.fields import Fields, flag_of, items_of, plain_text, text_of
from xacct.manifest.loading.names import NameProblem, parse_principal
from xacct.manifest.loading.tree import Node, Scalar, Table
from xacct.manifest.model import ASSUME, AskedCheck, Checks, Foreign, Manifest, Name, ObjectName
from xacct.problem import Problem, Severity


def build_checks(fields: Fields, table: Table) -> Checks:
    """The section of one file; what is wrong with it goes to the fields' problems.

    What has not the right shape has been told already and is passed over, so that the rest is judged.
    """
    named = (item for item in items_of(table.members.get("objects")) if isinstance(item, Scalar))
    objects = (_object(fields, item) for item in named)
    tables = (item for item in items_of(table.members.get("more")) if isinstance(item, Table))
    more = (_more(fields, item) for item in tables if _shaped(item))
    return Checks(
        objects=tuple(one for one in objects if one is not None),
        own_objects=flag_of(table, "own_objects"),
        more=tuple(one for one in more if one is not None),
    )


def _shaped(table: Table) -> bool:
    texts = all(isinstance(table.members.get(key), Scalar) for key in ("who", "where", "expect"))
    return texts and text_of(table, "expect") in ("allowed", "denied")


def _object(fields: Fields, node: Node) -> ObjectName | None:
    text = plain_text(node)
    name, key = _split(text)
    if not key or key.endswith("/"):
        fields.wrong(
            node.place,
            "Malformed object name",
            f'"{text}" names no object: it is ACCOUNT/bucket/NAME/KEY, and a key that ends in a slash is a folder.',
            "Write such as data/bucket/logs/canary.txt.",
        )
        return None
    bucket = fields.name(name, node.place, "bucket")
    return ObjectName(bucket=bucket, key=key, place=node.place) if bucket else None


def _more(fields: Fields, table: Table) -> AskedCheck | None:
    who = _who(fields, table)
    words = [plain_text(item) for item in items_of(table.members.get("access"))]
    actions = fields.actions(table.members.get("actions"))
    if not words and not actions:
        fields.wrong(
            table.place,
            "A check that tries nothing",
            "The check has neither access nor actions.",
            "Add access: [read], or actions.",
        )
        return None
    where = _where(fields, table, entering=ASSUME in words)
    if who is None or where is None:
        return None
    name, prefix, key = where
    return AskedCheck(
        who=who,
        through=text_of(table, "through"),
        actions=tuple(ACCESS.get(word, word) for word in words) + actions,
        where=name,
        prefix=prefix,
        key=key,
        expect="denied" if text_of(table, "expect") == "denied" else "allowed",
        external_id=text_of(table, "external_id"),
        place=table.place,
    )


def _who(fields: Fields, table: Table) -> Name | Foreign | None:
    node = table.members["who"]
    try:
        who = parse_principal(plain_text(node), fields.accounts, node.place)
    except NameProblem as found:
        fields.problems.append(found.problem)
        return None
    if isinstance(who, Name | Foreign):
        return who
    fields.wrong(
        node.place,
        "Nobody in particular",
        f'"{plain_text(node)}" is a whole account, and nobody could try as it.',
        "Name one of its users or roles.",
    )
    return None


def _where(fields: Fields, table: Table, *, entering: bool) -> tuple[Name, str, str] | None:
    node = table.members["where"]
    text = plain_text(node)
    if entering:
        if "through" in table.members:
            fields.wrong(
                table.keys["through"],
                "Two ways at once",
                "To assume the role of a link is what through does; a check of the way in itself has none.",
                "Take through out, and name the role under where.",
            )
        role = fields.name(text, node.place, "role")
        return (role, "", "") if role else None
    name, rest = _split(text)
    bucket = fields.name(name, node.place, "bucket")
    if bucket is None:
        return None
    lists = any(plain_text(item) == "list" for item in items_of(table.members.get("access")))
    if rest and not rest.endswith("/") and lists:
        fields.wrong(
            node.place,
            "Malformed prefix",
            f'"{text}" names one object, and what can be listed is a bucket or a prefix.',
            f'Write "{text}/".',
        )
        return None
    return (bucket, rest, "") if rest.endswith("/") else (bucket, "", rest)


def _split(text: str) -> tuple[str, str]:
    """Name of the bucket, and the key behind it."""
    parts = text.split("/", 3)
    return "/".join(parts[:3]), parts[3] if len(parts) > 3 else ""


def check_rules(manifest: Manifest) -> Iterator[Problem]:
    """What the section says against the rest of the manifest."""
    known = [*manifest.links, *manifest.roles]
    used = {bucket for link in manifest.links.values() for bucket in link.buckets}
    used |= {bucket.name for bucket in manifest.buckets.values()}
    for one in manifest.checks.objects:
        if used and one.bucket not in used and not manifest.roles:
            yield Problem(
                summary="An object of no link",
                detail=f'"{one.bucket}/{one.key}": no link leads to this bucket, so nobody would read it.',
                fix="Correct the bucket, or take the object out.",
                place=one.place,
                severity=Severity.WARNING,
            )
    for asked in manifest.checks.more:
        if asked.through and asked.through not in known:
            near = difflib.get_close_matches(asked.through, known, n=1, cutoff=0.6)
            yield Problem(
                summary="Unknown link",
                detail=f'"{asked.through}" is no link and no role of this manifest, so nothing could be tried through '
                "it.",
                fix=f'Did you mean "{near[0]}"?' if near else f"Known: {', '.join(known) or 'none'}.",
                place=asked.place,
            )
        yield from _contradiction(manifest, asked)


def _contradiction(manifest: Manifest, asked: AskedCheck) -> Iterator[Problem]:
    """A check that must be refused, of what a link declares."""
    link = manifest.links.get(asked.through)
    if link is None or asked.expect == "allowed" or asked.where not in link.buckets:
        return
    declared = {ACCESS[word] for word in link.access} | set(link.actions)
    place = asked.key or asked.prefix
    inside = not link.prefixes or any(place.startswith(prefix) for prefix in link.prefixes)
    both = sorted(declared & set(asked.actions))
    if inside and both and asked.who in link.trust:
        yield Problem(
            summary="A check against its own link",
            detail=f'"{asked.who}" must not do {", ".join(both)} in "{asked.where}/{place}", and link "{link.name}" '
            "gives just that.",
            fix="Correct one of the two.",
            place=asked.place,
        )
