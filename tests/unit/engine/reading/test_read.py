"""What was read, what is absent, and what is unknown; the last two are never mixed up."""

import json

import pytest

from tests.fakes import FakeGateway, no_answer, refusal
from xacct.account import Account
from xacct.aws.caller import Caller, NoCredentials
from xacct.engine.reading.piecemeal import Names
from xacct.engine.reading.read import read_account, read_accounts
from xacct.errors import Refused
from xacct.platform import AWS, CEPH, PRIVATE
from xacct.policy.document import Document
from xacct.snapshot import RawDocument

DATA = Account(name="data", id="325271821652")
OTHER = Account(name="analytics", id="290122656840")
TRUST = json.dumps({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}]})
POLICY = json.dumps({"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]})


def entity(kind, name, **more):
    prefix = kind.capitalize()
    return {
        f"{prefix}Name": name,
        f"{prefix}Id": f"ID{name}",
        "Path": "/app/",
        "Arn": DATA.iam_arn(f"{kind}/app/{name}"),
        **more,
    }


ROLE = entity("role", "reader", AssumeRolePolicyDocument=TRUST)
USER = entity("user", "anna")
GROUP = entity("group", "Testers")
SWEEP = {
    "RoleDetailList": [
        {
            **ROLE,
            "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": POLICY}],
            "Tags": [{"Key": "a", "Value": "1"}],
        }
    ],
    "UserDetailList": [{**USER, "GroupList": ["Testers"]}],
    "GroupDetailList": [{**GROUP, "GroupPolicyList": [{"PolicyName": "g", "PolicyDocument": POLICY}]}],
}
ROLES = {"Roles": [{**ROLE, "Description": "reads", "MaxSessionDuration": 7200}]}
BULK = {"iam:GetAccountAuthorizationDetails": SWEEP, "iam:ListRoles": ROLES}
SINGLY = {
    "iam:ListRoles": ROLES,
    "iam:ListUsers": {"Users": [USER]},
    "iam:ListGroups": {"Groups": [GROUP]},
    "iam:GetRole": {"Role": {**ROLES["Roles"][0], "Tags": [{"Key": "a", "Value": "1"}]}},
    "iam:GetUser": {"User": USER},
    "iam:ListGroupsForUser": {"Groups": [GROUP]},
    "iam:ListRolePolicies": {"PolicyNames": ["p"]},
    "iam:GetRolePolicy": {"PolicyDocument": POLICY},
    "iam:ListGroupPolicies": {"PolicyNames": ["g"]},
    "iam:GetGroupPolicy": {"PolicyDocument": POLICY},
}


def unread(snapshot):
    return {gap.what: gap.reason for gap in snapshot.unread}


def singly(**changes):
    """The script of an account without the bulk call; ``iam_GetRole=...`` changes one answer."""
    script = {**SINGLY, "iam:GetAccountAuthorizationDetails": refusal("", 405)}
    return {**script, **{name.replace("_", ":", 1): value for name, value in changes.items()}}


def test_bulk_call_and_list_of_roles_give_the_whole_record():
    """Trap 87."""
    gateway = FakeGateway(DATA, BULK)
    snapshot = read_account(gateway)
    role = snapshot.roles["reader"]
    assert (role.path, role.arn, role.id) == ("/app/", DATA.iam_arn("role/app/reader"), "IDreader")
    assert role.trust == Document.parse(TRUST)
    assert dict(role.inline) == {"p": Document.parse(POLICY)}
    assert dict(role.tags) == {"a": "1"}
    assert (role.description, role.max_session) == ("reads", 7200)
    assert snapshot.users["anna"].groups == {"Testers"}
    assert dict(snapshot.groups["Testers"].inline) == {"g": Document.parse(POLICY)}
    assert snapshot.caller == DATA.iam_arn("user/admin")
    assert snapshot.platform == "aws"
    assert not snapshot.unread


def test_number_of_calls_does_not_grow_with_the_number_of_entities():
    """Trap 65."""
    gateway = FakeGateway(DATA, BULK)
    read_account(gateway)
    assert sorted(call.operation for call in gateway.asked) == ["GetAccountAuthorizationDetails", "ListRoles"]


