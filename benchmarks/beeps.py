"""How well beeps of machines are heard, and greetings known to be over, on calls that are made here; and what it costs.

Every call is made of a seed: a voice that espeak-ng reads sentences with, pauses, a beep of one of several kinds, noise
of which neither persons nor machines have more, loudness, G.711, lost packets. With ``--voices`` recordings of people
take the place of espeak-ng. It says which methods are better than others, and nothing of how they fare with real
machines. Beside it what is done most simply: a peak that has most of a spectrum, and stays where it is for 60 ms.
Prints one JSON line a figure, and exits non-zero if a bar is missed.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import shutil
import statistics
import subprocess
import sys
import time
import wave
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from trunkcall.amd.g711 import decoded
from trunkcall.amd.listener import Beep, GreetingEnded, Heard, How, Listener
from trunkcall.telephony.ari.sound import resampled
from trunkcall.telephony.sound import ulaw

Sound: TypeAlias = npt.NDArray[np.float64]
"""From -1 to 1, 8,000 samples a second."""

RATE: Final = 8_000
PACKET: Final = 160
RECALL_BAR, PLAIN_BAR = 0.85, 0.92
"""Of all beeps, and of those of one tone without anything odd, how many are heard at least."""
FALSE_BAR: Final = 0.01
"""Of greetings, and of calls that a person answers, in how many one is heard that is none, at most."""
CUT_BAR: Final = 0.01
"""Of machines' greetings, how many are taken to be over before they are, at most: their pauses last up to 1.6 s."""
LATE_BAR_S: Final = 0.30
"""After the beep, how soon a message may begin in 95 of 100."""
CPU_BAR_MS: Final = 8.0
"""Of one second of a call, in packets of 20 ms."""

_VARIANTS: Final = ("m1", "m2", "m3", "m5", "m7", "f1", "f2", "f3", "f4", "f5", "klatt", "klatt3", "croak")
_LANGUAGES: Final = ("en-us", "en-gb", "es", "de", "fr")
_GREETINGS: Final = (
    "Hi, you have reached the voicemail of Jane Smith.",
    "I can't come to the phone right now.",
    "Please leave your name and number after the tone.",
    "And I will call you back as soon as I can.",
    "The person you are calling is not available.",
    "At the tone, please record your message.",
    "When you have finished recording, you may hang up, or press one for more options.",
    "Thank you for calling. Our office is closed.",
    "You have reached five five five, zero one four two.",
    "Nobody is home. You know what to do.",
)
_HELLOS: Final = (
    "Hello?",
    "Yes?",
    "Hello, who is this?",
    "Good morning, Miller and Sons, how may I help you?",
    "Hey, wait a moment, I am in the car.",
    "Oooh no, not again.",
    "Hmmm. Who?",
)
_KINDS: Final = ("plain",) * 17 + ("two tones",) * 2 + ("interrupted", "sweep", "twice")
_HEIGHTS: Final = (425, 440, 620, 800, 850, 950, 1000, 1400, 2000)
_NOISES: Final = ("none", "white", "pink", "brown", "hum", "babble")


@dataclass(frozen=True, slots=True)
class Call:
    """What is heard. ``beep_s`` is from when to when; ``greeting_s`` when the last word is over."""

    payload: bytes
    greeting_s: float
    kind: str = ""
    beep_s: tuple[float, float] = (math.inf, math.inf)


# --- voices -----------------------------------------------------------------------------------------------------------


def spoken(text: str, language: str, variant: str, words_a_minute: int) -> Sound:
    """By espeak-ng."""
    command = ["espeak-ng", "-v", f"{language}+{variant}", "-s", str(words_a_minute), "--stdout", text]
    wav = subprocess.run(command, check=True, capture_output=True).stdout
    return trimmed(_of_wav(wav))


def _of_wav(wav: bytes) -> Sound:
    with wave.open(io.BytesIO(wav)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float64) / 32768
        return resampled(samples, file.getframerate())


def trimmed(sound: Sound) -> Sound:
    """Without silence around it, as loud as any other."""
    loud = np.flatnonzero(np.abs(sound) > 0.02 * np.abs(sound).max(initial=1e-9))
    if not len(loud):
        return sound[:0]
    sound = sound[loud[0] : loud[-1] + 1]
    return sound / max(1e-6, float(np.sqrt(np.mean(sound**2))))


@dataclass(frozen=True, slots=True)
class Voice:
    """What one says in greetings, and as somebody who answers."""

    sentences: Sequence[Sound]
    hellos: Sequence[Sound]


