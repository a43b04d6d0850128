"""What xacct itself needs to be allowed for a manifest: from the very calls that it would send."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum

from xacct.account import Account, AccountSpec, Enter
from xacct.check import Want
from xacct.engine.applying.keeping import journaling
from xacct.engine.estates import named
from xacct.engine.reading import alone
from xacct.engine.reading.observe import observe
from xacct.engine.rehearse import ANY, Rehearsal
from xacct.engine.verifying.hops import SESSION_NAME, assume_call
from xacct.kinds import KINDS
from xacct.kinds.attachment import Attachment
from xacct.kinds.group import Group
from xacct.kinds.inline import InlinePolicy
from xacct.kinds.managed_policy import ManagedPolicy
from xacct.kinds.membership import Membership
from xacct.kinds.role import Role
from xacct.kinds.shared import SharedStatements
from xacct.manifest.desired.desire import desire
from xacct.manifest.expected.expect import crowds, expect
from xacct.manifest.model import LockSpec, Manifest, Members, Removed, TrustList
from xacct.permission.compose import compose
from xacct.permission.needed import needed
from xacct.permission.permission import Asker, Permission
from xacct.permission.rights import Rights
from xacct.platform import Platform
from xacct.policy.document import Document
from xacct.resource import Call, Request, Resource, Splice
from xacct.snapshot import GroupRecord, Snapshot, UserRecord


class Purpose(Enum):
    """What is to be done: ``apply`` includes what ``plan`` needs."""

    PLAN = "plan"
    APPLY = "apply"
    VERIFY = "verify"


_ANYTHING = Document.of({"Effect": "Deny", "Action": "*", "Resource": "*"})
_LIMITS = (
    (
        ("iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy", "iam:CreatePolicyVersion", "iam:CreateRole"),
        "IAM does not limit what a policy says that is put on a role: whoever may put one can give the role any "
        "right. A permissions boundary that the credentials cannot take off does.",
    ),
    (
        ("iam:PutGroupPolicy", "iam:PutUserPolicy"),
        "IAM does not limit what a policy says that is put on a group or a user: whoever may put one can give "
        "whoever is concerned any right. A permissions boundary on those users does.",
    ),
    (
        ("s3:PutBucketPolicy",),
        "A bucket policy is put as a whole: whoever may put it can change the statements of others too.",
    ),
    (
        ("iam:GetAccountAuthorizationDetails", "iam:ListRoles", "iam:ListUsers"),
        "IAM has no resource for its listings: whoever may list sees every user, role, group and policy.",
    ),
    (
        ("kms:PutKeyPolicy",),
        "A key policy is put as a whole: whoever may put it can let anyone use the key.",
    ),
    (
        ("iam:AddUserToGroup", "iam:RemoveUserFromGroup"),
        "Who is put into a group is not limited, only which group.",
    ),
)


def rights(
    purpose: Purpose,
    manifest: Manifest,
    platforms: Mapping[str, Platform],
    *,
    earlier: Manifest | None = None,
    journal: str = "",
) -> tuple[Rights, ...]:
    """The policies by account, in the order of names; ``platforms`` are those of the accounts, by name.

    With ``earlier`` what only that manifest declared may be taken away as well. ``journal`` is the bucket where
    runs of an apply are written down; of one that the manifest does not name nobody can tell here whose it is.

    Raises:
        BadUsage: ``journal`` is no bucket.
    """
    if purpose is Purpose.VERIFY:
        return tuple(_of_verify(manifest, platforms))
    manifests = [manifest, *([earlier] if earlier else [])]
    gateways = {name: Rehearsal(spec.account, platforms[name]) for name, spec in manifest.accounts.items()}
    observe(gateways, manifests)
    calls = {name: list(gateway.calls) for name, gateway in gateways.items()}
    if purpose is Purpose.APPLY:
        for one in manifests:
            for resource in _resources(one):
                name = resource.address.account.name
                sent = calls.setdefault(name, [])
                sent += _calls(resource)
                sent += _heads(resource, platforms.get(name))
                sent += _looks(resource, platforms.get(name))
            if one.limits.lock is not None:
                calls[one.limits.lock.bucket.account.name] += _locking(one.limits.lock)
            for removed in one.removed:
                gone = _gone(removed)
                calls[removed.account.name] += _each(
                    request for form in gone.forms() for request in form.delete()
                )
                calls[removed.account.name] += _looks(gone, platforms.get(removed.account.name))
    kept = {
        name: journaling(journal, spec.account, platforms[name])
        for name, spec in manifest.accounts.items()
        if journal
    }
    owner = _owner_of(journal, manifests)
    if owner in kept:
        calls[owner] += kept[owner]
        kept = {owner: kept[owner]}
    found: list[Rights] = []
    for name, spec in sorted(manifest.accounts.items()):
        found.append(_rights(spec.account, "the credentials of the account", calls[name], manifests))
        found += _entering(spec)
        found += _of_keys(spec.account, platforms[name], manifests, writes=purpose is Purpose.APPLY)
        if journal and owner not in kept:
            who = f"the same, if the bucket of {journal} is one of this account"
            found.append(_rights(spec.account, who, kept[name], manifests))
        if purpose is Purpose.APPLY and platforms[name].keys:
            writes = [*calls[name], *kept.get(name, ())]
            if any(call.operation == "PutObject" for call in writes):
                found.append(_of_sealed(spec.account, manifests))
    return tuple(found)


def _owner_of(journal: str, manifests: Iterable[Manifest]) -> str:
    """The account of the journal's bucket, by name, where a manifest speaks of that bucket; else ""."""
    bucket = journal.removeprefix("s3://").partition("/")[0]
    for one in manifests:
        buckets = [name for name in named(one) if name.kind == "bucket"]
        buckets += [one.limits.lock.bucket] if one.limits.lock is not None else []
        for name in buckets:
            if name.name == bucket:
                return name.account.name
    return ""


