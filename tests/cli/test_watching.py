"""What is on the screen of who watches. If these fail, a figure is missing, wrong, or wraps over the next one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cli.test_tables import FIGURES, FLOOR, MANY
from trunkcall.cli.api_errors import ApiRefusedError
from trunkcall.cli.client import Connection
from trunkcall.cli.estimate import attempts_per_minute, estimated_end, in_words
from trunkcall.cli.figures import Figures, Window, together
from trunkcall.cli.watch import Gone, Watcher
from trunkcall.cli.watch_view import ASCII_SPARKS, Seen, plain_line, screen_lines, sparkline

AN_HOUR = tuple(range(1, 61))
SPRING = replace(FIGURES, attempts_by_minute=AN_HOUR, floor=FLOOR)
SEEN = Seen((SPRING,), FLOOR, SPRING.instance_time, 1.0, single=True)
ALL = Seen(tuple(MANY), FLOOR, SPRING.instance_time, 60.0, single=False)
LONG = replace(
    SPRING,
    name="Осенняя кампания для северного филиала",
    dispositions={f"an_ending_number_{n}": 1000 - n for n in range(13)},
    reason="0 of 36 live answers of the last 24 h were not with an agent in time (0.00%; at most 3.00% may be), so 1.1 "
    "more may. " * 3,
    abandonment=tuple(Window(f"{n}h", 1_000, n, n / 1_000) for n in range(1, 6)),
)


def screen(seen: Seen, width: int, height: int = 30) -> list[str]:
    return [line.plain for line in screen_lines(seen, width, height)]


@pytest.mark.parametrize("width", [40, 60, 120])
def test_every_figure_is_there_at_every_width(width: int) -> None:
    text = " ".join(" ".join(screen(SEEN, width)).split())
    for words in (
        "Spring",
        "Running",
        "100,000 waiting, 40 in progress, 19,960 ended",
        "54 a minute",
        "5,000 live (25.0%)",
        "60/5,000 = 1.20% in 24h, limit 3%",
        "20 at work (1 available, 19 talking), 2 on break",
        "15,000 no answer, 4,900 connected to agent, 60 abandoned",
        "in 30 h 35 min",
        "Nothing holds it back.",
        "Ctrl-C",
    ):
        assert words in text


@pytest.mark.parametrize(("width", "height"), [(40, 15), (60, 20), (80, 24), (120, 30), (200, 60), (40, 4), (25, 8)])
@pytest.mark.parametrize("seen", [SEEN, ALL, replace(SEEN, campaigns=(LONG,), trouble="No server answers. " * 9)])
def test_it_fits_every_screen(seen: Seen, width: int, height: int) -> None:
    lines = screen_lines(seen, width, height)
    assert len(lines) <= height
    assert all(line.cell_len <= width for line in lines)


def test_on_a_small_screen_what_matters_most_is_left() -> None:
    text = "\n".join(screen(replace(SEEN, campaigns=(LONG,)), 40, 15))
    for name in ("Running", "pending", "done", "attempts", "answers", "abandoned", "agents", "ended", "why"):
        assert name in text
    assert "Ctrl-C" not in text
    assert "…" in text, "what was cut is seen to be cut"


def test_all_campaigns_are_a_table_with_the_agents_above() -> None:
    text = "\n".join(screen(ALL, 120))
    assert "3 Running" in text
    assert "20 at work" in text
    assert [line.split()[0][:4] for line in screen(ALL, 120)[5:9]] == ["NAME", "Spri", "Осен", "春のキャ"]
    many = replace(ALL, campaigns=tuple(replace(FIGURES, name=f"campaign {n}") for n in range(500)))
    assert any("more: trunkcall campaign list" in line for line in screen(many, 60, 20))
    none = "\n".join(screen(replace(ALL, campaigns=()), 60))
    assert "No campaign is Running" in none


def test_the_agents_above_all_campaigns_are_those_of_all_instances() -> None:
    """Else it says "5 of 5 agents busy" while those of another instance are free."""
    found = together([FLOOR, None, replace(FLOOR, agents={"Available": 3, "Offline": 1})])
    assert found is not None
    assert found.at_work == FLOOR.at_work + 3
    assert found.agents["Available"] == FLOOR.agents["Available"] + 3
    assert (found.lines, found.lines_in_use) == (2 * FLOOR.lines, 2 * FLOOR.lines_in_use)
    idle = replace(FLOOR, agents={"Available": 0})
    assert together([idle]) == idle
    assert together([None]) is None


def test_a_name_cannot_command_the_terminal() -> None:
    hostile = replace(SPRING, name="Spring\x1b[2J\x07\n\u202e")
    drawn = screen(replace(SEEN, campaigns=(hostile,)), 60) + screen(replace(ALL, campaigns=(hostile,)), 60)
    for text in ("".join(drawn), plain_line(replace(SEEN, campaigns=(hostile,)))):
        assert text.isprintable()
        assert "Spring�[2J���" in text


class _Refusing:
    """An API that answers everything with one code."""

    def __init__(self, code: str) -> None:
        self._code = code

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def refuse(**_: object) -> Any:
            raise ClientError({"Error": {"Code": self._code, "Message": "No."}}, operation)

        return refuse


class TestARefusal:
    """What the API refuses to who watches already."""

    @staticmethod
    def watcher(code: str, seen: Seen | None = SEEN) -> Watcher:
        where = Connection("http://127.0.0.1:8750", "us-east-1", None, None)
        return Watcher(where, _Refusing(code), SPRING.id, ("instance-1",), 1.0, seen)

    @pytest.mark.parametrize("code", ["InternalServerException", "ThrottlingException"])
    def test_that_passes_is_shown_beside_what_was_seen_last(self, code: str) -> None:
        seen = self.watcher(code).look()
        assert seen.campaigns == SEEN.campaigns
        assert str(seen.trouble).startswith("The server cannot answer right now. This is ")

    def test_for_good_ends_the_watch(self) -> None:
        with pytest.raises(ApiRefusedError):
            self.watcher("AccessDeniedException").look()

    def test_of_a_campaign_that_there_was_means_that_it_is_gone(self) -> None:
        with pytest.raises(Gone):
            self.watcher("ResourceNotFoundException").look()

    def test_before_anything_was_seen_is_told(self) -> None:
        for code in ("ThrottlingException", "ResourceNotFoundException"):
            with pytest.raises(ApiRefusedError):
                self.watcher(code, None).look()


def test_what_is_wrong_comes_first() -> None:
    assert screen(replace(SEEN, trouble="No server answers at http://x."), 60)[0] == "No server answers at http://x."


def test_a_terminal_without_such_characters_gets_others() -> None:
    lines = screen_lines(SEEN, 60, 20, ascii_only=True)
    drawn = [line.plain for line in lines if line.plain.startswith(("attempts", "   "))]
    assert all(text.isascii() for text in drawn)


def test_a_sparkline_shows_the_last_minutes_beside_the_highest() -> None:
    assert sparkline([0, 1, 2, 4, 8], 10) == "▁▂▃▅█"
    assert sparkline(range(100), 3) == "███"
    assert sparkline([0, 0], 10) == "▁▁"
    assert sparkline([1], 0) == sparkline([], 9) == ""
    assert sparkline([0, 7], 9, ascii_only=True) == ASCII_SPARKS[0] + ASCII_SPARKS[-1]


def test_one_line_says_it_for_logs() -> None:
    line, _, end = plain_line(SEEN).partition(", done ")
    assert end.startswith("in 30 h 35 min, at ")
    assert line == (
        "2026-03-02T10:05:33.000Z Spring is Running: 100,000 waiting, 40 in progress, 20,000 attempts (54 a minute), "
        "5,000 live, 60/5,000 abandoned = 1.20% in 24h (limit 3%), 19 of 20 agents busy"
    )
    assert plain_line(ALL).startswith("2026-03-02T10:05:33.000Z 3 Running: 300,000 waiting, 120 in progress")
    assert plain_line(replace(ALL, campaigns=())).count("no campaign is Running") == 1


class TestEstimatedEnd:
    def test_the_rate_is_that_of_the_last_whole_minutes(self) -> None:
        assert attempts_per_minute(SPRING) == sum(range(50, 60)) / 10
        assert attempts_per_minute(replace(SPRING, attempts_by_minute=(1, 20, 30, 5))) == 25, "the first was not whole"
        assert attempts_per_minute(replace(SPRING, attempts_by_minute=(12, 3))) == 12
        assert attempts_per_minute(replace(SPRING, attempts_by_minute=(3,))) is None
        assert attempts_per_minute(replace(SPRING, attempts_by_minute=())) is None

    def test_what_waits_is_dialed_at_that_rate(self) -> None:
        found = estimated_end(replace(SPRING, waiting=545))
        assert found.left == timedelta(minutes=10)
        assert found.end_at == datetime(2026, 3, 2, 10, 15, 33, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("figures", "why"),
        [
            (replace(SPRING, state="Paused"), "Paused"),
            (replace(SPRING, waiting=0), "nothing waits"),
            (replace(SPRING, attempts_by_minute=(5,)), "a minute"),
            (replace(SPRING, attempts_by_minute=(5, 0, 0, 0)), "nothing was dialed"),
            (replace(SPRING, waiting=10**15, attempts_by_minute=(1, 1, 1)), "not within"),
        ],
    )
    def test_where_nothing_can_be_known_it_says_why(self, figures: Figures, why: str) -> None:
        found = estimated_end(figures)
        assert (found.left, found.end_at) == (None, None)
        assert why in found.why

    def test_durations_are_in_words(self) -> None:
        minutes = (0.2, 1, 59.4, 60, 125, 47 * 60 + 59, 48 * 60, 76 * 60)
        assert [in_words(timedelta(minutes=m)) for m in minutes] == [
            "under a minute",
            "1 min",
            "59 min",
            "1 h",
            "2 h 5 min",
            "47 h 59 min",
            "2 d",
            "3 d 4 h",
        ]
