"""How often a proof does not know: over the examples, and over documents as the public pages have them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from xacct.kinds.bucket_policy import BucketPolicy
from xacct.manifest.desired.desire import desire
from xacct.manifest.loading.load import load_manifest
from xacct.policy.document import Document, MalformedDocument
from xacct.policy.proof.prove import Answer, NotDecided, dead_statements, no_more_than, reaches_beyond

ROOT = Path(__file__).parents[2]
TABLES = ROOT / "tests" / "unit" / "policy" / "tables"
EXAMPLES = {
    "seed-plain": ["seed-plain/xacct.yaml"],
    "seed-link": ["seed-link.yaml"],
    "read-only-prefix": ["read-only-prefix.yaml"],
    "many-buckets": ["many-buckets.yaml"],
    "role-chaining": ["role-chaining.yaml"],
    "external-id-mfa": ["external-id-mfa.yaml"],
}


def documents() -> Iterator[Document]:
    """Those of the manifests, then those of the tables that are in the style of the public examples."""
    for files in EXAMPLES.values():
        state = desire(load_manifest([str(ROOT / "manifests" / file) for file in files]), {}).state
        for resource in state.resources.values():
            for _, value in resource.shown():
                if isinstance(value, Document) and not isinstance(resource, BucketPolicy):
                    yield value
    for name in ("clean.jsonl", "lint.jsonl"):
        for line in (TABLES / name).read_text().splitlines():
            row = json.loads(line)
            if "policy" in row:
                try:
                    yield Document.parse(row["policy"])
                except MalformedDocument:
                    continue
    for line in (TABLES / "proofs.jsonl").read_text().splitlines():
        row = json.loads(line)
        for side in ("old", "new"):
            bodies = row[side] if isinstance(row[side], list) else [row[side]]
            yield Document.of(*({"Effect": "Allow", **body} for body in bodies))


def answers(found: list[Document]) -> Iterator[Answer]:
    for one, other in zip(found, [*found[1:], found[0]], strict=True):
        yield no_more_than(one, other)
        yield no_more_than(other, one)
        yield from (answer for _, answer in dead_statements(one))
        if any(statement.principals for statement in one.statements):
            yield reaches_beyond(one, ["111122223333"])


def test_at_most_one_question_in_twenty_is_not_decided() -> None:
    found = list(documents())
    assert len(found) >= 200
    given = list(answers(found))
    open_ones = [answer for answer in given if isinstance(answer, NotDecided)]
    print(f"{len(open_ones)} of {len(given)} questions over {len(found)} documents are not decided")
    assert len(given) > 800
    assert len(open_ones) <= len(given) * 0.05
