"""What a finding says to do, and that its words fit what is wrong."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from xacct.policy.catalogue import actions
from xacct.policy.lint import lint
from xacct.policy.lint.finding import Finding
from xacct.policy.lint.globals import global_type, spelled
from xacct.problem import Place, Severity


def of(rule: str, statement: dict[str, Any], kind: Any = None, **top: Any) -> list[Finding]:
    body = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*", **statement}
    text = json.dumps({"Version": "2012-10-17", **top, "Statement": [body]})
    return [one for one in lint(text, kind) if one.rule == rule]


def allow(action: Any, resource: Any = "arn:aws:s3:::b/*") -> dict[str, Any]:
    return {"Action": action, "Resource": resource}


def asked(operator: str, key: str, value: Any = "x") -> dict[str, Any]:
    return {"Condition": {operator: {key: value}}}


WORDS: list[tuple[str, dict[str, Any], str, str]] = [
    ("unknown-action", allow("s3:GetObjects"), "There is no action", "Did you mean GetObject?"),
    ("unknown-action", allow("s3:GetObjectz*"), "No action matches", "Did you mean GetObject?"),
    ("unknown-action", allow("s3:?etObjectz"), "No action matches", "Did you mean GetObject?"),
    ("unknown-action", allow("s3:Xyzzy"), "There is no action", "Look it up"),
    ("unknown-service", allow("ecc2:RunInstances", "*"), "no service", "Did you mean ec2?"),
    ("malformed-action", allow("GetObject"), "is no action", "such as s3:GetObject"),
    ("malformed-arn", allow("s3:ListBucket", "my-bucket"), "is no ARN", "arn:aws:s3:::BUCKET or"),
    ("malformed-arn", allow("s3:ListBucket", "s3:::b"), "is no ARN", "Write arn:aws:s3:::b."),
    ("malformed-arn", allow("s3:ListBucket", "s3://b"), "is no ARN", "Write arn:aws:s3:::BUCKET."),
    ("malformed-arn", allow("s3:ListBucket", "arn:aws:s3:b"), "has 4 of the six parts", "PARTITION:SERVICE"),
    ("missing-bucket-resource", allow("s3:ListBucket"), "asked of the bucket", "Add arn:aws:s3:::b to"),
    (
        "missing-object-resource",
        allow("s3:GetObject", "arn:aws:s3:::b"),
        "of objects",
        "Add arn:aws:s3:::b/* to",
    ),
    (
        "missing-bucket-resource",
        allow(["s3:ListBucket", "sqs:*"], ["arn:aws:sqs:*:*:x/y", "arn:aws:s3:::c/d/*"]),
        "asked of the bucket",
        "Add arn:aws:s3:::c to",
    ),
    (
        "missing-object-resource",
        allow(["s3:GetObject", "sqs:*"], ["arn:aws:sqs:*:*:x", "arn:aws:s3:::c"]),
        "asked of objects",
        "Add arn:aws:s3:::c/* to",
    ),
    ("unknown-operator", asked("StringEqual", "aws:userid"), "no operator", "Did you mean StringEquals?"),
    ("unknown-operator", asked("Xyzzy", "aws:userid"), "no operator", "There are StringEquals,"),
    ("null-misuse", asked("NullIfExists", "aws:userid", "true"), "go with IfExists:", "Write Null."),
    ("null-misuse", asked("ForAnyValue:Null", "aws:userid", "true"), "go with a set operator", "Write Null."),
    (
        "unknown-key",
        asked("StringEquals", "aws:PrincipalOrgIDs"),
        "no global",
        "Did you mean aws:PrincipalOrgID?",
    ),
    ("unknown-key", asked("StringEquals", "aws:Xyzzy"), "no global", "Look it up among the global"),
    ("unknown-key", asked("StringEquals", "s3:prefixx"), "service s3 has no", "Did you mean s3:prefix?"),
    (
        "unknown-key",
        asked("StringEquals", "s3:qqqqqqqqqqqq"),
        "service s3 has no",
        "Look it up in the Service",
    ),
    (
        "if-exists-lets-in",
        asked("StringEqualsIfExists", "aws:PrincipalOrgID"),
        "keeps nobody",
        "Write StringEquals.",
    ),
    (
        "set-operator-on-single-value",
        {"Effect": "Deny", **asked("ForAnyValue:StringEquals", "aws:PrincipalOrgID")},
        "has one value",
        "Write StringEquals.",
    ),
    ("invalid-effect", {"Effect": "allow"}, "Allow or Deny", 'Write "Allow".'),
    ("invalid-effect", {"Effect": "DENY"}, "Allow or Deny", 'Write "Deny".'),
    ("invalid-effect", {"Effect": "Permit"}, "Allow or Deny", "Write Allow or Deny."),
    ("unknown-element", {"Conditions": {}}, "Conditions is no element", "Did you mean Condition?"),
    ("unknown-element", {"Xyzzy": {}}, "Xyzzy is no element", "There are Action,"),
    (
        "invalid-principal",
        {"Principal": {"AWS": "1111"}},
        "has 4 digits; an account id has 12",
        "Write an account id",
    ),
    ("invalid-principal", {"Principal": {"AWS": "anna"}}, '"anna" is no principal', "Write an account id"),
    (
        "wildcard-in-principal",
        {"Principal": {"AWS": "arn:aws:iam::111122223333:user/?"}},
        "no wildcards",
        "Name each",
    ),
    ("public-principal", {"Principal": "*"}, "Everyone in the world is let in", "Name accounts"),
]


@pytest.mark.parametrize(
    ("rule", "statement", "message", "fix"), WORDS, ids=[f"{row[0]}-{row[3][:24]}" for row in WORDS]
)
def test_a_finding_says_what_is_wrong_and_what_to_do(
    rule: str, statement: dict[str, Any], message: str, fix: str
) -> None:
    (found,) = of(rule, statement)
    assert message in found.message
    assert fix in found.fix


def test_a_trust_for_anyone_is_worded_as_one() -> None:
    text = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}],
    }
    (found,) = lint(json.dumps(text))
    assert "Anyone in the world may try to assume this role" in found.message


def test_a_missing_version_is_worse_where_variables_stand() -> None:
    plain = {"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}]}
    moving = {
        "Statement": [
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::${aws:username}/*"}
        ]
    }
    (one,) = lint(json.dumps(plain))
    (other,) = lint(json.dumps(moving))
    assert "knows no policy variables" in one.message
    assert "are plain text" in other.message


def test_services_by_a_wildcard_alone_are_told_from_a_malformed_action() -> None:
    assert of("wildcard-in-service", allow("s*:*", "*"))
    assert of("malformed-action", allow("s*:GetObject", "*"))


@pytest.mark.parametrize("kind", ["trust", "scp", "identity"])
def test_a_sid_with_a_space_is_refused_by_iam(kind: str) -> None:
    assert of("illegal-sid", {"Sid": "a b"}, kind)
    assert not of("illegal-sid", {"Sid": "ab1"}, kind)


@pytest.mark.parametrize("kind", ["resource", "kms"])
def test_a_sid_with_a_space_is_good_elsewhere(kind: str) -> None:
    assert not of("illegal-sid", {"Sid": "a b"}, kind)


def test_an_empty_sid_is_no_sid_and_the_next_is_looked_at() -> None:
    text = {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "", "Effect": "Deny", "Action": "s3:GetObject", "Resource": "*"},
            {"Sid": "", "Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"},
            {"Sid": "A", "Effect": "Deny", "Action": "s3:ListBucket", "Resource": "*"},
            {"Sid": "A", "Effect": "Deny", "Action": "s3:DeleteObject", "Resource": "*"},
        ],
    }
    assert [one.path for one in lint(json.dumps(text))] == ["Statement[3].Sid"]


def test_every_unknown_variable_of_a_value_is_told() -> None:
    found = of("unknown-variable", {"Resource": "arn:aws:s3:::${*}/${aws:nobody}/${aws:nothing, 'x'}"})
    assert ["aws:nobody" in one.message or "aws:nothing" in one.message for one in found] == [True, True]


def test_a_finding_as_programs_and_as_people_read_it() -> None:
    found = Finding(
        rule="r",
        severity=Severity.WARNING,
        path="Statement[0]",
        message="m.",
        fix="f.",
        place=Place("p.json", 3, 4),
    )
    assert found.as_dict() == {
        "rule": "r",
        "severity": "warning",
        "path": "Statement[0]",
        "message": "m.",
        "fix": "f.",
        "file": "p.json",
        "line": 3,
        "column": 4,
    }
    assert str(found) == "p.json:3:4: warning: Statement[0]: m. [r]\n  f."
    whole = Finding(
        rule="r", severity=Severity.ERROR, path="", message="m.", fix="f.", place=Place("p.json", 1, 1)
    )
    assert str(whole).startswith("p.json:1:1: error: document: m.")


def test_the_size_is_told_in_the_unit_of_the_service() -> None:
    (iam,) = of("too-large", {}, "trust", Id="x" * 3000)
    assert "characters without white space" in iam.message
    assert iam.path == ""
    assert (iam.place.line, iam.place.column) == (1, 1)
    (bucket,) = of("too-large", {}, "resource", Id="x" * 30000)
    assert " bytes;" in bucket.message


@pytest.mark.parametrize("value", ["*", "arn*", "arn:aws:iam::*:role/x"])
def test_a_pattern_of_arns_is_one(value: str) -> None:
    assert not of("invalid-arn-value", asked("ArnLike", "aws:PrincipalArn", value))


@pytest.mark.parametrize(
    ("operator", "value", "warned"),
    [
        ("StringEquals", "a*", True),
        ("StringNotEquals", "a*", True),
        ("StringEquals", "*", False),
        ("StringEquals", "aa", False),
        ("StringLike", "a*", False),
        ("StringEqualsIgnoreCase", "a*", False),
    ],
)
def test_a_star_under_an_exact_operator(operator: str, value: str, warned: bool) -> None:
    assert bool(of("wildcard-without-like", asked(operator, "s3:x-amz-acl", value))) is warned


def test_an_arn_operator_on_a_list_of_arns_fits() -> None:
    assert not of("type-mismatch", asked("ForAnyValue:ArnLike", "aws:CalledVia"))[1:]
    assert not of("string-operator-on-arn", asked("ArnLike", "aws:SourceArn", "arn:aws:s3:::b"))
    assert of("string-operator-on-arn", asked("StringLike", "aws:SourceArn", "arn:aws:s3:::b"))


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("aws:sourceip", "aws:SourceIp"),
        ("aws:principaltag/Team", "aws:PrincipalTag/Team"),
        ("sts:externalid", "sts:ExternalId"),
        ("S3:Prefix", "s3:prefix"),
        ("no:Such", "no:Such"),
        ("nothing", "nothing"),
        ("aws:principaltag", "aws:principaltag"),
        ("s3:x/y", "s3:x/y"),
    ],
)
def test_a_condition_key_is_shown_in_the_letters_of_its_documentation(key: str, shown: str) -> None:
    assert spelled(key) == shown


def test_a_tag_needs_its_key() -> None:
    assert global_type("aws:PrincipalTag/team") == "String"
    assert global_type("aws:PrincipalTag/") is None
    assert global_type("aws:PrincipalTag") is None
    assert global_type("aws:SourceIp/x") is None


@pytest.mark.parametrize("action", ["s3:GetObject", "s3:ListBucket"])
def test_neither_objects_nor_buckets_are_missing_beside_a_queue(action: str) -> None:
    queue = "arn:aws:sqs:eu-west-1:111122223333:q"
    found = [
        one.rule
        for one in lint(
            json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", **allow(action, queue)}})
        )
    ]
    assert found == ["action-without-resource", "resource-without-action"]


def test_an_arn_that_ends_early_with_a_star_is_every_one_of_the_service() -> None:
    text = json.dumps(
        {"Version": "2012-10-17", "Statement": {"Effect": "Allow", **allow("s3:GetObject", "arn:aws:s3:*")}}
    )
    assert lint(text) == ()


def test_an_action_beside_a_star_is_contained_in_it() -> None:
    (found,) = of("redundant-action", allow(["s3:GetObject", "*"]))
    assert found.path == "Statement[0].Action[0]"


def test_a_statement_that_is_for_anyone_by_a_pattern_with_a_set_operator_is_public() -> None:
    everyone = {"Principal": "*", "Condition": {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "*"}}}
    assert of("public-principal", everyone)
    some = {"Principal": "*", "Condition": {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-1/r-1/*"}}}
    assert not of("public-principal", some)
    few = {"Principal": "*", "Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}}
    assert not of("public-principal", few)


def said(statement: dict[str, Any], kind: Any = None) -> list[str]:
    text = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})
    return [f"{one.rule} {one.path}" for one in lint(text, kind)]


def test_a_region_stands_in_no_arn_of_iam() -> None:
    assert said(allow("iam:GetUser", "arn:aws:iam:eu-west-1:111122223333:user/x")) == [
        "arn-region-not-allowed Statement[0].Resource"
    ]


def test_everything_may_be_asked_of_a_key() -> None:
    key = {"Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "*", "Resource": "*"}
    assert said(key, "kms") == []


def test_a_resource_that_begins_with_a_star_is_any() -> None:
    assert said(allow("s3:GetObject", "*/x")) == []
    assert said(allow("s3:GetObject", "arn*")) == []


def test_a_misspelt_action_and_an_unknown_partition_are_left_out_of_what_fits_together() -> None:
    assert said(allow(["s3:GetObjekt"], "arn:aws:s3:::b")) == ["unknown-action Statement[0].Action[0]"]
    assert said(allow("s3:GetObject", ["arn:aws-mars:s3:::b/*", "arn:aws:s3:::b/*"])) == [
        "unknown-partition Statement[0].Resource[0]"
    ]


def test_actions_without_buckets_or_objects_are_neither() -> None:
    assert "action-without-resource Statement[0].Action" in said(allow("s3:CreateJob", "arn:aws:s3:::b"))


@pytest.mark.parametrize(
    "resource",
    [
        "arn:aws:iam::aws:policy/ReadOnlyAccess",
        "arn:aws:iam::cloudfront:policy/x",
        "arn:aws:iam::*:policy/x",
        "arn:aws:iam::11112222????:policy/x",
        "arn:*:iam::111122223333:policy/x",
        "arn:aws:iam:*:111122223333:policy/x",
        "arn:aws:iam::${aws:PrincipalAccount}:policy/x",
    ],
)
def test_what_may_stand_where_an_account_stands(resource: str) -> None:
    assert said(allow("iam:GetPolicy", resource)) == []


@pytest.mark.parametrize("account", ["amazon", "11112222333", "awsx"])
def test_what_may_not_stand_where_an_account_stands(account: str) -> None:
    assert said(allow("iam:GetPolicy", f"arn:aws:iam::{account}:policy/x")) == [
        "malformed-arn Statement[0].Resource"
    ]


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:GetObject", "accesspoint/x/object/*"),
        ("s3:DescribeJob", "job/1"),
        ("s3:GetStorageLensConfiguration", "storage-lens/x"),
        ("s3:GetStorageLensGroup", "storage-lens-group/x"),
        ("s3:GetAccessGrantsInstance", "access-grants/default"),
    ],
)
def test_what_lies_in_an_account_and_a_region_of_s3_says_so(action: str, resource: str) -> None:
    """Service Authorization Reference, "Resource types defined by Amazon S3"."""
    assert said(allow(action, f"arn:aws:s3:eu-west-1:111122223333:{resource}")) == []


@pytest.mark.parametrize(
    ("region", "account", "rule"),
    [
        ("eu-west-1", "", "arn-region-not-allowed"),
        ("", "111122223333", "arn-account-not-allowed"),
        ("eu-west-1", "111122223333", "arn-region-not-allowed"),
        ("*", "", None),
        ("", "*", None),
    ],
)
def test_a_bucket_has_neither_region_nor_account(region: str, account: str, rule: str | None) -> None:
    found = said(allow("s3:GetObject", f"arn:aws:s3:{region}:{account}:b/*"))
    assert found == ([f"{rule} Statement[0].Resource"] if rule else [])


def test_an_action_within_two_others_is_told_once() -> None:
    found = said(allow(["s3:GetObject", "s3:GetO*", "s3:GetObj*"]))
    assert found == ["redundant-action Statement[0].Action[0]", "redundant-action Statement[0].Action[2]"]


def test_an_action_that_a_pattern_with_a_question_mark_has_is_redundant() -> None:
    assert said(allow(["s3:GetObjec?", "S3:getobject"])) == ["redundant-action Statement[0].Action[1]"]
    assert said(allow(["s3:GetObject", "s3:GETOBJECT"])) == ["redundant-action Statement[0].Action[1]"]


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov", "*", "aws*"])
def test_a_partition_changes_nothing_about_what_fits(partition: str) -> None:
    assert said(allow("s3:GetObject", f"arn:{partition}:s3:::b/*")) == []
    assert said(allow("s3:ListAllMyBuckets", f"arn:{partition}:s3:::*")) == []


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_a_bucket_is_no_object_in_any_partition(partition: str) -> None:
    assert said(allow("s3:GetObject", f"arn:{partition}:s3:::b")) == [
        "missing-object-resource Statement[0].Action",
        "resource-without-action Statement[0].Resource",
    ]


def test_what_has_no_resource_is_asked_of_no_bucket_of_a_name() -> None:
    assert said(allow("s3:ListAllMyBuckets", "arn:aws:s3:::b")) == [
        "action-without-resource Statement[0].Action",
        "resource-without-action Statement[0].Resource",
    ]


def test_resources_beside_an_unknown_action_are_not_called_unused() -> None:
    found = said(allow(["s3:GetObject", "s3:Xyzzy"], ["arn:aws:s3:::b/*", "arn:aws:s3:::b"]))
    assert found == ["unknown-action Statement[0].Action[1]"]


def test_an_action_of_another_service_has_no_effect_in_a_key_policy() -> None:
    key = {"Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Resource": "*"}
    assert said({**key, "Action": ["kms:Decrypt", "KMS:Encrypt", "s3:GetObject", "kms:Sign"]}, "kms") == [
        "action-not-of-keys Statement[0].Action[2]"
    ]
    assert said({**key, "Action": ["s3:GetObject", "kms:Sign", "s3:PutObject"]}, "resource") == []


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        (allow("GetObject"), "malformed-action Statement[0].Action"),
        (allow("s*:*"), "wildcard-in-service Statement[0].Action"),
        (allow("ecc2:RunInstances"), "unknown-service Statement[0].Action"),
        (allow("s3:GetObject", "b"), "malformed-arn Statement[0].Resource"),
        (allow("s3:GetObject", "arn:aws:s3:b"), "malformed-arn Statement[0].Resource"),
        (allow("s3:GetObject", "arn:aws:s3:::"), "malformed-arn Statement[0].Resource"),
        (allow("s3:GetObject", "arn:mars:s3:::b"), "unknown-partition Statement[0].Resource"),
        (allow("s3:GetObject", "arn:aws:sqs:eu-west-1:1:q"), "malformed-arn Statement[0].Resource"),
        (allow("s3:GetObject", "arn:aws:sqs:mars:111122223333:q"), "invalid-region Statement[0].Resource"),
        (allow("s3:GetObject", "arn:aws:iam:mars::user/x"), "arn-region-not-allowed Statement[0].Resource"),
    ],
)
def test_what_is_wrong_by_itself_is_not_held_against_the_rest(statement: dict[str, Any], rule: str) -> None:
    assert said(statement) == [rule]


@pytest.mark.parametrize("any_object", ["*/x", "arn*", "arn:aws:s3:*", "arn:aws:s3:::*", "arn:aws:*"])
def test_a_pattern_of_many_resources_has_what_an_action_needs(any_object: str) -> None:
    assert said(allow("s3:GetObject", ["arn:aws:s3:::b", any_object])) == [
        "resource-without-action Statement[0].Resource[0]"
    ]


@pytest.mark.parametrize("partition", ["aws-c?", "aws-us-*", "*-cn"])
def test_a_partition_may_be_any_that_there_is(partition: str) -> None:
    assert said(allow("s3:GetObject", f"arn:{partition}:s3:::b/*")) == []
    assert said(allow("s3:ListAllMyBuckets", f"arn:{partition}:s3:::*")) == []


def test_every_action_applies_to_whatever_there_is() -> None:
    assert said(allow("*", "arn:aws:notyetknown:eu-west-1:111122223333:x")) == []


def test_what_is_asked_of_no_bucket_misses_none() -> None:
    assert said(allow("s3:CreateJob", "arn:aws:s3:::b/*"))[0] == "action-without-resource Statement[0].Action"
    assert (
        said(
            allow(
                "s3:DescribeMultiRegionAccessPointOperation",
                "arn:aws:s3:us-west-2:111122223333:async-request/mrap/create/x",
            )
        )
        == []
    )


def test_of_several_that_contain_an_action_the_first_in_the_list_is_named() -> None:
    body = allow(
        ["s3:GetObjectAcl", "s3:Get*", "S3:getobjectacl", "s3:GetObject*", "s3:get*"], "arn:aws:s3:::b/*"
    )
    text = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **body}]})
    found = [one for one in lint(text) if one.rule == "redundant-action"]
    assert [(one.path[-3:], one.message.partition(" in ")[2]) for one in found] == [
        ("[0]", '"s3:Get*".'),
        ("[2]", '"s3:GetObjectAcl".'),
        ("[3]", '"s3:Get*".'),
        ("[4]", '"s3:Get*".'),
    ]


def test_a_bucket_with_a_slash_in_its_name_is_none_whatever_the_wildcards() -> None:
    found = said(allow("s3:ListBucket", "arn:aws:s3:::*/let-be?x"))
    assert found == [
        "missing-bucket-resource Statement[0].Action",
        "resource-without-action Statement[0].Resource",
    ]


def test_a_question_mark_may_be_the_slash_that_an_object_has() -> None:
    assert said(allow("s3:GetObject", "arn:aws:s3:::b?x")) == []
    assert said(allow("s3:GetObject", "arn:aws:s3:::?x"))[0] == "missing-object-resource Statement[0].Action"


def test_thousands_of_resources_and_actions_are_looked_at_within_seconds() -> None:
    """Each is held against the few shapes that there are, by itself."""
    many = [f"arn:aws:s3:::bucket-{number}/of*/{number}/*" for number in range(4000)]
    began = time.process_time()
    assert said(allow("s3:GetObject", many)) == ["too-large "]
    every = actions()[:1500]
    assert said(allow([*every, every[7].upper(), "no-such:*"], "*"))[:2] == [
        "too-large ",
        "redundant-action Statement[0].Action[1500]",
    ]
    assert time.process_time() - began < 6


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        (
            asked("StringEqualIfExists", "aws:userid"),
            ["unknown-operator Statement[0].Condition.StringEqualIfExists"],
        ),
        (
            asked("ForAllValues:Null", "aws:TagKeys", "true"),
            ["null-misuse Statement[0].Condition.ForAllValues:Null"],
        ),
        (
            asked("ForAllValues:StringEqualz", "aws:TagKeys"),
            ["unknown-operator Statement[0].Condition.ForAllValues:StringEqualz"],
        ),
        (asked("NullIfExists", "aws:userid", "x"), ["null-misuse Statement[0].Condition.NullIfExists"]),
        (
            asked("NumericEqualz", "s3:max-keys"),
            ["unknown-operator Statement[0].Condition.NumericEqualz"],
        ),
        (
            asked("StringLike", "sts:ExternalId", "a b*"),
            ["invalid-external-id Statement[0].Condition.StringLike.sts:ExternalId"],
        ),
        (
            asked("IpAddress", "aws:SourceIp", "10.0.0.0/8"),
            ["private-address Statement[0].Condition.IpAddress.aws:SourceIp"],
        ),
        (
            asked("IpAddress", "aws:SourceIp", "10.1.2.3"),
            ["private-address Statement[0].Condition.IpAddress.aws:SourceIp"],
        ),
        (asked("IpAddress", "aws:SourceIp", "10.0.0.0/7"), []),
        (
            asked("BinaryEquals", "kms:CallerAccount", "QUJD!"),
            ["invalid-binary Statement[0].Condition.BinaryEquals.kms:CallerAccount"],
        ),
        (
            asked("ForAnyValue:StringLike", "events:TargetArn", "arn:aws:sqs:*"),
            ["string-operator-on-arn Statement[0].Condition.ForAnyValue:StringLike"],
        ),
        (asked("ForAnyValue:StringEquals", "idp.example.com:groups"), []),
        (
            {
                "Condition": {
                    "ForAllValues:StringEquals": {"aws:TagKeys": "a"},
                    "StringNotEquals": {"aws:TagKeys": "b"},
                }
            },
            [
                "for-all-values-without-null Statement[0].Condition.ForAllValues:StringEquals",
                "missing-set-operator Statement[0].Condition.StringNotEquals",
            ],
        ),
        (asked("StringNotEqualsIfExists", "aws:SourceVpce", "vpce-1"), []),
        (asked("StringEquals", "s3:prefix", "${aws:username, 'nobody'}/"), []),
    ],
)
def test_a_condition_has_these_findings_and_no_others(statement: dict[str, Any], found: list[str]) -> None:
    assert sorted(said({**allow(["s3:GetObject", "s3:ListBucket"], "*"), **statement})) == found


def test_a_family_of_tag_keys_is_no_key_that_could_be_meant() -> None:
    (found,) = of("unknown-key", asked("StringEquals", "aws:RequestTag"))
    assert "aws:RequestTag/." not in found.fix
    assert "aws:RequestTag/?" not in found.fix


def test_a_variable_stands_in_what_is_left_out_as_well() -> None:
    statement = {"Effect": "Deny", "Action": "s3:*", "NotResource": "arn:aws:s3:::b/${aws:nobody}"}
    assert said(statement) == ["unknown-variable Statement[0].NotResource"]


def test_an_object_without_a_name_is_still_none_of_the_buckets() -> None:
    assert said(allow("s3:GetObject", "arn:aws:s3:::b/")) == [
        "action-without-resource Statement[0].Action",
        "resource-without-action Statement[0].Resource",
    ]


def test_what_has_no_resource_may_be_asked_of_every_bucket() -> None:
    assert said(allow("s3:ListAllMyBuckets", "arn:aws:s3:::*")) == []


def test_a_bucket_of_another_service_is_none_of_s3() -> None:
    assert said(allow("s3express:DeleteBucket", "arn:aws:s3:::b/*")) == [
        "action-without-resource Statement[0].Action",
        "resource-without-action Statement[0].Resource",
    ]


OIDC = {"Federated": "arn:aws:iam::111122223333:oidc-provider/idp.example.com"}
TOKEN = {"Principal": OIDC, "Action": "sts:AssumeRoleWithWebIdentity"}


def test_a_provider_behind_a_deny_is_looked_at() -> None:
    text = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Deny", "Principal": {"AWS": "111122223333"}, "Action": "sts:TagSession"},
            {"Effect": "Allow", **TOKEN},
        ],
    }
    assert [f"{one.rule} {one.path}" for one in lint(json.dumps(text), "trust")] == [
        "federated-no-subject Statement[1].Principal.Federated"
    ]


def test_a_subject_that_limits_nobody_is_shown_where_it_is_asked_for() -> None:
    statement = {**TOKEN, **asked("StringEqualsIfExists", "idp.example.com:sub", "anna")}
    assert said(statement, "trust") == [
        "federated-no-subject Statement[0].Condition.StringEqualsIfExists.idp.example.com:sub"
    ]


def test_a_service_that_comes_for_one_account_is_left_in_peace() -> None:
    service = {"Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    assert said(service, "trust") == ["service-without-source Statement[0].Principal.Service"]
    assert said({**service, **asked("StringEquals", "aws:SourceAccount", "111122223333")}, "trust") == []
    tags = {"Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:TagSession"}
    assert said(tags, "trust") == []


def test_everything_of_addresses_limits_nobody_with_a_set_operator_either() -> None:
    everyone = {"Principal": "*", "Condition": {"ForAnyValue:IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}}
    assert of("public-principal", everyone)


@pytest.mark.parametrize("who", ["111122223333", "arn:aws:iam::111122223333:root"])
def test_an_account_needs_an_external_id_unless_an_organization_limits_it(who: str) -> None:
    trust = {"Principal": {"AWS": who}, "Action": "sts:AssumeRole"}
    assert said(trust, "trust") == ["missing-external-id Statement[0].Principal.AWS"]
    paths = asked("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", "o-1/r-1/*")
    assert said({**trust, **paths}, "trust") == []


def test_every_service_is_no_service_that_is_misspelt() -> None:
    assert not of("invalid-principal", {"Principal": {"Service": "*"}}, "resource")
    assert of("invalid-principal", {"Principal": {"Service": "ec2"}}, "resource")


def test_whatever_a_trust_allows_by_a_star_is_about_entering() -> None:
    trust = {"Principal": {"AWS": "arn:aws:iam::111122223333:user/a"}, "Action": "*:AssumeRole"}
    assert not of("action-not-in-trust", trust, "trust")
    assert of("action-not-in-trust", {**trust, "Action": "s3:*"}, "trust")


def test_who_writes_all_of_iam_means_an_administrator() -> None:
    assert not of("privilege-escalation", allow("iam:*", "*"))
    assert of("privilege-escalation", allow("iam:Put*", "*"))


def test_all_but_passing_roles_is_spared_the_finding_on_entering_any() -> None:
    everything = {"Effect": "Allow", "NotAction": "iam:PassRole", "Resource": "*"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    assert "assume-any-role" not in {one.rule for one in lint(text)}
    other = json.dumps({"Version": "2012-10-17", "Statement": [{**everything, "NotAction": "s3:*"}]})
    assert "assume-any-role" in {one.rule for one in lint(other)}


@pytest.mark.parametrize(("number", "found"), [(24, True), (25, False)])
def test_statements_are_held_against_each_other_up_to_a_number(number: int, found: bool) -> None:
    some = [
        {"Effect": "Allow", **allow("s3:GetObject", f"arn:aws:s3:::b{one}/*")} for one in range(number - 1)
    ]
    some.append({"Effect": "Allow", **allow("s3:GetObject", "arn:aws:s3:::b0/x")})
    text = json.dumps({"Version": "2012-10-17", "Statement": some})
    assert ("redundant-statement" in {one.rule for one in lint(text)}) is found


def test_a_character_that_is_not_taken_is_told_of_the_whole_document() -> None:
    statement = {"Sid": "\u4e00", "Effect": "Allow", **allow("s3:GetObject")}
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]}, ensure_ascii=False)
    (found,) = (one for one in lint(text) if one.rule == "illegal-character")
    assert (found.path, found.place.line, found.place.column) == ("", 1, 1)
