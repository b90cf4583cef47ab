"""Where something stands in a policy. If these fail, whoever looks for a slip of the pen is sent to another line."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

from trunkcall.service.calling.toml_places import Path, Place, Places

EVERY_LAYOUT = '''\
# a comment = 1 with [brackets]
one = 101
"two words" = 102   # [
a.b . c = 103
text = """[not]
a = "table" ""\\""""""
other = \'\'\'
[[nor]] = this
\'\'\'
list = [ 104,105 , # ]
  [106, [107]],
    "]", \'[\', 108,
]
day = 2026-12-25 10:00:00
braces = { x = 109, y.z = [110, {w = 111}], "q r"=112 }

[ table . "inner one" ]
  k = 113
\tl	=	114

[[several]]
m = 115
[several.under]
n = 116
[[several]]
m = 117
[[several.deep]]
o = [118]
[[several.deep]]
o = [{ p = 119 }, { p = 120 }]
'''


def _numbers(value: Any, path: Path = ()) -> Iterator[tuple[Path, int]]:
    match value:
        case dict():
            for key, each in value.items():
                yield from _numbers(each, (*path, key))
        case list():
            for number, each in enumerate(value):
                yield from _numbers(each, (*path, number))
        case int():
            yield path, value
        case _:
            pass


def _at(text: str, place: Place) -> str:
    return text.split("\n")[place.line - 1][place.column - 1 :]


def test_every_value_is_found_in_whatever_layout_it_stands() -> None:
    for text in (EVERY_LAYOUT, EVERY_LAYOUT.replace("\n", "\r\n")):
        found = dict(_numbers(tomllib.loads(text)))
        assert sorted(found.values()) == list(range(101, 121))
        places = Places(text)
        for path, number in found.items():
            assert _at(text, places.of_value(path)).startswith(str(number)), path


def test_a_key_and_a_table_have_the_place_of_their_first_letter() -> None:
    places = Places(EVERY_LAYOUT)
    for path, written in {
        ("a", "b"): "a.b . c",
        ("braces", "q r"): '"q r"=112',
        ("table", "inner one"): "[ table",
        ("table", "inner one", "l"): "l\t=",
        ("several", 1, "deep", 1, "o", 0, "p"): "p = 119",
    }.items():
        assert _at(EVERY_LAYOUT, places.of_key(path)).startswith(written), path


def test_what_is_not_there_is_looked_for_around_it() -> None:
    places = Places(EVERY_LAYOUT)
    assert places.of_value(("several", 1, "nothing")) == places.of_key(("several", 1))
    assert places.of_value(("list", 99)) == places.of_value(("list",))
    assert places.of_value(("nothing",)) == places.of_key(("nothing",)) == Place(1, 1)