def voices_of_espeak(count: int, chance: np.random.Generator) -> list[Voice]:
    made: list[Voice] = []
    for number in range(count):
        language, variant = _LANGUAGES[number % len(_LANGUAGES)], _VARIANTS[number % len(_VARIANTS)]
        speed = int(chance.integers(130, 190))
        some = [_GREETINGS[at] for at in chance.permutation(len(_GREETINGS))[:4]]
        made.append(
            Voice(
                [spoken(each, language, variant, speed) for each in some],
                [spoken(str(each), language, variant, speed) for each in chance.choice(_HELLOS, 2, replace=False)],
            )
        )
    return made


def voices_of_folder(folder: Path) -> list[Voice]:
    """Of each folder in it with WAV files: those that last for more than 1.2 s are sentences, the others hellos."""
    made: list[Voice] = []
    for each in sorted({path.parent for path in folder.rglob("*.wav")}):
        clips = [trimmed(_of_wav(path.read_bytes())) for path in sorted(each.glob("*.wav"))]
        long = [clip for clip in clips if 1.2 * RATE < len(clip) < 8 * RATE]
        short = [clip for clip in clips if 0.15 * RATE < len(clip) <= 1.2 * RATE]
        if long and short:
            made.append(Voice(long, short))
    return made


# --- calls ------------------------------------------------------------------------------------------------------------


