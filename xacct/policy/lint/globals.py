"""The condition keys that every service fills: IAM User Guide, "AWS global condition context keys"."""

from __future__ import annotations

from xacct.policy import catalogue

GLOBAL_KEYS: dict[str, str] = {
    "aws:AssumedRoot": "Bool",
    "aws:CalledVia": "ArrayOfString",
    "aws:CalledViaFirst": "String",
    "aws:CalledViaLast": "String",
    "aws:ChatbotSourceArn": "ARN",
    "aws:CurrentTime": "Date",
    "aws:Ec2InstanceSourcePrivateIPv4": "IPAddress",
    "aws:Ec2InstanceSourceVpc": "String",
    "aws:EpochTime": "Date",
    "aws:FederatedProvider": "String",
    "aws:IsMcpServiceAction": "Bool",
    "aws:MultiFactorAuthAge": "Numeric",
    "aws:MultiFactorAuthPresent": "Bool",
    "aws:PrincipalAccount": "String",
    "aws:PrincipalArn": "ARN",
    "aws:PrincipalIsAWSService": "Bool",
    "aws:PrincipalOrgID": "String",
    "aws:PrincipalOrgPaths": "ArrayOfString",
    "aws:PrincipalServiceName": "String",
    "aws:PrincipalServiceNamesList": "ArrayOfString",
    "aws:PrincipalTag/": "String",
    "aws:PrincipalType": "String",
    "aws:Referer": "String",
    "aws:RequestTag/": "String",
    "aws:RequestedRegion": "String",
    "aws:ResourceAccount": "String",
    "aws:ResourceOrgID": "String",
    "aws:ResourceOrgPaths": "ArrayOfString",
    "aws:ResourceTag/": "String",
    "aws:SecureTransport": "Bool",
    "aws:SignInSessionArn": "ARN",
    "aws:SourceAccount": "String",
    "aws:SourceArn": "ARN",
    "aws:SourceIdentity": "String",
    "aws:SourceIp": "IPAddress",
    "aws:SourceOrgID": "String",
    "aws:SourceOrgPaths": "ArrayOfString",
    "aws:SourceVpc": "String",
    "aws:SourceVpcArn": "ARN",
    "aws:SourceVpce": "String",
    "aws:TagKeys": "ArrayOfString",
    "aws:TokenIssueTime": "Date",
    "aws:UserAgent": "String",
    "aws:ViaAWSService": "Bool",
    "aws:ViaAWSMCPService": "Bool",
    "aws:VpceAccount": "String",
    "aws:VpceOrgID": "String",
    "aws:VpceOrgPaths": "ArrayOfString",
    "aws:VpcSourceIp": "IPAddress",
    "aws:userid": "String",
    "aws:username": "String",
    # Not on that page, and written in policies of EC2 instance roles and of sign-in.
    "aws:SourceInstanceARN": "ARN",
    "ec2:SourceInstanceARN": "ARN",
}
"""A name that ends in a slash is followed by the key of a tag."""

_LOWER = {name.lower(): kind for name, kind in GLOBAL_KEYS.items()}


def global_type(key: str) -> str | None:
    """The type of a global key, whatever its case; None where there is no such key."""
    head, slash, rest = key.lower().partition("/")
    if slash:
        return _LOWER.get(f"{head}/") if rest else None
    return _LOWER.get(head)


_SPELLED = {name.lower(): name for name in GLOBAL_KEYS}


def spelled(key: str) -> str:
    """A condition key in the letters that its documentation has, for people; as it came where none is known."""
    lowered = key.lower()
    if lowered in _SPELLED:
        return _SPELLED[lowered]
    head, slash, rest = key.partition("/")
    if slash and f"{head.lower()}/" in _SPELLED:
        return _SPELLED[f"{head.lower()}/"] + rest
    service = lowered.partition(":")[0]
    names = catalogue.keys_of(service) if service in catalogue.services() else ()
    return next((name for name in names if name.lower() == lowered), key)
