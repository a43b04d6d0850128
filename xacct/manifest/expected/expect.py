"""What must work and what must not, if the manifest is true: the checks that verify tries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from xacct.check import Caller, Check, Want
from xacct.manifest.documents import ACCESS
from xacct.manifest.expected.paths import EVERYBODY, Path, Target, paths
from xacct.manifest.expected.reach import bucket_may_allow, may_allow
from xacct.manifest.model import Manifest, Name, RoleSpec, UserSpec
from xacct.snapshot import Snapshot

ASSUME = "sts:AssumeRole"
WRONG_ID = "xacct-wrong-id"
UNDECLARED = "xacct-undeclared"
"""The key of a session tag that no manifest has."""
LONGEST_CHAINED = 3600
"""A session that is opened from a session lasts one hour at most; asking for more fails."""

_WORDS = {action: word for word, action in ACCESS.items()}


def expect(
    manifest: Manifest, snapshots: Mapping[str, Snapshot], *, now: str = "", own_objects: bool = False
) -> tuple[Check, ...]:
    """Every check that follows from the manifest: for each path what is declared first, then what is not.

    ``snapshots`` tell who is in a group. ``now`` is the time in UTC as manifests write it
    (``2027-01-31T00:00:00Z``): of a link that has ended by then nothing may work any more. What must not work
    is asked only where nothing that the manifest says of the same role could allow it; with ``own_objects`` also
    what needs an object of ours in the place.
    """
    found = paths(manifest, snapshots)
    checks: list[Check] = []
    for path in found:
        negatives = _Negatives(manifest, found, path, own_objects)
        if now and path.conditions.expires and now >= path.conditions.expires:
            checks += negatives.of_the_ended()
        else:
            checks += _must(manifest, path)
            checks += negatives.all()
    return tuple(dict.fromkeys(checks))


def hops(manifest: Manifest, link: str) -> tuple[Check, ...]:
    """The ways into the role of a link (or of a role of the plain form), by whoever the manifest names.

    Nothing is read for it: of a group or an account that is trusted, these are the users with a profile.
    """
    found: list[Check] = []
    for path in paths(manifest, {}):
        if path.name == link:
            named = [*path.callers]
            for user in manifest.users.values():
                if user.profile and user.name.account.id in path.open_to:
                    named.append(Caller(account=user.name.account, arn=user.name.arn, profile=user.profile))
            found += [hop(path, caller) for caller in {(one.arn, one.claims): one for one in named}.values()]
            found += [hop(path, caller) for caller, _ in path.unnamed]
    return tuple(found)


def crowds(manifest: Manifest) -> frozenset[str]:
    """The accounts (by name) whose users have to be read to tell who stands behind a trust."""
    known = paths(manifest, {})
    ids = {number for path in known for number in path.open_to}
    ids |= {one.account.id for path in known for one in path.callers if "?" in one.arn}  # permission sets
    return frozenset(name for name, spec in manifest.accounts.items() if spec.account.id in ids)


def places(manifest: Manifest, link: str) -> tuple[tuple[str, str], ...]:
    """Bucket and prefix ("" for all of it) of everything that a link leads to."""
    found = [
        (target.bucket.name, target.prefix or "")
        for path in paths(manifest, {})
        if path.name == link
        for target in path.targets
        if ACCESS["list"] in target.actions or len(path.targets) == 1
    ]
    return tuple(dict.fromkeys(found))


def reached(manifest: Manifest) -> frozenset[Name]:
    """The buckets that any path leads to, by a link or by the written documents of a role."""
    return frozenset(target.bucket for path in paths(manifest, {}) for target in path.targets)


def names(manifest: Manifest) -> tuple[str, ...]:
    """What ``--only`` and ``use`` may name: the links, and the roles of the plain form."""
    return tuple(sorted({path.name for path in paths(manifest, {})}))


def only(checks: Sequence[Check], links: frozenset[str]) -> tuple[Check, ...]:
    """The checks of these links; all where none is named."""
    return tuple(check for check in checks if not links or check.link in links)


def _must(manifest: Manifest, path: Path) -> Iterator[Check]:
    for caller in path.callers:
        way = hop(path, caller)
        yield way
        if path.conditions.session_tags and not caller.federated:
            keys = tuple(key if key != "*" else UNDECLARED for key in path.conditions.session_tags)
            yield replace(way, name=f"{way.name} with tags on the session", tags=keys)
        for target in path.targets:
            for action in sorted(target.actions, key=_rank):
                key = _named(manifest, target, action)
                yield in_session(way, target.bucket, action, target.prefix, Want.ALLOWED, key=key)
    for caller, why in path.unnamed:
        yield replace(hop(path, caller), why=why)


@dataclass(frozen=True, slots=True)
class _Negatives:
    """What must not work on one path, seen beside all the paths of the manifest."""

    manifest: Manifest
    every: tuple[Path, ...]
    path: Path
    own_objects: bool

    def all(self) -> Iterator[Check]:
        """Everything that is tried against a path that stands."""
        for caller in self.path.callers:
            way = hop(self.path, caller)
            yield from self._external_id(way)
            yield from self._tags(way)
            yield from self._in_session(way)
            yield from self._direct(way)
        yield from self._strangers()

    def of_the_ended(self) -> Iterator[Check]:
        """Of a link that is over: nobody gets in."""
        for caller in self.path.callers:
            way = replace(hop(self.path, caller), ended=True)
            if not self._others_let_in(caller, way.external_id):
                ended = f"the link ended on {self.path.conditions.expires}"
                name = f"{short(caller)} cannot assume {self.path.role.name}: {ended}"
                yield replace(way, name=name, want=Want.DENIED)
            yield from self._direct(way)

    def _external_id(self, hop: Check) -> Iterator[Check]:
        if not self.path.conditions.external_id:
            return
        for wrong, words in (("", "without the external id"), (WRONG_ID, "with a wrong external id")):
            if not self._others_let_in(hop.caller, wrong):
                name = f"{short(hop.caller)} cannot assume {self.path.role.name} {words}"
                yield replace(hop, name=name, external_id=wrong, want=Want.DENIED)

    def _tags(self, hop: Check) -> Iterator[Check]:
        """A tag beyond the declared ones; no other path may let it in."""
        keys = self.path.conditions.session_tags
        others = [one for one in self.every if one.role == self.path.role and one is not self.path]
        if keys and "*" not in keys and not hop.caller.federated and not others:
            name = f"{short(hop.caller)} cannot tag its session with something else"
            yield replace(hop, name=name, tags=(UNDECLARED,), want=Want.DENIED)

    def _others_let_in(self, caller: Caller, external_id: str) -> bool:
        """Whether another path into the same role lets this principal in with this external id."""
        return any(
            path is not self.path
            and path.conditions.external_id in ("", external_id)
            and (_enters_as(path, caller) or _open_to(path, caller.account.id))
            for path in self.every
            if path.role == self.path.role
        )

    def _in_session(self, hop: Check) -> Iterator[Check]:
        for bucket in dict.fromkeys(target.bucket for target in self.path.targets):
            yield from self._more_actions(hop, bucket)
            yield from self._beside(hop, bucket)
            yield from self._named_beyond(hop, bucket)
        if other := self._another_bucket():
            yield in_session(hop, other, ACCESS["list"], None, Want.DENIED)

    def _more_actions(self, hop: Check, bucket: Name) -> Iterator[Check]:
        """One of the four actions more, in the first place that is declared."""
        prefix = next(target.prefix for target in self.path.targets if target.bucket == bucket)
        lists = self._covered(ACCESS["list"], bucket, prefix)
        for action in ACCESS.values():
            # Reading is tried on a key that a listing shows, or on an own object.
            if not self._covered(action, bucket, prefix) and (
                lists or self.own_objects or action != ACCESS["read"]
            ):
                yield in_session(hop, bucket, action, prefix, Want.DENIED)

    def _beside(self, hop: Check, bucket: Name) -> Iterator[Check]:
        """The same actions one prefix further, and a listing without any prefix."""
        for target in self.path.targets:
            if target.bucket != bucket or not target.prefix:
                continue
            further = f"{target.prefix.rstrip('/')}-xacct/"
            for action in ACCESS.values():
                if action == ACCESS["read"] and not self.own_objects:
                    continue  # there is nothing to read in a place that nobody uses
                if action in target.actions and not self._covered(action, bucket, further):
                    yield in_session(hop, bucket, action, further, Want.DENIED)
            if ACCESS["list"] in target.actions and not self._covered(ACCESS["list"], bucket, None):
                yield in_session(hop, bucket, ACCESS["list"], None, Want.DENIED)

    def _named_beyond(self, hop: Check, bucket: Name) -> Iterator[Check]:
        """The objects that the manifest names outside of what a session may read."""
        for one in self.manifest.checks.objects:
            if one.bucket == bucket and not self._covered(ACCESS["read"], bucket, one.key):
                yield in_session(hop, bucket, ACCESS["read"], None, Want.DENIED, key=one.key)

    def _another_bucket(self) -> Name | None:
        """A bucket that the manifest speaks of and this role has nothing to do with."""
        known = [target.bucket for path in self.every for target in path.targets]
        known += [bucket.name for bucket in self.manifest.buckets.values()]
        mine = {target.bucket for target in self.path.targets}
        for bucket in sorted(set(known) - mine, key=str):
            if mine and not self._covered(ACCESS["list"], bucket, None) and not self._lists(bucket):
                return bucket
        return None

    def _lists(self, bucket: Name) -> bool:
        """Whether a path through the same role lists any part of a bucket, or its policy may let it."""
        spec = self.manifest.buckets.get(str(bucket))
        return any(
            target.bucket == bucket
            for path in self.every
            if path.role == self.path.role
            for target in path.targets
        ) or (spec is not None and bucket_may_allow(spec.policy, ACCESS["list"], bucket.name, None))

    def _covered(self, action: str, bucket: Name, prefix: str | None) -> bool:
        """Whether the manifest lets, or may let, a session of the role do this."""
        role = self.manifest.roles.get(str(self.path.role))
        policy = self.manifest.buckets.get(str(bucket))
        return (
            any(
                target.bucket == bucket
                and (target.prefix is None or (prefix or "").startswith(target.prefix))
                and any(one.lower() == action.lower() for one in target.actions)
                for path in self.every
                if path.role == self.path.role
                for target in path.targets
            )
            or (role is not None and may_allow(role, action, bucket.name, prefix))
            or (policy is not None and bucket_may_allow(policy.policy, action, bucket.name, prefix))
        )

    def _direct(self, hop: Check) -> Iterator[Check]:
        """The same principal without the role; within one account its own policies may well allow it."""
        if hop.caller.federated or not hop.caller.arn.startswith("arn:"):
            return  # without the role there is nothing that it could ask with
        if hop.caller.account.id == self.path.role.account.id:
            return
        for bucket, target in {one.bucket: one for one in reversed(self.path.targets)}.items():
            # A key to read without the role is known where the session lists and reads.
            both = {ACCESS["list"], ACCESS["read"]} <= target.actions and not hop.ended
            for action in (ACCESS["list"], ACCESS["read"]) if both else (ACCESS["list"],):
                if not self._open(bucket, target.prefix, action):
                    yield without_role(in_session(hop, bucket, action, target.prefix, Want.DENIED))

    def _open(self, bucket: Name, prefix: str | None, action: str) -> bool:
        """Whether the bucket's policy, as the manifest has it, may let somebody do this without any role."""
        policy = self.manifest.buckets.get(str(bucket))
        return policy is not None and bucket_may_allow(policy.policy, action, bucket.name, prefix)

    def _strangers(self) -> Iterator[Check]:
        """Users and roles with a profile whom no path lets into this role."""
        mine = [path for path in self.every if path.role == self.path.role]
        if mine[0] is not self.path:
            return
        trusted = {caller.arn for path in mine for caller in path.callers}
        specs: list[UserSpec | RoleSpec] = [*self.manifest.users.values(), *self.manifest.roles.values()]
        for one in specs:
            known = one.name.arn in trusted or one.name == self.path.role
            if not one.profile or known or any(_open_to(path, one.name.account.id) for path in mine):
                continue
            caller = Caller(account=one.name.account, arn=one.name.arn, profile=one.profile)
            yield replace(
                hop(self.path, caller),
                name=f"{short(caller)}, who is not declared, cannot assume {self.path.role.name}",
                want=Want.DENIED,
            )
            yield from self._stranger_at_buckets(caller)

    def _stranger_at_buckets(self, caller: Caller) -> Iterator[Check]:
        """Whoever has nothing to do with the buckets of the path cannot list them by itself either."""
        if caller.account.id == self.path.role.account.id:
            return
        for target in self.path.targets[:1]:
            welcome = any(
                target.bucket in {other.bucket for other in path.targets} and caller.arn in _arns(path)
                for path in self.every
            )
            if not welcome and not self._open(target.bucket, target.prefix, ACCESS["list"]):
                way = replace(hop(self.path, caller), link=self.path.name)
                yield without_role(in_session(way, target.bucket, ACCESS["list"], target.prefix, Want.DENIED))


