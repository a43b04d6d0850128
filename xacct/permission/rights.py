"""What one identity needs, as policies."""

from __future__ import annotations

from dataclasses import dataclass

from xacct.account import Account
from xacct.policy.document import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """What one identity of an account needs: ``who`` says which, ``limits`` what IAM cannot narrow further."""

    account: Account
    who: str
    policies: tuple[Document, ...]
    limits: tuple[str, ...] = ()
