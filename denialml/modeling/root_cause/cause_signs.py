"""What on file points to a root cause of a denied line: signs, each with a sentence.

A sign is a plain fact about the line on the day the claim was sent ("no authorization
for 90837 was on file"). What a sign says about each of the 17 causes stands, with its
reason, in the packaged table `cause_signs.csv`; nothing here knows a weight. Absent
knowledge gives no sign.
"""

from denialml.modeling.root_cause.coverage_signs import COVERAGE_READERS
from denialml.modeling.root_cause.service_signs import SERVICE_READERS
from denialml.modeling.root_cause.sign import Sign, SignContext

_READERS = (*COVERAGE_READERS, *SERVICE_READERS)


def find_signs(context: SignContext) -> tuple[Sign, ...]:
    """Every sign that holds for the line, in the order of the claim's life."""
    return tuple(sign for reader in _READERS for sign in reader(context))
