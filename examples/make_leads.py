"""Writes leads.csv: 2,000 leads with numbers from the ranges that regulators reserve for fiction.

North America: 555-0100 to 555-0199 in every area code (NANPA). United Kingdom: Ofcom's numbers for drama use.
Australia: ACMA's numbers for use in creative works. None of them can reach anybody.
"""

from __future__ import annotations

import csv
from pathlib import Path
from random import Random

AREA_CODES = {
    "America/New_York": ("212", "305", "404", "617", "919"),
    "America/Chicago": ("312", "504", "612", "713"),
    "America/Denver": ("303", "505", "801"),
    "America/Los_Angeles": ("206", "213", "415", "503", "702"),
    "America/Toronto": ("416", "514"),
}
FIRST_NAMES = [
    "Ada",
    "Ben",
    "Cleo",
    "Dev",
    "Elif",
    "Finn",
    "Grace",
    "Hugo",
    "Ines",
    "Jon",
    "Kim",
    "Lena",
    "Milo",
    "Nora",
    "Omar",
    "Pia",
    "Quin",
    "Rosa",
    "Sam",
    "Tess",
]
LAST_NAMES = [
    "Abel",
    "Berg",
    "Costa",
    "Diaz",
    "Eriksen",
    "Fox",
    "Gray",
    "Hale",
    "Ivanov",
    "Jones",
    "Kaya",
    "Lund",
    "Moss",
    "Nagy",
    "Ortiz",
    "Park",
    "Reed",
    "Silva",
]


def numbers() -> list[tuple[str, str]]:
    """Every reserved number used here, with its time zone."""
    found = [
        (f"+1{area}5550{n}", zone) for zone, areas in AREA_CODES.items() for area in areas for n in range(100, 200)
    ]
    found += [(f"+4420794600{n:02d}", "Europe/London") for n in range(100)]
    found += [(f"+44770090{n:04d}", "Europe/London") for n in range(100)]
    found += [(f"+612555001{n:02d}", "Australia/Sydney") for n in range(100)]
    return found


def main() -> None:
    random = Random(2021_01_30)
    chosen = random.sample(numbers(), 2000)
    path = Path(__file__).with_name("leads.csv")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["phone", "first_name", "last_name", "account_number", "time_zone"])
        for index, (number, zone) in enumerate(chosen):
            account = f"AC-{100_000 + index * 7}"
            writer.writerow([number, random.choice(FIRST_NAMES), random.choice(LAST_NAMES), account, zone])


if __name__ == "__main__":
    main()
