"""Values that know where they come from: the only thing a template may print.

A template prints `Value`s; each carries the record field, document span or authority
behind it. Rendering wraps it in a ``data`` element, from which `markup` collects the
sources of the sentence around it, so that no template author can forget a source.
"""

from datetime import date, time
from decimal import Decimal

from markupsafe import Markup, escape

_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August"),
    *("September", "October", "November", "December"),
)


class Value:
    """One printable fact: its text and the sources that support it.

    `text` is plain text, never markup. Control characters are replaced by spaces: a
    record may hold anything, a letter may not. An empty text is false.
    """

    __slots__ = ("sources", "text")

    def __init__(self, text: str, *sources: str) -> None:
        self.text = printable(text)
        self.sources = tuple(source for source in sources if source)

    def __str__(self) -> str:
        return self.text

    def __bool__(self) -> bool:
        return bool(self.text)

    def __html__(self) -> str:
        sources = escape(" ".join(self.sources))
        return Markup('<data value="{}">{}</data>').format(sources, self.text)

    def __repr__(self) -> str:
        return f"Value(sources={self.sources!r})"  # never the text: it may be PHI


def printable(text: str) -> str:
    """`text` on one line, without control and other unprintable characters."""
    kept = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(kept.split())


def day(when: date | None, source: str) -> Value | None:
    """A date in American letter form (March 2, 2026); None where there is none."""
    if when is None:
        return None
    return Value(day_text(when), source)


def day_text(when: date) -> str:
    """March 2, 2026."""
    return f"{_MONTHS[when.month - 1]} {when.day}, {when.year}"


def clock(when: time | None, source: str) -> Value | None:
    """A time of day as 9:05 a.m.; None where there is none."""
    if when is None:
        return None
    return Value(clock_text(when), source)


def clock_text(when: time) -> str:
    """9:05 a.m."""
    hour = when.hour % 12 or 12
    return f"{hour}:{when.minute:02d} {'a.m.' if when.hour < 12 else 'p.m.'}"


def dollars(amount: Decimal | None, source: str) -> Value | None:
    """Dollars and cents with thousands separators: $1,234.50."""
    if amount is None:
        return None
    return Value(dollars_text(amount), source)


def dollars_text(amount: Decimal) -> str:
    """$1,234.50, or -$20.00."""
    sign = "-" if amount < 0 else ""
    return f"{sign}${abs(amount):,.2f}"


def number(quantity: Decimal | int | None, source: str) -> Value | None:
    """A count without trailing zeros: 4, 1.5."""
    if quantity is None:
        return None
    return Value(number_text(quantity), source)


def number_text(quantity: Decimal | int) -> str:
    """4 for Decimal('4.0'), 1.5 for Decimal('1.50')."""
    text = f"{Decimal(quantity):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def said(text: str, source: str) -> Value | None:
    """A text as sent; None where the record holds none."""
    value = Value(text, source)
    return value if value else None


def always(value: Value | None) -> Value:
    """A value of which the record always holds one."""
    assert value is not None
    return value


def label_in_words(label: str) -> str:
    """A table's short label as it reads inside a sentence."""
    words = label.replace("~", "about ")
    starts_a_word = words[1:2].islower()
    return words[0].lower() + words[1:] if starts_a_word else words
