"""What a manifest takes for granted, made on the embedded cloud: buckets, objects, users, groups, profiles.

xacct never creates buckets or users; whoever wants to try a manifest on the sandbox needs them first.
Everything goes over HTTP with an administrator's keys, as a person would do it with the AWS CLI.
"""

from __future__ import annotations

import configparser
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from xacct.account import Account, Enter, Profile
from xacct.manifest.model import LinkSpec, Manifest, Members, Name, TrustList, WrittenDocument
from xacct.policy.principal import User, parse_principal
from xacct.sandbox.outsiders import Beyond, Outsiders

REGION = "us-east-1"
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


@dataclass(frozen=True, slots=True)
class Key:
    """An access key of an IAM user; made up by the sandbox, and still never shown."""

    access_key_id: str
    secret_access_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Extra:
    """A user beyond those the manifest names, such as a stranger who must be refused."""

    account: str
    user: str
    profile: str
    groups: tuple[str, ...] = ()


class World:
    """The accounts of one sandbox, seen through their administrators' keys (by account id).

    With ``beyond`` identity providers and permission sets are made too, and those who come that way can.
    """

    def __init__(
        self, endpoint: str, administrators: Mapping[str, Key], beyond: Beyond | None = None
    ) -> None:
        self.endpoint = endpoint
        self._outsiders = Outsiders(beyond) if beyond is not None else None
        self.administrators = administrators
        self._profiles: dict[str, dict[str, str]] = {}

    def client(self, service: str, account: str) -> Any:
        """A boto3 client for a service, as the administrator of the account with this id."""
        key = self.administrators[account]
        return boto3.client(
            service,  # type: ignore[call-overload]  # the name is not a literal here
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=key.access_key_id,
            aws_secret_access_key=key.secret_access_key,
            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}),
        )

    def furnish(self, manifest: Manifest, objects: Mapping[str, Iterable[str]] | None = None) -> None:
        """Make everything this manifest names and does not make itself; ``objects`` are keys by bucket.

        Calling it for several manifests on one sandbox adds what is missing.
        """
        for spec in manifest.accounts.values():
            key = self.administrators[spec.account.id]
            if isinstance(spec.credentials, Profile):
                self._profile(spec.credentials.name, key)
            elif isinstance(spec.credentials, Enter):
                self._profile(spec.credentials.profile, key)
                self._role(spec.account, spec.credentials.role, spec.account.root)
        for group in _groups(manifest):
            self._once("create_group", group.account, GroupName=group.name, Path=group.path)
        for user in _users(manifest):
            self._user(user, _memberships(manifest, user))
        for name in _existing_roles(manifest):
            self._role(name.account, name.arn, name.account.root)
        sealed = {bucket for link in manifest.links.values() if link.key_policy for bucket in link.buckets}
        for bucket, prefixes in buckets(manifest).items():
            keys = (objects or {}).get(bucket.name) or _sample_keys(prefixes)
            named = [one.key for one in manifest.checks.objects if one.bucket == bucket]
            self._bucket(bucket, [*keys, *named], sealed=bucket in sealed)
        for consumer in manifest.users.values():
            if consumer.profile and consumer.profile not in self._profiles:
                self._profile(consumer.profile, self._new_key(consumer.name.account.id, consumer.name.name))
        for role in manifest.roles.values():
            if role.profile:
                source = next((user.profile for user in manifest.users.values() if user.profile), "")
                self._profiles[role.profile] = {
                    **self._base(),
                    "role_arn": role.name.arn,
                    "source_profile": source,
                }

        if self._outsiders is not None:
            self._outsiders.furnish(
                manifest, {account: self.client("iam", account) for account in self.administrators}
            )
            for profile, (arn, account) in self._outsiders.roles.items():
                self._profile(f"admin-{account.id}", self.administrators[account.id])
                self._profiles[profile] = {
                    **self._base(),
                    "role_arn": arn,
                    "source_profile": f"admin-{account.id}",
                }

    def add(self, extra: Extra) -> None:
        """Make one more user, with a profile of its own."""
        account = Account(name=extra.account, id=extra.account)
        name = Name(account=account, kind="user", name=extra.user)
        self._user(name, extra.groups)
        self._profile(extra.profile, self._new_key(account.id, extra.user))

    def write_config(self, path: Path) -> None:
        """The profiles as an AWS config file, and tokens in files beside it, readable by their owner only."""
        for profile, (arn, token) in (self._outsiders.tokens if self._outsiders else {}).items():
            beside = path.with_name(f"{profile}.token")
            _write(beside, token)
            self._profiles[profile] = {
                **self._base(),
                "role_arn": arn,
                "web_identity_token_file": str(beside),
            }
        config = configparser.RawConfigParser()
        for name, values in sorted(self._profiles.items()):
            section = f"profile {name}"
            config.add_section(section)
            for option, value in values.items():
                config.set(section, option, value)
        text = StringIO()
        config.write(text)
        _write(path, text.getvalue())

    def _base(self) -> dict[str, str]:
        return {"region": REGION, "endpoint_url": self.endpoint, "s3": "\naddressing_style = path"}

    def _profile(self, name: str, key: Key) -> None:
        self._profiles[name] = {
            **self._base(),
            "aws_access_key_id": key.access_key_id,
            "aws_secret_access_key": key.secret_access_key,
        }

    def _new_key(self, account: str, user: str) -> Key:
        made = self.client("iam", account).create_access_key(UserName=user)["AccessKey"]
        return Key(made["AccessKeyId"], made["SecretAccessKey"])

    def _once(self, operation: str, account: Account, **params: str) -> None:
        iam = self.client("iam", account.id)
        try:
            getattr(iam, operation)(**params)
        except iam.exceptions.EntityAlreadyExistsException:
            return

    def _user(self, user: Name, groups: Iterable[str]) -> None:
        self._once("create_user", user.account, UserName=user.name, Path=user.path)
        for group in groups:
            self.client("iam", user.account.id).add_user_to_group(GroupName=group, UserName=user.name)

    def _role(self, account: Account, arn: str, principal: str) -> None:
        path, _, name = arn.partition(":role")[2].rpartition("/")
        statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self._once("create_role", account, RoleName=name, Path=f"{path}/", AssumeRolePolicyDocument=trust)
        self.client("iam", account.id).put_role_policy(
            RoleName=name, PolicyName="everything", PolicyDocument=json.dumps(EVERYTHING)
        )

    def _bucket(self, bucket: Name, keys: Iterable[str], *, sealed: bool) -> None:
        s3 = self.client("s3", bucket.account.id)
        if bucket.name not in {found["Name"] for found in s3.list_buckets()["Buckets"]}:
            s3.create_bucket(Bucket=bucket.name)
            if sealed:
                self._seal(bucket)
        for key in keys:
            s3.put_object(Bucket=bucket.name, Key=key, Body=f"{key}\n".encode())

    def _seal(self, bucket: Name) -> None:
        """Default encryption with a key that only its administrator may use, so that its policy has a say."""
        account = bucket.account
        caller = self.client("sts", account.id).get_caller_identity()["Arn"]
        alone = {"Effect": "Allow", "Principal": {"AWS": caller}, "Action": "kms:*", "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [alone]})
        arn = self.client("kms", account.id).create_key(Policy=policy)["KeyMetadata"]["Arn"]
        rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": arn}}
        self.client("s3", account.id).put_bucket_encryption(
            Bucket=bucket.name, ServerSideEncryptionConfiguration={"Rules": [rule]}
        )


def _write(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)


def _principals(manifest: Manifest) -> Iterator[Name]:
    """Every user or role that a trust names, in accounts of the manifest."""
    for link in manifest.links.values():
        yield from (trusted for trusted in link.trust if isinstance(trusted, Name))
    accounts = {spec.account.id: spec.account for spec in manifest.accounts.values()}
    for role in manifest.roles.values():
        if isinstance(role.trust, TrustList):
            yield from (trusted for trusted in role.trust.principals if isinstance(trusted, Name))
        elif isinstance(role.trust, WrittenDocument):
            yield from _named_in(role.trust, accounts)


def _named_in(trust: WrittenDocument, accounts: Mapping[str, Account]) -> Iterator[Name]:
    for text in _principal_texts(json.loads(trust.document.source)):
        principal = parse_principal(text) if ":user/" in text else None
        if isinstance(principal, User) and principal.account in accounts:
            path, _, name = principal.arn.partition(":user")[2].rpartition("/")
            yield Name(account=accounts[principal.account], kind="user", name=name, path=f"{path}/")


def _principal_texts(document: Any) -> Iterator[str]:
    statements = document["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        named = statement.get("Principal", {})
        values = named.get("AWS", []) if isinstance(named, dict) else named
        yield from [values] if isinstance(values, str) else values


def _users(manifest: Manifest) -> list[Name]:
    """Every user the manifest speaks of."""
    found = [spec.name for spec in manifest.users.values()]
    found += [name for name in _principals(manifest) if name.kind == "user"]
    found += [grant for link in manifest.links.values() for grant in link.grants if grant.kind == "user"]
    found += [member for group in manifest.groups.values() for member in group.members or ()]
    return list({str(name): name for name in found}.values())


def _groups(manifest: Manifest) -> list[Name]:
    """Every group the manifest speaks of and does not create."""
    found = [spec.name for spec in manifest.groups.values()]
    for link in manifest.links.values():
        found += [grant for grant in link.grants if grant.kind == "group"]
        found += [trusted.group for trusted in link.trust if isinstance(trusted, Members)]
    made = {str(spec.name) for spec in manifest.groups.values() if spec.create}
    return [name for text, name in {str(name): name for name in found}.items() if text not in made]


def _existing_roles(manifest: Manifest) -> list[Name]:
    """Every role that must be there before, the links' own excepted."""
    made = {str(spec.name) for spec in manifest.roles.values() if not spec.existing}
    made |= {str(link.role) for link in manifest.links.values()}
    found = [spec.name for spec in manifest.roles.values() if spec.existing]
    found += [name for name in _principals(manifest) if name.kind == "role"]
    found += [grant for link in manifest.links.values() for grant in link.grants if grant.kind == "role"]
    return [name for text, name in {str(name): name for name in found}.items() if text not in made]


def _memberships(manifest: Manifest, user: Name) -> list[str]:
    """The groups a user must be in for the declared access to work."""
    trusted = {str(name) for name in _principals(manifest)}
    groups: set[str] = set()
    for link in manifest.links.values():
        if _trusts(link, user):
            groups |= {
                name.name for name in link.grants if name.kind == "group" and name.account == user.account
            }
    for group in manifest.groups.values():
        if (
            group.name.account == user.account
            and not group.create
            and group.members is None
            and str(user) in trusted
        ):
            groups.add(group.name.name)
    made = {spec.name.name for spec in manifest.groups.values() if spec.create}
    return sorted(groups - made)


def _trusts(link: LinkSpec, user: Name) -> bool:
    return any(
        trusted.group.account == user.account if isinstance(trusted, Members) else str(trusted) == str(user)
        for trusted in link.trust
        if isinstance(trusted, Members | Name)
    )


def buckets(manifest: Manifest) -> dict[Name, set[str]]:
    """The buckets with the prefixes that links use."""
    found: dict[Name, set[str]] = {}
    for link in manifest.links.values():
        for bucket in link.buckets:
            found.setdefault(bucket, set()).update(link.prefixes)
    for spec in manifest.buckets.values():
        found.setdefault(spec.name, set())
    for role in manifest.roles.values():
        for written in role.policies.values():
            for bucket_name in _buckets_in(written):
                found.setdefault(Name(account=role.name.account, kind="bucket", name=bucket_name), set())
    return found


def _buckets_in(written: WrittenDocument) -> Iterator[str]:
    statements = json.loads(written.document.source)["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        resources = statement.get("Resource", [])
        for resource in [resources] if isinstance(resources, str) else resources:
            bucket = resource.partition(":s3:::")[2].partition("/")[0]
            if bucket and not set(bucket) & set("*?$"):
                yield bucket


def _sample_keys(prefixes: set[str]) -> list[str]:
    inside = [f"{prefix.rstrip('/')}/sample.txt" for prefix in sorted(prefixes)]
    return [*inside, "outside/sample.txt"] if prefixes else ["sample-1.txt", "sample-2.txt"]
