"""Which last day a letter has already missed, said before anyone sends it.

An appeal and records sent for review run against the appeal window; a corrected claim
against the corrected-claim limit; a new claim against the filing limit.
"""

from datetime import date

import msgspec

from denialml.appeals.case_file import CaseFile
from denialml.appeals.deadlines import filing_deadline
from denialml.appeals.values import day_text
from denialml.domain.denial import Deadline, Route


def claim_limit(case: CaseFile) -> Deadline | None:
    """The last day to send the corrected or new claim; None on other routes."""
    route = case.route.route
    if route is Route.CORRECTED_CLAIM:
        return filing_deadline(
            case.claim, case.payer, remitted_on=case.denial.denied_on
        )
    if route is Route.NEW_CLAIM:
        return filing_deadline(case.claim, case.payer)
    return None


def limit_in_words(limit: Deadline) -> str:
    """Whose limit it is, and that it is only a usual one where it is."""
    rule = next((one for one in limit.bases if one.due_on == limit.due_on), None)
    if rule is None:
        return "counted from the record"
    if limit.status == "not_configured":
        return f"earliest usual limit, {rule.length}; this payer's own is not set up"
    return f"{rule.rule}, {rule.length}"


def lateness(case: CaseFile, *, on: date) -> tuple[str, ...]:
    """What was due before `on`, one sentence for each; () where nothing was."""
    late = []
    due = case.deadline.due_on
    if due is not None and due < on and case.route.route is Route.APPEAL:
        late.append(
            f"The last day to appeal was {day_text(due)}; a late appeal needs good "
            "cause, said in the letter."
        )
    if due is not None and due < on and case.route.route is Route.RECORDS:
        late.append(
            f"The last day to appeal was {day_text(due)}: the payer may refuse to look "
            "at records now, and no appeal is left if it does."
        )
    limit = claim_limit(case)
    if limit is not None and limit.due_on is not None and limit.due_on < on:
        what = "new" if case.route.route is Route.NEW_CLAIM else "corrected"
        late.append(
            f"The last day to send a {what} claim was {day_text(limit.due_on)} "
            f"({limit_in_words(limit)}). Ask the payer for an exception before it is "
            "sent, or review the balance for write-off."
        )
    return tuple(late)


def warned_of_lateness(case: CaseFile, *, on: date) -> CaseFile:
    """The case with each missed last day among the warnings of its route."""
    late = lateness(case, on=on)
    if not late:
        return case
    route = msgspec.structs.replace(
        case.route, warnings=tuple(dict.fromkeys((*late, *case.route.warnings)))
    )
    return msgspec.structs.replace(case, route=route)
