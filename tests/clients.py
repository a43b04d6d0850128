"""Other people's clients, from PyPI into an environment of their own, as a user would have them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from fcntl import LOCK_EX, flock
from pathlib import Path

CLIENTS = ("awscli>=1.40,<2", "s3cmd>=2.4,<3")
CACHE = Path(__file__).parents[1] / ".cache" / "clients"


def installed() -> Path:
    """The folder with ``aws`` and ``s3cmd``; kept in the cache folder between runs."""
    CACHE.parent.mkdir(parents=True, exist_ok=True)
    with (CACHE.parent / "clients.lock").open("w") as lock:  # several workers may want them at once
        flock(lock, LOCK_EX)
        ready = CACHE / ".ready"
        if not ready.exists() or ready.read_text() != repr(CLIENTS):
            shutil.rmtree(CACHE, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", CACHE], check=True)
            pip = [CACHE / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            subprocess.run([*pip, *CLIENTS], check=True)
            ready.write_text(repr(CLIENTS))
    return CACHE / "bin"
