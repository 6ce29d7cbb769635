"""Values of an 837P that no payer takes: a problem with its place, never silence."""

import pytest

from denialml.domain.claim import Claim
from denialml.formats import read_bytes
from tests.formats.interchange import professional

GOOD = "CLM*GOOD*150***11:B:1*Y*A*Y*Y\nLX*1\nSV1*HC:90837*150*UN*1***1"
# What a second claim looks like, which problem it gets where, and whether it is read.
VALUES = {
    "no number": (
        "CLM**150***11:B:1\nLX*1\nSV1*HC:90837*150*UN*1***1",
        ("claim-without-number", "CLM"),
        False,
    ),
    "a blank number": (
        "CLM* *150***11:B:1\nLX*1\nSV1*HC:90837*150*UN*1***1",
        ("claim-without-number", "CLM"),
        False,
    ),
    "a negative total": (
        "CLM*BAD*-5***11:B:1\nLX*1\nSV1*HC:90837*5*UN*1***1",
        ("negative-amount", "CLM02"),
        False,
    ),
    "a negative charge": (
        "CLM*BAD*5***11:B:1\nLX*1\nSV1*HC:90837*-5*UN*1***1",
        ("negative-amount", "SV102"),
        False,
    ),
    "negative units": (
        "CLM*BAD*5***11:B:1\nLX*1\nSV1*HC:90837*5*UN*-1***1",
        ("negative-amount", "SV104"),
        True,
    ),
    "an unknown frequency": (
        "CLM*BAD*5***11:B:Z\nLX*1\nSV1*HC:90837*5*UN*1***1",
        ("unknown-frequency", "CLM05-3"),
        True,
    ),
    "Arabic-Indic digits": (
        "CLM*BAD*\u0665***11:B:1\nLX*1\nSV1*HC:90837*5*UN*1***1",
        ("bad-amount", "CLM02"),
        False,
    ),
    "full-width digits": (
        "CLM*BAD*5***11:B:1\nLX*1\nSV1*HC:90837*\uff15*UN*1***1",
        ("bad-amount", "SV102"),
        False,
    ),
    "a day in other digits": (
        "CLM*BAD*5***11:B:1\nLX*1\nSV1*HC:90837*5*UN*1***1\nDTP*472*D8*\uff12\uff10\uff12\uff16\uff10\uff12\uff10\uff13",
        ("bad-date", "DTP03"),
        True,
    ),
    "fifty-one lines": (
        "CLM*BAD*51***11:B:1\n"
        + "\n".join(f"LX*{n}\nSV1*HC:90837*1*UN*1***1" for n in range(1, 52)),
        ("too-many-lines", "LX01"),
        True,
    ),
}


@pytest.mark.parametrize("name", VALUES)
def test_a_value_no_payer_takes_is_named_and_the_claim_beside_it_kept(
    name: str,
) -> None:
    segments, place, is_read = VALUES[name]
    reading = read_bytes(professional(f"{segments}\n{GOOD}"), file="f")
    numbers = [
        record.patient_control_number
        for record in reading.records
        if isinstance(record, Claim)
    ]
    assert numbers == (["BAD", "GOOD"] if is_read else ["GOOD"])
    assert [(one.code, one.element) for one in reading.problems] == [place]
    assert reading.complete == is_read


def test_line_numbers_and_pointers_are_ascii_digits() -> None:
    segments = "CLM*C*5***11:B:1\nLX*\u0663\nSV1*HC:90837*5*UN*1***\u0662:1"
    [claim] = read_bytes(professional(segments), file="f").records
    assert isinstance(claim, Claim)
    assert claim.lines[0].line_number == 1
    assert claim.lines[0].diagnosis_pointers == (1,)
