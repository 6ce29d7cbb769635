"""Hand-made answers for the radar's tests: a clinic of a few payers, seeded.

Not a simulation of anything: every line is denied with the same small chance, on top
of which a test adds what it is about.
"""

from collections.abc import Callable
from datetime import date, timedelta
from random import Random

import msgspec

from denialml.modeling.radar.answers import LineAnswer
from denialml.modeling.radar.settings import RadarSettings
from denialml.modeling.radar.watch import Watch

FIRST = date(2024, 1, 1)
CODES = ("90834", "90837", "90837", "99214")
SESSIONS = ("11/", "11/", "02/95")
REASONS = ("CO-16", "CO-50", "CO-97", "CO-11")


def clinic(
    *,
    seed: int,
    days: int = 500,
    payers: tuple[str, ...] = ("P1", "P2", "P3"),
    a_day: int = 4,
    rate: float = 0.03,
    denials_late: float = 1.35,
    deny: Callable[[LineAnswer, Random], str] | None = None,
    volume: Callable[[int], float] = lambda day: 1.0,
    code: Callable[[int, Random], str] | None = None,
) -> list[LineAnswer]:
    """Answers in the order received; days count from `FIRST`.

    `deny` says under which reason a line is denied beyond chance (empty: it is not);
    `volume` multiplies `a_day`; `code` chooses the procedure code of a day.
    """
    random = Random(seed)
    answers = [
        _answer(random, payer, day, rate, denials_late, deny, code)
        for day in range(days)
        for payer in payers
        for _ in range(round(a_day * volume(day) * random.uniform(0.5, 1.5)))
    ]
    answers.sort(key=lambda one: (one.received_on, one.submitted_on))
    last = (FIRST + timedelta(days=days)).toordinal()
    return [one for one in answers if one.received_on <= last]


def _answer(
    random: Random,
    payer: str,
    day: int,
    rate: float,
    denials_late: float,
    deny: Callable[[LineAnswer, Random], str] | None,
    code: Callable[[int, Random], str] | None,
) -> LineAnswer:
    patient = random.randrange(120)
    served = FIRST.toordinal() + day
    sent = served + random.randint(1, 5)
    one = LineAnswer(
        received_on=sent,
        submitted_on=sent,
        served_on=served,
        payer=payer,
        code=code(day, random) if code else random.choice(CODES),
        session=random.choice(SESSIONS),
        diagnosis=random.choice(("F41", "F33", "F43")),
        clinician=f"clinician-{patient % 8}",
        patient=f"patient-{payer}-{patient}",
        reason=random.choice(REASONS) if random.random() < rate else "",
    )
    reason = one.reason or (deny(one, random) if deny else "")
    wait = 5 + random.gammavariate(3, 4) * (denials_late if reason else 1.0)
    return msgspec.structs.replace(one, reason=reason, received_on=sent + round(wait))


def watched(answers: list[LineAnswer], **settings: float) -> Watch:
    """The radar after all answers."""
    watch = Watch(answers, RadarSettings(**settings))  # type: ignore[arg-type]
    watch.run()
    return watch


def reasons_alarmed(watch: Watch) -> set[str]:
    """The reasons of all alarms, those that belong to one change included."""
    return {stream.reason for one in watch.changes for stream in one.streams}


def day_of(day: int) -> int:
    """The ordinal of a day counted from `FIRST`."""
    return FIRST.toordinal() + day
