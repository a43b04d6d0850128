"""A refusal of the embedded cloud, as the service it plays would word it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(eq=False, kw_only=True)
class ServiceFault(Exception):
    """Stops one request; the server turns it into the protocol's error document.

    Not frozen like other values: Python writes the traceback into an exception.

    ``extra`` holds more elements of the document, as S3 has them (``BucketName``, ``Resource``).
    """

    status: int
    code: str
    message: str
    extra: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return f"{self.status} {self.code}: {self.message}"