@pytest.mark.parametrize(
    "platform_and_refusal",
    [(PRIVATE, refusal("", 405)), (AWS, refusal()), (PRIVATE, refusal("InvalidAction", 400)), (CEPH, None)],
    ids=["405", "denied", "invalid-action", "known-not-to-have-it"],
)
def test_entity_by_entity_gives_the_same_as_the_bulk_call(platform_and_refusal):
    platform, refused = platform_and_refusal
    script = {**singly(), "iam:GetAccountAuthorizationDetails": refused}
    script["iam:ListRoleTags"] = {"Tags": [{"Key": "a"}, {"Value": "1"}]}
    piecemeal = read_account(FakeGateway(DATA, script, platform=platform))
    bulk = read_account(FakeGateway(DATA, BULK))
    for section in ("roles", "users", "groups", "policies", "unread"):
        assert getattr(piecemeal, section) == getattr(bulk, section)


def test_tags_of_ceph_are_paired_and_the_last_of_two_is_the_newer():
    """ListRoleTags of Ceph gives key and value apart, and its tags are append-only."""
    pairs = [{"Key": "a"}, {"Value": "old"}, {"Key": "b"}, {"Value": "2"}, {"Key": "a"}, {"Value": "new"}]
    gateway = FakeGateway(DATA, singly(iam_ListRoleTags={"Tags": pairs}), platform=CEPH)
    assert dict(read_account(gateway).roles["reader"].tags) == {"a": "new", "b": "2"}


def test_pages_are_put_together():
    pages = ({"RoleDetailList": SWEEP["RoleDetailList"]}, {"UserDetailList": SWEEP["UserDetailList"]})
    snapshot = read_account(FakeGateway(DATA, {**BULK, "iam:GetAccountAuthorizationDetails": pages}))
    assert (set(snapshot.roles), set(snapshot.users)) == ({"reader"}, {"anna"})


def test_document_that_is_no_policy_is_kept_and_not_absent():
    sweep = {"RoleDetailList": [{**ROLE, "AssumeRolePolicyDocument": "not json"}]}
    trust = (
        read_account(FakeGateway(DATA, {**BULK, "iam:GetAccountAuthorizationDetails": sweep}))
        .roles["reader"]
        .trust
    )
    assert isinstance(trust, RawDocument)
    assert trust.text == "not json"


def test_other_account_than_declared_is_refused_before_anything_is_read_trap_67():
    gateway = FakeGateway(DATA, BULK, caller=Caller(OTHER.id, OTHER.iam_arn("user/admin")))
    with pytest.raises(
        Refused, match=r"account data belong to account 290122656840 .*325271821652 is declared"
    ):
        read_account(gateway)
    assert gateway.asked == []


@pytest.mark.parametrize(
    ("caller", "words"),
    [
        (NoCredentials("data", "there is no AWS profile named 'acct-b'", fix="Add it."), "acct-b"),
        (no_answer(), "no answer"),
        (refusal("InvalidClientTokenId"), "InvalidClientTokenId"),
        (None, "nothing tells"),
    ],
    ids=["no-credentials", "unreachable", "not-accepted", "nobody-knows"],
)
def test_account_that_cannot_be_known_is_unread_as_a_whole(caller, words):
    gateway = FakeGateway(DATA, BULK, caller=caller)
    snapshot = read_account(gateway, buckets=["snapshots"])
    assert words in unread(snapshot)["*"]
    assert gateway.asked == []
    assert [snapshot.roles, snapshot.users, snapshot.buckets] == [{}, {}, {}]


def test_one_unreachable_account_does_not_stop_the_others():
    gateways = {"data": FakeGateway(DATA, BULK), "analytics": FakeGateway(OTHER, caller=no_answer())}
    snapshots = read_accounts(gateways, buckets={"data": ["snapshots"]})
    assert set(snapshots["data"].roles) == {"reader"}
    assert set(unread(snapshots["analytics"])) == {"*"}


def test_failing_bulk_call_leaves_its_sections_unknown_and_the_bucket_known():
    script = {"iam:GetAccountAuthorizationDetails": refusal("ServiceFailure", 500), "s3:HeadBucket": {}}
    snapshot = read_account(FakeGateway(DATA, script), buckets=["snapshots"])
    assert set(unread(snapshot)) == {"roles", "users", "groups", "policies"}
    assert snapshot.buckets["snapshots"].exists


def test_without_the_list_of_roles_the_roles_are_unknown():
    snapshot = read_account(FakeGateway(DATA, {**BULK, "iam:ListRoles": refusal()}))
    assert set(unread(snapshot)) == {"roles"}


def test_role_that_only_one_call_has_seen_is_unknown():
    listed = {"Roles": [*ROLES["Roles"], entity("role", "new")]}
    snapshot = read_account(FakeGateway(DATA, {**BULK, "iam:ListRoles": listed}))
    assert set(unread(snapshot)) == {"role/new"}