def _of_sealed(account: Account, manifests: Iterable[Manifest]) -> Rights:
    """What S3 does in our name with the key of a bucket that we write objects of our own to."""
    key = f"arn:{account.partition}:kms:{ANY}:{account.id}:key/{ANY}"
    who = (
        "the same, where the bucket of the lock or of the journal is encrypted with a key of the account; put its "
        "ARN in place of the pattern"
    )
    calls = [Call.of("kms", name, KeyId=key) for name in ("Decrypt", "GenerateDataKey")]
    return _rights(account, who, calls, manifests)


def _of_keys(
    account: Account, platform: Platform, manifests: Iterable[Manifest], *, writes: bool
) -> Iterator[Rights]:
    """What is needed besides where a bucket is encrypted with a key; which one it is only the service tells."""
    links = [link for one in manifests for link in one.links.values() if link.role.account == account]
    if not links or not platform.keys:
        return
    names = ["DescribeKey", "GetKeyPolicy"]
    if writes and any(link.key_policy for link in links):
        names.append("PutKeyPolicy")
    key = f"arn:{account.partition}:kms:{ANY}:{account.id}:key/{ANY}"
    who = (
        "the same, where a bucket is encrypted with a key of the account; put its ARN in place of the pattern"
    )
    yield _rights(account, who, [Call.of("kms", name, KeyId=key) for name in names], manifests)


def _resources(manifest: Manifest) -> Iterator[Resource]:
    """All that a manifest declares, whoever is in its groups."""
    yield from desire(manifest, _peopled(manifest)).state.resources.values()


def _gone(removed: Removed) -> Resource:
    """What a manifest lists as removed, as far as it is named; of a managed policy the path is not known."""
    kind = next(kind for kind in KINDS if kind.kind == removed.kind)
    account, parts = removed.account, removed.parts
    if issubclass(kind, InlinePolicy):
        return kind(account=account, owner=parts[0], name=parts[-1], document=_ANYTHING)
    if issubclass(kind, Attachment):
        return kind(account=account, owner=parts[0], policy=parts[-1])
    if kind is Membership:
        return Membership(account=account, group=parts[0], user=parts[-1])
    if issubclass(kind, SharedStatements):
        return kind.of(account, parts[0], parts[-1], "", _ANYTHING)
    if kind is Role:
        return Role(account=account, name=parts[0], trust=_ANYTHING)
    if kind is Group:
        return Group(account=account, name=parts[0])
    if kind is ManagedPolicy:
        return ManagedPolicy(account=account, name=parts[0], path=f"/{ANY}", document=_ANYTHING)
    raise ValueError(f"nobody said how {removed.kind} is taken away")


def _peopled(manifest: Manifest) -> dict[str, Snapshot]:
    """Accounts in which every group that is trusted has a member: who it is makes no difference here."""
    found = {name: Snapshot(account=spec.account) for name, spec in manifest.accounts.items()}
    trusted = [one for link in manifest.links.values() for one in link.trust]
    trusted += [
        one
        for role in manifest.roles.values()
        if isinstance(role.trust, TrustList)
        for one in role.trust.principals
    ]
    for one in trusted:
        if isinstance(one, Members):
            account = one.group.account
            snapshot = found[account.name]
            known = snapshot.users.get(ANY)
            groups = (known.groups if isinstance(known, UserRecord) else frozenset()) | {one.group.name}
            arn = account.iam_arn(f"user/{ANY}")
            user = UserRecord(name=ANY, path="/", arn=arn, id="", groups=groups)
            group = GroupRecord(name=one.group.name, path=one.group.path, arn=one.group.arn, id="")
            found[account.name] = snapshot.holding("users", user).holding("groups", group)
    return found


