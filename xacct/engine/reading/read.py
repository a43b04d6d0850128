"""What the accounts hold, read into one snapshot each; what could not be read is said as such."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from immutabledict import immutabledict

from xacct.account import Account
from xacct.aws.caller import Caller, NoCredentials
from xacct.aws.platform import not_offered
from xacct.engine.gateway import Gateway
from xacct.engine.reading.buckets import read_bucket
from xacct.engine.reading.holders import mapped
from xacct.engine.reading.keys import read_keys
from xacct.engine.reading.piecemeal import Details, Names, read_piecemeal, reason
from xacct.engine.reading.providers import read_providers
from xacct.engine.reading.records import group_record, policy_record, role_record, user_record
from xacct.errors import Refused, ServiceError
from xacct.resource import Call
from xacct.snapshot import EVERYTHING, BucketRecord, Snapshot, Unread

_FILTER = ("User", "Role", "Group", "LocalManagedPolicy")
_DETAILS = (
    ("roles", "RoleDetailList"),
    ("users", "UserDetailList"),
    ("groups", "GroupDetailList"),
    ("policies", "Policies"),
)


def read_accounts(
    gateways: Mapping[str, Gateway],
    *,
    buckets: Mapping[str, Collection[str]],
    names: Mapping[str, Names] | None = None,
    providers: Mapping[str, Collection[str]] | None = None,
    max_workers: int = 10,
) -> dict[str, Snapshot]:
    """Snapshots of several accounts by name, read side by side; see ``read_account``."""
    if not gateways:
        return {}
    with ThreadPoolExecutor(len(gateways), thread_name_prefix="account") as pool:
        reading = {
            name: pool.submit(
                read_account,
                gateway,
                buckets=buckets.get(name, ()),
                names=(names or {}).get(name),
                providers=(providers or {}).get(name, ()),
                max_workers=max_workers,
            )
            for name, gateway in sorted(gateways.items())
        }
        return mapped({name: snapshot.result() for name, snapshot in reading.items()})


def read_account(
    gateway: Gateway,
    *,
    buckets: Collection[str] = (),
    names: Names | None = None,
    providers: Collection[str] = (),
    max_workers: int = 10,
) -> Snapshot:
    """IAM as a whole, these buckets, and whether these identity providers (ARNs) exist.

    ``names`` limits what is read in full where a service has no bulk call; None is everything. An account
    that cannot be reached, or that there are no credentials for, is a snapshot with nothing but a gap.

    Raises:
        Refused: the credentials belong to another account than the declared one.
    """
    account = gateway.account
    try:
        caller = gateway.caller()
    except (NoCredentials, ServiceError) as error:
        return _nothing(gateway, reason(error))
    if caller is None:
        return _nothing(gateway, "nothing tells which account its credentials belong to.")
    check_caller(account, caller)
    pool = ThreadPoolExecutor(max_workers, thread_name_prefix=f"read-{account.name}")
    try:
        asked = {name: pool.submit(read_bucket, gateway, name) for name in sorted(set(buckets))}
        asked_providers = pool.submit(read_providers, gateway, providers) if providers else None
        iam = _read_iam(gateway, pool, names)
        found = [future.result() for future in asked.values()]
        known = asked_providers.result() if asked_providers else None
        keys = read_keys(gateway, [one for one in found if isinstance(one, BucketRecord)])
    except NoCredentials as error:
        return _nothing(gateway, reason(error))
    finally:
        pool.shutdown(cancel_futures=True)
    gaps = [one for one in found if isinstance(one, Unread)]
    snapshot = replace(
        _snapshot(gateway, caller, iam, [*keys.buckets, *gaps, *keys.gaps]), keys=_by_name(keys.keys)
    )
    match known:
        case None:
            return snapshot
        case Unread():
            return replace(snapshot, unread=snapshot.unread | {known})
        case _:
            return replace(snapshot, providers=immutabledict({one.arn: one for one in known}))


def check_caller(account: Account, caller: Caller) -> None:
    """That the credentials belong to the declared account.

    Raises:
        Refused: they do not.
    """
    if caller.account != account.id:
        who = f" ({caller.arn})" if caller.arn else ""
        raise Refused(
            f"the credentials of account {account.name} belong to account {caller.account}{who}, "
            f"but {account.id} is declared",
            fix=f"Correct the id of account {account.name} in the manifest, or its credentials.",
        )


def _read_iam(gateway: Gateway, pool: Executor, names: Names | None) -> Details:
    if gateway.platform.bulk_read:
        listing = pool.submit(_listed_roles, gateway)
        try:
            swept = _sweep(gateway)
        except ServiceError as error:
            if not (error.denied or not_offered(error)):
                return Details(gaps=[_gap(gateway, section, error) for section, _ in _DETAILS])
        else:
            return _completed(gateway, swept, listing.result())
    return read_piecemeal(gateway, pool, names)


def _sweep(gateway: Gateway) -> Details:
    found = Details()
    for page in gateway.pages(Call.of("iam", "GetAccountAuthorizationDetails", Filter=_FILTER)):
        for section, key in _DETAILS:
            getattr(found, section).extend(page.get(key, ()))
    return found


def _listed_roles(gateway: Gateway) -> dict[str, Any] | ServiceError:
    """Roles by name, for the description and the session length: the bulk call has neither."""
    try:
        return {
            role["RoleName"]: role
            for page in gateway.pages(Call.of("iam", "ListRoles"))
            for role in page.get("Roles", ())
        }
    except ServiceError as error:
        return error


def _completed(gateway: Gateway, swept: Details, listed: dict[str, Any] | ServiceError) -> Details:
    """The sweep with what ListRoles adds; a role that only one of the two has is in motion, thus unknown."""
    if isinstance(listed, ServiceError):
        swept.gaps.append(_gap(gateway, "roles", listed))
        return swept
    inside = {role["RoleName"] for role in swept.roles}
    for name in sorted(inside ^ listed.keys()):
        why = "it appeared or disappeared while the account was read. Run again."
        swept.gaps.append(Unread(account=gateway.account.name, what=f"role/{name}", reason=why))
    swept.roles = [{**listed.get(role["RoleName"], {}), **role} for role in swept.roles]
    return swept


def _gap(gateway: Gateway, what: str, error: ServiceError) -> Unread:
    return Unread(account=gateway.account.name, what=what, reason=reason(error))


def _nothing(gateway: Gateway, why: str) -> Snapshot:
    return Snapshot(
        account=gateway.account,
        endpoints=immutabledict(gateway.endpoints),
        platform=gateway.platform.name,
        unread=frozenset({Unread(account=gateway.account.name, what=EVERYTHING, reason=why)}),
    )


def _snapshot(
    gateway: Gateway, caller: Caller, iam: Details, buckets: Collection[BucketRecord | Unread]
) -> Snapshot:
    return Snapshot(
        account=gateway.account,
        caller=caller.arn,
        endpoints=immutabledict(gateway.endpoints),
        platform=gateway.platform.name,
        roles=_by_name(map(role_record, iam.roles)),
        users=_by_name(map(user_record, iam.users)),
        groups=_by_name(map(group_record, iam.groups)),
        policies=_by_name(map(policy_record, iam.policies)),
        buckets=_by_name(found for found in buckets if isinstance(found, BucketRecord)),
        unread=frozenset(iam.gaps) | {found for found in buckets if isinstance(found, Unread)},
    )


class _Named(Protocol):
    @property
    def name(self) -> str: ...


Record = TypeVar("Record", bound=_Named)


def _by_name(records: Iterable[Record]) -> immutabledict[str, Record]:
    return immutabledict(sorted(((record.name, record) for record in records), key=lambda pair: pair[0]))
