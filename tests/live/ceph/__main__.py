"""Run a command beside a Ceph gateway that lives as long as it does; ``XACCT_CEPH`` tells it where.

Where no gateway can run this fails, and says so; ``XACCT_SKIP_CEPH=1`` says that this is known.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import FrameType

from tests.live.ceph.cluster import described, gateway
from tests.live.ceph.packages import Unable

FRAME = "!" * 100


def main(words: list[str]) -> int:
    if os.environ.get("XACCT_SKIP_CEPH") == "1":
        say(f"{FRAME}\nXACCT_SKIP_CEPH=1: NOTHING WAS TRIED ON CEPH.\n{FRAME}")
        return 0
    signal.signal(signal.SIGTERM, _end)
    try:
        with gateway(say) as found, tempfile.TemporaryDirectory() as folder:
            described(Path(folder) / "ceph.json", found)
            environment = {**os.environ, "XACCT_CEPH": str(Path(folder) / "ceph.json")}
            return subprocess.run(words, env=environment, check=False).returncode
    except Unable as error:
        say(f"{FRAME}\nNOTHING WAS TRIED ON CEPH. {error}")
        say(f"XACCT_SKIP_CEPH=1 leaves it out knowingly.\n{FRAME}")
        return 1


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _end(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(143)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
