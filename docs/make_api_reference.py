"""Writes the table of operations of docs/reference/api.md: which are offered is asked of the code.

Run it after an operation was added: ``.venv/bin/python docs/make_api_reference.py``. A test compares the page with what
this makes.
"""

from __future__ import annotations

from pathlib import Path

from generated import write

from trunkcall.aws.campaigns_v1 import CampaignsV1
from trunkcall.aws.model import CAMPAIGNS_V1, load_service

PAGE = Path(__file__).parent / "reference" / "api.md"

OPERATIONS = {
    "CreateCampaign": ("creates a campaign, Initialized", "–"),
    "DescribeCampaign": ("the campaign's settings", "any"),
    "ListCampaigns": ("campaigns in order of creation, 50 a page at most; may be filtered by instance", "any"),
    "GetCampaignState": ("the campaign's state", "any"),
    "GetCampaignStateBatch": ("the states of several campaigns; `ResourceNotFound` for one that does not exist", "any"),
    "StartCampaign": ("begins to dial", "Initialized"),
    "PauseCampaign": ("begins no attempt from now on; waiting requests wait on", "Running"),
    "ResumeCampaign": ("goes on", "Paused"),
    "StopCampaign": ("ends the campaign for good; waiting requests end as expired", "Running, Paused"),
    "DeleteCampaign": ("deletes the campaign, and stops it first if need be; its contact records stay", "any"),
    "PutDialRequestBatch": ("accepts up to 25 dial requests", "Running"),
    "UpdateCampaignName": ("renames the campaign", "any"),
    "UpdateCampaignDialerConfig": ("changes the dialer, but not to or from agentless", "any"),
    "UpdateCampaignOutboundCallConfig": ("changes flow, source number or detection; what is left out stays", "any"),
    "TagResource": ("sets tags of a campaign, named by its ARN", "any"),
    "UntagResource": ("takes tags away", "any"),
    "ListTagsForResource": ("the campaign's tags", "any"),
    "StartInstanceOnboardingJob": ("makes an instance ready for outbound campaigns", "–"),
    "GetInstanceOnboardingJobStatus": ("how the instance's last job went", "–"),
    "DeleteInstanceOnboardingJob": ("forgets the job; what it achieved stays", "–"),
    "GetConnectInstanceConfig": ("the settings of an onboarded instance", "–"),
    "DeleteConnectInstanceConfig": ("ends campaigns on an instance that has none", "–"),
}
"""What each does, and in which campaign states it is possible."""


def offered() -> set[str]:
    """Operations that have a handler."""
    return set(CampaignsV1.handlers(object.__new__(CampaignsV1)))


def generate() -> str:
    """One row for each operation of the service model, those that are not offered yet last."""
    names = load_service(CAMPAIGNS_V1).operations
    assert set(names) == set(OPERATIONS), set(names) ^ set(OPERATIONS)
    rows = ["| operation | does | campaign states |", "|---|---|---|"]
    for name in sorted(OPERATIONS, key=lambda name: name not in offered()):
        does, states = OPERATIONS[name]
        rows.append(f"| {name} | {does} | {states if name in offered() else 'not offered yet'} |")
    return "\n".join(rows)


if __name__ == "__main__":
    write(PAGE, generate())
