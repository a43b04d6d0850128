"""From the accounts of a manifest to gateways, by the conventions of the AWS config file and environment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, ClassVar

import botocore.session
from botocore.config import Config
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    AssumeRoleProvider,
    CredentialProvider,
    DeferredRefreshableCredentials,
)
from botocore.exceptions import BotoCoreError, ClientError
from botocore.handlers import json_decode_policies
from botocore.loaders import Loader

from xacct import __version__
from xacct.account import AccountSpec, Enter, Environment, Profile
from xacct.aws.caller import NoCredentials
from xacct.aws.endpoints import compare, overruled, own_endpoints, shown, together
from xacct.aws.faults import NobodyToAsk, NoSection, no_credentials, service_error
from xacct.aws.gateway import Gateway
from xacct.aws.platform import detect, on_public_cloud
from xacct.errors import ServiceError
from xacct.platform import Platform

SERVICES = ("iam", "sts", "s3")
_CONNECTIONS = 32
_REGIONS = {
    "aws": "us-east-1",
    "aws-cn": "cn-north-1",
    "aws-us-gov": "us-gov-west-1",
    "aws-eusc": "eusc-de-east-1",
    "aws-iso": "us-iso-east-1",
    "aws-iso-b": "us-isob-east-1",
    "aws-iso-e": "eu-isoe-west-1",
    "aws-iso-f": "us-isof-south-1",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Temporary:
    """The credentials of an assumed role; none of them is ever shown."""

    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Temporary:
        """Out of the answer to AssumeRole or GetSessionToken."""
        given = answer["Credentials"]
        return cls(
            access_key_id=given["AccessKeyId"],
            secret_access_key=given["SecretAccessKey"],
            session_token=given["SessionToken"],
        )


class Sessions:
    """Makes gateways. All share one loader of the SDK's models, which makes every one but the first quick."""

    _loader: ClassVar[Loader | None] = None

    def __init__(self, code: Callable[[str], str] | None = None) -> None:
        """``code`` asks for the code of a second factor; without it a profile that needs one gives nothing."""
        self._lock = Lock()
        self._code = code
        self._entered_roles: dict[str, dict[str, Any]] = {}

    def gateways(self, specs: Iterable[AccountSpec]) -> dict[str, Gateway]:
        """A gateway for each account, by its name; see ``gateway``.

        Raises:
            Refused: as ``gateway``; or some accounts are private and another would be asked at the public cloud.
        """
        named = {spec.account.name: spec for spec in specs}
        made = {name: self.gateway(spec) for name, spec in named.items()}
        together({name: gateway.endpoints for name, gateway in made.items()}, named)
        return made

    def gateway(self, spec: AccountSpec, temporary: Temporary | None = None) -> Gateway:
        """The gateway of an account; nothing is sent yet. With ``temporary`` those credentials are used.

        A missing profile does not stop here, so that the other accounts can go on: the gateway raises
        ``NoCredentials`` when it is used.

        Raises:
            Refused: an endpoint is not the declared one, or a private platform would be asked at the public
                cloud.
        """
        account, origin = spec.account, _origin(spec)
        try:
            core = self._entered(spec, temporary)
            clients = {service: _client(core, service, spec, temporary) for service in SERVICES}
        except BotoCoreError as error:
            return Gateway(
                account,
                platform=_platform(spec, {}),
                client=_raising(account.name, error, origin),
                endpoints={},
                origin=origin,
            )
        endpoints = {service: shown(client.meta.endpoint_url) for service, client in clients.items()}
        compare(spec, endpoints, origin)
        if profile := _profile(spec):
            own = own_endpoints(core.get_scoped_config(), core.full_config, SERVICES)
            overruled(spec, profile, own, endpoints)
        return Gateway(
            account,
            platform=_platform(spec, endpoints, clients["s3"].meta.region_name),
            client=self._more(core, spec, temporary, clients),
            once=self._once(core, spec, temporary),
            endpoints=endpoints,
            origin=origin,
        )

    def token(self, profile: str, account: str) -> str:
        """The text of the file that a profile names as web_identity_token_file.

        Raises:
            NoCredentials: there is no such profile, it names no file, or the file cannot be read.
        """
        origin = _source(profile)
        try:
            scoped = botocore.session.Session(profile=profile).get_scoped_config()
        except BotoCoreError as error:
            raise no_credentials(account, error, origin) from None
        path = scoped.get("web_identity_token_file")
        if not path:
            raise NoCredentials(
                account,
                f"{origin} names no web_identity_token_file",
                fix="Write the job's token into a file, and name it there.",
            )
        try:
            return Path(str(path)).expanduser().read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no text"
            raise NoCredentials(
                account, f"the token in {path} cannot be read: {why}", fix=f"Correct the path in {origin}."
            ) from None

    def _entered(self, spec: AccountSpec, temporary: Temporary | None) -> botocore.session.Session:
        match spec.credentials:
            case Profile(name):
                core = self._core(name, spec)
            case Environment():
                core = self._core("", spec)
            case Enter(profile=profile) as enter:
                core = self._core(profile, spec)
                if temporary is None:
                    resolver = core.get_component("credential_provider")
                    resolver.providers = [self._entering(spec, enter)]
        return core

    def _more(
        self,
        core: botocore.session.Session,
        spec: AccountSpec,
        temporary: Temporary | None,
        clients: dict[str, Any],
    ) -> Callable[[str], Any]:
        """The clients that there are, and those of services that are seldom needed, made when they are."""
        making = Lock()

        def client(service: str) -> Any:
            with making:
                if service not in clients:
                    made = _client(core, service, spec, temporary)
                    if on_public_cloud(made.meta.endpoint_url) and not on_public_cloud(
                        clients["iam"].meta.endpoint_url
                    ):
                        raise ServiceError(
                            account=spec.account.name,
                            service=service,
                            operation="*",
                            message="the private cloud has no endpoint for it, and the public one is not asked",
                            fix=f"Set an endpoint for {service} in {_origin(spec)}.",
                        )
                    clients[service] = made
                return clients[service]

        return client

    def _once(
        self, core: botocore.session.Session, spec: AccountSpec, temporary: Temporary | None
    ) -> Callable[[str], Any]:
        """Clients that send every request once, made when they are first needed."""
        made: dict[str, Any] = {}

        def client(service: str) -> Any:
            with self._lock:
                if service not in made:
                    made[service] = _client(core, service, spec, temporary, attempts=1)
                return made[service]

        return client

    def _core(self, profile: str, spec: AccountSpec) -> botocore.session.Session:
        core = botocore.session.Session(profile=profile or None)
        with self._lock:
            if self._loader is None:
                Sessions._loader = core.get_component("data_loader")
            core.register_component("data_loader", self._loader)
        scoped = core.get_scoped_config()  # raises where there is no such profile
        if not isinstance(scoped.get("s3", {}), dict):  # the SDK would only stumble over it
            raise NoSection
        # Sessions of roles on the way are asked for in the same region as everything else.
        core.set_config_variable("region", _region(core, spec))
        for provider in core.get_component("credential_provider").providers:
            if isinstance(provider, AssumeRoleProvider):
                # One code is good for one session, so a session that is open serves every client of its profile.
                provider._prompter = self._asked  # type: ignore[attr-defined]
                provider.cache = self._entered_roles.setdefault(profile, {})
        return core

    def _asked(self, prompt: str) -> str:
        """The code of a second factor; accounts are read side by side, so that one is asked after the other."""
        if self._code is None:
            raise NobodyToAsk
        with self._lock:
            return self._code(prompt)

    def _entering(self, spec: AccountSpec, enter: Enter) -> CredentialProvider:
        def make() -> DeferredRefreshableCredentials:
            source = self._core(enter.profile, spec)
            extra = {"RoleSessionName": "xacct"}
            if enter.external_id:
                extra["ExternalId"] = enter.external_id

            def make_client(service: str, **keys: Any) -> Any:
                return _client(source, service, spec, None, **keys)

            def fetch() -> dict[str, Any]:
                credentials = source.get_credentials()
                if credentials is None:
                    raise NoCredentials(
                        spec.account.name,
                        f"{_source(enter.profile)} has none to enter {enter.role} with",
                        fix="Put keys into it, log in, or name another source in the manifest.",
                    )
                fetcher = AssumeRoleCredentialFetcher(make_client, credentials, enter.role, extra_args=extra)
                try:
                    fetched: dict[str, Any] = fetcher.fetch_credentials()
                except ClientError as error:
                    why = service_error(
                        error,
                        account=spec.account,
                        caller=_source(enter.profile),
                        service="sts",
                        operation="AssumeRole",
                        params={"RoleArn": enter.role},
                        endpoint="sts",
                    )
                    raise NoCredentials(spec.account.name, str(why), fix=why.fix) from None
                return fetched

            return DeferredRefreshableCredentials(refresh_using=fetch, method="assume-role")

        return _Entering(make)


