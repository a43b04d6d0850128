"""``config import``: what a person reads off the files stands in the profile, and everything else is kept."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from botocore.session import Session

from xacct.account import Account, AccountSpec, Profile
from xacct.aws.session import Sessions
from xacct.cli import main
from xacct.imported.profile_file import sections

KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPx=RfiCY%(x)s"
S3CFG = f"""[default]
access_key = {KEY}
access_token =
bucket_location = US
ca_certs_file =
check_ssl_certificate = True
check_ssl_hostname = True
gpg_command = /usr/bin/gpg
gpg_passphrase = very-private
host_base = objects.cloud.example:8080
host_bucket = objects.cloud.example:8080
human_readable_sizes = False
proxy_host = proxy.example
proxy_port = 3128
secret_key = {SECRET}
signature_v2 = True
use_https = False
"""
EUCA = f"""; written by euare-usercreate -wld cloud.example anna
[global]
default-region = cloud-a

[region *]
verify-ssl = false

[region cloud-a]
user = 290122656840:anna
ec2-url = http://compute.cloud.example:8773/
iam-url = http://euare.cloud.example:8773/
sts-url = http://tokens.cloud.example:8773/
s3-url = http://objectstorage.cloud.example:8773/

[region cloud-b]
user = bob
iam-url = http://10.0.0.5:8773/services/Euare
sts-url = http://10.0.0.5:8773/services/Tokens

[user 290122656840:anna]
key-id = {KEY}
secret-key = {SECRET}
account-id = 290122656840

[user bob]
key-id = AKIABOB
secret-key = bobs-{SECRET}
private-key = /home/bob/pk.pem
"""
EUCARC = f"""EUCA_KEY_DIR=$(cd $(dirname ${{BASH_SOURCE:-$0}}); pwd -P)
export EC2_URL=http://10.0.0.5:8773/services/compute
export S3_URL=http://10.0.0.5:8773/services/objectstorage
HOST="http://10.0.0.5:8773"
export EUARE_URL="$HOST/services/Euare"   # IAM
export TOKEN_URL=${{HOST}}'/services/Tokens/'
export EC2_PRIVATE_KEY=${{EUCA_KEY_DIR}}/euca2-admin-pk.pem
export EC2_ACCOUNT_NUMBER='290122656840'
export EC2_ACCESS_KEY='{KEY}' EC2_SECRET_KEY='{SECRET}'
export AWS_ACCESS_KEY='{KEY}'
alias ec2-bundle-image="ec2-bundle-image --cert ${{EC2_CERT}}"
if [ -n "$X" ]; then
  export AWS_DEFAULT_REGION=other
fi
echo WARN: something >&2
touch ran
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.chdir(tmp_path)
    return tmp_path


Ran = tuple[int, str]


@pytest.fixture
def run(folder: Path, capsys: pytest.CaptureFixture[str]):  # type: ignore[no-untyped-def]
    def once(kind: str, text: str | bytes, *words: str) -> Ran:
        (folder / "from").write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(SystemExit) as ended:
            main(["config", "import", f"--{kind}", "from", *words])
        said = capsys.readouterr()
        told = said.out + said.err
        for secret in (SECRET, KEY, "very-private", "Traceback"):
            assert secret not in told
        return int(ended.value.code or 0), told

    return once


def resolved(name: str) -> tuple[tuple[str, str, str | None], dict[str, str], str]:
    """Keys and endpoints as the SDK finds them by the written profile."""
    core = Session(profile=name)
    keys = core.get_credentials()
    assert keys is not None
    urls = {one: core.create_client(one).meta.endpoint_url for one in ("iam", "s3", "sts")}
    return (keys.access_key, keys.secret_key, keys.token), urls, core.get_config_variable("region")


def test_s3cfg_becomes_a_profile_and_says_what_it_could_not_map(run, folder: Path) -> None:  # type: ignore[no-untyped-def]
    code, told = run("s3cfg", S3CFG, "--profile", "objects")
    assert code == 0
    assert (folder / "config").read_text() == (
        f"[profile objects]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\nregion = us-east-1\n"
        "services = objects\nrequest_checksum_calculation = when_required\n"
        "response_checksum_validation = when_required\ns3 =\n    addressing_style = path\n\n"
        "[services objects]\ns3 =\n    endpoint_url = http://objects.cloud.example:8080\n"
    )
    for text in (
        "iam, sts: s3cmd knows no other service",
        "from:16:1: signature_v2: requests are signed with version 4 only",
        "from:13:1: proxy_host: a profile holds no proxy",
        "gpg_command, gpg_passphrase, human_readable_sizes: they are about how s3cmd works",
    ):
        assert text in told
    code, told = run(
        "s3cfg", S3CFG, "--replace", "--profile", "objects", "--endpoint", "iam=http://objects.cloud.example:8080/",
        "--endpoint", "sts=http://objects.cloud.example:8080",
    )  # fmt: skip
    assert code == 0
    assert "iam, sts:" not in told
    keys, urls, region = resolved("objects")
    assert keys == (KEY, SECRET, None)
    assert set(urls.values()) == {"http://objects.cloud.example:8080"}
    assert region == "us-east-1"


