"""Which parts of which accounts a manifest speaks of, read into snapshots."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from xacct.engine.gateway import Gateway
from xacct.engine.reading.read import read_accounts
from xacct.manifest.desired.provided import providers_of
from xacct.manifest.model import Manifest
from xacct.snapshot import Snapshot


def observe(
    gateways: Mapping[str, Gateway],
    manifests: Iterable[Manifest],
    *,
    also: str = "",
    more: Iterable[tuple[str, str]] = (),
) -> dict[str, Snapshot]:
    """A snapshot of every account, with the buckets and identity providers that any of these manifests names, and
    one more bucket if asked.

    ``more`` are further buckets, each with the name of its account.

    What cannot be read is a gap in the snapshot; one account that cannot be reached does not stop the others.

    Raises:
        Refused: the credentials of an account belong to another one.
    """
    buckets: dict[str, set[str]] = {name: set() for name in gateways}
    providers: dict[str, set[str]] = {name: set() for name in gateways}
    for manifest in manifests:
        named = [bucket.name for bucket in manifest.buckets.values()]
        named += [bucket for link in manifest.links.values() for bucket in link.buckets]
        for bucket in named:
            buckets.setdefault(bucket.account.name, set()).add(bucket.name)
        for one in providers_of(manifest):
            providers.setdefault(one.account.name, set()).add(one.arn)
        for gone in manifest.removed:
            if gone.kind == "bucket-policy":
                buckets.setdefault(gone.account.name, set()).add(gone.parts[0])
    for account, name in more:
        buckets.setdefault(account, set()).add(name)
    if also and not any(also in names for names in buckets.values()):
        for names in buckets.values():
            names.add(also)
    return read_accounts(gateways, buckets=buckets, providers=providers)