@pytest.mark.parametrize(
    ("operation", "what"),
    [
        ("iam_ListRoles", "roles"),
        ("iam_ListUsers", "users"),
        ("iam_ListGroups", "groups"),
        ("iam_ListPolicies", "policies"),
        ("iam_GetRole", "role/reader"),
        ("iam_ListRolePolicies", "role/reader"),
        ("iam_GetRolePolicy", "role/reader"),
        ("iam_ListAttachedRolePolicies", "role/reader"),
        ("iam_GetUser", "user/anna"),
        ("iam_ListGroupsForUser", "user/anna"),
        ("iam_GetGroupPolicy", "group/Testers"),
    ],
)
@pytest.mark.parametrize("error", [refusal(), no_answer()], ids=["denied", "no-answer"])
def test_what_could_not_be_read_is_unknown_and_nothing_else_is(operation, what, error):
    snapshot = read_account(FakeGateway(DATA, singly(**{operation: error})))
    assert set(unread(snapshot)) == {what}


def test_entity_that_was_only_listed_is_there_and_its_details_unknown():
    snapshot = read_account(FakeGateway(DATA, singly(iam_GetUser=refusal())))
    assert snapshot.users["anna"].arn == DATA.iam_arn("user/app/anna")
    assert snapshot.why_unread("users", "user/anna")


@pytest.mark.parametrize("operation", ["iam_ListPolicies", "iam_ListAttachedRolePolicies"])
def test_what_a_platform_does_not_have_is_empty(operation):
    snapshot = read_account(FakeGateway(DATA, singly(**{operation: refusal("", 405)}), platform=PRIVATE))
    assert not snapshot.unread


def test_service_that_has_no_roles_at_all_leaves_them_unknown():
    snapshot = read_account(FakeGateway(DATA, singly(iam_ListRoles=refusal("", 405)), platform=PRIVATE))
    assert set(unread(snapshot)) == {"roles"}


@pytest.mark.parametrize("operation", ["iam_GetRole", "iam_ListRolePolicies"])
def test_role_that_disappears_meanwhile_is_left_out(operation):
    snapshot = read_account(FakeGateway(DATA, singly(**{operation: refusal("NoSuchEntity", 404)})))
    assert not snapshot.roles
    assert not snapshot.unread


def test_names_limit_what_is_read_in_full_and_say_what_was_not():
    roles = {"Roles": [*ROLES["Roles"], entity("role", "other", AssumeRolePolicyDocument=TRUST)]}
    gateway = FakeGateway(DATA, singly(iam_ListRoles=roles))
    names = Names(roles=frozenset({"reader"}), users=frozenset({"anna"}), groups=frozenset({"Testers"}))
    snapshot = read_account(gateway, names=names)
    assert set(unread(snapshot)) == {"role/other"}
    assert set(snapshot.roles) == {"reader", "other"}
    assert [call.params["RoleName"] for call in gateway.asked if call.operation == "GetRole"] == ["reader"]


def test_members_of_a_named_group_are_read_as_well():
    script = singly(iam_GetGroup={"Group": GROUP, "Users": [USER]})
    snapshot = read_account(FakeGateway(DATA, script), names=Names(groups=frozenset({"Testers"})))
    assert snapshot.users["anna"].groups == {"Testers"}
    assert "user/anna" not in unread(snapshot)


def test_named_role_is_read_where_listing_is_denied_and_a_missing_one_is_absent():
    script = singly(iam_ListRoles=refusal(), **{"iam_GetRole gone": refusal("NoSuchEntity", 404)})
    snapshot = read_account(FakeGateway(DATA, script), names=Names(roles=frozenset({"reader", "gone"})))
    assert set(snapshot.roles) == {"reader"}
    assert "role/*" in unread(snapshot)
    assert not {"roles", "role/reader", "role/gone"} & set(unread(snapshot))


def test_managed_policy_has_its_default_version():
    policy = {
        "PolicyName": "mp",
        "Path": "/xacct/n/",
        "Arn": DATA.iam_arn("policy/xacct/n/mp"),
        "DefaultVersionId": "v2",
    }
    script = singly(
        iam_ListPolicies={"Policies": [policy]},
        iam_GetPolicy={"Policy": {**policy, "Description": "d"}},
        iam_GetPolicyVersion={"PolicyVersion": {"VersionId": "v2", "Document": POLICY}},
        iam_ListPolicyVersions={"Versions": [{"VersionId": "v10"}, {"VersionId": "v2"}]},
    )
    found = read_account(FakeGateway(DATA, script)).policies["mp"]
    assert found.document == Document.parse(POLICY)
    assert (found.default_version, found.versions, found.description) == ("v2", ("v2", "v10"), "d")
