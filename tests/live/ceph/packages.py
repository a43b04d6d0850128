"""Ceph's programs out of Debian's packages, unpacked into a folder; the host's own packages stay as they are.

apt works on an empty list of installed packages, so it finds everything that is needed, downloads and
checks it, and installs nothing. The packages are then unpacked side by side; no script of theirs runs.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from fcntl import LOCK_EX, flock
from pathlib import Path

SUITE = os.environ.get("XACCT_CEPH_SUITE", "forky")  # the first Debian with accounts in its gateway
MIRROR = "http://deb.debian.org/debian"
WANTED = ("ceph-mon", "ceph-osd", "radosgw")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
NOT_NEEDED = tuple(f"--exclude=./usr/share/{name}" for name in ("doc", "man", "locale", "info"))
NODES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9)}


class Unable(Exception):
    """A gateway cannot run here; the text says why and what to do."""


def cache() -> Path:
    """Where the packages and the unpacked programs are kept between runs."""
    if own := os.environ.get("XACCT_CEPH_CACHE"):
        return Path(own).resolve()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "xacct" / "ceph"


def unpacked(say: Callable[[str], None]) -> Path:
    """The root folder with the programs; made where it is not there yet."""
    folder = cache()
    folder.mkdir(parents=True, exist_ok=True)
    root, ready = folder / "root", folder / "root" / ".unpacked"
    with (folder / "lock").open("w") as lock:  # two runs may start at once
        flock(lock, LOCK_EX)
        if not ready.exists() or ready.read_text() != SUITE:
            say(f"Ceph from Debian {SUITE} into {folder}: some 160 MB to download, once")
            _check_host()
            archives = _download(folder / "apt")
            shutil.rmtree(root, ignore_errors=True)
            _unpack(archives, root)
            ready.write_text(SUITE)
            shutil.rmtree(folder / "apt", ignore_errors=True)
    return root


def _check_host() -> None:
    for program in ("apt-get", "apt-config", "dpkg-deb", "tar"):
        if shutil.which(program) is None:
            raise Unable(f"There is no {program}; the packages of Ceph are taken from Debian with it.")
    if not KEYRING.exists():
        raise Unable(
            f"There is no {KEYRING} to check Debian's packages with; install debian-archive-keyring."
        )


def _download(folder: Path) -> list[Path]:
    archives = folder / "archives"
    for place in (archives / "partial", folder / "state" / "lists" / "partial", folder / "etc"):
        place.mkdir(parents=True, exist_ok=True)
    (folder / "status").touch()
    sources = folder / "etc" / "sources.list"
    sources.write_text(f"deb [signed-by={KEYRING}] {_mirror()} {SUITE} main\n")
    config = folder / "apt.conf"
    config.write_text("".join(f"{line}\n" for line in _settings(folder, sources, archives)))
    log = folder / "log"
    install = ["apt-get", "-y", "--download-only", "install", *WANTED]
    with log.open("w") as output:
        for command in (["apt-get", "-qq", "update"], install):
            done = subprocess.run(
                command,
                env={**os.environ, "APT_CONFIG": str(config), "DEBIAN_FRONTEND": "noninteractive"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
            if done.returncode:
                last = "\n".join(log.read_text().splitlines()[-5:])
                raise Unable(f"Ceph's packages could not be had ({' '.join(command[:2])}):\n{last}")
    return sorted(archives.glob("*.deb"))


def _mirror() -> str:
    """The one that the host uses, where it is a Debian; a proxy or a mirror near by may be all there is."""
    sources = Path("/etc/apt/sources.list.d/debian.sources")
    found = re.search(r"^URIs:\s*(\S+/debian/?)\s*$", sources.read_text(), re.M) if sources.exists() else None
    return found.group(1) if found else MIRROR


def _settings(folder: Path, sources: Path, archives: Path) -> Iterator[str]:
    yield f'Dir::Etc "{folder}/etc";'
    yield f'Dir::Etc::sourcelist "{sources}";'
    for name in ("sourceparts", "parts", "preferences", "preferencesparts", "trusted", "trustedparts"):
        yield f'Dir::Etc::{name} "/dev/null";'
    yield f'Dir::State "{folder}/state";'
    yield f'Dir::State::status "{folder}/status";'
    yield f'Dir::Cache "{folder}";'
    yield f'Dir::Cache::archives "{archives}";'
    yield 'APT::Architecture "' + _architecture() + '";'
    yield 'APT::Install-Recommends "false";'
    yield 'APT::Sandbox::User "root";'
    yield 'APT::Keep-Downloaded-Packages "true";'
    yield 'Binary::apt-get::APT::Keep-Downloaded-Packages "true";'
    own = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True).stdout
    yield from (line for line in own.splitlines() if line.startswith("Acquire::"))  # proxies, for one
    yield 'Acquire::Languages "none";'
    yield 'Acquire::Retries "3";'


def _architecture() -> str:
    found = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True)
    return found.stdout.strip()


def _unpack(archives: list[Path], root: Path) -> None:
    root.mkdir(parents=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda archive: _unpack_one(archive, root), archives))
    for name in ("proc", "dev", "tmp", "run", "runs", "etc/ceph", "var/lib/ceph", "var/run/ceph"):
        (root / name).mkdir(parents=True, exist_ok=True)
    for name, (major, minor) in NODES.items():
        if not (root / "dev" / name).exists():
            try:
                os.mknod(root / "dev" / name, stat.S_IFCHR | 0o666, os.makedev(major, minor))
            except PermissionError:
                raise Unable(
                    "Devices cannot be made here (mknod); a privileged container is needed."
                ) from None
            (root / "dev" / name).chmod(0o666)
    (root / "etc" / "hosts").write_text("127.0.0.1 localhost\n")
    (root / "etc" / "passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (root / "etc" / "group").write_text("root:x:0:\n")


def _unpack_one(archive: Path, root: Path) -> None:
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", archive], stdout=subprocess.PIPE) as reading:
        into = ["tar", "-C", str(root), "-x", "--keep-directory-symlink", *NOT_NEEDED]
        subprocess.run(into, stdin=reading.stdout, check=True)
    if reading.returncode:
        raise Unable(f"{archive.name} could not be unpacked.")
