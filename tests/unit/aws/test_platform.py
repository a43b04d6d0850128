"""What is taken for which platform, and what is refused."""

import pytest
from botocore.session import Session

from tests.fakes import refusal
from xacct.aws.platform import REGIONS, detect, not_offered, on_public_cloud
from xacct.errors import Refused
from xacct.platform import CEPH, PARTITIONS, PLATFORMS

PUBLIC = {"iam": "https://iam.amazonaws.com", "s3": "https://s3.eu-west-1.amazonaws.com"}
LOOPBACK = {"iam": "http://127.0.0.1:5000", "s3": "http://127.0.0.1:5000"}


def found(declared="", account_id="325271821652", partition="aws", endpoints=PUBLIC):
    return detect(
        declared=declared, account_id=account_id, partition=partition, endpoints=endpoints, account="data"
    )


@pytest.mark.parametrize(
    ("case", "name"),
    [
        ({}, "aws"),
        ({"partition": "aws-us-gov"}, "aws-us-gov"),
        (
            {"partition": "aws-eusc", "endpoints": {"iam": "https://iam.eusc-de-east-1.amazonaws.eu"}},
            "aws-eusc",
        ),
        ({"account_id": "RGW22222222222222222", "endpoints": LOOPBACK}, "ceph"),
        ({"endpoints": {"iam": "http://euare.cloud.example:8773"}}, "eucalyptus"),
        ({"endpoints": LOOPBACK}, "private"),
        ({"declared": "sandbox", "endpoints": LOOPBACK}, "sandbox"),
        ({"declared": "ceph", "endpoints": LOOPBACK}, "ceph"),
        ({"endpoints": {}}, "aws"),
    ],
)
def test_platform_is_told_by_declaration_endpoint_and_account_id(case, name):
    assert found(**case).name == name


@pytest.mark.parametrize("declared", ["ceph", "eucalyptus", "sandbox"])
def test_private_platform_at_the_public_cloud_is_refused(declared):
    with pytest.raises(Refused, match=r"iam \(https://iam\.amazonaws\.com\).*nothing was sent"):
        found(declared=declared)


def test_one_forgotten_service_is_enough_for_a_refusal():
    with pytest.raises(Refused, match="sts"):
        found(declared="ceph", endpoints={**LOOPBACK, "sts": "https://sts.amazonaws.com"})


def test_public_cloud_at_an_endpoint_of_its_own_is_refused():
    with pytest.raises(Refused, match="no endpoint of the public cloud"):
        found(declared="aws", endpoints=LOOPBACK)


def test_unknown_platform_is_refused_with_the_known_ones():
    with pytest.raises(Refused) as refused:
        found(declared="minio", endpoints=LOOPBACK)
    assert all(name in refused.value.fix for name in PLATFORMS)


def test_every_partition_of_the_sdk_counts_as_public_cloud():
    partitions = Session().get_component("data_loader").load_data("partitions")["partitions"]
    for partition in partitions:
        for suffix in ("dnsSuffix", "dualStackDnsSuffix"):
            assert on_public_cloud(f"https://iam.{partition['outputs'][suffix]}/"), partition["id"]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:5000",
        "https://s3.example.org",
        "https://amazonaws.com.example.org",
        "http://notamazonaws.com",
    ],
)
def test_other_hosts_are_not_the_public_cloud(url):
    assert not on_public_cloud(url)


def test_ceph_says_405_without_a_code_for_what_it_does_not_offer():
    assert not_offered(refusal(code="", status=405))
    assert not_offered(refusal(code="InvalidAction", status=400))
    assert not not_offered(refusal())
    assert CEPH.tags_per_call == 9  # ten tags in one call end the gateway


def test_an_account_id_of_ceph_at_the_public_cloud_is_refused():
    with pytest.raises(Refused, match=r"lives on ceph.*public cloud; nothing was sent"):
        found(account_id="RGW22222222222222222")


def test_a_service_forgotten_without_any_declaration_is_refused_too_trap_68():
    with pytest.raises(Refused, match=r"split: its s3 \(http://127.*sts \(https://sts\.amazonaws"):
        found(endpoints={"s3": "http://127.0.0.1:5000", "sts": "https://sts.amazonaws.com"})


@pytest.mark.parametrize(
    ("partition", "region", "says"),
    [
        ("aws", "eucalyptus", "of no partition"),  # the page's region, where the endpoint was forgotten
        ("aws", "cn-north-1", "in partition aws-cn"),
        ("aws-cn", "us-east-1", "in partition aws"),
        ("aws", "us-gov-west-1", "in partition aws-us-gov"),
        ("aws-us-gov", "us-gov-north-1", ""),
        ("aws", "mx-central-1", ""),
        ("aws", "", ""),
        ("aws-eusc", "eusc-de-east-1", ""),
    ],
)
def test_a_region_of_another_partition_is_refused_trap_17(partition, region, says):
    def ask():
        return detect(
            declared="",
            account_id="325271821652",
            partition=partition,
            endpoints=PUBLIC,
            account="data",
            region=region,
        )

    if says:
        with pytest.raises(Refused, match=says):
            ask()
    else:
        assert ask().name == partition


def test_the_regions_and_partitions_are_those_of_the_sdk():
    known = Session().get_component("data_loader").load_data("partitions")["partitions"]
    assert {partition["id"] for partition in known} == set(REGIONS) == set(PARTITIONS)
    for partition in known:
        for region in partition["regions"]:
            fitting = [name for name, form in REGIONS.items() if form.fullmatch(region)]
            assert fitting == [partition["id"]], region
