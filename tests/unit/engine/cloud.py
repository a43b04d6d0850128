"""A small cloud for verify: who may do what is a set, time is a clock, and every request is remembered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from typing import Any

from tests.fakes import Clock, FakeGateway, refusal
from xacct.account import Account
from xacct.check import Caller, Check
from xacct.errors import ServiceError
from xacct.platform import AWS, Platform
from xacct.resource import Call

B = Account(name="data", id="111122223333")
A = Account(name="apps", id="444455556666")
ROLE = B.iam_arn("role/reader")
BUCKET = "logs"

PROVED = replace(AWS, conditional_writes=True)
"""AWS as it would be once our suites had run there."""

Rule = tuple[str, str]
"""Who (``anna``, or ``session`` for whoever assumed the role) and what (an action)."""


class SmallCloud:
    """One role and one bucket. ``rights`` holds what works; ``faults`` what goes wrong, by action.

    ``changes`` are (time, function) pairs that happen when the clock gets there.
    """

    def __init__(
        self, *rights: Rule, platform: Platform = PROVED, keys: tuple[str, ...] = ("in/a.txt",)
    ) -> None:
        self.rights = set(rights)
        self.faults: dict[str, Exception] = {}
        self.keys = list(keys)
        self.clock = Clock()
        self.changes: list[tuple[float, Callable[[], None]]] = []
        self.sent: list[tuple[str, Call]] = []
        self.external_id = ""
        self.platform = platform
        self.identity: dict[str, str] = {}
        self.honours = True
        self.headers: dict[str, str] = {}
        self.endpoints = {"sts": "http://one", "s3": "http://one"}

    # ---- the two doors

    def caller(self, caller: Caller) -> FakeGateway:
        if "no profile" in self.faults:
            raise self.faults["no profile"]
        return self._gateway(caller.profile, caller.account)

    def session(self, caller: Caller, check: Check, answer: dict[str, Any]) -> FakeGateway:
        assert answer["Credentials"]
        return self._gateway("session", check.owner)

    def owner(self, account: Account) -> FakeGateway:
        if "no owner" in self.faults:
            raise self.faults["no owner"]
        return self._gateway("owner", account)

    # ---- the service

    def _gateway(self, who: str, account: Account) -> FakeGateway:
        script = {
            f"{service}:{operation}": self._answering(who, service, operation)
            for service, operation in (
                ("sts", "GetCallerIdentity"),
                ("sts", "AssumeRole"),
                ("iam", "GetUser"),
                ("iam", "ListUsers"),
                ("s3", "ListObjectsV2"),
                ("s3", "HeadBucket"),
                ("s3", "HeadObject"),
                ("s3", "ListObjectVersions"),
                ("s3", "GetObject"),
                ("s3", "PutObject"),
                ("s3", "DeleteObject"),
                ("s3", "GetBucketLocation"),
            )
        }
        return FakeGateway(account, script, platform=self.platform, endpoints=self.endpoints)

    def _answering(self, who: str, service: str, operation: str) -> Callable[[dict[str, Any]], Any]:
        def answer(params: dict[str, Any]) -> Any:
            self.sent.append((who, Call.of(service, operation, **params)))
            for when, change in [one for one in self.changes if one[0] <= self.clock()]:
                self.changes.remove((when, change))
                change()
            if operation in self.faults:
                raise self.faults[operation]
            return getattr(self, f"_{operation.lower()}")(who, params)

        return answer

    def _judge(self, who: str, action: str) -> None:
        if (who, action) not in self.rights:
            raise denied(action)

    def _getcalleridentity(self, who: str, params: dict[str, Any]) -> dict[str, Any]:
        arn = self.identity.get(who, A.iam_arn(f"user/{who}"))
        return {"Account": arn.split(":")[4], "Arn": arn}

    def _getuser(self, who: str, params: dict[str, Any]) -> dict[str, Any]:
        raise denied("iam:GetUser")

    def _listusers(self, who: str, params: dict[str, Any]) -> dict[str, Any]:
        """Whoever lists the users sees those of the own account; not everybody may."""
        if who not in self.identity:
            raise denied("iam:ListUsers")
        return {"Users": [{"Arn": self.identity[who]}]}

    def _assumerole(self, who: str, params: dict[str, Any]) -> dict[str, Any]:
        self._judge(who, "sts:AssumeRole")
        if self.external_id and params.get("ExternalId") != self.external_id:
            raise denied("sts:AssumeRole")
        return {"Credentials": {"AccessKeyId": "x"}, "ResponseMetadata": {"HTTPHeaders": self.headers}}

    def _listobjectsv2(self, who: str, params: dict[str, Any]) -> dict[str, Any]:
        self._judge(who, "s3:ListBucket")
        found = [key for key in self.keys if key.startswith(params.get("Prefix", ""))]
        cut = found[: params["MaxKeys"]]
        return {"Contents": [{"Key": key} for key in cut], "IsTruncated": len(cut) < len(found)}

    def _headbucket(self, who: str, params: dict[str, Any]) -> dict[str, Any]:
        """S3 asks for s3:ListBucket; the owner may do all."""
        if who != "owner":
            self._judge(who, "s3:ListBucket")
        return {}

    def _headobject(self, who: str, params: dict[str, Any]) -> dict[str, Any]:
        if who != "owner":
            self._judge(who, "s3:GetObject")
        if params["Key"] not in self.keys:
            raise refusal("404", 404)
        return {}

    def _listobjectversions(self, who: str, params: dict[str, Any]) -> dict[str, Any]:
        if who != "owner":
            self._judge(who, "s3:ListBucketVersions")
        found = [key for key in self.keys if key.startswith(params.get("Prefix", ""))]
        return {"Versions": [{"Key": key, "VersionId": "null"} for key in found]}

    def _getobject(self, who: str, params: dict[str, Any]) -> dict[str, Any]:
        assert params["Key"] in self.keys, "reading is tried on existing keys only"
        self._judge(who, "s3:GetObject")
        return {"Body": BytesIO(b"x")}

    def _putobject(self, who: str, params: dict[str, Any]) -> dict[str, Any]:
        assert params["Key"] not in self.keys, "nobody's data is written over"
        self._judge(who, "s3:PutObject")
        if self.honours:
            assert params["IfMatch"], "never without a condition"
            raise refusal("NoSuchKey", 404)
        self.keys.append(params["Key"])
        return {}

    def _deleteobject(self, who: str, params: dict[str, Any]) -> dict[str, Any]:
        self._judge(who, "s3:DeleteObject")
        if "IfMatch" in params and self.honours:
            raise refusal("PreconditionFailed", 412)
        assert ".xacct-probe-" in params["Key"], "nobody's data is deleted"
        if params["Key"] in self.keys:
            self.keys.remove(params["Key"])
        return {}

    def _getbucketlocation(self, who: str, params: dict[str, Any]) -> dict[str, Any]:
        self._judge(who, "s3:GetBucketLocation")
        return {}


def denied(action: str, because: str = "") -> ServiceError:
    """A refusal for want of a permission, in AWS's words."""
    text = f"User: someone is not authorized to perform: {action} on resource: it {because}".rstrip()
    return refusal("AccessDenied", 403, text)
