"""Fixes that put the right authorization on the claim, or on file."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from denialml.domain.claim import Claim, ServiceLine
from denialml.domain.coverage import Authorization
from denialml.domain.facts import AuthorizationState, PracticeRecords
from denialml.domain.fix import Edit, FixBy, FixClass, Proof
from denialml.fixes.candidate import Candidate, FixKind, correction
from denialml.fixes.elements import AUTHORIZATION, LINE_AUTHORIZATION, edit_of
from denialml.rules.case import ClaimCase, LineCase
from denialml.rules.families.authorizations import (
    best_on_file,
    called,
    needs_none,
    on_the_day,
    plain_number,
)
from denialml.rules.words import listed, plain

_TOUCHES = "authorization"
_RULES = frozenset({"BH-022", "BH-023", "BH-024", "BH-025", "BH-026", "BH-132"})
_WRONG_CODE = AuthorizationState.WRONG_CODE
_NONE, _VALID = AuthorizationState.NONE, AuthorizationState.VALID
_TO_COME = "TO COME"
_OF_OTHER_DATES = (
    "is for other codes and other dates: ask the payer to authorize the code that was"
    " delivered for the date of service"
)
_ASKS = {
    AuthorizationState.EXPIRED: "ended before the service: ask the payer to extend it,"
    " or to date an extension back",
    AuthorizationState.NOT_YET: "begins after the service: ask the payer to date it"
    " back",
    AuthorizationState.EXHAUSTED: "has too few units left: ask the payer for more by"
    " concurrent review",
    _WRONG_CODE: "is for other codes: ask the payer to add the code that was delivered",
    AuthorizationState.DENIED: "was refused: appeal that decision or ask for a new one",
}


def authorization_fixes(case: ClaimCase) -> Iterator[Candidate]:
    """What the authorizations on file allow for this claim."""
    lines = [line for line in case.lines if not needs_none(line)]
    attached = [line for line in lines if not _billed(line) and _covering(line)]
    if attached:
        yield _attach(case, attached)
    replaced = [line for line in lines if _is_wrong_number(line)]
    if replaced:
        yield _replace(case, replaced)
    asked = [line for line in lines if line.facts.authorization_state is not _VALID]
    if asked:
        yield _ask(case, asked)


def _billed(line: LineCase) -> str:
    return line.line.prior_authorization_number or line.claim.prior_authorization_number


def _covering(line: LineCase) -> Authorization | None:
    """The authorization on file that covers code, days and units, of this clinician."""
    if line.facts.authorization_state is not _VALID or line.day is None:
        return None
    found = best_on_file(line)
    if found is None or not found.authorization_number:
        return None
    if found.clinician_npi not in ("", line.rendering_npi):
        return None
    last = line.line.service_date_end or line.day
    return found if found.ends_on is None or last <= found.ends_on else None


def _attach(case: ClaimCase, lines: list[LineCase]) -> Candidate:
    numbered = any(_billed(line) for line in case.lines)
    return _number(
        case,
        lines,
        FixKind.ATTACH_AUTHORIZATION,
        "Put authorization {numbers}, which is on file, on the claim (REF*G1).",
        for_claim=not numbered and len(lines) == len(case.lines),
    )


def _number(
    case: ClaimCase,
    lines: list[LineCase],
    kind: FixKind,
    statement: str,
    *,
    for_claim: bool,
) -> Candidate:
    """Sets the number that covers each line: for the whole claim where one does and
    `for_claim` allows it, else line by line."""
    found = [_known(line) for line in lines]
    numbers = list(dict.fromkeys(one.authorization_number for one in found))
    if for_claim and len(numbers) == 1:
        edits: tuple[Edit, ...] = (edit_of(case.claim, AUTHORIZATION, numbers[0]),)
        meant: tuple[int, ...] = ()
    else:
        meant = _numbers(lines)
        edits = tuple(
            edit_of(
                case.claim,
                LINE_AUTHORIZATION,
                one.authorization_number,
                line_number=number,
            )
            for number, one in zip(meant, found, strict=True)
        )
    return correction(
        kind,
        statement=statement.format(numbers=listed(numbers)),
        edits=edits,
        proofs=_proofs(list(zip(found, lines, strict=True))),
        line_numbers=meant,
        may_resolve=_RULES,
        touches=_TOUCHES,
    )


def _is_wrong_number(line: LineCase) -> bool:
    """The number on the claim is of an authorization on file that does not fit, or is
    the fitting one's in another writing. One that is not on file may be newer than the
    records: nothing proves it wrong."""
    billed, fitting = _billed(line), _covering(line)
    if not billed or fitting is None or fitting.authorization_number == billed:
        return False
    on_file = {one.authorization_number for one in line.records.authorizations}
    return billed in on_file or (
        plain_number(billed) == plain_number(fitting.authorization_number)
    )


def _replace(case: ClaimCase, lines: list[LineCase]) -> Candidate:
    own = any(line.line.prior_authorization_number for line in case.lines)
    return _number(
        case,
        lines,
        FixKind.CORRECT_AUTHORIZATION_NUMBER,
        "Set the authorization number (REF*G1) to {numbers}, the one on file that"
        " covers the service.",
        for_claim=not own and len(lines) == len(case.lines),
    )


def _ask(case: ClaimCase, lines: list[LineCase]) -> Candidate:
    """What to ask of the payer, each line by the state of its own authorization."""
    hoped: dict[str, list[LineCase]] = {}
    for line in lines:
        number = line.facts.authorization_number or _TO_COME
        hoped.setdefault(number, []).append(line)
    every = len(lines) == len(case.lines)
    none_on_file = all(line.facts.authorization_state is _NONE for line in lines)
    return Candidate(
        kind=(
            FixKind.REQUEST_AUTHORIZATION
            if none_on_file
            else FixKind.EXTEND_AUTHORIZATION
        ),
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.AUTHORIZATIONS,
        statement=_asks(lines),
        line_numbers=() if every else _numbers(lines),
        proofs=_proofs(
            [(one, line) for line in lines if (one := best_on_file(line)) is not None]
        ),
        assumes="the payer authorizes the service, and its number is on the claim",
        supposed=PracticeRecords(
            authorizations=tuple(
                _granted(case, number, some) for number, some in hoped.items()
            )
        ),
        suppose_claim=_with_numbers(
            {
                line.line.line_number: number
                for number, some in hoped.items()
                for line in some
            },
            for_claim=every and len(hoped) == 1,
        ),
        touches=frozenset({_TOUCHES}),
        may_resolve=_RULES,
    )


def _asks(lines: list[LineCase]) -> str:
    """What is wrong with the authorizations on file, each with its lines' codes, and
    what to ask the payer for."""
    asked: dict[tuple[AuthorizationState, str], list[LineCase]] = {}
    for line in lines:
        state, number = line.facts.authorization_state, line.facts.authorization_number
        asked.setdefault((state, number), []).append(line)
    says, anew = [], []
    for (state, number), some in asked.items():
        if state is _NONE:
            anew += some
            continue
        name = called(number, first=len(asked) == 1)
        which = "" if len(asked) == 1 else f"For {_codes(some)}, "
        says.append(f"{which}{name} {_asks_for(state, some)}.")
    if anew:
        says.append(
            f"Ask the payer for a retroactive authorization of {_codes(anew)}, and get"
            " one before the next visit."
        )
    if len(anew) < len(lines):
        says.append(
            "Hold the claim until the payer answers; the date of service stays as it"
            " is."
        )
    return " ".join(says)


def _asks_for(state: AuthorizationState, lines: list[LineCase]) -> str:
    held = [(best_on_file(line), line) for line in lines]
    if state is _WRONG_CODE and any(
        one is not None and not on_the_day(one, line) for one, line in held
    ):
        return _OF_OTHER_DATES
    return _ASKS[state]


def _codes(lines: list[LineCase]) -> str:
    return listed(dict.fromkeys(line.line.procedure_code for line in lines))


def _granted(case: ClaimCase, number: str, lines: list[LineCase]) -> Authorization:
    """The authorization of these lines as it is hoped for."""
    claim = case.claim
    days = [line.day for line in lines if line.day is not None]
    return Authorization(
        authorization_number=number,
        payer_id=claim.payer.payer_id,
        member_id=claim.subscriber.member_id,
        medical_record_number=claim.medical_record_number,
        issued_on=case.as_of,
        procedure_codes=tuple(
            dict.fromkeys(line.line.procedure_code for line in lines)
        ),
        begins_on=min(days, default=case.as_of),
    )


def _with_numbers(
    numbers: Mapping[int, str], *, for_claim: bool
) -> Callable[[Claim], Claim]:
    """Puts each line's number on it, or the only one on the claim; a line that is not
    named keeps its own."""

    def change(claim: Claim) -> Claim:
        if for_claim:
            [number] = set(numbers.values())
            lines = tuple(_with_own_number(line, "") for line in claim.lines)
            return msgspec.structs.replace(
                claim, prior_authorization_number=number, lines=lines
            )
        return msgspec.structs.replace(
            claim,
            lines=tuple(
                _with_own_number(line, numbers[line.line_number])
                if line.line_number in numbers
                else line
                for line in claim.lines
            ),
        )

    return change


def _with_own_number(line: ServiceLine, number: str) -> ServiceLine:
    return msgspec.structs.replace(line, prior_authorization_number=number)


def _known(line: LineCase) -> Authorization:
    found = _covering(line)
    assert found is not None
    return found


def _numbers(lines: list[LineCase]) -> tuple[int, ...]:
    return tuple(line.line.line_number for line in lines)


def _proofs(held: Sequence[tuple[Authorization, LineCase]]) -> tuple[Proof, ...]:
    """Each authorization on file once, with a line for which its units are counted."""
    counted: dict[Authorization, LineCase] = {}
    for one, line in held:
        if one not in counted or line.facts.authorization_units_left is not None:
            counted[one] = line
    return tuple(
        Proof(
            record_kind="authorization",
            record_id=one.authorization_number,
            says=_in_words(one, line),
            known_on=one.issued_on,
        )
        for one, line in counted.items()
    )


def _in_words(one: Authorization, line: LineCase) -> str:
    codes = (
        listed(list(one.procedure_codes)) if one.procedure_codes else "no code named"
    )
    says = f"{called(one, first=True)}: {codes}"
    if one.begins_on is not None or one.ends_on is not None:
        begins, ends = one.begins_on or "no first day", one.ends_on or "no last day"
        says += f", {begins} to {ends}"
    if one.units is not None:
        says += f", {plain(one.units)} units"
        left = line.facts.authorization_units_left
        if left is not None:
            says += f" of which {plain(left) if left > 0 else 'none'} are left"
    return f"{says}."