@pytest.mark.parametrize(
    ("line", "url", "style"),
    [
        (
            "use_https = True\nhost_base = h.example\nhost_bucket = %(bucket)s.h.example",
            "https://h.example",
            None,
        ),
        ("host_base = h.example\nhost_bucket = h.example/%(bucket)s", "https://h.example", "path"),
        ("use_https = no\nhost_base = h.example:81\nhost_bucket =", "http://h.example:81", "path"),
        ("host_base = s3.amazonaws.com\nhost_bucket = %(bucket)s.s3.amazonaws.com", None, None),
    ],
)
def test_the_address_of_s3(line: str, url: str | None, style: str | None, run, folder: Path) -> None:  # type: ignore[no-untyped-def]
    assert run("s3cfg", f"[default]\naccess_key = {KEY}\nsecret_key = {SECRET}\n{line}\n")[0] == 0
    core = Session(profile="s3cfg")
    assert core.full_config.get("services", {}).get("s3cfg", {}).get("s3", {}).get("endpoint_url") == url
    assert core.get_scoped_config().get("s3", {}).get("addressing_style") == style
    # No secret is expanded, and none is lost: it holds a percent sign and an equals sign.
    assert core.get_credentials().secret_key == SECRET


def test_a_session_token_and_a_certificate_authority_are_carried_over(run) -> None:  # type: ignore[no-untyped-def]
    more = "access_token = tok+en=\nca_certs_file = /etc/ssl/own.pem\nbucket_location = EU\n"
    assert run("s3cfg", f"[default]\naccess_key = {KEY}\nsecret_key = {SECRET}\n{more}")[0] == 0
    core = Session(profile="s3cfg")
    assert core.get_credentials().token == "tok+en="
    assert core.get_scoped_config()["ca_bundle"] == "/etc/ssl/own.pem"
    assert core.get_scoped_config()["region"] == "eu-west-1"


def test_every_user_of_euca2ools_gets_the_region_that_is_its_own(run, folder: Path) -> None:  # type: ignore[no-untyped-def]
    code, told = run("euca-ini", EUCA)
    assert code == 0
    keys, urls, region = resolved("290122656840-anna")
    assert keys == (KEY, SECRET, None)
    assert region == "cloud-a"
    assert urls == {
        "iam": "http://euare.cloud.example:8773",
        "sts": "http://tokens.cloud.example:8773",
        "s3": "http://objectstorage.cloud.example:8773",
    }
    keys, _, region = resolved("bob")
    assert (keys[0], region) == ("AKIABOB", "cloud-b")
    for text in (
        "account-id: a profile has none",
        "verify-ssl: certificates are always checked",
        "ec2-url: they are addresses and settings of other services",
        "private-key: certificates and keys of other interfaces",
        "s3-url: the region has no address for s3; add it with --endpoint s3=URL",
    ):
        assert text in told
    account = Account(name="data", id="290122656840")
    spec = AccountSpec(account=account, credentials=Profile("290122656840-anna"))
    assert Sessions().gateway(spec).platform.name == "eucalyptus"


def test_one_of_several_users(run, folder: Path) -> None:  # type: ignore[no-untyped-def]
    code, told = run("euca-ini", EUCA, "--profile", "x")
    assert (code, "Choose one with --user: 290122656840-anna, bob." in told) == (64, True)
    assert run("euca-ini", EUCA, "--user", "eve")[0] == 64
    assert not (folder / "config").exists()
    assert run("euca-ini", EUCA, "--user", "290122656840:anna", "--profile", "x")[0] == 0
    assert [one.words for one in sections((folder / "config").read_bytes())] == [
        ("profile", "x"),
        ("services", "x"),
    ]


