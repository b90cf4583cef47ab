"""Access keys from the command line, and what each may do, as boto3 sees it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from serving import Serving, serving

ACCOUNT = "000000000000"
CAMPAIGNS = f"arn:aws:connect-campaigns:us-east-1:{ACCOUNT}:campaign/"
REVOKED_WITHIN_S = 5.0


def policy(path: Path, *statements: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}))
    return path


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def keys(server: Serving, *arguments: str, check: bool = True) -> Any:
    return server.trunkcall("keys", *arguments, "--data-dir", str(server.data_dir), check=check)


def create(server: Serving, *arguments: str) -> dict[str, str]:
    made: dict[str, str] = json.loads(keys(server, "create", "--json", *arguments).stdout)
    return made


def client_of(server: Serving, key: dict[str, str], service: str = "connectcampaigns") -> Any:
    return boto3.client(
        service,
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
        config=Config(retries={"total_max_attempts": 1}),
    )


def refusal(call: Any, **arguments: Any) -> Any:
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    return raised.value.response


class TestCreating:
    def test_a_new_key_may_do_everything_at_once(self, server: Serving) -> None:
        """The server runs; it is not started again."""
        campaigns = client_of(server, create(server))
        created = campaigns.create_campaign(**server.campaign_arguments("By a new key"), tags={"team": "red"})
        assert campaigns.describe_campaign(id=created["id"])["campaign"]["tags"] == {"team": "red"}

    def test_a_shell_can_take_the_key_over(self, server: Serving) -> None:
        lines = keys(server, "create").stdout.splitlines()
        values = dict(line.removeprefix("export ").split("=", 1) for line in lines)
        assert set(values) == {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
        key = {"AccessKeyId": values["AWS_ACCESS_KEY_ID"], "SecretAccessKey": values["AWS_SECRET_ACCESS_KEY"]}
        client_of(server, key).list_campaigns()

    def test_a_list_shows_what_keys_may_do_and_never_a_secret(self, server: Serving, tmp_path: Path) -> None:
        file = policy(tmp_path / "read.json", allow("connect-campaigns:Get*"))
        made = create(server, "--policy", str(file))
        for arguments in ((), ("--json",)):
            printed = keys(server, "list", *arguments).stdout
            assert made["AccessKeyId"] in printed
            assert made["SecretAccessKey"] not in printed
            assert server.environment["AWS_SECRET_ACCESS_KEY"] not in printed
        (line,) = (row for row in keys(server, "list").stdout.splitlines() if made["AccessKeyId"] in row)
        assert line.endswith("Allow connect-campaigns:Get* on *")
        (shown,) = (key for key in json.loads(printed) if key["AccessKeyId"] == made["AccessKeyId"])
        assert (shown["Status"], shown["RevokeDate"]) == ("Active", None)
        assert json.loads(shown["PolicyDocument"])["Version"] == "2012-10-17"

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            ("{", "not valid JSON"),
            ('{"Statement": {"Effect": "Maybe"}}', 'Statement.Effect must be "Allow" or "Deny", not "Maybe".'),
            (json.dumps({"Statement": allow("s3:*")}), "the policy allows no action that there is here"),
            (None, "cannot be read: No such file or directory."),
        ],
    )
    def test_a_policy_that_is_none_makes_no_key(
        self, server: Serving, tmp_path: Path, content: str | None, said: str
    ) -> None:
        file = tmp_path / "policy.json"
        if content is not None:
            file.write_text(content)
        before = keys(server, "list").stdout
        done = keys(server, "create", "--policy", str(file), check=False)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("trunkcall: ")
        assert str(file) in done.stderr
        assert said in done.stderr
        assert "Traceback" not in done.stderr
        assert keys(server, "list").stdout == before

    def test_another_secret_key_file_is_refused(self, server: Serving, tmp_path: Path) -> None:
        other = tmp_path / "other.key"
        missing = keys(server, "create", "--secret-key-file", str(other), check=False)
        assert missing.returncode == 1
        assert "There is no secret key file" in missing.stderr
        assert not other.exists()
        other.write_text("00" * 32 + "\n")
        wrong = keys(server, "create", "--secret-key-file", str(other), check=False)
        assert wrong.returncode == 1
        assert "not the one that this store's access keys were encrypted with" in wrong.stderr

    def test_a_place_without_a_server_is_told_apart(self, server: Serving, tmp_path: Path) -> None:
        for command in (["create"], ["list"], ["revoke", "AKIA"]):
            done = server.trunkcall("keys", *command, "--data-dir", str(tmp_path / "none"), check=False)
            assert done.returncode == 1
            assert "There is no Trunkcall data directory" in done.stderr
            assert not (tmp_path / "none").exists()


class TestRevoking:
    def test_a_revoked_key_is_refused_within_seconds(self, server: Serving) -> None:
        made = create(server)
        campaigns = client_of(server, made)
        campaigns.list_campaigns()
        assert made["AccessKeyId"] in keys(server, "revoke", made["AccessKeyId"]).stdout
        server.wait_until(lambda: _code(campaigns.list_campaigns) is not None, timeout_s=REVOKED_WITHIN_S)
        refused = refusal(campaigns.list_campaigns)
        assert refused["Error"]["Code"] == "UnrecognizedClientException"
        assert refused["ResponseMetadata"]["HTTPStatusCode"] == 403

    def test_revoking_twice_is_the_same_as_once(self, server: Serving) -> None:
        made = create(server)
        first = keys(server, "revoke", made["AccessKeyId"]).stdout
        assert keys(server, "revoke", made["AccessKeyId"]).stdout == first
        (shown,) = (
            k for k in json.loads(keys(server, "list", "--json").stdout) if k["AccessKeyId"] == made["AccessKeyId"]
        )
        assert shown["Status"] == "Inactive"
        assert shown["RevokeDate"] is not None

    def test_an_unknown_key_cannot_be_revoked(self, server: Serving) -> None:
        done = keys(server, "revoke", "AKIANOBODY", check=False)
        assert (done.returncode, done.stderr) == (1, "trunkcall: There is no access key AKIANOBODY.\n")

    def test_keys_can_be_changed_while_the_server_is_down(self, tmp_path: Path) -> None:
        with serving(tmp_path / "data") as server:
            first = server.environment["AWS_ACCESS_KEY_ID"]
            server.stop()
            made = create(server)
            done = keys(server, "revoke", first)
            assert "the key that `trunkcall env` prints" in done.stderr
            server.start()
            client_of(server, made).list_campaigns()
            assert refusal(server.client().list_campaigns)["Error"]["Code"] == "UnrecognizedClientException"


class TestPolicies:
    @pytest.fixture
    def campaign(self, server: Serving, client: Any, request: pytest.FixtureRequest) -> Any:
        arguments = server.campaign_arguments(request.node.name[:120])
        return client.create_campaign(**arguments, tags={"team": "red"})

    def test_who_may_read_may_not_write(self, server: Serving, campaign: Any, tmp_path: Path) -> None:
        file = policy(tmp_path / "read.json", allow(["connect-campaigns:Describe*", "connect-campaigns:List*"]))
        key = create(server, "--policy", str(file))
        campaigns = client_of(server, key)
        campaigns.list_campaigns()
        assert campaigns.describe_campaign(id=campaign["id"])["campaign"]["id"] == campaign["id"]
        refused = refusal(campaigns.start_campaign, id=campaign["id"])
        assert refused["ResponseMetadata"]["HTTPStatusCode"] == 403
        assert refused["Error"]["Code"] == "AccessDeniedException"
        assert refused["Error"]["Message"] == (
            f"User: arn:aws:iam::{ACCOUNT}:user/{key['AccessKeyId']} is not authorized to perform: "
            f"connect-campaigns:StartCampaign on resource: {campaign['arn']} because no identity-based policy allows "
            "the connect-campaigns:StartCampaign action"
        )

    def test_a_deny_wins(self, server: Serving, campaign: Any, tmp_path: Path) -> None:
        deny = {**allow("connect-campaigns:Delete*"), "Effect": "Deny"}
        campaigns = client_of(
            server, create(server, "--policy", str(policy(tmp_path / "p.json", deny, allow("connect-campaigns:*"))))
        )
        campaigns.start_campaign(id=campaign["id"])
        message = refusal(campaigns.delete_campaign, id=campaign["id"])["Error"]["Message"]
        assert message.endswith("with an explicit deny in an identity-based policy")

    def test_a_team_sees_its_own_campaigns_only(
        self, server: Serving, client: Any, campaign: Any, tmp_path: Path
    ) -> None:
        file = policy(
            tmp_path / "team.json",
            allow("connect-campaigns:*", Condition={"StringEquals": {"aws:ResourceTag/team": "red"}}),
            allow("connect-campaigns:CreateCampaign", Condition={"StringEquals": {"aws:RequestTag/team": "red"}}),
            allow("connect-campaigns:TagResource", CAMPAIGNS + "*"),
        )
        campaigns = client_of(server, create(server, "--policy", str(file)))
        other = client.create_campaign(**server.campaign_arguments("Another team's"), tags={"team": "blue"})
        campaigns.start_campaign(id=campaign["id"])
        own = campaigns.create_campaign(**server.campaign_arguments("The team's own"), tags={"team": "red"})
        campaigns.describe_campaign(id=own["id"])
        assert refusal(campaigns.describe_campaign, id=other["id"])["Error"]["Code"] == "AccessDeniedException"
        untagged = refusal(campaigns.create_campaign, **server.campaign_arguments("Nobody's"))
        assert untagged["Error"]["Code"] == "AccessDeniedException"
        client.tag_resource(arn=campaign["arn"], tags={"team": "blue"})
        assert refusal(campaigns.describe_campaign, id=campaign["id"])["Error"]["Code"] == "AccessDeniedException"

    def test_who_may_not_see_a_campaign_cannot_tell_whether_it_exists(
        self, server: Serving, client: Any, campaign: Any, tmp_path: Path
    ) -> None:
        file = policy(
            tmp_path / "blue.json",
            allow("connect-campaigns:*", Condition={"StringEquals": {"aws:ResourceTag/team": "blue"}}),
        )
        campaigns = client_of(server, create(server, "--policy", str(file)))
        unknown = "00000000-0000-4000-8000-000000000000"
        answers = [refusal(campaigns.get_campaign_state, id=each) for each in (campaign["id"], unknown)]
        assert [answer["Error"]["Code"] for answer in answers] == ["AccessDeniedException"] * 2
        messages = [a["Error"]["Message"] for a in answers]
        assert messages[0].replace(campaign["id"], unknown) == messages[1]
        assert refusal(client.get_campaign_state, id=unknown)["Error"]["Code"] == "ResourceNotFoundException"


class TestTheContactCentre:
    """Whose key is for one contact centre, or for campaigns alone, does not get at another."""

    @pytest.fixture
    def centre(self, server: Serving) -> Any:
        return server.client("connect")

    def made(self, centre: Any, alias: str, team: str) -> Any:
        return centre.create_instance(
            IdentityManagementType="CONNECT_MANAGED",
            InstanceAlias=alias,
            InboundCallsEnabled=True,
            OutboundCallsEnabled=True,
            Tags={"team": team},
        )

    def test_a_key_without_a_policy_of_its_own_may_do_both(self, server: Serving) -> None:
        listed = client_of(server, create(server), "connect").list_instances()["InstanceSummaryList"]
        assert server.environment["TRUNKCALL_INSTANCE_ID"] in {each["Id"] for each in listed}

    def test_a_key_from_before_there_was_a_contact_centre_keeps_to_campaigns(
        self, server: Serving, tmp_path: Path
    ) -> None:
        key = create(server, "--policy", str(policy(tmp_path / "old.json", allow("connect-campaigns:*"))))
        client_of(server, key).list_campaigns()
        refused = refusal(client_of(server, key, "connect").list_instances)["Error"]
        assert refused["Code"] == "AccessDeniedException"
        assert "to perform: connect:ListInstances on resource: * because" in refused["Message"]

    def test_a_key_for_one_contact_centre_is_none_for_the_other(
        self, server: Serving, centre: Any, tmp_path: Path
    ) -> None:
        mine, theirs = self.made(centre, "mine", "red"), self.made(centre, "theirs", "blue")
        key = create(server, "--policy", str(policy(tmp_path / "one.json", allow("connect:*", f"{mine['Arn']}*"))))
        connect = client_of(server, key, "connect")
        flows = connect.list_contact_flows(InstanceId=mine["Id"])["ContactFlowSummaryList"]
        assert connect.describe_instance(InstanceId=mine["Arn"])["Instance"]["Id"] == mine["Id"]
        of_theirs = centre.list_contact_flows(InstanceId=theirs["Id"])["ContactFlowSummaryList"]
        for call, arguments in (
            (connect.describe_instance, {"InstanceId": theirs["Id"]}),
            (connect.describe_instance, {"InstanceId": theirs["Arn"]}),
            (connect.list_contact_flows, {"InstanceId": theirs["Id"]}),
            (connect.describe_contact_flow, {"InstanceId": mine["Id"], "ContactFlowId": of_theirs[0]["Arn"]}),
            (connect.tag_resource, {"resourceArn": theirs["Arn"], "tags": {"a": "b"}}),
            (connect.delete_instance, {"InstanceId": theirs["Id"]}),
            (connect.list_instances, {}),
        ):
            assert refusal(call, **arguments)["Error"]["Code"] == "AccessDeniedException", call
        connect.describe_contact_flow(InstanceId=mine["Id"], ContactFlowId=flows[0]["Arn"])

    def test_tags_say_whose_it_is(self, server: Serving, centre: Any, tmp_path: Path) -> None:
        red, blue = self.made(centre, "north", "red"), self.made(centre, "south", "blue")
        on_red = {"StringEquals": {"aws:ResourceTag/team": "red"}}
        key = create(server, "--policy", str(policy(tmp_path / "red.json", allow("connect:*", Condition=on_red))))
        connect = client_of(server, key, "connect")
        connect.describe_instance(InstanceId=red["Id"])
        assert refusal(connect.describe_instance, InstanceId=blue["Id"])["Error"]["Code"] == "AccessDeniedException"
        flow = centre.list_contact_flows(InstanceId=red["Id"])["ContactFlowSummaryList"][0]
        asked = {"InstanceId": red["Id"], "ContactFlowId": flow["Id"]}
        assert refusal(connect.describe_contact_flow, **asked)["Error"]["Code"] == "AccessDeniedException"
        centre.tag_resource(resourceArn=flow["Arn"], tags={"team": "red"})
        assert connect.describe_contact_flow(**asked)["ContactFlow"]["Tags"] == {"team": "red"}


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A server with Amazon's throttles and quotas."""
    with serving(tmp_path_factory.mktemp("limited") / "data", quotas="aws") as running:
        yield running


