"""One monitor, one store in memory and one gateway, on loopback, for as long as they are wanted.

Each run has a folder and ports of its own, so several may run from the same programs. The store does not
outlive a run: every start is a new and empty cluster.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

from tests.live.ceph.packages import Unable, unpacked

ADMIN = "xacct-admin"
CONFIG = """
[global]
fsid = {fsid}
keyring = {home}/keyring
mon_initial_members = a
mon_host = [v2:127.0.0.1:{mon}]
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_port_min = {low}
ms_bind_port_max = {high}
auth_cluster_required = cephx
auth_service_required = cephx
auth_client_required = cephx
auth_allow_insecure_global_id_reclaim = false
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pgp_num = 1
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 1000
mon_data_avail_warn = 1
mon_data_avail_crit = 0
admin_socket =
run_dir = {home}
crash_dir = {home}
log_to_file = false
log_to_stderr = true
err_to_stderr = true
log_max_recent = 50
[mon]
mon_data = {home}/mon
paxos_propose_interval = 0.05
paxos_min_wait = 0.01
[osd]
osd_data = {home}/osd
osd_objectstore = memstore
memstore_device_bytes = 2147483648
osd_op_num_shards = 1
osd_op_num_threads_per_shard = 2
osd_memory_target = 939524096
osd_class_load_list = *
osd_class_default_list = *
[client]
rgw_override_bucket_index_max_shards = 1
[client.rgw]
rgw_frontends = beast endpoint=127.0.0.1:{port}
rgw_sts_key = {sts_key}
rgw_s3_auth_use_sts = true
rgw_thread_pool_size = 32
rgw_usage_max_shards = 1
rgw_crypt_require_ssl = false
"""


@contextmanager
def gateway(say: Callable[[str], None]) -> Iterator[dict[str, str]]:
    """A running gateway: its ``endpoint``, ``version``, and the keys of who may make accounts on it."""
    if os.geteuid() != 0:
        raise Unable("A Ceph gateway needs root here: its programs run in a chroot.")
    root = unpacked(say)
    _sweep(root)
    run = _Run(root)
    try:
        began = time.monotonic()
        found = run.start()
        say(f"Ceph {found['version']} at {found['endpoint']}, started in {time.monotonic() - began:.1f} s")
        yield found
        say(f"Ceph used {run.memory()} MB of memory")
    finally:
        run.stop()


class _Run:
    """The processes of one run, known by pid and by when each was started."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.id = secrets.token_hex(4)
        self.home = f"/runs/{self.id}"
        self.folder = root / "runs" / self.id
        self.daemons: list[subprocess.Popen[bytes]] = []
        self.mon, self.port, self.low = _free_ports(3)

    def start(self) -> dict[str, str]:
        self.folder.mkdir()
        (self.folder / "owner").write_text(_identity(os.getpid()))
        for name in ("mon", "osd"):
            (self.folder / name).mkdir()
        fsid, osd = str(uuid.uuid4()), str(uuid.uuid4())
        config = CONFIG.format(
            fsid=fsid,
            home=self.home,
            mon=self.mon,
            low=self.low,
            high=self.low + 30,
            port=self.port,
            sts_key=secrets.token_hex(8),
        )
        key = self._run("ceph-authtool", "--gen-print-key", config=False).strip()
        self._private("ceph.conf", config)
        self._private("keyring", _keyring(key))
        here = f"[v2:127.0.0.1:{self.mon}]"
        made = ("--set-min-mon-release", "tentacle", f"{self.home}/monmap")
        self._run("monmaptool", "--create", "--fsid", fsid, "--addv", "a", here, *made, config=False)
        keyring = f"{self.home}/keyring"
        self._run("ceph-mon", "--mkfs", "-i", "a", "--monmap", f"{self.home}/monmap", "--keyring", keyring)
        self._daemon("ceph-mon", "-i", "a", "-f")
        self._persist("ceph", "--connect-timeout", "3", "osd", "new", osd, "0")
        self._run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd)
        self._daemon("ceph-osd", "-i", "0", "-f")
        self._daemon("radosgw", "-n", "client.rgw", "-f")
        endpoint = f"http://127.0.0.1:{self.port}"
        self._await(endpoint)
        secret = secrets.token_hex(20)
        caps = ("--caps", "accounts=*;users=*", "--access-key", ADMIN, "--secret", secret)
        self._run("radosgw-admin", "user", "create", "--uid", ADMIN, "--display-name", ADMIN, *caps)
        version = re.search(r"ceph version (\S+)", self._run("radosgw", "--version", config=False))
        return {
            "endpoint": endpoint,
            "version": version.group(1) if version else "?",
            "admin_access_key": ADMIN,
            "admin_secret_key": secret,
        }

    def memory(self) -> int:
        """What the processes hold now, in MB."""
        pages = [
            int(Path(f"/proc/{daemon.pid}/statm").read_text().split()[1])
            for daemon in self.daemons
            if daemon.poll() is None
        ]
        return sum(pages) * os.sysconf("SC_PAGE_SIZE") // 1_000_000

    def stop(self) -> None:
        """The data is thrown away, so nothing needs to be written first."""
        for daemon in reversed(self.daemons):
            daemon.kill()
            daemon.wait(timeout=30)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _private(self, name: str, text: str) -> None:
        with os.fdopen(os.open(self.folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)

    def _inside(self, *words: str, config: bool = True) -> list[str]:
        """A command in the chroot; what is mounted for it is seen by nobody else, and ends with it."""
        mounted = 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"'
        found = ("-c", f"{self.home}/ceph.conf") if config else ()
        return ["unshare", "-m", "sh", "-c", mounted, str(self.root), words[0], *found, *words[1:]]

    def _run(self, *words: str, config: bool = True) -> str:
        done = subprocess.run(
            self._inside(*words, config=config),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if done.returncode:
            last = "\n".join((done.stdout + done.stderr).splitlines()[-5:])
            raise Unable(f"{words[0]} ended with {done.returncode}:\n{last}\n{self._last_words()}")
        return done.stdout

    def _persist(self, *words: str) -> None:
        """The monitor turns everyone away until it has read its keys, and may not listen yet."""
        for _ in range(10):
            try:
                self._run(*words)
            except Unable as error:
                refused = error
                time.sleep(0.3)
            else:
                return
        raise refused

    def _daemon(self, *words: str) -> None:
        with (self.folder / f"{words[0]}.log").open("wb") as log:
            daemon = subprocess.Popen(
                # It dies with this process, however that ends.
                ["setpriv", "--pdeathsig", "KILL", *self._inside(*words)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.daemons.append(daemon)
        with (self.folder / "pids").open("a") as pids:
            pids.write(f"{_identity(daemon.pid)}\n")

    def _await(self, endpoint: str) -> None:
        for _ in range(600):
            for daemon in self.daemons:
                if daemon.poll() is not None:
                    raise Unable(f"{daemon.args[-3:]} ended with {daemon.returncode}:\n{self._last_words()}")
            try:
                urlopen(endpoint, timeout=5).close()
            except HTTPError:
                return
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise Unable(f"The gateway does not answer:\n{self._last_words()}")

    def _last_words(self) -> str:
        return "\n".join(
            line for log in sorted(self.folder.glob("*.log")) for line in log.read_text().splitlines()[-5:]
        )


def _sweep(root: Path) -> None:
    """End and remove what runs left whose owner is gone; a pid that is somebody else's by now is left alone."""
    for folder in (root / "runs").iterdir():
        owner = folder / "owner"
        if owner.exists() and _alive(owner.read_text()):
            continue
        pids = folder / "pids"
        for identity in pids.read_text().splitlines() if pids.exists() else ():
            if _alive(identity):
                os.kill(int(identity.split()[0]), signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)


def _identity(pid: int) -> str:
    """A pid with its time of start, which no later process of that number shares."""
    return f"{pid} {_started(pid)}"


def _alive(identity: str) -> bool:
    pid, _, started = identity.partition(" ")
    return bool(started) and _started(int(pid)) == started


def _started(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return ""


def _free_ports(count: int) -> list[int]:
    """Ports that nobody listens at now; the store takes the first free one from the last on."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [min(one.getsockname()[1], 65_000) for one in sockets]
    finally:
        for one in sockets:
            one.close()


def _keyring(key: str) -> str:
    """Everyone of this throw-away cluster has all rights and the same key."""
    return "".join(
        f"[{name}]\nkey = {key}\n"
        + "".join(f'caps {daemon} = "allow *"\n' for daemon in ("mon", "osd", "mgr"))
        for name in ("mon.", "client.admin", "client.rgw", "osd.0")
    )


def described(path: Path, found: dict[str, str]) -> None:
    """Write where the gateway is, for its user only."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(found, file)
