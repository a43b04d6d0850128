"""A session of a role in the environment of another program, as the SDKs and the AWS CLI take it."""

from __future__ import annotations

from collections.abc import Mapping

import botocore.session
from botocore.exceptions import BotoCoreError

from xacct.aws.session import Temporary

_IN_THE_WAY = frozenset(
    {
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_ACCESS_KEY",
        "AWS_SECRET_KEY",
        "AWS_SECURITY_TOKEN",
        "AWS_CREDENTIAL_EXPIRATION",
        "AWS_CREDENTIAL_FILE",
        "AWS_ROLE_ARN",
        "AWS_ROLE_SESSION_NAME",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
    }
)
"""Variables by which one program or another would find other credentials than the session's."""

_ENDPOINTS = ("AWS_ENDPOINT_URL_IAM", "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_S3")


def session_environment(
    outer: Mapping[str, str],
    temporary: Temporary,
    *,
    endpoints: Mapping[str, str],
    private: bool,
    profile: str,
    region: str,
) -> dict[str, str]:
    """``outer`` with the session's credentials and nothing else that leads elsewhere.

    What the profile said of region, certificates and endpoints would be lost with the profile, so it is said
    in variables. The answer holds secrets: it is for the environment of a process and for nothing else.
    """
    inner = {name: value for name, value in outer.items() if name not in _IN_THE_WAY}
    inner |= {
        "AWS_ACCESS_KEY_ID": temporary.access_key_id,
        "AWS_SECRET_ACCESS_KEY": temporary.secret_access_key,
        "AWS_SESSION_TOKEN": temporary.session_token,
    }
    region = region or profile_setting(profile, "region")
    if not region and private:
        region = "us-east-1"
    if region:
        inner |= {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}
    if bundle := profile_setting(profile, "ca_bundle"):
        inner["AWS_CA_BUNDLE"] = bundle
    if private:
        inner |= {
            "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
            "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required",
        }
        for name in _ENDPOINTS:
            if url := endpoints.get(name.rpartition("_")[2].lower()):
                inner[name] = url
    return inner


def profile_setting(profile: str, name: str) -> str:
    """A setting that a profile and the environment come to; "" where there is none, or no such profile."""
    try:
        return str(botocore.session.Session(profile=profile or None).get_config_variable(name) or "")
    except BotoCoreError:
        return ""
