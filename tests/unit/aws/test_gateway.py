"""What is asked and told, and what becomes of each kind of answer, over a real connection."""

from contextlib import suppress
from datetime import timedelta

import pytest

from tests.unit.aws.wire import Wire, refused, refused_like_s3, result
from xacct.account import Account, AccountSpec, Profile
from xacct.aws.gateway import Gateway
from xacct.aws.platform import not_offered
from xacct.aws.session import Sessions
from xacct.errors import ServiceError
from xacct.resource import Call

DATA = Account(name="data", id="325271821652")
ROLE = "<Role><Path>/</Path><RoleName>r</RoleName><RoleId>A</RoleId><Arn>arn:aws:iam::1:role/r</Arn></Role>"


@pytest.fixture
def at(aws_config):
    """A function from a wire to the gateway behind it."""

    def gateway(wire: Wire) -> Gateway:
        aws_config(
            "[profile acct-b]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = hidden-secret\n"
            f"endpoint_url = {wire.url}\nmax_attempts = 2\n"
        )
        return Sessions().gateway(AccountSpec(account=DATA, credentials=Profile("acct-b")))

    return gateway


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        (Call.of("iam", "GetRole", RoleName="r"), refused("NoSuchEntity", 404)),
        (Call.of("s3", "HeadBucket", Bucket="snapshots"), (404, "")),
        (Call.of("s3", "GetBucketPolicy", Bucket="snapshots"), refused_like_s3("NoSuchBucketPolicy", 404)),
        (
            Call.of("s3", "GetPublicAccessBlock", Bucket="snapshots"),
            refused_like_s3("NoSuchPublicAccessBlockConfiguration", 404),
        ),
    ],
    ids=lambda value: getattr(value, "operation", None),
)
def test_absent_is_none_when_asked_and_an_error_when_told(at, call, answer):
    with Wire(lambda seen: answer) as wire:
        gateway = at(wire)
        assert gateway.ask(call) is None
        with pytest.raises(ServiceError) as raised:
            gateway.tell(call)
    assert raised.value.absent


def test_refused_is_never_absent(at):
    with Wire(lambda seen: (403, "")) as wire, pytest.raises(ServiceError) as raised:
        at(wire).ask(Call.of("s3", "HeadBucket", Bucket="snapshots"))
    assert raised.value.denied


def test_what_may_change_something_is_nothing_to_ask(at):
    with Wire(lambda seen: (200, "")) as wire:
        gateway = at(wire)
        for operation in ("PutBucketPolicy", "DeleteBucketPolicy"):
            with pytest.raises(ValueError, match=operation):
                gateway.ask(Call.of("s3", operation, Bucket="snapshots"))
            with pytest.raises(ValueError, match=operation):
                next(gateway.pages(Call.of("s3", operation, Bucket="snapshots")))
    assert wire.seen == []


def test_missing_operation_of_ceph_is_told_by_its_status(at):
    with (
        Wire(lambda seen: refused_like_s3("MethodNotAllowed", 405)) as wire,
        pytest.raises(ServiceError) as raised,
    ):
        at(wire).ask(Call.of("sts", "GetCallerIdentity"))
    assert raised.value.status == 405
    assert not_offered(raised.value)
    assert not raised.value.absent


def test_pages_follow_the_marker_to_the_end(at):
    def answer(seen):
        if seen.form.get("Marker") == "second":
            return result("ListRoles", "<Roles></Roles><IsTruncated>false</IsTruncated>")
        return result("ListRoles", "<Roles></Roles><IsTruncated>true</IsTruncated><Marker>second</Marker>")

    with Wire(answer) as wire:
        gateway = at(wire)
        assert len(list(gateway.pages(Call.of("iam", "ListRoles")))) == 2
    assert [seen.form.get("Marker") for seen in wire.seen] == [None, "second"]
    assert gateway.counts == {"iam:ListRoles": 2}


def test_parts_of_something_absent_are_an_error(at):
    with Wire(lambda seen: refused("NoSuchEntity", 404)) as wire, pytest.raises(ServiceError) as raised:
        list(at(wire).pages(Call.of("iam", "ListRolePolicies", RoleName="r")))
    assert raised.value.absent


@pytest.mark.parametrize("document", ['{"R":"a%2Bb"}', "%7B%22R%22%3A%22a%252Bb%22%7D"], ids=["ceph", "aws"])
def test_documents_come_out_as_they_were_sent(at, document):
    inside = f"<RoleName>r</RoleName><PolicyName>p</PolicyName><PolicyDocument>{document}</PolicyDocument>"
    with Wire(lambda seen: result("GetRolePolicy", inside)) as wire:
        answer = at(wire).ask(Call.of("iam", "GetRolePolicy", RoleName="r", PolicyName="p"))
    assert answer["PolicyDocument"] == document


def test_answer_in_no_known_language_is_unknown_and_never_absent(at):
    with Wire(lambda seen: (200, "<html>Welcome")) as wire, pytest.raises(ServiceError) as raised:
        at(wire).ask(Call.of("iam", "GetRole", RoleName="r"))
    assert raised.value.unanswered
    assert not raised.value.absent


def test_write_that_the_sdk_repeated_is_told(at):
    answers = [refused("ServiceUnavailable", 503), refused("EntityAlreadyExists", 409)]
    with Wire(lambda seen: answers.pop(0)) as wire, pytest.raises(ServiceError) as raised:
        at(wire).tell(Call.of("iam", "CreateRole", RoleName="r", AssumeRolePolicyDocument="{}"))
    assert raised.value.retried