def beep(kind: str, chance: np.random.Generator) -> Sound:
    length_s = float(np.clip(chance.lognormal(math.log(0.4), 0.6), 0.1, 1.6))
    hertz = float(chance.choice(_HEIGHTS)) if chance.random() < 0.7 else float(chance.uniform(400, 2000))
    at = np.arange(round(length_s * RATE)) / RATE
    made = np.sin(2 * np.pi * hertz * at)
    match kind:
        case "two tones":
            other = (
                hertz * float(chance.uniform(1.15, 1.9)) if hertz < 1100 else hertz / float(chance.uniform(1.15, 1.9))
            )
            made = made + float(chance.uniform(0.5, 1.0)) * np.sin(2 * np.pi * other * at)
        case "interrupted":
            made[len(made) // 3 : len(made) // 3 + round(float(chance.uniform(0.02, 0.05)) * RATE)] = 0.0
        case "sweep":
            slope = float(chance.uniform(200, 1000) * chance.choice((-1.0, 1.0)))
            made = np.sin(2 * np.pi * (hertz * at + slope * at**2 / 2))
        case "twice":
            made = np.concatenate([made, np.zeros(round(float(chance.uniform(0.2, 0.5)) * RATE)), made])
        case _:
            pass
    heard: Sound = made * (math.sqrt(2) / max(1.0, float(np.abs(made).max())))
    return heard


def silence(length_s: float) -> Sound:
    return np.zeros(round(length_s * RATE))


def noise(kind: str, length: int, chance: np.random.Generator, voices: Sequence[Voice]) -> Sound:
    """As loud as speech is."""
    white = chance.normal(size=length)
    match kind:
        case "none":
            return np.zeros(length)
        case "pink" | "brown":
            spectrum = np.fft.rfft(white)
            spectrum[1:] /= np.arange(1, len(spectrum)) ** (0.5 if kind == "pink" else 1.0)
            spectrum[0] = 0
            white = np.fft.irfft(spectrum, length)
        case "hum":
            at = np.arange(length) / RATE
            white = sum((np.sin(2 * np.pi * 50 * n * at) / n for n in (1, 2, 3, 5)), np.zeros(length))
        case "babble":
            white = np.zeros(length)
            for voice in (voices[int(each)] for each in chance.integers(len(voices), size=4)):
                said = np.resize(np.concatenate([*voice.sentences]), length)
                white = white + np.roll(said, int(chance.integers(length)))
        case _:
            pass
    heard: Sound = white / max(1e-9, float(np.sqrt(np.mean(white**2))))
    return heard


def _of_alaw(octet: int) -> int:
    exponent, mantissa = octet >> 4 & 7, (octet & 0x0F) << 4
    size = mantissa + 8 if exponent == 0 else mantissa + 0x108 << exponent - 1
    return size if octet & 0x80 else -size


_ALAW: Final = np.sort(np.array([_of_alaw(octet) for octet in range(256)], np.float64)) / 32767


def over_alaw(sound: Sound) -> Sound:
    """What is left of it by A-law (ITU-T G.711): the nearest of its values."""
    return _ALAW[np.searchsorted((_ALAW[1:] + _ALAW[:-1]) / 2, sound)]


def on_the_line(sound: Sound, chance: np.random.Generator, voices: Sequence[Voice]) -> bytes:
    """As it arrives: speech of -26 dB or so, noise over all of it, packets that are lost in bursts. What comes over a
    trunk that speaks A-law Asterisk makes mu-law too."""
    level = 10 ** (float(np.clip(chance.normal(-26, 5), -40, -16)) / 20)
    snr_db = float(chance.uniform(6, 18)) if chance.random() < 0.07 else float(np.clip(chance.normal(30, 9), 8, 60))
    around = noise(str(chance.choice(_NOISES)), len(sound), chance, voices) * 10 ** (-snr_db / 20)
    heard = np.clip((sound + around) * level, -1, 1)
    packets = heard[: len(heard) // PACKET * PACKET].reshape(-1, PACKET)
    if chance.random() < 0.25:
        lost, rate = False, float(chance.uniform(0.005, 0.03))
        fades = chance.random() < 0.5
        for at in range(1, len(packets)):
            lost = chance.random() < (0.4 if lost else rate)
            if lost:
                packets[at] = packets[at - 1] * 0.6 if fades else 0.0
    arrives = packets.reshape(-1)
    if chance.random() >= 0.6:
        arrives = over_alaw(arrives)
    return ulaw.encoded((arrives * 32767).astype(np.int16))


def gap_s(chance: np.random.Generator) -> float:
    return float(np.clip(chance.lognormal(math.log(0.28), 0.5), 0.05, 1.1))


def machine(chance: np.random.Generator, voices: Sequence[Voice]) -> Call:
    voice = voices[int(chance.integers(len(voices)))]
    parts = [silence(float(np.clip(chance.lognormal(math.log(0.55), 0.7), 0.1, 3.0)))]
    sentences = chance.permutation(len(voice.sentences))[: int(chance.integers(1, 5))]
    for number, at in enumerate(sentences):
        if number:
            parts.append(silence(float(chance.uniform(1.1, 1.6)) if chance.random() < 0.1 else gap_s(chance)))
        parts.append(voice.sentences[int(at)])
    greeting_s = sum(map(len, parts)) / RATE
    kind, span = "", (math.inf, math.inf)
    if chance.random() < 0.85:
        kind = str(chance.choice(_KINDS))
        parts.append(silence(float(np.clip(chance.lognormal(math.log(0.5), 0.8), 0.1, 1.8))))
        began_s = sum(map(len, parts)) / RATE
        parts.append(beep(kind, chance) * 10 ** (float(chance.normal(2, 5)) / 20))
        span = began_s, sum(map(len, parts)) / RATE
    parts.append(silence(4.0))
    return Call(on_the_line(np.concatenate(parts), chance, voices), greeting_s, kind, span)


def person(chance: np.random.Generator, voices: Sequence[Voice]) -> Call:
    """Somebody who answers, says it again, and goes on talking."""
    voice = voices[int(chance.integers(len(voices)))]
    parts = [silence(float(np.clip(chance.lognormal(math.log(0.65), 0.65), 0.1, 3.0)))]
    said = voice.hellos[int(chance.integers(len(voice.hellos)))]
    parts += [said, silence(1.5), said, silence(gap_s(chance))]
    for at in chance.permutation(len(voice.sentences))[: int(chance.integers(0, 4))]:
        parts += [voice.sentences[int(at)], silence(gap_s(chance))]
    parts.append(silence(2.0))
    return Call(on_the_line(np.concatenate(parts), chance, voices), 0.0)


# --- who listens ------------------------------------------------------------------------------------------------------


def by_listener(call: Call) -> list[Heard]:
    listener = Listener()
    heard: list[Heard] = []
    for at in range(0, len(call.payload), PACKET):
        heard += listener.feed(call.payload[at : at + PACKET])
    return heard


def by_peak(call: Call) -> list[float]:
    """When it says that there is a beep, in seconds."""
    samples = decoded(call.payload).astype(np.float64)
    frames = samples[: len(samples) // PACKET * PACKET].reshape(-1, PACKET) * np.hanning(PACKET)
    energy = np.abs(np.fft.rfft(frames, axis=1)) ** 2
    peak = energy.argmax(axis=1)
    around = [energy[np.arange(len(peak)), np.clip(peak + off, 0, energy.shape[1] - 1)] for off in (-1, 0, 1)]
    pure = (sum(around) > 0.93 * energy.sum(axis=1)) & (peak >= 8) & (peak <= 40) & (np.abs(samples).max() > 17)
    same = np.flatnonzero(pure[2:] & pure[1:-1] & pure[:-2] & (peak[2:] == peak[1:-1]) & (peak[1:-1] == peak[:-2]))
    return [float(each + 3) * PACKET / RATE for each in same]


# --- figures ----------------------------------------------------------------------------------------------------------


def say(name: str, value: float, unit: str, **more: object) -> None:
    print(json.dumps({"name": name, "value": round(value, 4), "unit": unit, **more}), flush=True)


def is_of(began_s: float, ended_s: float, call: Call) -> bool:
    return began_s < call.beep_s[1] + 0.05 and ended_s > call.beep_s[0] - 0.05


def measure(calls: int, seed: int, folder: Path | None, show: bool) -> list[str]:
    chance = np.random.default_rng(seed)
    voices = voices_of_folder(folder) if folder is not None else voices_of_espeak(39, chance)
    machines = [machine(chance, voices) for _ in range(calls)]
    persons = [person(chance, voices) for _ in range(calls)]
    began = time.process_time()
    heard = [by_listener(each) for each in (*machines, *persons)]
    cpu_s = time.process_time() - began
    sound_s = sum(len(each.payload) for each in (*machines, *persons)) / RATE
    there: Counter[str] = Counter()
    found: Counter[str] = Counter()
    early = cut = over_by_silence = 0
    lates_s: list[float] = []
    silences_s: list[float] = []
    peak_found = peak_early = 0
    for call, events in zip(machines, heard, strict=False):
        beeps = [(each.began_after / 1e6, each.ended_after / 1e6) for each in events if isinstance(each, Beep)]
        over = next((each for each in events if isinstance(each, GreetingEnded)), None)
        says = by_peak(call)
        is_early = any(ended < min(call.greeting_s, call.beep_s[0]) for _, ended in beeps)
        early += is_early
        if show and is_early:
            print("early", call.kind, call.beep_s, call.greeting_s, list(events), file=sys.stderr)
        peak_early += any(each < call.greeting_s for each in says)
        is_cut = over is not None and over.known_after / 1e6 < call.greeting_s
        cut += is_cut
        if show and is_cut:
            print("cut", call.greeting_s, over, file=sys.stderr)
        if call.kind:
            there[call.kind] += 1
            is_found = any(is_of(*each, call) for each in beeps)
            found[call.kind] += is_found
            if show and not is_found:
                print("missed", call.kind, call.beep_s, list(events), file=sys.stderr)
            peak_found += any(call.beep_s[0] <= each <= call.beep_s[1] + 0.1 for each in says)
            if over is not None and over.how is How.BEEP and not is_early:
                lates_s.append(over.known_after / 1e6 - call.beep_s[1])
        elif over is not None and over.how is How.SILENCE:
            over_by_silence += 1
            silences_s.append(over.known_after / 1e6 - call.greeting_s)
    false = sum(any(isinstance(each, Beep) for each in events) for events in heard[calls:])
    peak_false = sum(bool(by_peak(each)) for each in persons)
    beeped = sum(there.values())
    missed: list[str] = []

    def held(name: str, value: float, unit: str, bar: float, *, most: bool, **more: object) -> None:
        say(name, value, unit, bar=bar, **more)
        if value > bar if most else value < bar:
            missed.append(name)

    for kind in sorted(there):
        if kind != "plain":
            say(f"beeps of {kind} heard", found[kind] / there[kind], "ratio", of=there[kind])
    held("beeps of one tone heard", found["plain"] / there["plain"], "ratio", PLAIN_BAR, most=False, of=there["plain"])
    held(
        "beeps heard",
        sum(found.values()) / beeped,
        "ratio",
        RECALL_BAR,
        most=False,
        of=beeped,
        plain_peak=peak_found / beeped,
    )
    held(
        "greetings with a beep too early",
        early / calls,
        "ratio",
        FALSE_BAR,
        most=True,
        of=calls,
        plain_peak=peak_early / calls,
    )
    held("persons with a beep", false / calls, "ratio", FALSE_BAR, most=True, of=calls, plain_peak=peak_false / calls)
    held("greetings cut short", cut / calls, "ratio", CUT_BAR, most=True, of=calls)
    late = statistics.quantiles(lates_s, n=100)
    held("message after the beep, 95 of 100", late[94], "s", LATE_BAR_S, most=True, median=round(late[49], 3))
    silent = statistics.quantiles(silences_s, n=100)
    say("message after the last word where nothing beeps", silent[49], "s", p90=round(silent[89], 3))
    no_beep = calls - beeped
    say("greetings without a beep over by silence", over_by_silence / no_beep, "ratio", of=no_beep)
    held("CPU of a second of a call", 1000 * cpu_s / sound_s, "ms", CPU_BAR_MS, most=True)
    return missed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=400, help="machines, and as many persons")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--voices", type=Path, help="a folder with a folder of WAV files of each voice")
    parser.add_argument("--show", action="store_true", help="say on standard error which were missed")
    options = parser.parse_args()
    if options.voices is None and shutil.which("espeak-ng") is None:
        print("left out: there is no espeak-ng (apt-get install espeak-ng)", file=sys.stderr)
        return
    missed = measure(options.calls, options.seed, options.voices, options.show)
    if missed:
        sys.exit(f"missed: {', '.join(missed)}")


if __name__ == "__main__":
    main()
