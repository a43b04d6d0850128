"""ARNs, and the account ids of every supported platform."""

from __future__ import annotations

import re
from dataclasses import dataclass

from xacct.platform import PLATFORMS

_ACCOUNT_ID = re.compile("|".join(sorted({one.account_id for one in PLATFORMS.values()})))


@dataclass(frozen=True, slots=True, kw_only=True)
class Arn:
    """The six parts of an ARN; all but the resource may be empty."""

    partition: str
    service: str
    region: str
    account: str
    resource: str

    @classmethod
    def parse(cls, text: str) -> Arn | None:
        """An ARN from its text; None where the text is none."""
        parts = text.split(":", 5)
        if len(parts) != 6 or parts[0] != "arn":
            return None
        return cls(partition=parts[1], service=parts[2], region=parts[3], account=parts[4], resource=parts[5])


def is_account_id(text: str) -> bool:
    """Whether a text is an account id: 12 digits, or Ceph's ``RGW`` and 17 digits."""
    return _ACCOUNT_ID.fullmatch(text) is not None


def root_arn(account_id: str, partition: str = "aws") -> str:
    """The ARN that stands for an account as a whole."""
    return f"arn:{partition}:iam::{account_id}:root"


def account_of(arn: str) -> str:
    """The account in an ARN, empty where there is none."""
    found = Arn.parse(arn)
    return found.account if found else ""
