"""`trunkcall flow`. If these fail, whoever writes a flow learns what is wrong with it from the people who hear it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from flows.support import END, ERROR, EXAMPLES, action, flow
from trunkcall.cli.app import main

WRONG = flow(action("go", "TransferContactToQueue", {"QueueId": "q"}, then="end", errors={ERROR: "end"}))


class Command:
    """`trunkcall flow`, as somebody at a terminal has it."""

    def __init__(self, capsys: pytest.CaptureFixture[str], folder: Path) -> None:
        self._capsys = capsys
        self._folder = folder

    def file(self, content: str) -> Path:
        path = self._folder / "flow.json"
        path.write_text(content, encoding="utf-8")
        return path

    def __call__(self, *arguments: object) -> tuple[int, str, str]:
        """Exit code, and what was printed and what was told beside it."""
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["flow", *map(str, arguments)])
        printed = self._capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, printed.out, printed.err


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    return Command(capsys, tmp_path)


def test_a_flow_that_can_be_published_is_said_to_be(command: Command) -> None:
    path = command.file(flow(END, action("tag", "TagContact", then="end")))
    code, out, err = command("check", path)
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        f"{path}: tag: Actions[1] is never reached.",
        f"{path}: tag: Actions[1] is TagContact, which is not offered: it takes its error branch.",
        f"{path}: no problems; 2 actions, 1 of them not offered.",
    ]


def test_all_that_is_wrong_with_a_flow_is_told_by_its_actions(command: Command) -> None:
    path = command.file(WRONG)
    code, out, err = command("check", path)
    assert (code, out) == (1, "")
    assert err.splitlines() == [
        "trunkcall: The flow cannot be published.",
        f"{path}: go: Actions[0].Parameters.QueueId is unknown: TransferContactToQueue has no parameters.",
        f"{path}: go: Actions[0].Transitions.Errors must have a branch for QueueAtCapacity: TransferContactToQueue can "
        "end with it.",
    ]


def test_a_program_reads_what_is_wrong_as_json(command: Command) -> None:
    code, out, _ = command("check", command.file(WRONG), "--json")
    told = json.loads(out)
    assert (code, told["can_be_published"], len(told["problems"])) == (1, False, 2)
    assert told["problems"][0]["identifier"] == "go"
    code, out, _ = command("check", EXAMPLES[0], "--json")
    told = json.loads(out)
    assert (code, told["can_be_published"], told["problems"]) == (0, True, [])


def test_a_flow_comes_from_standard_input_as_well(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    class Pipe:
        buffer = io.BytesIO(b"\xef\xbb\xbf" + EXAMPLES[0].read_bytes())

    monkeypatch.setattr("sys.stdin", Pipe())
    code, out, _ = command("check", "-")
    assert code == 0
    assert out.startswith("standard input: no problems")


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"\xff", "is not text in UTF-8"), (b"{", "The content is not JSON"), (b"", "must have 1 to 256,000 characters")],
)
def test_what_is_no_flow_at_all_is_told_in_a_sentence(command: Command, content: bytes, words: str) -> None:
    path = command.file("")
    path.write_bytes(content)
    code, _, err = command("check", path)
    assert code == 1
    assert words in err


def test_a_file_that_is_not_there_is_named(command: Command) -> None:
    code, _, err = command("check", "nowhere.json")
    assert code == 1
    assert "nowhere.json" in err


def test_a_type_of_flow_that_there_is_not_is_told(command: Command) -> None:
    code, _, err = command("check", EXAMPLES[0], "--type", "CUSTOMER_QEUE")
    assert code == 2
    assert "CUSTOMER_QUEUE" in err


def test_a_flow_is_drawn_into_a_file(command: Command, tmp_path: Path) -> None:
    drawn = tmp_path / "flow.svg"
    code, out, err = command("draw", EXAMPLES[0], "--output", drawn)
    assert (code, out, err) == (0, "", "")
    assert ElementTree.parse(drawn).getroot().tag.endswith("svg")


def test_a_flow_that_cannot_be_published_is_not_drawn(command: Command, tmp_path: Path) -> None:
    drawn = tmp_path / "flow.svg"
    code, _, err = command("draw", command.file(WRONG), "--output", drawn)
    assert code == 1
    assert "must have a branch for QueueAtCapacity" in err
    assert not drawn.exists()
