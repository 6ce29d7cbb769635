"""What a letter template needs before it may be written: documents and facts."""

from denialml.domain.record import Fact


class EvidenceGroup(Fact, frozen=True):
    """Kinds of documents of which any one will do; `why` says what it shows.

    `facts` are names of `FactsContext` that carry the argument in place of a document
    (a trace number that the payer itself can look up).
    """

    kinds: tuple[str, ...]
    why: str
    facts: tuple[str, ...] = ()


class EvidenceNeeds(Fact, frozen=True):
    """What a letter attaches. Without one of each `essential` group no letter.

    A `wanted` group that is absent is listed as missing; `optional` kinds are attached
    where they are on file.
    """

    essential: tuple[EvidenceGroup, ...] = ()
    wanted: tuple[EvidenceGroup, ...] = ()
    optional: tuple[str, ...] = ()

    @property
    def groups(self) -> tuple[EvidenceGroup, ...]:
        """Every group that is listed as missing where it is absent."""
        return (*self.essential, *self.wanted)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Every kind that may be attached, in the order of the exhibits."""
        grouped = (kind for group in self.groups for kind in group.kinds)
        return tuple(dict.fromkeys((*grouped, *self.optional)))


class UnansweredGround(Fact, frozen=True):
    """Codes that this letter's argument does not answer, and what to do about them.

    `facts` and `kinds`: with one of these known or attached it does answer them.
    """

    codes: tuple[str, ...]
    why: str
    facts: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()


class FactNeeds(Fact, frozen=True):
    """Names of `FactsContext`. Without an `essential` one no letter is drafted.

    A `wanted` one that is absent is listed as missing and its sentence left out.
    """

    essential: tuple[str, ...] = ()
    wanted: tuple[str, ...] = ()