def without_role(check: Check) -> Check:
    """The same, tried by the caller itself."""
    return replace(
        check, name=f"{check.name} without the role", role="", external_id="", mfa=False, source_ip=()
    )


def _arns(path: Path) -> frozenset[str]:
    return frozenset(caller.arn for caller in path.callers)


def _named(manifest: Manifest, target: Target, action: str) -> str:
    """The object that the manifest names for reading in a place; "" where it names none."""
    if action != ACCESS["read"]:
        return ""
    return next(
        (
            one.key
            for one in manifest.checks.objects
            if one.bucket == target.bucket and one.key.startswith(target.prefix or "")
        ),
        "",
    )


def _open_to(path: Path, account: str) -> bool:
    return bool(path.open_to & {account, EVERYBODY})


def _enters_as(path: Path, caller: Caller) -> bool:
    return any((one.arn, one.claims) == (caller.arn, caller.claims) for one in path.callers)


def hop(path: Path, caller: Caller) -> Check:
    """The way of a principal into the role of a path, by the call that it has for it."""
    chained = ":role/" in caller.arn
    return Check(
        name=f"{short(caller)} assumes {path.role.name}",
        link=path.name,
        caller=caller,
        owner=path.role.account,
        role=path.role.arn,
        action=ASSUME,
        resource=path.role.arn,
        want=Want.ALLOWED,
        external_id=path.conditions.external_id,
        mfa=path.conditions.mfa,
        session_seconds=min(path.session_seconds, LONGEST_CHAINED) if chained else path.session_seconds,
        source_ip=path.conditions.source_ip,
        why="" if caller.profile else _nothing_to_try_with(caller),
        place=path.place,
    )


