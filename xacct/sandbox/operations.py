"""Which operation a request is, by the services' own models: the reverse of what the SDK does.

IAM and STS speak the query protocol: a form with ``Action`` and flattened members. S3 is told by method, path,
query and headers. Everything comes from botocore's models, so that the parameters are what a caller passed.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, unquote
from xml.etree import ElementTree

import botocore.session
from botocore.model import ListShape, OperationModel, ServiceModel, Shape, StructureShape

from xacct.permission.permission import Unmapped
from xacct.sandbox.request import Incoming, Operation

_SCOPE = re.compile(r"Credential=[^/,\s]+/[0-9]{8}/[^/]+/([a-z0-9-]+)/aws4_request")
_SCOPE_QUERY = re.compile(r"[^/]+/[0-9]{8}/[^/]+/([a-z0-9-]+)/aws4_request")
_HOST_STYLE = re.compile(
    r"(?P<bucket>[a-z0-9][a-z0-9.-]+[a-z0-9])\.(?:s3[a-z0-9.-]*\.)?localhost(?::[0-9]+)?"
)


@lru_cache(maxsize=4)
def model(service: str) -> ServiceModel:
    """The service's model as botocore has it."""
    loader = botocore.session.get_session().get_component("data_loader")
    return ServiceModel(loader.load_service_model(service, "service-2"), service)


def identify(incoming: Incoming) -> Operation:
    """The operation and its parameters.

    Raises:
        Unmapped: it is none that the model has, or its parameters make no sense.
    """
    service = service_of(incoming)
    if service == "kms":
        return _json(incoming)
    if service == "s3":
        return _s3(incoming)
    return _query(service, incoming)


def service_of(incoming: Incoming) -> str:
    """``iam``, ``sts``, ``s3`` or ``kms``: from the scope of the signature, else from the shape of the request."""
    found = _SCOPE.search(incoming.headers.get("authorization", ""))
    if found is None:
        given = dict(parse_qsl(incoming.query)).get("X-Amz-Credential", "")
        found = _SCOPE_QUERY.fullmatch(given)
    if found is not None:
        if found.group(1) not in ("iam", "sts", "s3", "kms"):
            raise Unmapped(f"the service {found.group(1)} is not here")
        return found.group(1)
    form = dict(parse_qsl(incoming.body.decode("latin-1"))) if incoming.method == "POST" else {}
    action = form.get("Action") or dict(parse_qsl(incoming.query)).get("Action", "")
    for service in ("iam", "sts"):
        if action in model(service).operation_names:
            return service
    return "s3"


def _json(incoming: Incoming) -> Operation:
    """The operation that a header names, with the parameters of a JSON body."""
    name = incoming.headers.get("x-amz-target", "").removeprefix("TrentService.")
    if name not in model("kms").operation_names:
        raise Unmapped(f'kms has no operation "{name}"')
    try:
        params = json.loads(incoming.body or b"{}")
    except ValueError:
        params = None
    if not isinstance(params, dict):
        raise Unmapped("the body is no JSON object")
    return Operation(service="kms", name=name, params=params)


def _query(service: str, incoming: Incoming) -> Operation:
    pairs = parse_qsl(incoming.query, keep_blank_values=True)
    pairs += parse_qsl(incoming.body.decode("utf-8", "replace"), keep_blank_values=True)
    form = dict(pairs)
    name = form.get("Action", "")
    if name not in model(service).operation_names:
        raise Unmapped(f'{service} has no operation "{name}"')
    shape = model(service).operation_model(name).input_shape
    params = _structure(shape, form, "") if isinstance(shape, StructureShape) else {}
    return Operation(service=service, name=name, params=params)


def _structure(shape: StructureShape, form: Mapping[str, str], prefix: str) -> dict[str, Any]:
    params: dict[str, Any] = {}
    for name, member in shape.members.items():
        wire = f"{prefix}{member.serialization.get('name', name)}"
        value = _member(member, form, wire)
        if value is not None:
            params[name] = value
    return params


