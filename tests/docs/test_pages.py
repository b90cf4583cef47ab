"""Links resolve, generated pages are up to date, and nothing that a reader may look up is missing."""

from __future__ import annotations

import re
import sys
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from docs.support import DOCS, PAGES, ROOT, blocks, generator, read, without_blocks
from trunkcall.aws.contact_records import to_record
from trunkcall.aws.errors import COMMON_STATUSES
from trunkcall.aws.model import CAMPAIGNS_V1, TRUNKCALL, load_service
from trunkcall.cli.figures import Figures, Floor, Trunk, Window
from trunkcall.cli.status import Trouble
from trunkcall.domain.clearance import Cleared, Evidence, Hold, HoldReason, Prohibition
from trunkcall.domain.contact import (
    UNANSWERED_DISPOSITIONS,
    ContactRecord,
    ContactState,
    DisconnectReason,
    Disposition,
)
from trunkcall.domain.flow import Taken
from trunkcall.domain.identifiers import Scope
from trunkcall.domain.recording import Recording
from trunkcall.domain.transitions import AGENT, CAMPAIGN, CONTACT, LEG
from trunkcall.engine.trace import VERSION
from trunkcall.settings import SETTINGS
from trunkcall.simulation.campaign import Campaign
from trunkcall.simulation.scenario import NOT_PARAMETERS, Scenario, Team, with_values
from trunkcall.simulation.world import World

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
MAX_COLUMNS = 132
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)

