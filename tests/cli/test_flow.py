"""`trunkcall flow`. If these fail, whoever writes a flow learns what is wrong with it from the people who hear it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
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


@pytest.mark.parametrize(("file", "why"), [("nowhere.json", "No such file or directory"), ("/", "Is a directory")])
def test_a_file_that_cannot_be_read_is_named(command: Command, file: str, why: str) -> None:
    code, _, err = command("check", file)
    assert code == 1
    assert f"{file} cannot be read: {why}." in err


def test_a_type_of_flow_that_there_is_not_is_told(command: Command) -> None:
    code, _, err = command("check", EXAMPLES[0], "--type", "CUSTOMER_QEUE")
    assert code == 2
    assert "CUSTOMER_QUEUE" in err


def test_a_flow_is_drawn_into_a_file(command: Command, tmp_path: Path) -> None:
    drawn = tmp_path / "flow.svg"
    code, out, err = command("draw", EXAMPLES[0], "--output", drawn)
    assert (code, out, err) == (0, "", "")
    assert ElementTree.parse(drawn).getroot().tag.endswith("svg")


def test_a_flow_is_not_drawn_over_itself(command: Command) -> None:
    path = command.file(flow())
    code, _, err = command("draw", path, "--output", path)
    assert code == 2
    assert "is the flow itself" in err
    assert path.read_text("utf-8") == flow()


def test_a_flow_that_cannot_be_published_is_not_drawn(command: Command, tmp_path: Path) -> None:
    drawn = tmp_path / "flow.svg"
    code, _, err = command("draw", command.file(WRONG), "--output", drawn)
    assert code == 1
    assert "must have a branch for QueueAtCapacity" in err
    assert not drawn.exists()


class TestTrying:
    """Somebody plays a flow before people hear it."""

    @pytest.fixture
    def plays(self, command: Command, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
        def play(name: str, typed: str, *options: str) -> list[str]:
            monkeypatch.setattr("sys.stdin", io.StringIO(typed))
            (path,) = [path for path in EXAMPLES if path.stem == name]
            code, out, err = command("try", path, *options)
            assert (code, err) == (0, "")
            return out.splitlines()

        return play

    def test_a_person_presses_a_key_and_comes_to_the_queue(self, plays: Callable[..., list[str]]) -> None:
        said = plays("press-one-to-speak", "human\n7\n1\n\n")
        assert "  GetParticipantInput ask → NoMatchingCondition" in said
        assert "  GetParticipantInput again → 1" in said
        assert said[-1] == "The contact is in the queue of its campaign: 4 actions, 0 s."

    def test_a_machine_is_hung_up_on(self, plays: Callable[..., list[str]]) -> None:
        assert plays("press-one-to-speak", "machine\n")[-1] == "The contact was hung up on: 2 actions, 0 s."

    def test_whoever_presses_nothing_lets_time_pass(self, plays: Callable[..., list[str]]) -> None:
        said = plays("call-me-back", "\n\n", "--answer", "human")
        assert "… 5 s later" in said
        assert "  GetParticipantInput ask → InputTimeLimitExceeded" in said
        assert said[-1] == "The contact was hung up on: 7 actions, 10 s."

    def test_whoever_opts_out_is_told_so_once_it_is_done_not_before(self, plays: Callable[..., list[str]]) -> None:
        done = 'says: "You will not be called again. Goodbye."'
        assert done in plays("call-me-back", "9\nlist=opt-outs\n", "--answer", "human")
        said = plays("call-me-back", "9\nno\n", "--answer", "human")
        assert done not in said
        assert "attributes: do_not_call = wanted" in said

    def test_a_call_back_is_in_the_record_even_where_none_can_be_made(self, plays: Callable[..., list[str]]) -> None:
        said = plays("call-me-back", "1\nno\n", "--answer", "human")
        assert "attributes: call_back = wanted" in said
        assert 'says: "Thank you. We have noted that you would like to be called back. Goodbye."' in said

    def test_the_event_that_a_service_gets_can_be_seen(self, plays: Callable[..., list[str]]) -> None:
        said = plays("call-me-back", "9\ne\n\n", "--answer", "human", "--attribute", "name=Ann")
        begins = next(place for place, line in enumerate(said) if line == "{")
        event = json.loads("\n".join(said[begins : said.index("}") + 1]))
        assert event["Name"] == "ContactFlowEvent"
        assert event["Details"]["ContactData"]["Attributes"] == {"name": "Ann"}
        assert event["Details"]["ContactData"]["CustomerEndpoint"]["Address"] == "+12025550123"

    def test_a_service_answers_as_it_is_said_to(self, plays: Callable[..., list[str]]) -> None:
        said = plays("lambda-look-up", "name=Ann tier=gold\nfull\n", "--answer", "human")
        assert 'says: "Hello Ann, one moment please."' in said
        assert "  Compare → gold" in said
        assert said[-2] == "  DisconnectParticipant"
        said = plays("lambda-look-up", "no\n\n", "--answer", "human")
        assert 'says: "Hello, one moment please."' in said

    def test_a_service_answers_with_json_as_well(self, plays: Callable[..., list[str]]) -> None:
        said = plays("lambda-look-up", '{"name": "Ann Lee", "tier": "gold"}\nfull\n', "--answer", "human")
        assert 'says: "Hello Ann Lee, one moment please."' in said
        assert "  Compare → gold" in said

    def test_what_is_mistyped_is_said_to_be_and_asked_for_again(self, plays: Callable[..., list[str]]) -> None:
        said = plays("call-me-back", "robot\nhuman\none\n9\nlist opt-outs\n{list}\n[]\nlist=opt-outs\n")
        assert said.count("It is none of these.") == 2
        wrong = "It is no answer: write name=value, another after a space, or a JSON object."
        assert said.count(wrong) == 3
        assert 'says: "You will not be called again. Goodbye."' in said

    def test_a_text_that_names_a_prompt_is_its_sound(self, command: Command) -> None:
        path = command.file(flow(action("say", "MessageParticipant", {"Text": "prompt:closing"}, then="end")))
        _, out, _ = command("try", path, "--answer", "off")
        assert "says: the sound closing" in out.splitlines()

    def test_a_service_is_called_by_its_name_whatever_version_of_it_is_asked(
        self, command: Command, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
        asked = {"LambdaFunctionARN": "arn:aws:lambda:eu-west-2:111122223333:function:look-up:7"}
        asked["InvocationTimeLimitSeconds"] = "4"
        path = command.file(flow(action("ask", "InvokeLambdaFunction", asked, then="end", errors={ERROR: "end"})))
        _, out, _ = command("try", path, "--answer", "off")
        assert "asks look-up within 4 s" in out.splitlines()

    def test_keys_are_stored_and_attributes_known(self, plays: Callable[..., list[str]]) -> None:
        said = plays("account-number", "1234#\nbalance=5\n\n", "--answer", "human")
        assert "attributes: account = 1234" in said
        assert 'says: "You owe 5 pounds. One of us will help you to pay."' in said
        said = plays("agentless-reminder", "", "--answer", "beep", "--attribute", "day=Monday")
        assert any("is on Monday." in line for line in said)

    def test_somebody_waits_until_an_agent_comes(self, plays: Callable[..., list[str]]) -> None:
        said = plays("customer-queue", "\n200\n1\na\n", "--beside")
        assert "  CheckMetricData longest → NoMatchingCondition" in said
        assert said[-1] == "An agent comes, so the flow is over."

    def test_a_flow_goes_on_in_another(self, plays: Callable[..., list[str]], tmp_path: Path) -> None:
        other = tmp_path / "other.json"
        other.write_text(flow(action("hello", "MessageParticipant", {"Text": "Bonjour"}, then="end")), "utf-8")
        flow_id = "arn:aws:connect:eu-west-2:111122223333:instance/5f0e3f1c-0d4b-4b0e-9f0d-2f6a0f1d9a10/contact-flow/"
        french = f"{flow_id}11111111-2222-4333-8444-555555555502"
        assert 'says, by Lea: "Bonjour"' in plays(
            "language-choice", "2\n", "--answer", "off", "--flow", f"{french}={other}"
        )
        told = plays("language-choice", "2\n", "--answer", "off")
        assert f"It goes on in the flow {french}, which is not here: name its file with --flow." in told

    def test_where_nobody_answers_any_more_the_customer_hangs_up(self, plays: Callable[..., list[str]]) -> None:
        said = plays("press-one-to-speak", "", "--answer", "human")
        assert said[-1] == "There is nobody to answer any more, so the customer hangs up."

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            (["--answer", "humn"], "must be one of human, beep, machine, unknown, off, not 'humn'"),
            (["--flow", "other"], "must be ID=FILE"),
            (["--attribute", "name"], "must be NAME=VALUE"),
            (["--flow", "other=nowhere.json"], "nowhere.json"),
        ],
    )
    def test_what_was_mistyped_is_told(self, command: Command, options: list[str], words: str) -> None:
        code, _, err = command("try", EXAMPLES[0], *options)
        assert code in (1, 2)
        assert words in err


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_is_played_to_its_end_by_whoever_presses_nothing(
    command: Command, monkeypatch: pytest.MonkeyPatch, path: Path
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("\n" * 5_000))
    code, out, err = command("try", path, "--answer", "human", "--attribute", "name=Ann")
    assert (code, err) == (0, "")
    assert out.splitlines()[-1].endswith(" s.")
