"""Every operation of the three services' models, sent by a user who may nothing: none gets through."""

from __future__ import annotations

import http.client
from datetime import UTC, datetime
from typing import Any

import botocore
import botocore.session
import pytest
from botocore.exceptions import ClientError
from botocore.model import Shape

from tests.functional.sandbox.people import Keys, People
from xacct.sandbox.store import Store

SERVICES = ("iam", "sts", "s3")
FREE = {"GetCallerIdentity", "GetSessionToken"}
"""No policy has a say in these."""

KNOWN = {
    "Bucket": "mongodb-snapshots",
    "Key": "a.img.xz",
    "CopySource": "mongodb-snapshots/a.img.xz",
    "UserName": "admin",
    "GroupName": "group",
    "RoleName": "reader",
    "RoleArn": f"arn:aws:iam::{People.DATA}:role/reader",
    "RoleSessionName": "session",
    "PolicyDocument": '{"Version":"2012-10-17","Statement":[]}',
    "AssumeRolePolicyDocument": '{"Version":"2012-10-17","Statement":[]}',
    "Policy": '{"Version":"2012-10-17","Statement":[]}',
}
MODELS = {service: botocore.session.Session().get_service_model(service) for service in SERVICES}
OPERATIONS = [(service, name) for service in SERVICES for name in MODELS[service].operation_names]


def filled(shape: Shape, name: str = "", depth: int = 0) -> Any:
    """A value of a shape, with what is required and nothing more."""
    if name in KNOWN and shape.type_name == "string":
        return KNOWN[name]
    match shape.type_name:
        case "structure":
            wanted = shape.required_members or (list(shape.members)[:1] if depth else [])
            return {member: filled(shape.members[member], member, depth + 1) for member in wanted}
        case "list":
            return [filled(shape.member, name, depth + 1)]
        case "map":
            return {"key": filled(shape.value, "", depth + 1)}
        case "string":
            enum = getattr(shape, "enum", None)
            return enum[0] if enum else "x" * max(4, shape.metadata.get("min", 0))
        case "integer" | "long":
            return max(1, shape.metadata.get("min", 0))
        case "boolean":
            return False
        case "timestamp":
            return datetime(2026, 1, 1, tzinfo=UTC)
        case "blob":
            return b"x"
        case other:
            raise AssertionError(other)


def everything(store: Store) -> Any:
    """What a request without rights must leave as it is."""
    return [
        [
            (entity.arn, entity.id, entity.tags, store.policies(entity))
            for entity in (*store.users(account), *store.roles(account), *store.groups(account))
        ]
        for account in store.accounts
    ] + [
        [
            (name, store.bucket_policy(name), sorted(bucket.keys))
            for name, bucket in store.s3(account).buckets.items()
        ]
        for account in store.accounts
    ]


def outcome(client: Any, service: str, name: str) -> int:
    operation = MODELS[service].operation_model(name)
    given = filled(operation.input_shape) if operation.input_shape is not None else {}
    try:
        answer = client._make_api_call(name, given)
    except ClientError as error:
        return int(error.response["ResponseMetadata"]["HTTPStatusCode"])
    return int(answer["ResponseMetadata"]["HTTPStatusCode"])


def test_who_may_nothing_gets_nothing_from_any_operation(people: People) -> None:
    people.bucket()
    people.admin(People.DATA, "iam").create_group(GroupName="group")
    nobody = people.user(People.DATA, "nobody")
    store = Store((People.DATA, People.ANALYTICS))
    before = everything(store)
    clients = {
        service: people.client(service, nobody, parameter_validation=False, inject_host_prefix=False)
        for service in SERVICES
    }
    done = {(service, name): outcome(clients[service], service, name) for service, name in OPERATIONS}
    through = {name for (_, name), status in done.items() if status < 400}
    through -= {"DeleteObjects"}  # answers 200 and says in its body that each key was denied
    assert through == FREE
    assert not [name for (_, name), status in done.items() if status == 500]
    assert everything(store) == before


def test_anonymous_gets_nothing_from_any_operation_either(people: People) -> None:
    people.bucket()
    store = Store((People.DATA, People.ANALYTICS))
    before = everything(store)
    done = {}
    for service in SERVICES:
        client = people.client(
            service,
            Keys("x", "x"),
            parameter_validation=False,
            inject_host_prefix=False,
            signature_version=botocore.UNSIGNED,
        )
        done |= {name: outcome(client, service, name) for name in MODELS[service].operation_names}
    assert {name for name, status in done.items() if status < 400} - {"DeleteObjects"} == set()
    assert everything(store) == before


@pytest.mark.parametrize(
    "path", ["/moto-api/reset", "/moto-api/data.json", "/latest/meta-data/", "/favicon.ico"]
)
def test_the_back_doors_of_moto_are_not_there(people: People, path: str) -> None:
    people.bucket()
    connection = http.client.HTTPConnection(people.sandbox.endpoint.removeprefix("http://"), timeout=10)
    for method in ("GET", "POST"):
        connection.request(method, path)
        answer = connection.getresponse()
        answer.read()
        assert answer.status >= 400
    connection.close()
    assert [found["Name"] for found in people.admin(People.DATA, "s3").list_buckets()["Buckets"]] == [
        "mongodb-snapshots"
    ]
