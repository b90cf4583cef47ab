"""A file that says what a contact centre looks like, as people write it. If it is read otherwise than they mean it, an
instance is not theirs; if a mistake is found late, it is left half changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from trunkcall.cli.centre_file import CentreFileError, read_centre_file


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "centre.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_week_is_written_as_people_say_it(tmp_path: Path) -> None:
    text = '[[hours]]\nname = "Office"\ntime_zone = "UTC"\nopen = ["monday-tuesday 9:00-17:30", "Sunday 00:00-24:00"]\n'
    office = read_centre_file(written(tmp_path, text)).things["hours"]["Office"]
    assert office.values["open"] == {("MONDAY", 540, 1050), ("TUESDAY", 540, 1050), ("SUNDAY", 0, 0)}


HOURS = '[[hours]]\nname = "A"\ntime_zone = "UTC"\nopen = []\noverrides = '


def test_holidays_are_written_as_dates(tmp_path: Path) -> None:
    text = (
        HOURS
        + """[
  { name = "Christmas", from = 2026-12-24, until = 2026-12-26, open = [] },
  { name = "Eve", from = 2026-12-31, open = ["thursday 9:00-12:00"] },
]"""
    )
    hours = read_centre_file(written(tmp_path, text)).things["hours"]["A"]
    assert hours.values["overrides"] == {
        ("Christmas", "2026-12-24", "2026-12-26", frozenset()),
        ("Eve", "2026-12-31", "2026-12-31", frozenset({("THURSDAY", 540, 720)})),
    }


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for path, why in ((tmp_path / "nowhere.toml", "No such file or directory"), (tmp_path, "Is a directory")):
        with pytest.raises(CentreFileError, match=f"{path} cannot be read: {why}."):
            read_centre_file(path)


def test_numbers_and_queues_are_compared_as_the_instance_has_them(tmp_path: Path) -> None:
    text = """
