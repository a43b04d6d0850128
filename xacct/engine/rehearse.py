"""Reading without a service: a gateway that finds one of everything, and remembers what it was asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from xacct.account import Account
from xacct.aws.caller import Caller
from xacct.platform import Platform
from xacct.resource import Call

ANY = "*"
"""The name of the one of everything; as part of an ARN it stands for all of them."""

_ENTITIES = {"Role": "role", "User": "user", "Group": "group"}


class Rehearsal:
    """An account that nobody asks: every question is noted, and answered as if there were one of each."""

    def __init__(self, account: Account, platform: Platform) -> None:
        self.account = account
        self.platform = platform
        self.endpoints: Mapping[str, str] = {}
        self.ahead = timedelta(0)
        self.calls: list[Call] = []

    def caller(self) -> Caller | None:
        """The account itself."""
        if self.platform.caller_identity:
            self.calls.append(Call.of("sts", "GetCallerIdentity"))
        return Caller(self.account.id)

    def ask(self, call: Call) -> dict[str, Any] | None:
        """One of what is asked for."""
        self.calls.append(call)
        entity = call.operation.removeprefix("Get")
        if entity in _ENTITIES:
            return {entity: self._entity(entity)}
        if call.operation == "GetPolicy":
            return {"Policy": self._policy()}
        if call.operation == "GetPolicyVersion":
            return {"PolicyVersion": {"VersionId": "v1", "Document": "{}"}}
        if call.operation.startswith("Get") and call.operation.endswith("Policy") and call.service == "iam":
            return {"PolicyName": ANY, "PolicyDocument": "{}"}
        return {}

    def pages(self, call: Call) -> Iterator[dict[str, Any]]:
        """One page with one entry."""
        self.calls.append(call)
        match call.operation:
            case "ListRoles" | "ListUsers" | "ListGroups":
                entity = call.operation.removeprefix("List").removesuffix("s")
                yield {f"{entity}s": [self._entity(entity)]}
            case "ListRolePolicies" | "ListUserPolicies" | "ListGroupPolicies":
                yield {"PolicyNames": [ANY]}
            case "ListPolicies":
                yield {"Policies": [self._policy()]}
            case _:
                yield {}

    def tell(self, call: Call) -> dict[str, Any]:
        """Nobody is told anything."""
        raise AssertionError(f"{call.operation} is not sent while rehearsing")

    tell_once = tell

    def _entity(self, entity: str) -> dict[str, Any]:
        kind = _ENTITIES[entity]
        return {
            f"{entity}Name": ANY,
            f"{entity}Id": "",
            "Path": "/",
            "Arn": self.account.iam_arn(f"{kind}/{ANY}"),
        }

    def _policy(self) -> dict[str, Any]:
        arn = self.account.iam_arn(f"policy/{ANY}")
        return {"PolicyName": ANY, "Path": "/", "Arn": arn, "DefaultVersionId": "v1"}
