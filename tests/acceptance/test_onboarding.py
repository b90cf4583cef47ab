"""Onboarding: an instance that isn't onboarded can't have campaigns, and onboarding takes its time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from serving import Serving, serving

UNKNOWN = "00000000-0000-4000-8000-000000000000"
PLAIN = {"enabled": False}


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Serving]:
    with serving(tmp_path / "data", agents=0) as running:
        yield running


def status(client: Any, instance: str) -> Any:
    return client.get_instance_onboarding_job_status(connectInstanceId=instance)["connectInstanceOnboardingJobStatus"]


def test_the_default_instance_is_onboarded(fresh: Serving) -> None:
    client, instance = fresh.client(), fresh.environment["TRUNKCALL_INSTANCE_ID"]
    config = client.get_connect_instance_config(connectInstanceId=instance)["connectInstanceConfig"]
    assert config["connectInstanceId"] == instance
    assert config["encryptionConfig"] == PLAIN
    assert config["serviceLinkedRoleArn"].startswith("arn:aws:iam::000000000000:role/aws-service-role/")
    assert status(client, instance) == {"connectInstanceId": instance, "status": "SUCCEEDED"}
    with pytest.raises(client.exceptions.ConflictException):
        client.start_instance_onboarding_job(connectInstanceId=instance, encryptionConfig=PLAIN)


def test_campaigns_are_disabled_and_enabled_again(fresh: Serving) -> None:
    client, instance = fresh.client(), fresh.environment["TRUNKCALL_INSTANCE_ID"]
    campaign_id = client.create_campaign(**fresh.campaign_arguments())["id"]
    with pytest.raises(client.exceptions.InvalidStateException, match="campaigns"):
        client.delete_connect_instance_config(connectInstanceId=instance)
    client.delete_campaign(id=campaign_id)
    client.delete_connect_instance_config(connectInstanceId=instance)
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_connect_instance_config(connectInstanceId=instance)
    with pytest.raises(client.exceptions.ResourceNotFoundException, match="not onboarded"):
        client.create_campaign(**fresh.campaign_arguments())

    started = client.start_instance_onboarding_job(connectInstanceId=instance, encryptionConfig=PLAIN)
    assert started["connectInstanceOnboardingJobStatus"]["status"] == "IN_PROGRESS"
    with pytest.raises(client.exceptions.ConflictException):
        client.start_instance_onboarding_job(connectInstanceId=instance, encryptionConfig=PLAIN)
    with pytest.raises(client.exceptions.InvalidStateException):
        client.delete_instance_onboarding_job(connectInstanceId=instance)
    fresh.wait_until(lambda: status(client, instance)["status"] == "SUCCEEDED")
    client.create_campaign(**fresh.campaign_arguments())
    client.delete_instance_onboarding_job(connectInstanceId=instance)
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        status(client, instance)
    client.get_connect_instance_config(connectInstanceId=instance)


@pytest.mark.parametrize(
    ("key", "failure"),
    [
        ("not-a-key", "KMS_KEY_NOT_FOUND"),
        ("arn:aws:kms:us-east-1:000000000000:key/1234", "KMS_ACCESS_DENIED"),
    ],
)
def test_a_key_that_cannot_be_used_fails_the_job_with_a_code(fresh: Serving, key: str, failure: str) -> None:
    client, instance = fresh.client(), fresh.environment["TRUNKCALL_INSTANCE_ID"]
    client.delete_connect_instance_config(connectInstanceId=instance)
    encryption = {"enabled": True, "encryptionType": "KMS", "keyArn": key}
    client.start_instance_onboarding_job(connectInstanceId=instance, encryptionConfig=encryption)
    fresh.wait_until(lambda: status(client, instance)["status"] == "FAILED")
    assert status(client, instance)["failureCode"] == failure
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_connect_instance_config(connectInstanceId=instance)


def test_a_job_outlives_its_server(fresh: Serving) -> None:
    client, instance = fresh.client(), fresh.environment["TRUNKCALL_INSTANCE_ID"]
    client.delete_connect_instance_config(connectInstanceId=instance)
    client.start_instance_onboarding_job(connectInstanceId=instance, encryptionConfig=PLAIN)
    fresh.kill()
    fresh.start()
    client = fresh.client()
    fresh.wait_until(lambda: status(client, instance)["status"] == "SUCCEEDED")


def test_unknown_instances_are_not_found(fresh: Serving) -> None:
    client = fresh.client()
    calls: list[Callable[[], Any]] = [
        lambda: client.start_instance_onboarding_job(connectInstanceId=UNKNOWN, encryptionConfig=PLAIN),
        lambda: client.get_instance_onboarding_job_status(connectInstanceId=UNKNOWN),
        lambda: client.delete_instance_onboarding_job(connectInstanceId=UNKNOWN),
        lambda: client.get_connect_instance_config(connectInstanceId=UNKNOWN),
        lambda: client.delete_connect_instance_config(connectInstanceId=UNKNOWN),
    ]
    for call in calls:
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            call()


def test_encryption_without_a_key_is_refused(fresh: Serving) -> None:
    client = fresh.client()
    with pytest.raises(client.exceptions.ValidationException, match="keyArn"):
        client.start_instance_onboarding_job(connectInstanceId=UNKNOWN, encryptionConfig={"enabled": True})
