"""s3cmd's configuration (``~/.s3cfg``): keys and the address of S3; it knows no other service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from immutabledict import immutabledict

from xacct.imported.found import (
    Found,
    Reading,
    Unmapped,
    malformed,
    profile_name,
    region_or_none,
    unasked,
    url_problem,
)
from xacct.imported.ini import Ini, read_ini
from xacct.problem import Place, Problem

_SECTION = "default"
_PUBLIC = ("s3.amazonaws.com", "s3.amazonaws.com.cn")
_REGIONS = {"US": "us-east-1", "EU": "eu-west-1"}
_YES, _NO = {"true", "yes", "on", "1"}, {"false", "no", "off", "0", ""}
_USED = {
    "access_key",
    "secret_key",
    "access_token",
    "host_base",
    "host_bucket",
    "use_https",
    "bucket_location",
    "ca_certs_file",
    "check_ssl_certificate",
    "check_ssl_hostname",
    "proxy_host",
    "proxy_port",
    "signature_v2",
    "simpledb_host",
    "cloudfront_host",
    "website_endpoint",
}


def read_s3cfg(text: str, file: str, name: str = "") -> Reading:
    """The one user of the file; ``name`` is what the profile is to be called."""
    ini, problems = read_ini(text, file)
    found = ini.sections.get(_SECTION)
    if problems or found is None:
        missing = malformed(Place(file), "There is no section [default].", "Is it a file of s3cmd?")
        return Reading(problems=problems or (missing,))
    wrong = [*_keys(ini, found), *_truths(ini, found)]
    host, https = found.get("host_base", "").strip(), _truth(found, "use_https", True)
    url = f"{'https' if https else 'http'}://{host}" if host and host not in _PUBLIC else ""
    if url and (why := url_problem(url)):
        wrong.append(
            malformed(
                ini.place(_SECTION, "host_base"),
                f"host_base cannot be used: {why}.",
                "Write HOST:PORT there.",
            )
        )
    if wrong:
        return Reading(problems=tuple(wrong))
    location = found.get("bucket_location", "").strip()
    one = Found(
        name=profile_name(name or "s3cfg"),
        access_key_id=found["access_key"].strip(),
        secret_access_key=found["secret_key"].strip(),
        session_token=found.get("access_token", "").strip(),
        endpoints=immutabledict({"s3": url} if url else {}),
        region=region_or_none(_REGIONS.get(location.upper(), location)),
        ca_bundle=found.get("ca_certs_file", "").strip(),
        path_style=bool(url) and not found.get("host_bucket", "").startswith("%(bucket)s."),
        unmapped=tuple(_unmapped(ini, found, bool(url))),
    )
    return Reading(found=(one,))


def _keys(ini: Ini, found: Mapping[str, str]) -> Iterator[Problem]:
    for key in ("access_key", "secret_key"):
        if not found.get(key, "").strip():
            yield malformed(
                ini.place(_SECTION, key),
                f"{key} is missing or empty: without it there is nothing to sign with.",
                "Complete the file, or give the keys to a profile by hand.",
            )


def _truths(ini: Ini, found: Mapping[str, str]) -> Iterator[Problem]:
    for key in ("use_https", "signature_v2", "check_ssl_certificate", "check_ssl_hostname"):
        if found.get(key, "").strip().lower() not in _YES | _NO:
            yield malformed(
                ini.place(_SECTION, key), f"{key} is neither True nor False.", "Write True or False."
            )


def _truth(found: Mapping[str, str], key: str, default: bool) -> bool:
    given = found.get(key, "").strip().lower()
    return given in _YES if given else default


def _unmapped(ini: Ini, found: Mapping[str, str], private: bool) -> Iterator[Unmapped]:
    def one(key: str, why: str) -> Unmapped:
        return Unmapped(setting=key, why=why, place=ini.place(_SECTION, key))

    if private:
        yield Unmapped(
            setting="iam, sts",
            why="s3cmd knows no other service than S3. Add their addresses with --endpoint iam=URL and "
            "--endpoint sts=URL; on Ceph they are those of S3.",
            services=frozenset({"iam", "sts"}),
        )
    if _truth(found, "signature_v2", False):
        yield one("signature_v2", "requests are signed with version 4 only, which the service has to take.")
    for key in ("check_ssl_certificate", "check_ssl_hostname"):
        if not _truth(found, key, True):
            yield one(key, "certificates are always checked; name the cloud's own authority in ca_bundle.")
    if found.get("proxy_host", "").strip():
        yield one("proxy_host", "a profile holds no proxy; set HTTP_PROXY or HTTPS_PROXY in the environment.")
    location = found.get("bucket_location", "").strip()
    if location and not region_or_none(_REGIONS.get(location.upper(), location)):
        yield one("bucket_location", "it cannot be a region in a profile; us-east-1 stands there instead.")
    bucket = found.get("host_bucket", "").strip()
    if bucket.startswith("%(bucket)s.") and bucket != f"%(bucket)s.{found.get('host_base', '').strip()}":
        yield one(
            "host_bucket", "buckets cannot have a host other than host_base; they are put before that one."
        )
    yield from unasked(
        (key for key, value in found.items() if key not in _USED and value.strip()),
        "they are about how s3cmd works and not about where; no profile has them.",
    )