def test_service_that_is_not_there_is_no_answer(at):
    with Wire(lambda seen: (200, "")) as wire:
        gateway = at(wire)
    with pytest.raises(ServiceError) as raised:
        gateway.ask(Call.of("iam", "GetRole", RoleName="r"))
    assert raised.value.unanswered
    assert wire.url in raised.value.fix


def test_counts_are_by_operation(at):
    with Wire(lambda seen: result("GetRole", ROLE)) as wire:
        gateway = at(wire)
        for _ in range(2):
            gateway.ask(Call.of("iam", "GetRole", RoleName="r"))
    assert gateway.counts == {"iam:GetRole": 2}


def test_secret_is_nowhere(at):
    with Wire(
        lambda seen: refused("SignatureDoesNotMatch", 403, "The Canonical String hidden-secret")
    ) as wire:
        gateway = at(wire)
        with pytest.raises(ServiceError) as raised:
            gateway.ask(Call.of("iam", "GetRole", RoleName="r"))
    error = raised.value
    assert "hidden-secret" not in repr(error) + error.fix + repr(vars(error)) + repr(gateway)
    assert error.__cause__ is None
    assert error.__suppress_context__


def test_what_must_not_come_late_is_sent_once(at):
    put = Call.of("s3", "PutBucketPolicy", Bucket="snapshots", Policy="{}")
    with Wire(lambda seen: (500, "")) as wire:
        gateway = at(wire)
        with pytest.raises(ServiceError) as raised:
            gateway.tell_once(put)
        assert raised.value.unanswered
        assert len(wire.seen) == 1
        with pytest.raises(ServiceError):
            gateway.tell(put)
        assert len(wire.seen) == 3


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        (Call.of("iam", "GetRole", RoleName="r"), (200, "")),
        (Call.of("iam", "GetRole", RoleName="r"), (200, "<html><body>It works!</body></html>")),
        (Call.of("iam", "GetRole", RoleName="r"), (200, "<GetRoleResponse/>")),
        (
            Call.of("iam", "GetRole", RoleName="r"),
            result("GetRole", "<Role><RoleName>r</RoleName><CreateDate>yesterday</CreateDate></Role>"),
        ),
        (Call.of("iam", "GetRole", RoleName="r"), (404, "not found")),
        (Call.of("s3", "GetBucketLocation", Bucket="b"), (200, "<LocationConstraint")),
    ],
    ids=["empty", "another page", "no frame", "a date that is none", "an error that is none", "half"],
)
def test_a_malformed_answer_is_unknown_and_never_absent_trap_63(at, call, answer):
    with Wire(lambda seen: answer) as wire, pytest.raises(ServiceError) as raised:
        at(wire).ask(call)
    assert raised.value.unanswered
    assert not raised.value.absent


def test_a_foreign_bucket_answers_405_and_the_fix_says_so_trap_34(at):
    with (
        Wire(lambda seen: refused_like_s3("MethodNotAllowed", 405)) as wire,
        pytest.raises(ServiceError) as raised,
    ):
        at(wire).ask(Call.of("s3", "GetBucketPolicy", Bucket="snapshots"))
    assert not raised.value.absent
    assert "the bucket belongs to another account" in raised.value.fix


@pytest.mark.parametrize(
    ("server", "name"),
    [
        ("xacct-sandbox", "sandbox"),
        ("Ceph Object Gateway (tentacle)", "ceph"),
        ("nginx", "private"),
    ],
)
@pytest.mark.parametrize(
    "answer", [result("GetRole", ROLE), refused("AccessDenied", 403)], ids=["good", "bad"]
)
def test_a_private_service_is_taken_for_what_it_says_it_is(at, server, name, answer):
    with Wire(lambda seen: answer, server=server) as wire:
        gateway = at(wire)
        assert gateway.platform.name == "private"
        with suppress(ServiceError):
            gateway.ask(Call.of("iam", "GetRole", RoleName="r"))
        assert gateway.platform.name == name


@pytest.mark.parametrize(("seconds", "least", "most"), [(0, 0, 0), (300, 299, 302), (-300, -301, -298)])
def test_the_clock_of_a_service_is_known_from_its_answers(at, seconds, least, most):
    role = result("GetRole", ROLE.replace("</Role>", "<CreateDate>2026-01-01T00:00:00Z</CreateDate></Role>"))
    with Wire(lambda seen: role, ahead=seconds) as wire:
        gateway = at(wire)
        assert gateway.ahead == timedelta(0)
        gateway.ask(Call.of("iam", "GetRole", RoleName="r"))
    assert timedelta(seconds=least) <= gateway.ahead <= timedelta(seconds=most)


def test_a_refusal_tells_the_time_too_and_an_answer_without_one_changes_nothing(at):
    with Wire(lambda seen: refused("NoSuchEntity", 404), ahead=60) as wire:
        gateway = at(wire)
        assert gateway.ask(Call.of("iam", "GetRole", RoleName="r")) is None
    told = gateway.ahead
    assert told > timedelta(seconds=58)
    gateway._hear({"ResponseMetadata": {"HTTPHeaders": {"date": "today"}}})
    gateway._hear({})
    assert gateway.ahead == told
