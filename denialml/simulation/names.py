"""Invented names and well-formed, invented identifiers.

The word lists are ours and describe nobody: given names are plants, family names are
weather and landscape. NPIs carry a valid check digit (Luhn over the prefix 80840)
because readers check it, and start with 1999 so that they are recognizable.
"""

from random import Random

GIVEN_NAMES = (
    "Juniper", "Rowan", "Hazel", "Basil", "Clover", "Sorrel", "Linden", "Myrtle",
    "Aspen", "Fern", "Laurel", "Reed", "Willow", "Cedar", "Tansy", "Yarrow",
    "Bryony", "Heath", "Saffron", "Thyme", "Sage", "Alder", "Bramble", "Indigo",
)  # fmt: skip
FAMILY_NAMES = (
    "Testharbor", "Fauxridge", "Samplebrook", "Mockingdale", "Drizzlewick",
    "Foglander", "Hailstead", "Mistvale", "Thawborn", "Breezemoor", "Sleetham",
    "Cloudhurst", "Galeford", "Duneworth", "Marshling", "Quarrystone", "Fenwater",
    "Cragbottom", "Pebblecombe", "Ravineson", "Tundrafield", "Meadowmark",
    "Summitsby", "Delveridge", "Gulchester", "Shoalman", "Tarnwick", "Knollsworth",
)  # fmt: skip
STREETS = ("Placeholder Way", "Example Lane", "Specimen Road", "Sample Street")
CITIES = (
    ("Springvale", "OH", "43004"),
    ("Lakemont", "OH", "43085"),
    ("Easterly", "OH", "44012"),
    ("Fairhollow", "OH", "45013"),
    ("Northbend", "OH", "45233"),
)


def npi(number: int) -> str:
    """A ten-digit NPI with a valid check digit, `number` below 100,000."""
    stem = f"1999{number:05d}"
    total = 24  # the Luhn sum of the constant prefix 80840
    for position, character in enumerate(reversed(stem)):
        digit = int(character)
        if position % 2 == 0:
            digit *= 2
            if digit > 9:
                digit -= 9
        total += digit
    return f"{stem}{(10 - total % 10) % 10}"


def person_name(random: Random) -> tuple[str, str]:
    """Given name and family name."""
    return random.choice(GIVEN_NAMES), random.choice(FAMILY_NAMES)
