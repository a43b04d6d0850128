"""From what the SDK raises to one kind of error, with a sentence on what to do about it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConfigNotFound,
    ConfigParseError,
    ConnectionError,
    CredentialRetrievalError,
    HTTPClientError,
    InvalidConfigError,
    InvalidRegionError,
    LoginError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    ProxyConnectionError,
    RefreshWithMFAUnsupportedError,
    SSLError,
    SSOError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)

from xacct.account import Account
from xacct.aws.caller import NoCredentials
from xacct.errors import ServiceError

_ACTIONS = {
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:HeadObject": "s3:GetObject",
    "s3:ListObjects": "s3:ListBucket",
    "s3:ListObjectsV2": "s3:ListBucket",
}
_CLOCK = "Set the clock of this machine: requests are signed with the time, and the service's is another."
_LATE = re.compile("Signature expired|not yet current", re.IGNORECASE)
_IAM_ENTITIES = (("RoleName", "role"), ("UserName", "user"), ("GroupName", "group"))
_ASSUME = "sts:AssumeRole"
_SECRET_PARTS = re.compile(
    r"(The Canonical String|The String-to-Sign|StringToSign|CanonicalRequest).*"
    r"|(?i:x-amz-security-token|x-amz-signature|signature)\s*[:=]\s*\S+",
    re.DOTALL,
)

_CHAINED = "role chaining"
CHAINING = "A session that is opened from a session lasts one hour at most: ask for 3600 seconds or less."


class NobodyToAsk(BotoCoreError):
    """A profile needs the code of a second factor, and there is no terminal, or it may not be used."""

    fmt = "nobody can be asked for the code of a second factor"


class NoSection(BotoCoreError):
    """A profile's ``s3 =`` has a value of its own where indented lines belong."""

    fmt = "s3 is no group of settings"


NO_CREDENTIALS = (
    ConfigNotFound,
    ConfigParseError,
    CredentialRetrievalError,
    InvalidConfigError,
    LoginError,
    NoCredentialsError,
    NoSection,
    NobodyToAsk,
    PartialCredentialsError,
    ProfileNotFound,
    RefreshWithMFAUnsupportedError,
    SSOError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)
"""What the SDK raises when it finds no credentials; other accounts can go on."""


def no_credentials(account: str, error: BotoCoreError, origin: str) -> NoCredentials:
    """Why there are none, without the text of credential programs, which may hold a secret."""
    match error:
        case ProfileNotFound():
            message = f"there is no AWS profile named {error.kwargs.get('profile', '')!r}"
            fix = "Add the profile to the AWS config file, or name another one in the manifest."
        case NoCredentialsError():
            message = f"{origin} has none"
            fix = "Put keys into it, log in, or name another source in the manifest."
        case PartialCredentialsError():
            message = f"{origin} has a key id without its secret, or the other way round"
            fix = "Complete the pair."
        case SSOError() | TokenRetrievalError() | UnauthorizedSSOTokenError() | LoginError():
            message = f"the login session of {origin} is missing or has ended"
            name = (
                origin.removeprefix("the AWS profile ") if origin.startswith("the AWS profile ") else "NAME"
            )
            command = "aws login" if isinstance(error, LoginError) else "aws sso login"
            fix = f"Run: {command} --profile {name}."
        case NobodyToAsk():
            message = f"{origin} enters a role with a second factor, and there is nobody to ask for its code"
            fix = "Run it on a terminal without --no-input, or use a profile whose session is open already."
        case NoSection():
            message = f"{origin} has an s3 setting that is no group of settings"
            fix = "Leave nothing after s3 =, and indent the lines that belong to it, in the AWS config file."
        case InvalidRegionError():
            message = f"{origin} has a region that cannot be one"
            fix = "A region has letters, digits and hyphens; correct it in the AWS config file."
        case ConnectionError() | HTTPClientError():
            message = f"the service that {origin} takes its credentials from cannot be reached"
            fix = "Check the network, the proxy, and endpoint_url of that service."
        case CredentialRetrievalError():
            message = f"the program or service that {origin} takes its credentials from failed"
            fix = "Run it by hand and see what it says."
        case _:
            message = f"{origin} cannot be used ({type(error).__name__})"
            fix = "Correct the AWS config file."
    return NoCredentials(account, message, fix=fix)


