"""The decision on one permission: every document that has a say, as it is now, put before ``decide``."""

from __future__ import annotations

from xacct.policy.document import Document, MalformedDocument
from xacct.policy.evaluate import Named, Policies, Request, decide
from xacct.policy.principal import Anonymous, Federated
from xacct.sandbox import kms
from xacct.sandbox.authenticate import Authenticated
from xacct.sandbox.credentials import Origin, Session
from xacct.sandbox.faults import ServiceFault
from xacct.sandbox.request import Demand
from xacct.sandbox.store import Entity, PolicyText, Store
from xacct.sandbox.sts import role_of

TRUSTED = "sts:"
"""Actions that the trust policy of the role decides together with the caller's own policies."""

NOTHING = Document.of({"Effect": "Deny", "Action": "*", "Resource": "*"})


def check(demand: Demand, signed: Authenticated, store: Store) -> None:
    """Raises the service's own refusal unless today's documents allow the demand."""
    caller = signed.caller
    if signed.entity is None and not isinstance(caller.principal, Anonymous | Federated):
        raise refusal(demand, signed, "because the principal of these credentials was deleted")
    if demand.action.lower().startswith("sts:assumerole") and role_of(demand.resource, store) is None:
        raise refusal(demand, signed, "because no resource-based policy allows the sts:AssumeRole action")
    request = Request.of(
        caller.principal,
        demand.action,
        demand.resource,
        resource_account=demand.account,
        context={**caller.context, **demand.context},
    )
    try:
        policies = policies_of(demand, signed, store)
    except MalformedDocument:
        raise refusal(demand, signed, "because a stored policy cannot be read") from None
    decision = decide(request, policies)
    if not decision.allowed:
        raise refusal(demand, signed, decision.reason)


def policies_of(demand: Demand, signed: Authenticated, store: Store) -> Policies:
    """The documents that decide, read from the store at this moment; running sessions feel every change."""
    entity = signed.entity
    return Policies(
        identity=() if entity is None else tuple(map(_named, store.identity_policies(entity))),
        resource=_resource_policy(demand, store),
        session=_session_policies(signed, store),
        boundary=None if entity is None else _boundary(entity, store),
    )


def _resource_policy(demand: Demand, store: Store) -> Document | None:
    """The trust of a role for what STS asks, the bucket's policy for what S3 asks; IAM has none else."""
    if demand.action.lower().startswith(TRUSTED) and ":role/" in demand.resource:
        role = role_of(demand.resource, store)
        return None if role is None else Document.parse(store.trust(role))
    if demand.action.lower().startswith("kms:"):
        return kms.policy_of(demand.resource, store)
    if demand.action.lower().startswith("s3:"):
        bucket = demand.resource.rpartition(":::")[2].partition("/")[0]
        text = store.bucket_policy(bucket) if demand.account == store.bucket_owner(bucket) else ""
        return Document.parse(text) if text else None
    return None


def _session_policies(signed: Authenticated, store: Store) -> tuple[Document, ...] | None:
    session = signed.session
    given = signed.caller.session_policies
    if session is None or given is None:
        return given
    managed = (store.managed_policy(session.account, arn) for arn in session.policy_arns)
    return (*given, *(Document.parse(policy.text) for policy in managed if policy is not None))


def _boundary(entity: Entity, store: Store) -> Document | None:
    """A boundary whose policy is gone allows nothing."""
    found = store.boundary(entity)
    if found is None:
        return None
    return Document.parse(found.text) if found.text else NOTHING


def _named(policy: PolicyText) -> Named:
    return Named(policy.name, Document.parse(policy.text))


def refusal(demand: Demand, signed: Authenticated, reason: str) -> ServiceFault:
    """AccessDenied in AWS's words; S3 quotes the resource and says nothing to those who are not signed in."""
    quoted = f'"{demand.resource}"' if demand.action.startswith("s3:") else demand.resource
    who = f"User: {name_of(signed)} is not authorized to perform"
    message = f"{who}: {demand.action} on resource: {quoted} {reason}"
    if isinstance(signed.caller.principal, Anonymous) and demand.action.startswith("s3:"):
        message = "Access Denied"
    if isinstance(signed.caller.principal, Federated):
        message = f"Not authorized to perform {demand.action}"
    return ServiceFault(status=403, code="AccessDenied", message=message)


def name_of(signed: Authenticated) -> str:
    """How a denial calls the caller: a session by its own ARN, a user by the user's."""
    if signed.session is not None and signed.session.origin is not Origin.USER:
        return signed.session.arn
    if signed.entity is not None:
        return signed.entity.arn
    return _gone(signed.session)


def _gone(session: Session | None) -> str:
    return "anonymous" if session is None else session.entity_arn