def in_session(
    hop: Check, bucket: Name, action: str, prefix: str | None, want: Want, *, key: str = ""
) -> Check:
    """An action in the session that a hop opens, in a bucket, below a prefix of it, or on one object."""
    where = f"{bucket.name}/{key or prefix}" if key or prefix else bucket.name
    may = "can" if want is Want.ALLOWED else "cannot"
    return replace(
        hop,
        name=f"{short(hop.caller)} {may} {_WORDS.get(action, action)} {where}",
        owner=bucket.account,
        action=action,
        resource=bucket.arn,
        prefix=prefix,
        key=key,
        want=want,
    )


def _nothing_to_try_with(caller: Caller) -> str:
    """Why nobody can try as it, for those of whom no keys could be at hand anywhere."""
    if ":saml-provider/" in caller.arn:
        return "People get an assertion of their provider when they sign in; there is none to try with here."
    if ":oidc-provider/" in caller.arn:
        return (
            f"Only {caller.called} gets such a token. Run verify there, with a profile that has role_arn and "
            "web_identity_token_file, and name it: profile."
        )
    if not caller.arn.startswith("arn:"):
        return "Only the service itself has the credentials to try with."
    return ""


def short(caller: Caller) -> str:
    """A principal as people write it: ``analytics/user/anna``."""
    if caller.called:
        return caller.called
    return f"{caller.account.name}/{caller.arn.rpartition(':')[2]}"


def _rank(action: str) -> tuple[int, str]:
    order = list(ACCESS.values())
    return (order.index(action) if action in order else len(order), action)