[[numbers]]
number = "+44 20 7946 0123"
[[routing_profiles]]
name = "Sales"
queues = ["Sales", { queue = "Help", priority = 2, delay = 30 }]
"""
    file = read_centre_file(written(tmp_path, text))
    assert list(file.things["numbers"]) == ["+442079460123"]
    assert file.things["routing_profiles"]["Sales"].values["queues"] == {("Sales", 1, 0), ("Help", 2, 30)}
    assert "agents" not in file.things, "what is not spoken of is not pruned"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[[queues]]\nname = "A"\nhours = \n', ["line 3, column 9"]),
        (
            '[instance]\nalias = "x"\n[[queue]]\nname = "A"\n',
            ["line 3", "unknown table 'queue'", "Did you mean 'queues'"],
        ),
        ('[[queues]]\nname = "A"\n\nhour = "B"\n', ["line 4", "[[queues]] hour", "Did you mean 'hours'"]),
        ('[[queues]]\nname = "A"\n', ["line 1", "[[queues]] has no hours"]),
        ('[[queues]]\nhours = "B"\n', ["line 1", "has no name"]),
        ("[instance]\nalias = 3\n", ["line 2", "[instance] alias", "in quotes"]),
        ('[instance]\nalias = "My centre"\n', ["line 2", "letters, digits and hyphens"]),
        ('[[hours]]\nname = "A"\ntime_zone = "Europe/Berln"\nopen = []\n', ["line 3", "mean 'Europe/Berlin'"]),
        (f'[[statuses]]\nname = "{"A" * 128}"\n', ["line 2", "more than 127 characters"]),
        ('[queues]\nname = "A"\n', ["line 1", "[[queues]]"]),
        ('[[numbers]]\nnumber = "030 901820"\n', ["line 2", "cannot be dialed"]),
        ('[[numbers]]\nnumber = "+4930901820"\n[[numbers]]\nnumber = "+49 30901820"\n', ["line 4", "another table"]),
        ('[[flows]]\nname = "A"\ncontent = "none.json"\n', ["line 3", "No such file"]),
        ('[[flows]]\nname = "A"\ncontent = "centre.toml"\n', ["line 3", "no JSON"]),
        ('[[statuses]]\nname = "Lunch"\nenabled = "yes"\n', ["line 3", "true or false"]),
        (
            '[[hours]]\nname = "A"\ntime_zone = "UTC"\nopen = ["mondy 9:00-10:00"]\n',
            ["line 4", "Did you mean 'monday'"],
        ),
        ('[[hours]]\nname = "A"\ntime_zone = "UTC"\nopen = ["monday 9:00-25:00"]\n', ["line 4", "no such hours"]),
        ('[[routing_profiles]]\nname = "A"\nqueues = [{ queue = "B", prio = 1 }]\n', ["line 3", "'priority'"]),
        ('[[hours]]\nname = "A"\ntime_zone = "localtime"\nopen = []\n', ["line 3", "no time zone"]),
        (f"a = {'[' * 5000}{']' * 5000}\n", ["nested too deeply"]),
        (f"[[statuses]]\nname = {'9' * 5000}\n", ["too many digits"]),
        (HOURS + "2026-12-24", ["line 5", "[[hours]] overrides", "must be a list such as"]),
        (HOURS + '[{ name = "X", form = 2026-12-24 }]', ["line 5", "'form'", "Did you mean 'from'"]),
        (HOURS + '[{ name = "X", from = 2026-12-24 }]', ["line 5", "must have open"]),
        (HOURS + '[{ name = "X", from = "2026-12-24", open = [] }]', ["line 5", "'X'", "without quotes"]),
        (HOURS + '[{ name = "X", from = 2026-12-24T10:00:00, open = [] }]', ["line 5", "'X'", "dates such as"]),
        (
            HOURS + '[{ name = "X", from = 2026-12-24, until = 2026-12-23, open = [] }]',
            ["line 5", "'X' ends before it begins"],
        ),
        (HOURS + "[{0}, {0}]".format('{ name = "X", from = 2026-12-24, open = [] }'), ["line 5", "'X' twice"]),
        (HOURS + '[{ name = "", from = 2026-12-24, open = [] }]', ["line 5", "a name that must be a text"]),
        (HOURS + '[{ name = "X", from = 2026-12-24, open = ["friday 9"] }]', ["line 5", "'X': open has 'friday 9'"]),
        ('[[routing_profiles]]\nname = "A"\nqueues = ["B", "B"]\n', ["line 3", "'B' twice"]),
        ('[[routing_profiles]]\nname = "A"\nqueues = [{ queue = "B", delay = -1 }]\n', ["line 3", "0 to 9999"]),
        ('[[queues]]\nname = "A"\nhours = "B"\nmax_contacts = -1\n', ["line 4", "from 0 to"]),
        ('[[agents]]\nname = "a"\nrouting_profile = "B"\nafter_contact_work = -1\n', ["line 4", "from 0 to"]),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, text: str, words: list[str]) -> None:
    with pytest.raises(CentreFileError) as refused:
        read_centre_file(written(tmp_path, text))
    for word in [str(tmp_path / "centre.toml"), *words]:
        assert word in refused.value.message


def test_a_flow_that_no_reader_can_follow_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "deep.json").write_text("[" * 100_000 + "]" * 100_000, encoding="utf-8")
    with pytest.raises(CentreFileError, match=r"line 3: .*content is nested too deeply"):
        read_centre_file(written(tmp_path, '[[flows]]\nname = "A"\ncontent = "deep.json"\n'))


def test_a_flow_that_cannot_be_published_is_refused_before_an_instance_is_made(tmp_path: Path) -> None:
    (tmp_path / "flow.json").write_text('{"Version": "2019-10-30"}', encoding="utf-8")
    with pytest.raises(CentreFileError, match=r"line 3: .*content cannot be published: .*Actions must be a list"):
        read_centre_file(written(tmp_path, '[[flows]]\nname = "A"\ncontent = "flow.json"\n'))
