"""What a service refuses with, and the sentence that helps."""

import pytest
from botocore.exceptions import (
    ClientError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
)

from xacct.account import Account
from xacct.aws.faults import no_credentials, scrubbed, service_error

DATA = Account(name="data", id="325271821652")
CALLER = "arn:aws:iam::325271821652:user/admin"


def answered(code, status=400, message="", retries=0):
    return ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": "req-1", "RetryAttempts": retries},
        },
        "Operation",
    )


def fault(error, service="iam", operation="PutRolePolicy", **params):
    return service_error(
        error,
        account=DATA,
        caller=CALLER,
        service=service,
        operation=operation,
        params=params or {"RoleName": "reader", "PolicyName": "p"},
        endpoint="https://iam.amazonaws.com",
    )


def test_error_says_who_what_where_and_carries_the_request_id():
    error = fault(answered("AccessDenied", 403, "not authorized"))
    assert (
        str(error) == "iam:PutRolePolicy on role/reader in account data failed: AccessDenied: not authorized"
    )
    assert (error.code, error.status, error.request_id, error.retried) == (
        "AccessDenied",
        403,
        "req-1",
        False,
    )
    assert error.denied


@pytest.mark.parametrize(
    ("call", "action", "arn"),
    [
        (
            {"service": "iam", "operation": "PutRolePolicy", "RoleName": "reader"},
            "iam:PutRolePolicy",
            "arn:aws:iam::325271821652:role/reader",
        ),
        (
            {"service": "iam", "operation": "CreateRole", "RoleName": "reader", "Path": "/app/"},
            "iam:CreateRole",
            "arn:aws:iam::325271821652:role/app/reader",
        ),
        (
            {
                "service": "iam",
                "operation": "AttachRolePolicy",
                "RoleName": "reader",
                "PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess",
            },
            "iam:AttachRolePolicy",
            "arn:aws:iam::325271821652:role/reader",
        ),
        (
            {"service": "s3", "operation": "HeadBucket", "Bucket": "snapshots"},
            "s3:ListBucket",
            "arn:aws:s3:::snapshots",
        ),
        (
            {"service": "s3", "operation": "GetBucketEncryption", "Bucket": "snapshots"},
            "s3:GetEncryptionConfiguration",
            "arn:aws:s3:::snapshots",
        ),
        ({"service": "iam", "operation": "ListRoles", "PathPrefix": "/"}, "iam:ListRoles", "*"),
    ],
    ids=lambda value: value["operation"] if isinstance(value, dict) else None,
)
def test_refusal_names_the_permission_and_the_arn(call, action, arn):
    assert fault(answered("AccessDenied", 403), **call).fix.startswith(f"Allow {CALLER} {action} on {arn},")


def test_arn_that_the_service_names_is_better_than_ours():
    message = "User: x is not authorized to perform: a on resource: arn:aws:iam::3:role/app/reader because"
    assert " on arn:aws:iam::3:role/app/reader," in fault(answered("AccessDenied", 403, message)).fix


def test_head_request_without_a_body_is_judged_by_its_status():
    """Trap 50."""
    error = fault(answered("403", 403, "Forbidden"), "s3", "HeadBucket", Bucket="snapshots")
    assert error.denied
    assert str(error) == "s3:HeadBucket on bucket/snapshots in account data failed: 403"


def test_ceph_405_without_a_code_is_judged_by_its_status():
    error = fault(answered(None, 405, None))
    assert (error.code, error.status) == ("", 405)
    assert "does not offer" in error.fix


@pytest.mark.parametrize(
    ("code", "status", "message", "word"),
    [
        ("InvalidClientTokenId", 403, "", "access key is not known at https://iam.amazonaws.com"),
        ("ExpiredToken", 400, "", "Log in again"),
        ("SignatureDoesNotMatch", 403, "", "secret access key"),
        ("RequestTimeTooSkewed", 403, "", "clock"),
        ("Throttling", 400, "", "busy"),
        ("SlowDown", 503, "", "busy"),
        ("NoSuchEntity", 404, "", "role/reader exists in account data"),
        ("MalformedPolicyDocument", 400, "Invalid principal in policy", "principal"),
        ("MalformedPolicyDocument", 400, "Syntax errors in policy", "which part"),
        ("LimitExceeded", 409, "", "quota"),
        ("OperationAborted", 409, "", "run again"),
        ("DeleteConflict", 409, "", "attached"),
        ("EntityAlreadyExists", 409, "", "plan again"),
        ("InternalFailure", 500, "", "fault of its own"),
    ],
)
def test_common_errors_say_what_to_do(code, status, message, word):
    assert word in fault(answered(code, status, message)).fix


def test_unreachable_endpoint_is_no_answer():
    error = fault(EndpointConnectionError(endpoint_url="https://iam.amazonaws.com/"))
    assert error.unanswered
    assert not error.denied
    assert "can be reached" in error.fix


def test_request_that_was_repeated_is_told():
    assert fault(answered("EntityAlreadyExists", 409, retries=1)).retried


def test_signed_request_is_not_repeated_in_the_message():
    """The text of SignatureDoesNotMatch quotes the canonical request, session token included."""
    message = (
        "The request signature we calculated does not match the signature you provided.\n\n"
        "The Canonical String for this request should have been\n'POST\n/\n\n"
        "x-amz-security-token:IQoJb3JpZ2luX2VjEXAMPLE\n'"
    )
    error = fault(answered("SignatureDoesNotMatch", 403, message))
    assert "IQoJ" not in str(error) + error.message + error.fix
    assert "does not match" in error.message
    assert scrubbed("X-Amz-Security-Token=IQoJ rest") == "rest"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ProfileNotFound(profile="acct-a"), ("acct-a", "Add the profile")),
        (NoCredentialsError(), ("the AWS profile acct-a has none",)),
        (PartialCredentialsError(provider="env", cred_var="aws_secret_access_key"), ("without its secret",)),
        (CredentialRetrievalError(provider="custom-process", error_msg="token=hunter2"), ("failed",)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_missing_credentials_name_the_account_and_never_quote_a_program(error, words):
    found = no_credentials("analytics", error, "the AWS profile acct-a")
    text = f"{found} {found.fix}"
    assert "account analytics" in text
    assert all(word in text for word in words)
    assert "hunter2" not in text
