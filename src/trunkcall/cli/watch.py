"""`trunkcall campaign watch`: a shift as it goes, full screen on a terminal, line by line elsewhere.

Decides when to ask and when to leave: what happens to the server or the campaign meanwhile is said, and the terminal is
left as it was. It is a client of the API; how it looks is ``watch_view``'s.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any

import typer
from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.text import Text

from trunkcall.cli.api_errors import NOT_FOUND, ApiRefusedError, ApiUnusableError, in_words
from trunkcall.cli.client import (
    Connection,
    ServerUnreachableError,
    campaigns_client,
    connection,
    own_health,
    trunkcall_client,
)
from trunkcall.cli.figures import Ask, Figures, iso, read_floor, to_json, together
from trunkcall.cli.interrupts import stop_signals
from trunkcall.cli.naming import find_campaign
from trunkcall.cli.tables import facts, printable, terminal_width
from trunkcall.cli.watch_view import Seen, plain_line, progress_facts, screen_lines
from trunkcall.domain.transitions import OVER
from trunkcall.settings import Settings

SCREEN_INTERVAL_S = 1.0
LINES_INTERVAL_S = 10.0
MIN_INTERVAL_S = 0.2
MAX_TIME_SHARE = 0.1
"""Of the time that may go into asking: where it takes long, it is done less often."""
CONNECT_TIMEOUT_S = 2.0
READ_TIMEOUT_S = 5.0
PASSING = frozenset({"InternalServerException", "ThrottlingException"})
"""What the API answers when asking again later is all there is to do."""


class Gone(Exception):
    """The campaign does not exist any more."""


@dataclass(slots=True)
class Watcher:
    """Asks for what there is to see. ``campaign_id`` is None for all campaigns that are going, of all instances; the
    first of ``instance_ids`` is the default one, by whose time they are shown."""

    where: Connection
    own: Any
    campaign_id: str | None
    instance_ids: Sequence[str]
    speed: float
    seen: Seen | None = None
    heard_s: float = 0.0
    """When that was, by ``time.monotonic``."""

    def look(self) -> Seen:
        """The newest there is. What is wrong with the way to the server is told in it once something was seen; before,
        it is raised. Raises Gone."""
        try:
            with in_words(self.where.endpoint_url):
                self.seen, self.heard_s = self._ask(), time.monotonic()
        except (ServerUnreachableError, ApiUnusableError) as error:
            self._lost(error, f"No server answers at {self.where.endpoint_url}.")
        except ApiRefusedError as error:
            if error.code == NOT_FOUND and self.seen is not None:
                raise Gone from error
            if error.code not in PASSING:
                raise
            self._lost(error, "The server cannot answer right now.")
        assert self.seen is not None
        return self.seen

    def _ask(self) -> Seen:
        ask = Ask(self.own)
        if self.campaign_id is not None:
            figures = ask.campaign(self.campaign_id)
            return Seen((figures,), figures.floor, figures.instance_time, self.speed, single=True)
        campaigns = tuple(ask.campaigns("Running", "Paused"))
        told = [self.own.get_instance_status(connectInstanceId=each) for each in self.instance_ids]
        floor = together([read_floor(each.get("floor")) for each in told])
        return Seen(campaigns, floor, told[0]["instanceTime"], self.speed, single=False)

    def _lost(self, error: Exception, what: str) -> None:
        if self.seen is None:
            raise error
        old_s = time.monotonic() - self.heard_s
        self.seen = replace(self.seen, trouble=f"{what} This is {old_s:.0f} s old. Asking again …")


def watch(
    settings: Settings,
    name: Annotated[
        str | None,
        typer.Argument(metavar="CAMPAIGN", help="A campaign, by name, id or ARN; the one that is Running if left out."),
    ] = None,
    interval: Annotated[
        float | None,
        typer.Option(
            min=MIN_INTERVAL_S,
            help="Seconds between two looks; 1 on a terminal, 10 elsewhere.",
            show_default=False,
        ),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Look once, print one line, and leave.")] = False,
    until_done: Annotated[
        bool, typer.Option("--until-done", help="Leave when all of the campaign's requests have ended.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object a line.")] = False,
) -> None:
    """Watch a campaign, or all that are going: full screen on a terminal, a line at a time elsewhere."""
    watcher = _watcher(settings, name)
    if until_done and watcher.campaign_id is None:
        raise typer.BadParameter("--until-done needs a CAMPAIGN: none or several are Running")
    seen = watcher.look()
    if once:
        typer.echo(_json_line(seen) if as_json else plain_line(seen))
        return
    console = Console()
    full_screen = console.is_terminal and sys.stdout.isatty() and not console.is_dumb_terminal and not as_json
    if interval is None:
        interval = SCREEN_INTERVAL_S if full_screen else LINES_INTERVAL_S
    screen = _Screen(seen)
    display: Any = nullcontext()
    if full_screen:
        display = Live(screen, console=console, screen=True, refresh_per_second=4)
    leaving = _Leaving()
    ending = None
    with leaving.on_signals(keyboard=full_screen), display:
        while True:
            screen.seen = seen
            if not full_screen:
                _print(seen, as_json)
            ending = _ending(seen, until_done)
            if ending is not None or leaving.wait(interval):
                break
            began_s = time.monotonic()
            try:
                with leaving.at_once():
                    seen = watcher.look()
            except Gone:
                ending = f"{seen.campaigns[0].name} was deleted."
                break
            except KeyboardInterrupt:
                break
            interval = max(interval, (time.monotonic() - began_s) / MAX_TIME_SHARE if not seen.trouble else 0.0)
    if full_screen:
        typer.echo(_summary(seen))
    if ending is not None and not as_json:
        typer.echo(printable(ending))


def _watcher(settings: Settings, name: str | None) -> Watcher:
    where = connection(settings.data_dir)
    own = trunkcall_client(
        where,
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        retries={"total_max_attempts": 1},
    )
    page = own_health(where.endpoint_url)
    campaign_id = None
    with in_words(where.endpoint_url):
        if name is not None:
            campaign_id = find_campaign(campaigns_client(where), name)
        elif len(running := list(Ask(own).campaigns("Running"))) == 1:
            campaign_id = running[0].id
    ids = dict.fromkeys([page["instance_id"], *(each["instance_id"] for each in page["instances"])])
    return Watcher(where, own, campaign_id, tuple(ids), page["speed"])


def _ending(seen: Seen, until_done: bool) -> str | None:
    """Why there is nothing more to watch; None while there is."""
    if not seen.single or seen.trouble is not None:
        return None
    figures: Figures = seen.campaigns[0]
    if figures.state in OVER and not figures.in_progress and not figures.waiting:
        return f"{figures.name} is {figures.state}, and nothing of it is in progress any more."
    if until_done and figures.worked_through:
        requests = "its one request" if figures.accepted == 1 else f"all {figures.accepted:,} requests"
        return f"{figures.name} has worked through {requests}."
    return None


def _print(seen: Seen, as_json: bool) -> None:
    if seen.trouble is not None:
        typer.echo(f"trunkcall: {seen.trouble}", err=True)
    else:
        typer.echo(_json_line(seen) if as_json else plain_line(seen))
    sys.stdout.flush()


def _json_line(seen: Seen) -> str:
    if seen.single:
        return json.dumps(to_json(seen.campaigns[0]))
    floor = asdict(seen.floor) if seen.floor is not None else None
    campaigns = [to_json(figures) for figures in seen.campaigns]
    return json.dumps({"instance_time": iso(seen.instance_time), "floor": floor, "campaigns": campaigns})


def _summary(seen: Seen) -> str:
    if not seen.single:
        return plain_line(seen)
    return facts(progress_facts(seen.campaigns[0]), terminal_width())


class _Screen:
    """What is on the screen: drawn anew several times a second, at the size that the terminal has then."""

    def __init__(self, seen: Seen) -> None:
        self.seen = seen

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = screen_lines(
            self.seen, options.max_width, options.height or console.height, ascii_only=options.ascii_only
        )
        yield Text("\n").join(lines)


class _Leaving:
    """Ctrl-C and the like, at an instant at which the terminal can be put right: between two looks, or within one that
    takes long."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._looking = False

    def wait(self, seconds: float) -> bool:
        """Whether somebody wants to leave; waits so long for it."""
        return self._asked.wait(seconds)

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Within this, a signal raises KeyboardInterrupt."""
        self._looking = True
        try:
            if self._asked.is_set():
                raise KeyboardInterrupt
            yield
        finally:
            self._looking = False

    @contextmanager
    def on_signals(self, *, keyboard: bool) -> Iterator[None]:
        """Take the signals that shall end this process. Whoever has the ``keyboard`` gets Ctrl-C also where the shell
        ignores it."""

        def leave(*_: Any) -> None:
            self._asked.set()
            if self._looking:
                raise KeyboardInterrupt

        numbers = {*stop_signals(), *([signal.SIGINT] if keyboard else [])}
        before: list[tuple[signal.Signals, Callable[..., Any] | int | None]] = [
            (number, signal.signal(number, leave)) for number in numbers
        ]
        try:
            yield
        finally:
            for number, handler in before:
                signal.signal(number, handler)
