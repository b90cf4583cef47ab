"""The commands: what they are called, where they are, and how their errors look.

Decides that a person who made a mistake reads one sentence, never a traceback, and that the exit code is 1 for what
went wrong and 2 for what was asked wrongly. A command's module is imported when the command is asked for.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence

import typer

from trunkcall.cli.command import Entry, root_of
from trunkcall.cli.completion import complete, is_asked
from trunkcall.cli.help import examples
from trunkcall.cli.interrupts import exit_code, last_words
from trunkcall.cli.streams import NO_OUTPUT, drop_output, flushed, say
from trunkcall.cli.tables import printable
from trunkcall.cli.usage import wrong_usage
from trunkcall.domain.errors import TrunkcallError

COMMANDS: tuple[Entry, ...] = (
    Entry(
        "serve",
        "serve:serve",
        "Serve the API and dial.",
        "Server",
        examples(
            "trunkcall serve",
            "trunkcall serve --data-dir /var/lib/trunkcall --port 8750",
            "trunkcall serve --agents 20 --speed 60 --log-format json",
            "TRUNKCALL_PORT=0 trunkcall serve --config trunkcall.toml",
        ),
    ),
    Entry(
        "carrier",
        "carrier:carrier",
        "Run the simulated carrier apart, so that its legs outlive the server (`serve --carrier-url`).",
        "Server",
        examples("trunkcall carrier", "trunkcall carrier --carrier-port 8751 --carrier-journal originates.jsonl"),
    ),
    Entry(
        "doctor",
        "doctor.command:doctor_command",
        "Say whether people can be called from here, and what to change where they cannot.",
        "Server",
        examples(
            "trunkcall doctor",
            "trunkcall doctor --config trunkcall.toml",
            "trunkcall doctor --carrier ari --ari-password-file ari.password --json",
            "trunkcall doctor --call +12025550123 --trunk west",
        ),
    ),
    Entry(
        "asterisk-config",
        "asterisk.command:asterisk_config",
        "Write the configuration of the Asterisk that makes real calls (`serve --carrier ari`).",
        "Server",
        examples(
            "trunkcall asterisk-config --config trunkcall.toml",
            "trunkcall asterisk-config --config trunkcall.toml --output /etc/asterisk-trunkcall",
        ),
    ),
    Entry(
        "demo",
        "demo:demo",
        "Dial a real lead list on the simulated carrier, with simulated agents, and account for every lead.",
        "Try it",
        examples(
            "trunkcall demo",
            "trunkcall demo --leads leads.csv --agents 30 --speed 300",
            "trunkcall demo --json report.json",
        ),
    ),
    Entry(
        "simulate",
        "simulate:simulate",
        "Simulate shifts of the real engine on virtual time.",
        "Try it",
        examples(
            "trunkcall simulate",
            "trunkcall simulate --agents 50 --hours 4 --runs 20",
            "trunkcall simulate shift.toml --set human_ratio=0.2 --plot shift.svg",
            "trunkcall simulate --trace shift.jsonl",
            "trunkcall simulate --replay shift.jsonl",
        ),
    ),
    Entry("campaign", "campaign:app", "Campaigns: make them, start and stop them, watch them.", "Campaigns"),
    Entry(
        "status",
        "status:status_command",
        "Say whether the server dials, what its agents do, and how far campaigns are.",
        "Campaigns",
        examples("trunkcall status", "trunkcall status --json"),
    ),
    Entry("trunks", "trunks:app", "The trunks over which customers are dialed.", "Campaigns"),
    Entry(
        "load",
        "load:load",
        "Submit a lead list to a campaign.",
        "Campaigns",
        examples(
            "trunkcall load leads.csv --campaign Spring",
            "trunkcall load leads.xlsx --campaign Spring --country US --check",
            "trunkcall load leads.csv --campaign Spring --phone-column mobile --expires-in 2d",
            "trunkcall load - --campaign Spring --encoding cp1252 --rejected rejected.csv",
            "trunkcall load --retry-from contacts.jsonl --campaign Spring",
        ),
    ),
    Entry(
        "explain",
        "explain:explain_command",
        "Say why a campaign is dialing as it is right now, or why a request is not being dialed.",
        "Campaigns",
        examples("trunkcall explain Spring", "trunkcall explain Spring --json"),
    ),
    Entry("connect", "connect:app", "Contact centres: each an instance, as a file says it.", "Contact centre"),
    Entry("queues", "queues:app", "Queues: where live answers wait for agents.", "Contact centre"),
    Entry("agents", "agents:app", "Agents: who takes live answers, and what they do.", "Contact centre"),
    Entry("numbers", "numbers:app", "Phone numbers: what customers see.", "Contact centre"),
    Entry("prompts", "prompts:app", "Prompts: recorded messages, in place of spoken texts.", "Contact centre"),
    Entry("flow", "flow:app", "Contact flows: check, try, publish and list them.", "Contact centre"),
    Entry("policy", "policy:app", "The rules by which people are called.", "Calling rules"),
    Entry(
        "halt",
        "halt:halt_command",
        "Stop all calls of an instance at once, until `resume`.",
        "Calling rules",
        examples("trunkcall halt", 'trunkcall halt --reason "a wrong list"'),
    ),
    Entry(
        "resume",
        "halt:resume_command",
        "Let calls of an instance that is halted begin again.",
        "Calling rules",
        examples("trunkcall resume"),
    ),
    Entry("dnc", "dnc:app", "Do-not-call lists: who is not to be called.", "Calling rules"),
    Entry(
        "env",
        "env:env",
        'Print export lines for the shell: eval "$(trunkcall env)".',
        "Campaigns",
        examples(
            'eval "$(trunkcall env)"',
            'eval "$(trunkcall env --data-dir /var/lib/trunkcall)"',
            "trunkcall env --profile trunkcall",
        ),
    ),
    Entry(
        "exec",
        "env:execute",
        "Run one command with all that `trunkcall env` prints.",
        "Campaigns",
        examples("trunkcall exec -- aws connectcampaigns list-campaigns", "trunkcall exec -- python my_campaign.py"),
        passes_on=True,
    ),
    Entry("export", "export:app", "Write records to a file.", "Records"),
    Entry(
        "recordings", "recordings:app", "What was recorded of talks: list it, play it, write it to files.", "Records"
    ),
    Entry(
        "forget",
        "privacy:forget_command",
        "Erase a number, its attributes and what was recorded of it from every request and record.",
        "Records",
        examples("trunkcall forget +12025550123", 'trunkcall forget "(202) 555-0123" --country US'),
    ),
    Entry(
        "retention",
        "privacy:retention_command",
        "Show or set how long personal data of ended contacts is kept.",
        "Records",
        examples("trunkcall retention", "trunkcall retention --days 90", "trunkcall retention --forever"),
    ),
    Entry("keys", "keys:app", "Access keys, each with an IAM policy document.", "Upkeep"),
    Entry("db", "db:app", "Look after the embedded store.", "Upkeep"),
    Entry(
        "completion",
        "completion:completion",
        "Print what a shell runs to complete commands, options and campaigns with the Tab key.",
        "Upkeep",
        examples('eval "$(trunkcall completion bash)"', "trunkcall completion fish > trunkcall.fish"),
    ),
)

root = root_of(
    "trunkcall",
    "An outbound-campaign dialer that you host yourself and drive with any AWS SDK.",
    COMMANDS,
    examples("trunkcall demo", "trunkcall serve", "trunkcall simulate --help"),
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line. Always raises SystemExit."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if is_asked():
        sys.exit(complete(root))
    try:
        with root.make_context("trunkcall", list(arguments)) as context:
            root.invoke(context)
        if sys.stdout is not None:
            sys.stdout.flush()
    except typer.Exit as ended:
        sys.exit(ended.exit_code if flushed() else 1)
    except typer.TyperException as error:
        say(wrong_usage(error))
        sys.exit(error.exit_code)
    except TrunkcallError as error:
        # It may have what somebody else has named.
        say("".join(f"{printable(line)}\n" for line in f"trunkcall: {error.message}".split("\n")))
        sys.exit(1)
    except KeyboardInterrupt:
        say(last_words())
        sys.exit(exit_code())
    except BrokenPipeError:
        # Whoever read the output has had enough.
        drop_output()
        sys.exit(1)
    except OSError as error:
        # A directory that may not be written, a full disk: the operating system's own words say it best.
        text = f"{error.strerror or error}: {error.filename}"
        if error.filename is None:
            text = NO_OUTPUT.get(error.errno or 0) or f"{error.strerror or error}."
        say(f"trunkcall: {text}\n")
        drop_output()
        sys.exit(1)
    except Exception as error:
        if sys.flags.dev_mode:
            raise
        # Only where it was: what it says may hold what is personal.
        *_, (frame, line) = traceback.walk_tb(error.__traceback__)
        place = f"{type(error).__name__} at {frame.f_globals.get('__name__')}, line {line}"
        say(f"trunkcall: This is a fault of Trunkcall ({place}). Please report it; PYTHONDEVMODE=1 has it tell more.\n")
        sys.exit(1)
    sys.exit(0)
