"""One-time codes of virtual devices: a call that brings one proves a second factor, or is refused."""

from __future__ import annotations

import base64
import hmac
from datetime import datetime

from xacct.sandbox.authenticate import Authenticated
from xacct.sandbox.faults import ServiceFault
from xacct.sandbox.request import Operation
from xacct.sandbox.store import Store

STEP = 30
"""Seconds that a code lives."""


def proved(operation: Operation, signed: Authenticated, store: Store, now: datetime) -> bool:
    """Whether the call proves a second factor; a wrong code is refused, no code is just no proof."""
    serial, code = operation.params.get("SerialNumber"), operation.params.get("TokenCode")
    if not serial and not code:
        return False
    user = signed.entity
    if user is not None and signed.session is None and serial and code:
        seed = store.mfa_seed(user, str(serial))
        if seed is not None and str(code) in codes(seed, now):
            return True
    raise ServiceFault(
        status=403,
        code="AccessDenied",
        message="MultiFactorAuthentication failed with invalid MFA one time pass code. ",
    )


def codes(seed: str, now: datetime) -> frozenset[str]:
    """The one-time codes (RFC 6238) of this half minute and its neighbours."""
    key = base64.b32decode(seed)
    step = int(now.timestamp()) // STEP
    return frozenset(_code(key, number) for number in (step - 1, step, step + 1))


def _code(key: bytes, number: int) -> str:
    digest = hmac.new(key, number.to_bytes(8, "big"), "sha1").digest()
    start = digest[-1] & 0x0F
    value = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    return f"{value % 1_000_000:06d}"