def _member(shape: Shape, form: Mapping[str, str], wire: str) -> Any:
    if isinstance(shape, StructureShape):
        inside = _structure(shape, form, f"{wire}.")
        return inside or None
    if isinstance(shape, ListShape):
        return _list(shape, form, wire)
    if wire not in form:
        return None
    return _value(shape, form[wire])


def _list(shape: ListShape, form: Mapping[str, str], wire: str) -> list[Any] | None:
    flat = shape.serialization.get("flattened")
    between = "" if flat else f".{shape.member.serialization.get('name', 'member')}"
    items: list[Any] = []
    while (item := _member(shape.member, form, f"{wire}{between}.{len(items) + 1}")) is not None:
        items.append(item)
    if items:
        return items
    return [] if wire in form else None


def _value(shape: Shape, text: str) -> Any:
    try:
        match shape.type_name:
            case "boolean":
                return {"true": True, "false": False}[text.lower()]
            case "integer" | "long":
                return int(text)
            case "float" | "double":
                return float(text)
            case "blob":
                return base64.b64decode(text)
            case _:
                return text
    except (KeyError, ValueError):
        raise Unmapped(f'"{text[:40]}" is no {shape.type_name}') from None


@dataclass(frozen=True, slots=True)
class _Route:
    """How one S3 operation looks on the wire: method, whether bucket and key stand in the path, fixed query."""

    operation: OperationModel
    method: str
    depth: int
    fixed: frozenset[tuple[str, str | None]]
    required: frozenset[str]


@lru_cache(maxsize=1)
def _routes() -> tuple[_Route, ...]:
    routes: list[_Route] = []
    for name in model("s3").operation_names:
        operation = model("s3").operation_model(name)
        uri = operation.http["requestUri"]
        path, _, query = uri.partition("?")
        fixed = set()
        for part in filter(None, query.split("&")):
            key, equals, value = part.partition("=")
            fixed.add((key, value if equals else None))
        depth = 2 if "{Key" in path else 1 if "{Bucket}" in path else 0
        if "WriteGetObjectResponse" in name or name in ("CreateSession", "ListDirectoryBuckets"):
            continue
        shape = operation.input_shape
        required = frozenset(
            member.serialization["name"].lower()
            for member_name, member in (shape.members.items() if shape else ())
            if shape
            and member_name in shape.required_members
            and member.serialization.get("location") in ("header", "querystring")
        )
        routes.append(_Route(operation, operation.http["method"], depth, frozenset(fixed), required))
    # The more a route demands, the earlier it is tried: a copy before a put, a subresource before the object.
    return tuple(
        sorted(routes, key=lambda route: (-len(route.fixed), -len(route.required), route.operation.name))
    )


# These two differ from another operation only by what the model does not say.
_LAST = ("ListObjects",)


def _s3(incoming: Incoming) -> Operation:
    bucket, key = _place(incoming)
    depth = 2 if key else 1 if bucket else 0
    query = dict(parse_qsl(incoming.query, keep_blank_values=True))
    for route in _candidates(incoming.method, depth):
        if _fits(route, query, incoming.headers):
            return Operation(
                service="s3",
                name=route.operation.name,
                params=_s3_params(route.operation, incoming, bucket, key, query),
            )
    raise Unmapped(
        f"no S3 operation is {incoming.method} {'/'.join(['', *filter(None, (bucket, key))]) or '/'}"
    )


def _candidates(method: str, depth: int) -> Iterator[_Route]:
    fitting = [route for route in _routes() if route.method == method and route.depth == depth]
    yield from (route for route in fitting if route.operation.name not in _LAST)
    yield from (route for route in fitting if route.operation.name in _LAST)


def _place(incoming: Incoming) -> tuple[str, str]:
    """Bucket and key, from the path or from the host."""
    path = incoming.path.removeprefix("/")
    virtual = _HOST_STYLE.fullmatch(incoming.host)
    if virtual is not None:
        return virtual["bucket"], unquote(path)
    bucket, _, key = path.partition("/")
    return unquote(bucket), unquote(key)