class _Entering(CredentialProvider):
    """Gives the session of a role that is entered at the first request, not before."""

    METHOD = "assume-role"
    CANONICAL_NAME = "xacct-enter"

    def __init__(self, make: Callable[[], DeferredRefreshableCredentials]) -> None:
        super().__init__()
        self._make = make

    def load(self) -> DeferredRefreshableCredentials:
        """Credentials that fetch themselves when they are first needed, and again before they end."""
        return self._make()


def _client(
    core: botocore.session.Session,
    service: str,
    spec: AccountSpec,
    temporary: Temporary | None,
    *,
    attempts: int | None = None,
    **keys: Any,
) -> Any:
    """A client that hands out documents as they came, with what private clouds need where it is one.

    ``service`` may have a region behind a slash, in place of the profile's. ``attempts`` is how often a request
    is sent at most, the first time counted; by default the SDK decides.
    """
    if temporary is not None:
        keys = {
            "aws_access_key_id": temporary.access_key_id,
            "aws_secret_access_key": temporary.secret_access_key,
            "aws_session_token": temporary.session_token,
        }
    service, _, elsewhere = service.partition("/")
    region = elsewhere or _region(core, spec)
    config = Config(
        user_agent_extra=f"xacct/{__version__}",
        max_pool_connections=_CONNECTIONS,
        retries={"mode": "standard"}
        if attempts is None
        else {"mode": "standard", "total_max_attempts": attempts},
        connect_timeout=10,
    )
    client: Any = core.create_client(service, region_name=region, config=config, **keys)
    if not on_public_cloud(client.meta.endpoint_url):
        # The SDK puts buckets into the path at such an endpoint by itself, unless the profile says otherwise.
        private = Config(
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        client = core.create_client(service, region_name=region, config=config.merge(private), **keys)
    if service == "iam":
        client.meta.events.unregister("after-call.iam", json_decode_policies)
    return client


def _region(core: botocore.session.Session, spec: AccountSpec) -> str:
    """The manifest's, else the profile's, else one of the account's partition."""
    return (
        spec.region or core.get_config_variable("region") or _REGIONS.get(spec.account.partition, "us-east-1")
    )


def _platform(spec: AccountSpec, endpoints: Mapping[str, str], region: str = "") -> Platform:
    return detect(
        declared=spec.platform,
        account_id=spec.account.id,
        partition=spec.account.partition,
        endpoints=endpoints,
        account=spec.account.name,
        region=region,
    )


def _profile(spec: AccountSpec) -> str:
    match spec.credentials:
        case Profile(name):
            return name
        case Enter(profile=profile):
            return profile
        case Environment():
            return ""


def _origin(spec: AccountSpec) -> str:
    return _source(_profile(spec))


def _source(profile: str) -> str:
    return f"the AWS profile {profile}" if profile else "the environment"


def _raising(account: str, error: BotoCoreError, origin: str) -> Callable[[str], Any]:
    def client(service: str) -> Any:
        raise no_credentials(account, error, origin)

    return client
