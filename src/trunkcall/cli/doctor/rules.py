"""Whether the rules of an instance let anybody be called: its policy, its trunks' regions, halts and closed gates.

Decides what of that is a fault, and the words. It must not know where it is kept: what there is it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from trunkcall.compose.policies import NoPolicyError, read_policy_files, rules_in
from trunkcall.domain.calling_rules import HOME, CallingRules
from trunkcall.domain.campaign import Campaign
from trunkcall.domain.directory import Directory, Instance
from trunkcall.domain.errors import TrunkcallError
from trunkcall.domain.instants import to_datetime
from trunkcall.domain.trunk import Trunk
from trunkcall.service.calling.policy_file import PolicyFileError, read_policy
from trunkcall.service.calling_policies import AnywhereError
from trunkcall.telephony.finding import Finding, fault, ok, warning

_POLICY = "calling policy"


class _UnusableError(TrunkcallError):
    """The calling policy cannot be used."""


def rules_of(directory: Directory | None, file: str) -> CallingRules | None:
    """What the policy says by which most campaigns go: the one that was put last, else that of the file; None where
    there is none. Raises TrunkcallError."""
    put = directory.calling_policy() if directory is not None else None
    if put is None:
        return rules_in(file, *read_policy_files(file)) if file else None
    if put.text is None:
        raise _UnusableError("The disk has damaged it. Put another one with `trunkcall policy set`.")
    try:
        return read_policy(put.text, put.rates)
    except PolicyFileError as error:
        raise _UnusableError(f"{error.message} `trunkcall policy set` puts another one.") from error


def policy(
    find: Callable[[], CallingRules | None], *, reaches_people: bool, other: str | None = None
) -> tuple[Finding, CallingRules | None]:
    """Whether there is one that people may be called by, and what it says. ``other`` is what the settings name, where
    that is another one."""
    try:
        rules = find()
    except TrunkcallError as error:
        return fault(_POLICY, " ".join(error.message.split())), None
    if rules is None and reaches_people:
        return fault(_POLICY, NoPolicyError().message), None
    if rules is None:
        return ok(_POLICY, "There is none, and the simulated carrier needs none."), None
    if rules.destinations is None and reaches_people:
        return fault(_POLICY, AnywhereError().message), None
    if other is not None:
        # Whoever has written stricter rules there believes that they are kept.
        return (
            warning(
                _POLICY,
                f"Another one counts than calling_policy names, which is looked at only where none was ever put: "
                f"`trunkcall policy set {other}` has that one count, `trunkcall policy show` prints the one that does.",
            ),
            rules,
        )
    return ok(_POLICY, "It can be used. `trunkcall policy show` prints the one that counts."), rules


def trunk_regions(trunks: Iterable[Trunk], rules: CallingRules | None) -> Iterator[Finding]:
    """Of each trunk, whether anybody may be dialed on it."""
    where = rules.destinations if rules is not None else None
    for trunk in trunks:
        subject = f"trunk {trunk.trunk_id}"
        if not trunk.regions:
            yield fault(
                subject,
                'Nobody is dialed on it, as it names no regions. Write `regions = ["US"]`, or those that you mean, in '
                f'its [[trunks]] table, with `trunk_id = "{trunk.trunk_id}"`.',
            )
            continue
        regions = ", ".join(trunk.regions)
        if where is not None and HOME not in where.regions and where.regions.isdisjoint(trunk.regions):
            yield fault(
                subject,
                f"Nobody is dialed on it: it may dial {regions}, and the calling policy none of these.",
            )
        elif not trunk.caller_numbers:
            yield warning(
                subject,
                "It names no caller_numbers, so it shows what a campaign or its queue says, and where nobody has said "
                "otherwise a number for fiction. Write the numbers that its carrier lets you show, as `caller_numbers` "
                "in its [[trunks]] table.",
            )
        else:
            yield ok(subject, f"It may dial {regions}, as far as the calling policy lets it.")


def halts(instances: Sequence[Instance]) -> Finding:
    """Whether somebody has halted all calls."""
    halted = [each for each in instances if each.halted_at is not None]
    if not halted:
        return ok("halts", "Calls are not halted.")
    told = [
        f"{each.alias or each.instance_id} since {to_datetime(each.halted_at or 0):%Y-%m-%d %H:%M} UTC"
        for each in halted
    ]
    return warning("halts", f"All calls are halted: {', '.join(told)}. `trunkcall resume` lets them begin again.")


def gates(campaigns: Iterable[Campaign], trouble: Callable[[Campaign], str | None]) -> Finding:
    """Whether nobody may be dialed for some of the campaigns that dial; ``trouble`` says why."""
    closed = [(each.name, why) for each in campaigns if (why := trouble(each)) is not None]
    if not closed:
        return ok("gates", "For no campaign that dials the rules cannot be gone by.")
    told = "; ".join(f"{name}: {why}" for name, why in closed)
    return fault("gates", f"Nobody may be dialed for {told}")