def test_a_region_that_the_sdk_would_refuse_is_replaced_and_told(run) -> None:  # type: ignore[no-untyped-def]
    code, told = run(
        "euca-ini", EUCA.replace("cloud-a", "10.111.5.70.xip.io").replace("cloud-b", "b"), "--user", "bob"
    )
    assert code == 0, told
    code, told = run(
        "euca-ini",
        EUCA.replace("cloud-a", "10.111.5.70.xip.io"),
        "--user",
        "290122656840:anna",
        "--profile",
        "x",
    )
    assert 'region: "10.111.5.70.xip.io" cannot be a region in a profile' in told
    assert resolved("x")[2] == "us-east-1"


def test_eucarc_is_read_and_not_run(run, folder: Path) -> None:  # type: ignore[no-untyped-def]
    code, told = run("eucarc", EUCARC)
    assert code == 0, told
    assert not (folder / "ran").exists()
    keys, urls, region = resolved("eucarc")
    assert keys == (KEY, SECRET, None)
    assert region == "us-east-1"
    assert urls == {
        "iam": "http://10.0.0.5:8773/services/Euare",
        "sts": "http://10.0.0.5:8773/services/Tokens",
        "s3": "http://10.0.0.5:8773/services/objectstorage",
    }
    for text in (
        "from:8:1: EC2_ACCOUNT_NUMBER: a profile has none",
        "EC2_PRIVATE_KEY, EC2_URL, EUCA_KEY_DIR, HOST: they are addresses, certificates and settings",
        "line 11, 12, 13, 14, 15, 16: no plain assignment; the file is read and never run.",
    ):
        assert text in told
    spec = AccountSpec(account=Account(name="data", id="290122656840"), credentials=Profile("eucarc"))
    assert Sessions().gateway(spec).platform.name == "eucalyptus"


MALFORMED = {
    "no section": ("s3cfg", f"access_key = {KEY}\n", "from:1:1: error: Malformed file"),
    "a line that is none": (
        "s3cfg",
        f"[default]\n{SECRET.replace('=', '')}\naccess_key = x\n",
        "from:2:1: error: Malformed file",
    ),
    "two equal keys": ("s3cfg", f"[default]\nsecret_key = a\nsecret_key = {SECRET}\n", "from:3:1: error"),
    "two equal sections": ("s3cfg", "[default]\na = b\n[default]\n", "from:3:1: error"),
    "another section": ("s3cfg", "[profile x]\na = b\n", "There is no section [default]"),
    "no secret": ("s3cfg", f"[default]\naccess_key = {KEY}\n", "secret_key is missing"),
    "no truth": (
        "s3cfg",
        f"[default]\naccess_key = a\nsecret_key = {SECRET}\nuse_https = perhaps\n",
        "from:4:1: error: Malformed file",
    ),
    "no host": (
        "s3cfg",
        f"[default]\naccess_key = a\nsecret_key = {SECRET}\nhost_base = me:{SECRET}@h\n",
        "from:4:1: error: Malformed file",
    ),
    "no user": ("euca-ini", "[region x]\niam-url = http://x\n", "There is no section [user NAME]"),
    "a user without a secret": ("euca-ini", f"[user a]\nkey-id = {KEY}\n", "from:1:1: error: Malformed file"),
    "no URL": (
        "euca-ini",
        f"[user a]\nkey-id = {KEY}\nsecret-key = {SECRET}\n[region r]\ns3-url = ftp://x\n",
        "from:5:1: error",
    ),
    "an open quote": ("eucarc", f"export AWS_ACCESS_KEY='{KEY}\n", "from:1:1: error: Malformed file"),
    "an open substitution": ("eucarc", "export A=$(cat\n", "from:1:1: error: Malformed file"),
    "keys that differ": (
        "eucarc",
        f"export AWS_ACCESS_KEY={KEY}\nexport EC2_ACCESS_KEY=other\nexport AWS_SECRET_KEY='{SECRET}'\n",
        "from:2:1: error: Malformed file",
    ),
    "a secret that only a shell could tell": (
        "eucarc",
        f"export AWS_ACCESS_KEY={KEY}\nexport AWS_SECRET_KEY=`cat secret`\n",
        "from:2:1: error: Malformed file",
    ),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_file_is_told_with_its_line_and_nothing_is_written(case: str, run, folder: Path) -> None:  # type: ignore[no-untyped-def]
    kind, text, told = MALFORMED[case]
    code, said = run(kind, text)
    assert code == 65, said
    assert told in said
    assert not (folder / "config").exists()


def test_all_problems_are_told_at_once(run) -> None:  # type: ignore[no-untyped-def]
    _, said = run("s3cfg", "[default]\naccess_key =\nuse_https = x\nhost_base = a b\n")
    assert said.count("error: Malformed file") == 3, said


@pytest.mark.parametrize("twice", [False, True])
def test_a_secret_that_was_broken_over_lines_is_no_name_of_a_setting(twice: bool, run) -> None:  # type: ignore[no-untyped-def]
    """The rest of it looks like a setting, by the equals sign in it."""
    rest = "XUtnFEMI/K7MDENG+bPxRfiCY"
    text = f"[default]\naccess_key = {KEY}\nsecret_key = abc\n" + f"{rest}=x\n" * (2 if twice else 1)
    code, told = run("s3cfg", text)
    assert code == (65 if twice else 0)
    assert rest not in told


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b"[default]\n\x80\n"])
def test_what_is_no_text_is_said_so(data: bytes, run) -> None:  # type: ignore[no-untyped-def]
    code, said = run("s3cfg", data)
    assert (code, "no text in UTF-8" in said) == (1, True)


