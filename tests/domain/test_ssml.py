"""What is heard of SSML. If these fail, a customer hears marks read out, or one word after the other without the pause
that somebody has written; or an attribute that was written for it takes a server's memory."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkcall.domain.instants import SECOND
from trunkcall.domain.ssml import COMMA, LONGEST, PARAGRAPH, SENTENCE, BrokenSsmlError, Pause, Piece, Spoken, pieces


@pytest.mark.parametrize(
    ("inside", "heard"),
    [
        ("Hello.", [Spoken("Hello.")]),
        ("Hello  \n there.", [Spoken("Hello there.")]),
        ("A &amp; B", [Spoken("A & B")]),
        ("", []),
        # Pauses.
        ('One<break time="1s"/>two', [Spoken("One"), Pause(SECOND), Spoken("two")]),
        ('One<break time="300ms"/>', [Spoken("One"), Pause(300_000)]),
        ('<break time="1.5s"/>one', [Pause(1_500_000), Spoken("one")]),
        ('One<break time="1h"/>two', [Spoken("One"), Pause(COMMA), Spoken("two")]),
        ('One<break time="3600s"/>two', [Spoken("One"), Pause(LONGEST), Spoken("two")]),
        ('One<break strength="strong"/>two', [Spoken("One"), Pause(SENTENCE), Spoken("two")]),
        ('One<break strength="none"/>two', [Spoken("One"), Spoken("two")]),
        ("One<break/>two", [Spoken("One"), Pause(COMMA), Spoken("two")]),
        ("<p>One.</p><p>Two.</p>", [Spoken("One."), Pause(PARAGRAPH), Spoken("Two.")]),
        ("<p>One.</p><break time='2s'/>two", [Spoken("One."), Pause(2 * SECOND), Spoken("two")]),
        ("<s>One</s><s>two.</s>", [Spoken("One. two.")]),
        # How it is read.
        ("<say-as interpret-as='digits'>407</say-as>", [Spoken("4 0 7")]),
        ("Code <say-as interpret-as='characters'>a 1b</say-as>.", [Spoken("Code a 1 b .")]),
        ("<say-as interpret-as='telephone'>+1 206-555-0101</say-as>", [Spoken("plus, 1, 2 0 6, 5 5 5, 0 1 0 1")]),
        ("<say-as interpret-as='date'>2026</say-as>", [Spoken("2026")]),
        ("<sub alias='aluminium'>Al</sub> foil", [Spoken("aluminium foil")]),
        ("<sub alias='Al'><say-as interpret-as='characters'>x</say-as></sub>", [Spoken("Al")]),
        # How fast.
        ("<prosody rate='slow'>One</prosody> two", [Spoken("One", 0.75), Spoken("two")]),
        ("<prosody rate='150%'>One</prosody>", [Spoken("One", 1.5)]),
        ("<prosody rate='150%'><prosody rate='50%'>One</prosody></prosody>", [Spoken("One", 0.75)]),
        ("<prosody rate='-10%'>One</prosody>", [Spoken("One", 0.9)]),
        ("<prosody rate='9000%'>One</prosody>", [Spoken("One", 2.0)]),
        ("<prosody rate='warp'>One</prosody> two", [Spoken("One two")]),
        ("<prosody rate='slow'>One <prosody volume='loud'>two</prosody></prosody>", [Spoken("One two", 0.75)]),
        # What is not known here is spoken without its marks.
        ("One <emphasis level='strong'>two</emphasis> three", [Spoken("One two three")]),
        ("<amazon:effect name='whispered'>One</amazon:effect>", [Spoken("One")]),
        ("<voice name='Joanna'><w role='x'>One</w></voice><mark name='m'/>", [Spoken("One")]),
        ("<!-- nobody hears it -->One", [Spoken("One")]),
        ("<metadata>nobody</metadata>One", [Spoken("One")]),
    ],
)
def test_what_is_heard_of_it(inside: str, heard: list[Piece]) -> None:
    assert list(pieces(f"<speak>{inside}</speak>")) == heard


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "Hello.",
        "<speak>Hello.",
        "<speak>A & B</speak>",
        "<p>Hello.</p>",
        "<speak>One</speak><speak>two</speak>",
        "<speak><p>One</speak></p>",
        "<speak>&nothing;</speak>",
        '<!DOCTYPE speak [<!ENTITY a "many words">]><speak>&a;</speak>',
        f"<speak>{'<break/>a' * 200}</speak>",
    ],
)
def test_what_is_broken_is_refused(broken: str) -> None:
    with pytest.raises(BrokenSsmlError):
        pieces(broken)


MARKS = st.sampled_from(["<speak>", "</speak>", "<p>", "</p>", "<s>", "</s>", "<break/>", "a", "&", "\x00", "<!--"])
PIECES = st.sampled_from(["<prosody ", "<sub ", "</sub>", "<say-as ", "alias='b'>", "rate='x-slow'>", "</prosody>"])


@given(st.lists(MARKS | PIECES, max_size=20).map("".join) | st.text(max_size=40))
def test_whatever_is_written_is_heard_or_refused(text: str) -> None:
    for ssml in (text, f"<speak>{text}</speak>"):
        try:
            heard = pieces(ssml)
        except BrokenSsmlError:
            continue
        assert all(isinstance(each, Pause) or each.text for each in heard)
