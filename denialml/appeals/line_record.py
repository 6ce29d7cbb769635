"""One denied line with what speaks for it: a letter covers one or several of them."""

from denialml.appeals.case_file import CaseFile
from denialml.appeals.evidence import EvidenceFile
from denialml.appeals.known_facts import FactsContext
from denialml.domain.record import Judgment


class LineRecord(Judgment, frozen=True):
    """What a letter may say of one denied line. Grain: denial.

    `evidence` holds the line's own exhibits, under labels of its own; in a letter of
    several lines the merged file's labels count.
    """

    case: CaseFile
    evidence: EvidenceFile
    facts: FactsContext
