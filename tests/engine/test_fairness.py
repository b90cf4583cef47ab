"""What one clock promises about anything scarce, whoever competes for it. If these fail, somebody with a weight may get
less than it, or nothing for ever, and nobody can say how long is too long."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkcall.engine.fairness import FairClock

MEMORY = 30.0
WEIGHTS = st.sampled_from([0.01, 0.1, 0.25, 0.5, 0.9, 1.0])
NAMES = "abcdef"
steps = st.lists(
    st.tuples(
        st.sampled_from(["serve", "serve", "serve", "want", "rest", "charge", "weigh", "leave"]),
        st.sampled_from(NAMES),
        WEIGHTS,
        st.sampled_from([0.1, 1.0, 1.0, 5.0]),
    ),
    max_size=400,
)
EPSILON = 1e-6


def clock_of(**weights: float) -> FairClock[str]:
    """Everybody competes and wants something."""
    clock = FairClock[str](MEMORY)
    for name, weight in weights.items():
        clock.join(name, weight)
        clock.want(name)
    return clock


def served(clock: FairClock[str], times: int) -> Counter[str]:
    """Who is, so many times; whoever is keeps wanting more."""
    had = Counter[str]()
    for _ in range(times):
        name = clock.first()
        assert name is not None
        clock.serve(name)
        had[name] += 1
    return had


class Shop:
    """A clock, and what everybody has had since two of them last began to want something together."""

    def __init__(self, weights: dict[str, float]) -> None:
        self.clock = FairClock[str](MEMORY)
        self.weights = dict(weights)
        self.least_total = self.total = sum(weights.values())
        self.wanting: set[str] = set()
        self.had: dict[frozenset[str], defaultdict[str, float]] = {}
        self.passed = Counter[str]()
        for name, weight in weights.items():
            self.clock.join(name, weight)

    def wants(self, name: str) -> None:
        if name not in self.wanting and name in self.clock:
            self.clock.want(name)
            self.wanting.add(name)
            self.begin_anew(name)

    def rests(self, name: str) -> None:
        self.clock.rest(name)
        self.wanting.discard(name)

    def begin_anew(self, *names: str) -> None:
        """Two are compared from here."""
        for pair in map(frozenset, combinations(NAMES, 2)):
            if not names or pair & set(names):
                self.had[pair] = defaultdict(float)

    def changed(self) -> None:
        """Other weights compete."""
        self.total = sum(weight for name, weight in self.weights.items() if name in self.clock)
        self.least_total = min(self.least_total, self.total or self.least_total)
        self.begin_anew()

    def serves(self, cost: float) -> str | None:
        name = self.clock.first()
        assert (name is None) == (not self.wanting), "somebody wants something, and nobody gets it"
        if name is not None:
            self.clock.serve(name, cost)
            self.count(name, cost)
            self.passed.update(self.wanting - {name})
            self.passed[name] = 0
        return name

    def charges(self, name: str, cost: float) -> None:
        if name in self.clock:
            self.clock.charge(name, cost)
            self.begin_anew(name)

    def count(self, name: str, cost: float) -> None:
        for pair, had in self.had.items():
            if name in pair:
                had[name] += cost

    def check_bound(self, most_cost: float) -> None:
        for pair, had in self.had.items():
            if pair <= self.wanting:
                one, other = sorted(pair)
                level = had[one] / self.weights[one] - had[other] / self.weights[other]
                bound = most_cost / self.weights[one] + most_cost / self.weights[other] + 2 * MEMORY / self.least_total
                assert abs(level) <= bound + EPSILON


def of(names: dict[str, float], steps: list[tuple[str, str, float, float]], *, weigh: bool) -> Shop:
    """What has come of all these steps; the bound is looked at after each."""
    shop = Shop(names)
    for verb, name, weight, cost in steps:
        match verb:
            case "serve":
                shop.serves(cost)
            case "want":
                shop.wants(name)
            case "rest":
                shop.rests(name)
            case "charge":
                shop.charges(name, cost)
            case "weigh" if weigh:
                shop.clock.join(name, weight)
                shop.weights[name] = weight
                shop.changed()
            case "leave" if weigh:
                shop.rests(name)
                shop.clock.leave(name)
                shop.changed()
            case _:
                pass
        shop.check_bound(5.0)
    return shop


@given(weights=st.fixed_dictionaries(dict.fromkeys(NAMES, WEIGHTS)), steps=steps)
def test_two_who_want_something_all_the_time_get_it_by_weight_within_the_bound(
    weights: dict[str, float], steps: list[tuple[str, str, float, float]]
) -> None:
    of(weights, steps, weigh=False)


@given(weights=st.fixed_dictionaries(dict.fromkeys(NAMES, WEIGHTS)), steps=steps)
def test_the_bound_holds_again_from_any_change_of_weights(
    weights: dict[str, float], steps: list[tuple[str, str, float, float]]
) -> None:
    of(weights, steps, weigh=True)


@given(weights=st.fixed_dictionaries(dict.fromkeys(NAMES, WEIGHTS)), steps=steps, poor=st.sampled_from(NAMES))
def test_whoever_wants_something_is_served_after_a_number_of_services_that_is_known(
    weights: dict[str, float], steps: list[tuple[str, str, float, float]], poor: str
) -> None:
    """Whatever has happened before, and whatever the others do: they come, go, and are given something by the way."""
    shop = of(weights, steps, weigh=True)
    shop.clock.join(poor, shop.weights[poor])
    shop.rests(poor)
    shop.wants(poor)
    shop.passed[poor] = 0
    most = shop.clock.at_most(poor, least_cost=0.1)
    assert most is not None
    for verb, name, _, cost in steps * 20:
        if verb == "serve":
            if shop.serves(cost) == poor:
                return
        elif verb == "want":
            shop.wants(name)
        elif name != poor and verb == "rest":
            shop.rests(name)
        elif name != poor and verb == "charge":
            shop.charges(name, cost)
        assert shop.passed[poor] <= most
        assert shop.clock.passed_over(poor) >= shop.passed[poor]


@given(weights=st.fixed_dictionaries(dict.fromkeys(NAMES, WEIGHTS)), steps=steps, poor=st.sampled_from(NAMES))
def test_nobody_is_said_to_be_passed_over_too_often_because_others_have_left(
    weights: dict[str, float], steps: list[tuple[str, str, float, float]], poor: str
) -> None:
    """Who reads that a campaign is starved would look for a fault, and there is none."""
    shop = Shop(weights)
    shop.wants(poor)
    for verb, name, _, cost in steps * 5:
        match verb:
            case "serve":
                shop.serves(cost)
            case "want":
                shop.wants(name)
            case "weigh":
                shop.clock.join(name, weights[name])
            case "rest" | "leave" if name != poor:
                shop.rests(name)
                if verb == "leave":
                    shop.clock.leave(name)
            case _:
                pass
        most = shop.clock.at_most_so_far(poor, least_cost=0.1)
        assert most is not None
        assert shop.clock.passed_over(poor) <= most


def test_whoever_waits_was_not_passed_over_too_often_when_all_others_have_left() -> None:
    """They had their due before, and then nobody else to dial."""
    clock = clock_of(poor=0.01, rich=1.0, other=1.0)
    while clock.first() != "poor":
        served(clock, 1)
    clock.serve("poor")
    assert served(clock, 150)["poor"] == 0
    for name in ("rich", "other"):
        clock.leave(name)
    alone, so_far = clock.at_most("poor"), clock.at_most_so_far("poor")
    assert alone is not None
    assert so_far is not None
    assert alone < clock.passed_over("poor") <= so_far
    clock.serve("poor")
    assert clock.at_most_so_far("poor") == alone, "it waits anew, and who has left is nobody to wait for"


def test_who_waits_was_not_passed_over_too_often_when_it_competes_with_fewer_at_another_clock() -> None:
    """Agents get other queues, and the others have gone another way."""
    former, clock = clock_of(poor=0.01, rich=1.0, other=1.0), clock_of(poor=0.01)
    while former.first() != "poor":
        served(former, 1)
    former.serve("poor")
    assert served(former, 150)["poor"] == 0
    clock.inherit("poor", former)
    alone, so_far = clock.at_most("poor"), clock.at_most_so_far("poor")
    assert alone is not None
    assert so_far is not None
    assert alone < clock.passed_over("poor") <= so_far
    clock.serve("poor")
    assert clock.at_most_so_far("poor") == alone


def test_it_is_counted_anew_for_all_where_a_weight_is_changed() -> None:
    """One of more weight has its due sooner; what others had while it had little was theirs."""
    for changed, weight in (("poor", 1.0), ("rich", 0.01)):
        clock = clock_of(poor=0.01, rich=1.0)
        while clock.first() != "poor":
            served(clock, 1)
        clock.serve("poor")
        assert served(clock, 95)["poor"] == 0
        clock.join(changed, weight)
        most = clock.at_most_so_far("poor")
        assert most is not None
        assert clock.passed_over("poor") <= most
        assert served(clock, most + 1)["poor"] > 0


@pytest.mark.parametrize("others", [1, 10, 100])
def test_the_least_of_many_waits_as_long_as_it_is_said_at_most_and_not_much_less(others: int) -> None:
    """Else the bound would be no use: nobody looks into what is far below."""
    clock = FairClock[str](MEMORY)
    clock.join("poor", 0.01)
    for number in range(others):
        clock.join(f"rich-{number}", 1.0)
        clock.want(f"rich-{number}")
    served(clock, 1000)
    clock.want("poor")
    while clock.first() != "poor":
        served(clock, 1)
    clock.serve("poor")
    most = clock.at_most("poor")
    assert most is not None
    while clock.first() != "poor":
        served(clock, 1)
    assert most / 3 <= clock.passed_over("poor") <= most


def test_whoever_is_served_was_passed_over_no_more() -> None:
    clock = clock_of(a=1.0, b=0.1)
    served(clock, 10)
    assert clock.passed_over("b") > 0
    while clock.first() != "b":
        served(clock, 1)
    clock.serve("b")
    assert clock.passed_over("b") == 0
    clock.rest("b")
    served(clock, 10)
    assert clock.passed_over("b") == 0, "it wanted nothing meanwhile"


def test_names_decide_nothing() -> None:
    """Who comes first by the alphabet would else be first for ever where there is enough for one."""
    assert set(served(clock_of(a=1.0, b=1.0, c=1.0), 300).values()) == {100}
    for _ in range(3):
        clock = clock_of(b=1.0, a=1.0)
        assert [clock.first(), *(served(clock, 1).elements())] == ["b", "b"], "whoever asked first"


def test_what_somebody_did_not_want_for_a_while_is_made_up_for_as_far_as_is_remembered() -> None:
    clock = clock_of(a=0.5, b=0.5)
    clock.rest("b")
    served(clock, 10)
    clock.want("b")
    assert served(clock, 20) == {"a": 5, "b": 15}
    clock.rest("b")
    served(clock, 1000)
    clock.want("b")
    assert served(clock, 100)["b"] == pytest.approx(50 + MEMORY / 4, abs=1)


def test_whoever_begins_to_compete_has_no_claim_to_what_others_had() -> None:
    clock = clock_of(a=0.5, b=0.5)
    clock.leave("b")
    served(clock, 1000)
    clock.join("b", 0.5)
    clock.want("b")
    assert served(clock, 100)["b"] == pytest.approx(50, abs=1)


def test_to_come_and_go_for_each_service_brings_nobody_more() -> None:
    """A campaign whose requests come one by one competes anew for each."""
    clock = clock_of(a=1.0, b=0.01)
    had = Counter[str]()
    for _ in range(1000):
        clock.leave("b")
        clock.join("b", 0.01)
        clock.want("b")
        had += served(clock, 1)
    assert had["b"] == pytest.approx(10, abs=2)


def test_whoever_has_no_weight_gets_what_nobody_else_wants_by_turns() -> None:
    clock = clock_of(a=0.5, b=0.0, c=0.0)
    assert served(clock, 50) == {"a": 50}
    assert clock.at_most("b") is None, "nothing is promised"
    clock.rest("a")
    assert served(clock, 50) == {"b": 25, "c": 25}
    clock.want("a")
    assert served(clock, 50) == {"a": 50}, "it owes nothing for that"


def test_whoever_is_given_a_weight_has_its_share_from_there() -> None:
    """Else a campaign that was raised from nothing beside another would never dial again."""
    clock = clock_of(a=1.0, b=0.0)
    clock.rest("a")
    served(clock, 1000)
    clock.want("a")
    clock.join("b", 1.0)
    assert served(clock, 100) == {"a": 50, "b": 50}
    clock.join("b", 0.0)
    assert served(clock, 100) == {"a": 100}


@pytest.mark.parametrize(("before", "after"), [(0.01, 1.0), (1.0, 0.01), (0.5, 0.25)])
def test_another_weight_counts_from_here(before: float, after: float) -> None:
    clock = clock_of(a=1.0, b=before)
    served(clock, 1000)
    clock.join("b", after)
    assert served(clock, 1000)["b"] == pytest.approx(1000 * after / (1.0 + after), abs=MEMORY)


def test_nobody_is_ahead_of_others_by_more_than_is_remembered_where_they_are_waited_for() -> None:
    clock = clock_of(a=0.5, b=0.5)
    begun = 0
    while not clock.leads("a", ["b"]):
        clock.charge("a")
        begun += 1
    assert begun == 15, "for half of all weight they are 30 of all together"
    assert not clock.leads("b", ["a"])
    assert not clock.leads("a", [])


@pytest.mark.parametrize("weights", [(0.5, 0.5), (0.1, 1.0)])
def test_those_that_look_now_and_then_have_their_share_however_much_they_take_at_one_look(
    weights: tuple[float, float],
) -> None:
    """A campaign of little weight that looks first would otherwise take for all agents at every look."""
    clock = FairClock[str](MEMORY)
    names = dict(zip("ab", weights, strict=True))
    for name, weight in names.items():
        clock.join(name, weight)
    had = Counter[str]()
    for _ in range(1000):
        for name in names:
            if not clock.leads(name, set(names) - {name}):
                clock.want(name, batch=20.0)
                for _ in range(20):
                    clock.serve(name)
                    had[name] += 1
                clock.rest(name)
    assert had["a"] / had.total() == pytest.approx(weights[0] / sum(weights), abs=0.02)


def test_what_another_rule_gave_is_owed_within_what_is_remembered() -> None:
    """Else whoever had many lines while those were scarce would wait for hours once something else is."""
    clock = clock_of(a=1.0, b=1.0)
    for _ in range(1000):
        clock.charge("a")
    assert served(clock, 100)["a"] == pytest.approx(50, abs=MEMORY / 2)


def test_small_services_count_however_much_there_was_before() -> None:
    """A fraction added to a great number is lost: weights would decide nothing."""
    clock = clock_of(a=0.5, b=1.0)
    for _ in range(60):
        name = clock.first()
        assert name is not None
        clock.serve(name, 1e15)
    had = Counter[str]()
    for _ in range(90):
        name = clock.first()
        assert name is not None
        clock.serve(name, 0.125)
        had[name] += 1
    assert had == {"a": 30, "b": 60}