class TestThrottles:
    def test_amazons_rates_are_kept(self, limited: Serving) -> None:
        campaigns = limited.client()
        started = time.monotonic()
        answers = [_code(campaigns.list_campaigns) for _ in range(20)]
        let_in = answers.count(None)
        assert set(answers) <= {None, "ThrottlingException"}
        assert 10 <= let_in <= 10 + 5 * (time.monotonic() - started) + 1

    def test_a_throttled_request_says_so_with_429(self, limited: Serving) -> None:
        campaigns = limited.client()
        answers = (_error(lambda: campaigns.get_campaign_state_batch(campaignIds=["x"])) for _ in range(1000))
        error = next(answer for answer in answers if answer is not None)
        assert (error["Error"]["Code"], error["Error"]["Message"]) == ("ThrottlingException", "Rate exceeded")
        assert error["ResponseMetadata"]["HTTPStatusCode"] == 429
        assert error["ResponseMetadata"]["HTTPHeaders"]["retry-after"] == "1"

    def test_a_client_that_retries_does_not_notice(self, limited: Serving) -> None:
        given = limited.environment
        patient = boto3.client(
            "connectcampaigns",
            endpoint_url=limited.url,
            region_name="us-east-1",
            aws_access_key_id=given["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=given["AWS_SECRET_ACCESS_KEY"],
            config=Config(retries={"total_max_attempts": 10, "mode": "adaptive"}),
        )
        for _ in range(15):
            patient.list_campaigns()


def _error(call: Any) -> Any:
    try:
        call()
    except ClientError as error:
        return error.response
    return None


def _code(call: Any) -> str | None:
    error = _error(call)
    return error["Error"]["Code"] if error is not None else None