GENERATED = [
    "make_api_reference",
    "make_cli_reference",
    "make_coverage_reference",
    "make_flow_reference",
    "make_scenario_reference",
    "make_settings_reference",
    "make_state_diagrams",
]


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def anchors(page: Path) -> set[str]:
    titles = HEADING.findall(without_blocks(page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in LINK.findall(without_blocks(page.read_text(encoding="utf-8"))):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{name_of(page)} links to {link}"
        if anchor:
            assert anchor in anchors(target), f"{name_of(page)} links to {link}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_lines_fit_a_screen(page: Path) -> None:
    """Rows of tables cannot be broken; all else can, and is read in terminals and in diffs."""
    lines = without_blocks(page.read_text(encoding="utf-8")).splitlines()
    assert not [line for line in lines if len(line) > MAX_COLUMNS and not line.startswith("|")]


def test_every_page_is_in_the_index() -> None:
    index = DOCS / "index.md"
    linked = {(DOCS / link).resolve() for link in LINK.findall(index.read_text(encoding="utf-8"))}
    assert set(DOCS.rglob("*.md")) - {index} <= linked


@pytest.mark.parametrize("name", GENERATED)
def test_generated_pages_are_what_their_generators_make(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = generator(name, monkeypatch)
    page = module.PAGE.read_text(encoding="utf-8")
    replaced = sys.modules["generated"].replaced
    assert replaced(page, module.generate()) == page, f"run .venv/bin/python docs/{name}.py"


def test_the_diagrams_have_every_step_of_the_tables() -> None:
    page = read("docs/explanation/state-machines.md")
    for table in (CAMPAIGN, CONTACT, AGENT, LEG):
        for state, steps in table.items():
            for event, after in steps.items():
                assert f"{state} --> {after}: {event}\n" in page


def test_every_example_of_a_flow_is_in_the_table() -> None:
    page = read("docs/how-to/write-a-flow.md")
    for path in (ROOT / "examples" / "flows").glob("*.json"):
        assert f"](../../examples/flows/{path.name}) |" in page


def test_every_setting_is_documented() -> None:
    page = read("docs/reference/settings.md")
    for setting in SETTINGS:
        assert f"\n## {setting.name}\n" in page
        assert (f"`{setting.flag}`" in page) is not setting.secret
        assert f"`{setting.variable}`" in page


@pytest.mark.parametrize("kind", [Scenario, Campaign, World, Team])
def test_every_parameter_of_a_scenario_is_documented(kind: type[Any]) -> None:
    page = read("docs/reference/scenarios.md")
    for field in fields(kind):
        if field.name not in NOT_PARAMETERS:
            assert re.search(rf"^\| `{field.name}` \| [^|]+ \| [A-Z][^|]+\. \|$", page, re.MULTILINE), field.name


def test_the_scenarios_of_the_page_can_be_run() -> None:
    examples = [block.text for block in blocks("docs/reference/scenarios.md") if block.language == "toml"]
    made = [with_values(Scenario(), tomllib.loads(text), "the page") for text in examples]
    assert [(len(scenario.campaigns), len(scenario.trunks)) for scenario in made] == [(2, 0), (2, 0), (1, 2)]


def test_the_version_of_traces_is_documented() -> None:
    assert f"`version` ({VERSION})" in read("docs/reference/traces.md")


def test_every_command_is_documented(monkeypatch: pytest.MonkeyPatch) -> None:
    page = read("docs/reference/cli.md")
    for name in generator("make_cli_reference", monkeypatch).command_names():
        assert f"\n## trunkcall {name}\n" in page


def test_every_operation_is_documented() -> None:
    page = read("docs/reference/api.md")
    for service in (CAMPAIGNS_V1, TRUNKCALL):
        for name in load_service(service).operations:
            assert re.search(rf"^\| {name} \|", page, re.MULTILINE), name


@pytest.mark.parametrize("kind", [Figures, Floor, Trunk, Window, Trouble])
def test_every_field_of_the_json_about_campaigns_is_documented(kind: type[Any]) -> None:
    page = read("docs/how-to/run-a-shift.md").partition("## For programs")[2]
    for field in fields(kind):
        assert f"`{field.name}`" in page, field.name


def test_every_error_is_documented_with_its_status() -> None:
    page = read("docs/reference/errors.md")
    statuses = dict(COMMON_STATUSES)
    for operation in load_service(CAMPAIGNS_V1).operations.values():
        statuses |= {name: shape.status for name, shape in operation.errors.items()}
    for code, status in statuses.items():
        assert f"| `{code}` | {status} |" in page, code


def test_every_field_of_a_contact_record_is_documented() -> None:
    page = read("docs/reference/contact-records.md")
    values: dict[str, Any] = {field.name: 0 for field in fields(ContactRecord)}
    contact = ContactRecord(
        **{
            **values,
            "attributes": {},
            "state": ContactState.ENDED,
            "disposition": None,
            "disconnect_reason": None,
            "detection": None,
            "hold": Hold(HoldReason.OUTSIDE_HOURS, 0),
            "clearance": Cleared(forbidden=Prohibition.INVALID),
            "recordings": (Recording("contact-1.1", 0, 0, 0, ((0, 0),)),),
            "customer_holds": (),
            "flow_trail": (Taken("", "", "", None),),
            "flow_attributes": {},
        }
    )
    record = to_record(contact, None, Scope("aws", "us-east-1", "0" * 12))
    for name, value in record.items():
        assert f"\n| `{name}` |" in page, name
        if name in ("Recordings", "Flow"):
            [value] = value
        if isinstance(value, dict):
            for part in value:
                assert f"`{part}`" in page, f"{name}.{part}"


def test_every_end_of_a_contact_is_documented() -> None:
    page = read("docs/reference/contact-records.md")
    for disposition in Disposition:
        again = "yes" if disposition in UNANSWERED_DISPOSITIONS else "no"
        assert re.search(rf"^\| `{disposition}` \| .* \| {again} \|$", page, re.MULTILINE), disposition
    for reason in DisconnectReason:
        assert f"`{reason}`" in page, reason


def test_every_reason_of_the_calling_gate_is_documented() -> None:
    page = read("docs/reference/contact-records.md")
    for reason in (*HoldReason, *Prohibition):
        assert f"\n| `{reason}` |" in page, reason
    for evidence in Evidence:
        assert f"`{evidence}`" in page, evidence


def test_the_import_table_is_the_tested_one() -> None:
    source = (ROOT / "tests/test_layers.py").read_text(encoding="utf-8")
    names: dict[str, dict[str, set[str]]] = {}
    for variable in ("LAYERS", "LIBRARIES"):
        literal = re.search(rf"^{variable}[^=]*= (\{{.*?^\}})$", source, re.MULTILINE | re.DOTALL)
        assert literal is not None
        names[variable] = eval(literal[1], {"set": set})
    rows = dict(re.findall(r"^\| (\w+) \| (.+ \| .+) \|$", read("ARCHITECTURE.md"), re.MULTILINE))
    for layer, allowed in names["LAYERS"].items():
        imports, _, libraries = rows[layer].partition(" | ")
        assert words(imports) == allowed, layer
        assert words(libraries) == names["LIBRARIES"][layer], layer


def words(cell: str) -> set[str]:
    return set() if cell in ("nothing", "none") else {word.strip("` ") for word in cell.split(",")}


@pytest.mark.parametrize("page", ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_every_file_that_is_named_exists(page: str) -> None:
    for name in re.findall(r"`((?:[\w.]+/)+[\w.]*)`", without_blocks(read(page))):
        places = (ROOT, ROOT / "src/trunkcall", ROOT / "src/trunkcall/engine")
        if name not in (".venv/bin/",) and not name.startswith((".venv", "tests/acceptance")):
            assert any((place / name).exists() for place in places), f"{page} names {name}"
