"""One resource alone is read as it is in a snapshot of the whole account."""

import json

import pytest

from tests.contract.examples import ACCOUNT, EXAMPLES, TRUST
from tests.fakes import FakeGateway, refusal
from xacct.engine.reading import alone
from xacct.errors import ServiceError
from xacct.plan.codec import shown_json
from xacct.platform import AWS, CEPH
from xacct.policy.document import Document

ALONE = {"group", "group-policy", "managed-policy", "role", "role-policy", "user-policy"}
ONE_OF_A_SET = {"group-attachment", "membership", "role-attachment", "user-attachment"}
MERGED = {"bucket-policy", "key-policy", "role-trust"}


def answers(kind):
    """What the service says of the example of a kind."""
    example = EXAMPLES[kind][0]
    match kind:
        case "role":
            role = {
                "RoleName": example.name,
                "RoleId": "AROAREADER",
                "Arn": example.arn,
                "Path": example.path,
                "AssumeRolePolicyDocument": json.loads(example.trust.source),
                "Description": example.description,
                "MaxSessionDuration": example.max_session,
                "PermissionsBoundary": {"PermissionsBoundaryArn": example.boundary},
                "Tags": [{"Key": "team", "Value": "logs"}, {"Key": "xacct:manifest", "Value": "example"}],
            }
            return {"iam:GetRole": {"Role": role}}
        case "group":
            return {
                "iam:GetGroup": {
                    "Group": {"GroupName": example.name, "GroupId": "AGPA", "Path": example.path}
                }
            }
        case "managed-policy":
            document = json.loads(example.document.source)
            return {
                "iam:GetPolicy": {"Policy": {"Path": example.path, "DefaultVersionId": "v3"}},
                "iam:GetPolicyVersion": lambda params: {
                    "PolicyVersion": {"Document": document if params["VersionId"] == "v3" else {}}
                },
            }
        case _:
            document = json.loads(example.document.source)
            return {f"iam:Get{example.entity}Policy": {"PolicyDocument": document}}


def test_every_kind_is_read_alone_or_needs_it_not():
    """A new kind has to say which: what is neither would be written without a look."""
    assert set(EXAMPLES) == ALONE | ONE_OF_A_SET | MERGED
    assert {kind for kind in EXAMPLES if alone.question(EXAMPLES[kind][0])} == ALONE


@pytest.mark.parametrize("kind", sorted(ALONE))
def test_what_is_read_alone_is_what_a_snapshot_holds(kind):
    example, other, _ = EXAMPLES[kind]
    found = alone.read(FakeGateway(ACCOUNT, answers(kind)), example, {})
    assert found.fields == shown_json(example)
    assert found.fields != shown_json(other)
    assert bool(found.id) is (kind in ("role", "group"))


@pytest.mark.parametrize("kind", sorted(ALONE))
def test_what_is_absent_is_none_and_one_call_tells(kind):
    gateway = FakeGateway(ACCOUNT, {})
    assert alone.read(gateway, EXAMPLES[kind][0], {}) == alone.NOTHING
    assert gateway.asked == [alone.question(EXAMPLES[kind][0])]


@pytest.mark.parametrize("kind", sorted(ALONE))
def test_what_may_not_be_read_is_an_error_and_not_absent(kind):
    gateway = FakeGateway(ACCOUNT, {name: refusal() for name in answers(kind)})
    with pytest.raises(ServiceError):
        alone.read(gateway, EXAMPLES[kind][0], {})


def test_a_role_says_who_it_is():
    assert alone.read(FakeGateway(ACCOUNT, answers("role")), EXAMPLES["role"][0], {}).id == "AROAREADER"


def test_tags_that_the_role_does_not_tell_are_asked_for():
    script = answers("role")
    tags = script["iam:GetRole"]["Role"].pop("Tags")
    gateway = FakeGateway(ACCOUNT, {**script, "iam:ListRoleTags": {"Tags": tags}}, platform=CEPH)
    assert alone.read(gateway, EXAMPLES["role"][0], {}).fields["tag team"] == "logs"
    assert [call.operation for call in gateway.asked] == ["GetRole", "ListRoleTags"]
    assert AWS.tags_in_get_role


def test_an_id_in_a_trust_is_the_one_who_has_it():
    """Trap 1."""
    script = answers("role")
    anna, unique = "arn:aws:iam::444455556666:user/anna", "AIDAEXAMPLEANNA000001"
    script["iam:GetRole"]["Role"]["AssumeRolePolicyDocument"] = TRUST.source.replace(anna, unique)
    found = alone.read(FakeGateway(ACCOUNT, script), EXAMPLES["role"][0], {unique: anna})
    assert Document.parse(found.fields["trust"]) == TRUST
    found = alone.read(FakeGateway(ACCOUNT, script), EXAMPLES["role"][0], {})
    assert Document.parse(found.fields["trust"]) != TRUST


@pytest.mark.parametrize("kind", ["role", "role-policy", "managed-policy"])
def test_what_is_no_policy_is_kept_as_text(kind):
    """Trap 63."""
    script = answers(kind)
    match kind:
        case "role":
            script["iam:GetRole"]["Role"]["AssumeRolePolicyDocument"] = "nonsense"
        case "role-policy":
            script["iam:GetRolePolicy"]["PolicyDocument"] = "nonsense"
        case _:
            script["iam:GetPolicyVersion"] = {"PolicyVersion": {"Document": "nonsense"}}
    field = "trust" if kind == "role" else "document"
    assert alone.read(FakeGateway(ACCOUNT, script), EXAMPLES[kind][0], {}).fields[field] == "nonsense"


def test_a_default_version_that_nobody_finds_is_not_seen_yet():
    """Trap 66: the two answers may come from two copies."""
    script = answers("managed-policy") | {"iam:GetPolicyVersion": refusal("NoSuchEntity", 404)}
    with pytest.raises(ServiceError) as error:
        alone.read(FakeGateway(ACCOUNT, script), EXAMPLES["managed-policy"][0], {})
    assert error.value.absent
    assert "v3" in str(error.value)


def shared(kind, text):
    """The answer to the read of a shared document."""
    if kind == "role-trust":
        return {"Role": {"RoleId": "AROAREADER", "AssumeRolePolicyDocument": text}}
    return {"Policy": text}


@pytest.mark.parametrize("kind", sorted(MERGED))
def test_a_part_of_a_shared_document_is_what_a_snapshot_holds(kind):
    example, _, snapshot = EXAMPLES[kind]
    document = dict(type(example).documents(snapshot))[example.owner]
    unique = "AROAREADER" if kind == "role-trust" else ""
    live = next(type(example).pick(snapshot))
    assert alone.part_of(example, shared(kind, document.source), {}) == alone.Seen(shown_json(live), unique)
    assert alone.part_of(example, None, {}) == alone.NOTHING
    theirs = '{"Statement":[{"Sid":"Theirs","Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}]}'
    assert alone.part_of(example, shared(kind, theirs), {}) == alone.Seen(None, unique)


def test_an_id_among_our_statements_in_a_trust_is_the_one_who_has_it():
    """Trap 1."""
    example = EXAMPLES["role-trust"][0]
    anna, unique = "arn:aws:iam::444455556666:user/anna", "AIDAEXAMPLEANNA000001"
    text = f'{{"Statement":[{",".join(example.texts).replace(anna, unique)}]}}'
    (wanted,) = shown_json(example).values()
    for known, same in (({unique: anna}, True), ({}, False)):
        (found,) = alone.part_of(example, shared("role-trust", text), known).fields.values()
        assert (Document.parse(found) == Document.parse(wanted)) is same
