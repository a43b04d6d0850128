"""What stops a run, and the exit code it ends with.

The tree::

    XacctError                1   an error; nothing was changed
    +-- BadUsage             64   wrong options or arguments
    +-- BadInput             65   problems in a manifest or document (in problem.py)
    +-- Refused               6   a guard said no
    +-- ServiceError          1   a service refused, or did not answer
    +-- PartlyApplied         5   an apply stopped on the way

Wrong input is a value (``Problem``); exceptions are for what stops the run. They are caught in one
place, the entry point of the command line.
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """The exit codes of every command; the README has the table."""

    DONE = 0
    ERROR = 1
    DIFFERENCES = 2
    MISSING = 3
    TOO_WIDE = 4
    PARTLY_APPLIED = 5
    REFUSED = 6
    UNKNOWN = 7
    USAGE = 64
    PROBLEM = 65
    INTERRUPTED = 130
    TERMINATED = 143


class XacctError(Exception):
    """The base of everything that stops a run on purpose.

    ``fix`` says what the reader can do about it, as a full sentence; the text of the exception says what
    is wrong. Neither may hold a secret.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.ERROR

    def __init__(self, message: str, *, fix: str = "") -> None:
        super().__init__(message)
        self.fix = fix


class BadUsage(XacctError):
    """Options or arguments that make no sense together."""

    exit_code = ExitCode.USAGE


class Refused(XacctError):
    """A guard said no, before anything was sent that writes."""

    exit_code = ExitCode.REFUSED


class PartlyApplied(XacctError):
    """Some steps of an apply were done and some were not."""

    exit_code = ExitCode.PARTLY_APPLIED


class ServiceError(XacctError):
    """A service refused a request or did not answer it.

    ``code`` is the service's own error code (``AccessDenied``), empty where it sent none; ``status`` the
    HTTP status, 0 where there was no answer at all. ``message`` is the service's own text. ``retried`` tells
    that the SDK had sent the request before, so that an earlier one may have been done.
    """

    def __init__(
        self,
        *,
        account: str,
        service: str,
        operation: str,
        resource: str = "",
        code: str = "",
        status: int = 0,
        message: str = "",
        request_id: str = "",
        fix: str = "",
        retried: bool = False,
    ) -> None:
        about = f" on {resource}" if resource else ""
        answer = code or (f"HTTP {status}" if status else "no answer")
        super().__init__(
            f"{service}:{operation}{about} in account {account} failed: {answer}"
            + (f": {message}" if message else ""),
            fix=fix,
        )
        self.account = account
        self.service = service
        self.operation = operation
        self.resource = resource
        self.code = code
        self.status = status
        self.message = message
        self.request_id = request_id
        self.retried = retried

    @property
    def denied(self) -> bool:
        """Whether the service said that the caller may not do this."""
        return self.code in {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"} or (
            not self.code and self.status == 403
        )

    @property
    def absent(self) -> bool:
        """Whether the service said that the thing does not exist."""
        return self.code in {
            "NoSuchEntity",
            "NoSuchEntityException",
            "NoSuchBucket",
            "NoSuchBucketPolicy",
            "NoSuchKey",
            "NoSuchPublicAccessBlockConfiguration",
            "ServerSideEncryptionConfigurationNotFoundError",
            "OwnershipControlsNotFoundError",
            "NoSuchTagSet",
            "NotFoundException",
            "404",
        } or (not self.code and self.status == 404)

    @property
    def throttled(self) -> bool:
        """Whether the service has too many requests to answer this one."""
        return (
            self.status == 429
            or "hrottl" in self.code
            or self.code in {"SlowDown", "RequestLimitExceeded", "TooManyRequestsException"}
        )

    @property
    def unanswered(self) -> bool:
        """Whether nothing is known about what the service thinks: network, throttling, a server's fault."""
        return self.status == 0 or self.status >= 500 or self.throttled