def _calls(resource: Resource) -> Iterator[Call]:
    """Every call that may be sent for a resource: to make it, to put it right, to take it away."""
    requests: list[Request] = [*resource.create(), *resource.delete()]
    for form in resource.forms():
        requests += [*resource.update(form), *form.delete()]
    yield from _each(requests)


def _each(requests: Iterable[Request]) -> Iterator[Call]:
    for request in requests:
        if isinstance(request, Splice):
            yield from (request.read, request.write, request.remove)
        else:
            yield request


def _heads(resource: Resource, platform: Platform | None) -> Iterator[Call]:
    """HeadBucket before each write, where a write does not heed the expected owner."""
    if platform is None or platform.owner_on_writes:
        return
    for call in _calls(resource):
        if call.service == "s3" and "Bucket" in call.params:
            yield Call.of("s3", "HeadBucket", Bucket=call.params["Bucket"])


def _looks(resource: Resource, platform: Platform | None) -> Iterator[Call]:
    """What is looked at right before a step of the resource is sent."""
    if platform is not None and alone.question(resource) is not None:
        gateway = Rehearsal(resource.address.account, platform)
        alone.read(gateway, resource, {})
        yield from gateway.calls


def _locking(lock: LockSpec) -> Iterator[Call]:
    """What takes the team's lock and gives it back; that there is none is told to who may list the bucket only."""
    where = {"Bucket": lock.bucket.name, "Key": lock.key}
    yield from (Call.of("s3", name, **where) for name in ("GetObject", "PutObject", "DeleteObject"))
    yield Call.of("s3", "HeadBucket", Bucket=lock.bucket.name)


def _of_verify(manifest: Manifest, platforms: Mapping[str, Platform]) -> Iterator[Rights]:
    """Each consumer's own step, and the reading of those accounts whose users stand behind a trust."""
    reading = crowds(manifest)
    gateways = {name: Rehearsal(manifest.accounts[name].account, platforms[name]) for name in sorted(reading)}
    observe(gateways, [])
    for name, gateway in gateways.items():
        spec = manifest.accounts[name]
        yield _rights(spec.account, "the credentials of the account", gateway.calls, [manifest])
        yield from _entering(spec)
    hops: dict[tuple[Account, str], list[Call]] = {}
    for check in expect(manifest, _peopled(manifest)):
        if (
            check.want is Want.ALLOWED
            and check.action == "sts:AssumeRole"
            and check.caller.profile
            and not check.caller.federated
        ):
            call = assume_call(check, check.session_seconds, SESSION_NAME)
            hops.setdefault((check.caller.account, check.caller.arn), []).append(call)
    for (account, arn), calls in sorted(hops.items(), key=lambda pair: pair[0]):
        who = f"{arn.rpartition(':')[2]}; a grant of this manifest gives it already"
        yield _rights(account, who, calls, [manifest])


def _entering(spec: AccountSpec) -> Iterator[Rights]:
    """What whoever enters the account's role needs in the account they come from."""
    if isinstance(spec.credentials, Enter):
        profile = spec.credentials.profile
        who = f"the profile {profile}, which enters it" if profile else "the environment, which enters it"
        permission = Permission(action="sts:AssumeRole", resource=spec.credentials.role)
        yield Rights(account=spec.account, who=who, policies=compose([permission]))


def _rights(account: Account, who: str, calls: Iterable[Call], manifests: Iterable[Manifest]) -> Rights:
    arns: dict[tuple[str, str], str] = {
        (name.kind, name.name): name.arn
        for manifest in manifests
        for name in (*named(manifest), *(link.role for link in manifest.links.values()))
        if name.account == account
    }
    asker = Asker(
        account=account.id, partition=account.partition, find=lambda kind, name: arns.get((kind, name))
    )
    permissions = [
        one for call in calls for one in needed(call.service, call.operation, call.arguments(), asker)
    ]
    actions = {one.action for one in permissions}
    return Rights(
        account=account,
        who=who,
        policies=compose(permissions),
        limits=tuple(text for some, text in _LIMITS if actions & set(some)),
    )