def not_entered(account: str, error: ClientError, origin: str) -> NoCredentials:
    """The SDK asked for a session on the way to the call, and that was refused; it sent nothing else."""
    told = error.response.get("Error", {})
    code, text = str(told.get("Code") or ""), scrubbed(str(told.get("Message") or ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0)
    what = f"{error.operation_name} was refused: {code or f'HTTP {status}'}" + (f": {text}" if text else "")
    if error.operation_name in ("GetRoleCredentials", "CreateToken", "GetRoleCredentialsCommand"):
        fix = "Log in again with aws sso login, and check the account and role of the profile's sso settings."
    elif _CHAINED in text:
        fix = CHAINING
    elif "MultiFactorAuthentication" in text:
        fix = "The code was wrong, used before, or not this device's; wait for the next one and run again."
    else:
        fix = (
            "Check role_arn, external_id and source_profile there, that the role trusts them and that they may assume "
            "it."
        )
    return NoCredentials(account, f"{origin} gives none: {what}", fix=fix)


def about(params: Mapping[str, Any]) -> str:
    """What a call is about, in a few words: ``role/reader``, ``bucket/snapshots``."""
    if bucket := params.get("Bucket"):
        return f"bucket/{bucket}" + (f"/{params['Key']}" if params.get("Key") else "")
    for parameter, kind in _IAM_ENTITIES:
        if name := params.get(parameter):
            return f"{kind}/{name}"
    return str(params.get("PolicyArn") or params.get("RoleArn") or params.get("PolicyName") or "")


def service_error(
    error: ClientError | BotoCoreError,
    *,
    account: Account,
    caller: str,
    service: str,
    operation: str,
    params: Mapping[str, Any],
    endpoint: str,
) -> ServiceError:
    """The error of one call, as the rest of xacct knows it.

    An answer that is no readable XML counts as none: nothing is known then.
    """
    code, status, message, request_id, retried = "", 0, "", "", False
    if isinstance(error, ClientError):
        told = error.response.get("Error", {})
        meta = error.response.get("ResponseMetadata", {})
        status = int(meta.get("HTTPStatusCode") or 0)
        code = str(told.get("Code") or "")
        message = scrubbed(str(told.get("Message") or ""))
        request_id = str(meta.get("RequestId") or "")
        retried = int(meta.get("RetryAttempts") or 0) > 0
        if code == str(status):
            message = ""
    elif isinstance(error, ParamValidationError):
        code, message = "ParamValidation", scrubbed(str(error))
    else:
        message = scrubbed(str(error))
    resource = about(params)
    return ServiceError(
        account=account.name,
        service=service,
        operation=operation,
        resource=resource,
        code=code,
        status=status,
        message=message,
        request_id=request_id,
        fix=_fix(
            code=code,
            status=status,
            message=message,
            action=_ACTIONS.get(f"{service}:{operation}", f"{service}:{operation}"),
            resource=_arn(account, params),
            name=resource,
            account=account,
            caller=caller,
            endpoint=endpoint,
            error=error,
        ),
        retried=retried,
    )


def scrubbed(message: str) -> str:
    """A service's text without what it repeats of a signed request: that can hold a session token."""
    return " ".join(_SECRET_PARTS.sub("", message).split())


def _arn(account: Account, params: Mapping[str, Any]) -> str:
    if bucket := params.get("Bucket"):
        key = f"/{params['Key']}" if params.get("Key") else ""
        return f"arn:{account.partition}:s3:::{bucket}{key}"
    if named := params.get("PolicyArn") or params.get("RoleArn"):
        for parameter, kind in _IAM_ENTITIES:
            if name := params.get(parameter):
                return account.iam_arn(f"{kind}/{name}")
        return str(named)
    path = str(params.get("Path") or "/")
    for parameter, kind in (*_IAM_ENTITIES, ("PolicyName", "policy")):
        if name := params.get(parameter):
            return account.iam_arn(f"{kind}{path}{name}")
    return "*"


def _fix(
    *,
    code: str,
    status: int,
    message: str,
    action: str,
    resource: str,
    name: str,
    account: Account,
    caller: str,
    endpoint: str,
    error: Exception,
) -> str:
    who = caller or f"the credentials of account {account.name}"
    match code:
        case "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" | "403":
            seen = re.search(r"on resource: (arn:\S+)", message)
            return f"Allow {who} {action} on {seen.group(1) if seen else resource}, and look for a Deny."
        case "InvalidClientTokenId" | "InvalidAccessKeyId" | "UnrecognizedClientException":
            return (
                f"The access key is not known at {endpoint}: "
                "it was deleted or deactivated, or belongs to another cloud."
            )
        case "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired" | "RequestExpired":
            return "Log in again: the session of these credentials has ended."
        case "SignatureDoesNotMatch" | "InvalidSignatureException" if _LATE.search(message):
            return _CLOCK
        case "SignatureDoesNotMatch" | "IncompleteSignature" | "AuthFailure" | "InvalidSignatureException":
            return "Check the secret access key and the endpoint; the secret does not fit the key id."
        case "RequestTimeTooSkewed":
            return _CLOCK
        case "OptInRequired" | "RegionDisabledException":
            return "Enable the region for this account, or use another one."
        case "NoSuchEntity" | "NoSuchEntityException":
            return (
                f"Check that {name or 'it'} exists in account {account.name}; names are case-sensitive here."
            )
        case "NoSuchBucket" | "NoSuchKey" | "404":
            return f"Check the name and that {name or 'it'} is in account {account.name}."
        case "MalformedPolicyDocument" | "MalformedPolicy":
            if "principal" in message.lower():
                return (
                    "A principal in the document does not exist. Create it first; a bare id such as AIDA... "
                    "or AROA... stands for one that was deleted and has to leave the document."
                )
            return "The service does not accept the document; its message says which part."
        case "LimitExceeded" | "LimitExceededException" | "PolicySizeExceeded":
            return "Remove what is not needed any more, or ask for a higher quota."
        case "OperationAborted" | "ConcurrentModification" | "EntityTemporarilyUnmodifiable":
            return "Somebody else changes the same thing at this moment; run again."
        case "DeleteConflict":
            return "Something that xacct does not own is still attached to it; detach or delete that first."
        case "EntityAlreadyExists" | "BucketAlreadyExists":
            return "It was made since the plan; plan again."
        case "ValidationError" | "InvalidArgument" if _CHAINED in message:
            return CHAINING
        case "ValidationError" | "InvalidArgument" if "MaxSessionDuration" in message or action == _ASSUME:
            return (
                "The session is longer than the role allows: ask for less, or raise session in the manifest."
            )
        case "ParamValidation":
            return "The request does not fit the service's model; nothing was sent."
    if "hrottl" in code or code in {"SlowDown", "RequestLimitExceeded", "TooManyRequestsException"}:
        return "The service is busy; wait a little and run again."
    if status in {405, 501}:
        other = ", or the bucket belongs to another account" if name.startswith("bucket/") else ""
        return f"{endpoint} does not offer this operation{other}."
    if status == 403:
        return f"Allow {who} {action} on {resource}, and look for a Deny."
    if status >= 500:
        return "The service has a fault of its own; run again later."
    return _unreached(error, endpoint) if status == 0 else ""


def _unreached(error: Exception, endpoint: str) -> str:
    """What to do about a request that got no answer."""
    match error:
        case NoRegionError():
            return "Set a region in the AWS profile or in the manifest."
        case SSLError():
            return (
                f"The certificate of {endpoint} is not trusted here, or it speaks no TLS: name the cloud's own "
                "authority in ca_bundle of the AWS profile or in AWS_CA_BUNDLE, or write http:// where that is meant."
            )
        case ProxyConnectionError():
            return "The proxy cannot be reached: correct HTTP_PROXY and HTTPS_PROXY, or name the host in NO_PROXY."
        case _:
            return f"Check that {endpoint} can be reached from here, and its port, proxy and name."