OTHERS = b"# mine\r\n[default]\nregion=eu-west-1\n\n[profile  spaced]\noutput = json\n[sso-session a]\nsso_region = x"


def test_everything_else_is_kept_byte_for_byte(run, folder: Path) -> None:  # type: ignore[no-untyped-def]
    config = folder / "config"
    config.write_bytes(OTHERS)
    config.chmod(0o644)
    assert run("s3cfg", S3CFG, "--profile", "x")[0] == 0
    written = config.read_bytes()
    assert written.startswith(OTHERS + b"\n\n[profile x]\n")
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    # Once more: refused without a word, replaced with one, and again nothing else touched.
    code, said = run("s3cfg", S3CFG, "--profile", "x")
    assert (code, "has [profile x], [services x] already; nothing was written" in said) == (6, True)
    assert config.read_bytes() == written
    config.write_bytes(written + b"\n[profile after]\nregion = z\n")
    assert run("s3cfg", S3CFG.replace("8080", "9090"), "--profile", "x", "--replace")[0] == 0
    again = config.read_bytes()
    assert again.startswith(OTHERS + b"\n\n[profile after]\nregion = z\n\n[profile x]\n")
    assert b"8080" not in again
    assert again.count(b"[profile x]") == 1
    assert not [one for one in folder.iterdir() if one.name.endswith(".new")]


@pytest.mark.parametrize("header", ['[profile "x"]', "[ profile x ]", "[profile\tx]", "[services x]"])
def test_a_profile_of_that_name_is_found_however_it_is_written(header: str, run, folder: Path) -> None:  # type: ignore[no-untyped-def]
    (folder / "config").write_text(f"{header}\nregion = y\n")
    assert run("s3cfg", S3CFG, "--profile", "x")[0] == 6


def test_keys_in_the_credentials_file_would_win_and_are_not_overruled(run, folder: Path) -> None:  # type: ignore[no-untyped-def]
    (folder / "credentials").write_text("[x]\naws_access_key_id = other\n")
    code, said = run("s3cfg", S3CFG, "--profile", "x", "--replace")
    assert (code, "would win" in said) == (6, True)
    assert not (folder / "config").exists()


def test_a_link_to_the_file_stays_a_link(run, folder: Path) -> None:  # type: ignore[no-untyped-def]
    (folder / "dotfiles").mkdir()
    (folder / "dotfiles" / "aws").write_bytes(OTHERS)
    (folder / "config").symlink_to(folder / "dotfiles" / "aws")
    assert run("s3cfg", S3CFG)[0] == 0
    assert (folder / "config").is_symlink()
    assert (folder / "dotfiles" / "aws").read_bytes().startswith(OTHERS)


WRONG = [
    ((), "one file is meant"),
    (("--s3cfg", "a", "--eucarc", "b"), "one file is meant"),
    (("--s3cfg", "from", "--endpoint", "ec2=http://x"), "no SERVICE=URL"),
    (("--s3cfg", "from", "--endpoint", "iam=x"), "cannot be used"),
    (("--s3cfg", "from", "--profile", "a b"), "no name for a profile"),
]


@pytest.mark.parametrize(("words", "told"), WRONG)
def test_wrong_usage(
    words: tuple[str, ...], told: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "from").write_text(S3CFG)
    with pytest.raises(SystemExit) as ended:
        main(["config", "import", *words])
    assert ended.value.code == 64
    assert told in capsys.readouterr().err
    assert not (folder / "config").exists()