_SUBRESOURCES = re.compile(r"[a-z][A-Za-z-]*")


def _fits(route: _Route, query: Mapping[str, str], headers: Mapping[str, str]) -> bool:
    for key, value in route.fixed:
        if key not in query or (value is not None and query[key] != value):
            return False
    present = set(query) | set(headers)
    lowered = {name.lower() for name in present}
    if not route.required <= lowered:
        return False
    # A subresource that this operation knows nothing of makes it another operation.
    known = {key for key, _ in route.fixed} | set(_query_names(route.operation))
    strange = {name for name in query if name not in known and name in _all_fixed()}
    return not strange


@lru_cache(maxsize=256)
def _query_names(operation: OperationModel) -> tuple[str, ...]:
    shape = operation.input_shape
    return tuple(
        member.serialization["name"]
        for member in (shape.members.values() if shape else ())
        if member.serialization.get("location") == "querystring"
    )


@lru_cache(maxsize=1)
def _all_fixed() -> frozenset[str]:
    return frozenset(key for route in _routes() for key, _ in route.fixed if key not in ("x-id",))


def _s3_params(
    operation: OperationModel, incoming: Incoming, bucket: str, key: str, query: Mapping[str, str]
) -> dict[str, Any]:
    shape = operation.input_shape
    params: dict[str, Any] = {}
    if shape is None:
        return params
    for name, member in shape.members.items():
        location = member.serialization.get("location")
        wire = member.serialization.get("name", name)
        if location == "uri":
            params[name] = bucket if wire == "Bucket" else key
        elif location == "querystring" and wire in query:
            params[name] = _value(member, query[wire])
        elif location == "header" and wire.lower() in incoming.headers:
            params[name] = _header(member, incoming.headers[wire.lower()])
        elif location == "headers":
            found = _prefixed(incoming.headers, wire.lower())
            if found:
                params[name] = found
    payload = shape.serialization.get("payload")
    if payload and incoming.body:
        member = shape.members[payload]
        params[payload] = _payload(member, incoming.body)
    return params


def _header(shape: Shape, text: str) -> Any:
    return text if shape.type_name in ("timestamp", "list") else _value(shape, text)


def _prefixed(headers: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {name[len(prefix) :]: value for name, value in headers.items() if name.startswith(prefix)}


def _payload(shape: Shape, body: bytes) -> Any:
    if isinstance(shape, StructureShape):
        if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
            raise Unmapped("XML with a DOCTYPE is not taken")
        try:
            return _xml(shape, ElementTree.fromstring(body))
        except ElementTree.ParseError as error:
            raise Unmapped(f"the body is no XML: {error}") from None
    return body.decode("utf-8", "replace") if shape.type_name == "string" else body


def _xml(shape: Shape, element: ElementTree.Element) -> Any:
    if isinstance(shape, StructureShape):
        found: dict[str, Any] = {}
        for name, member in shape.members.items():
            wire = member.serialization.get("name", name)
            if isinstance(member, ListShape):
                items = _xml_items(member, element, wire)
                if items is not None:
                    found[name] = items
                continue
            inside = _children(element, wire)
            if inside:
                found[name] = _xml(member, inside[0])
        return found
    return _value(shape, (element.text or "").strip() if shape.type_name != "string" else element.text or "")


def _xml_items(shape: ListShape, element: ElementTree.Element, wire: str) -> list[Any] | None:
    if shape.serialization.get("flattened"):
        name = shape.member.serialization.get("name", wire)
        flat = _children(element, wire) or _children(element, name)
        return [_xml(shape.member, one) for one in flat] or None
    outer = _children(element, wire)
    if not outer:
        return None
    name = shape.member.serialization.get("name", "member")
    return [_xml(shape.member, one) for one in _children(outer[0], name)]


def _children(element: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [child for child in element if _local(child.tag) == name]


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def names(service: str) -> Iterable[str]:
    """Every operation of a service's model."""
    return tuple(model(service).operation_names)
