"""No correction without a record that proves it, tried hard.

Ten thousand claims with hostile and half-empty records around them, and the claims of
a small simulated practice, whole and broken. What is legal is said a second time in
`legality`, from the records alone. A failure names the seed: `hostile(seed)` makes the
claim again.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import permutations
from random import Random

import msgspec
import pytest

from denialml.domain.claim import Claim
from denialml.domain.facts import PracticeRecords
from denialml.domain.fix import Edit, Fix, FixClass
from denialml.fixes.candidate import Candidate
from denialml.fixes.catalog import candidates_of
from denialml.fixes.elements import EDITABLE, corrected
from denialml.journeys.score import Scorer
from denialml.modeling.knowledge.facts import FactBook
from denialml.modeling.risk.bundle import load_bundle
from denialml.rules.case import ClaimCase
from denialml.rules.payer_policy import NOT_CONFIGURED
from denialml.store.database import open_session
from denialml.store.records import practice_records
from tests.fixes.hostile_claims import AS_OF, Hostile, hostile
from tests.fixes.legality import PLACES, Legality, differences, plain
from tests.journeys.simulated_store import (  # noqa: F401 (fixture)
    SimulatedStore,
    simulated_store,
)

PARTS, CLAIMS_OF_A_PART = 20, 500
# Of 3,000 claims: a kind offered on fewer says little about what is legal of it.
OFTEN_ENOUGH = 20
# What a step may suppose of the claim: a payer, and numbers that are yet to come.
_SUPPOSED = ("payer.", "subscriber.member_id", "referral_number")
_NUMBER = "prior_authorization_number"
_NOTE_CHANGES = frozenset({"signed_on", "minutes", "treatment_plan_on"})


def case_of(world: Hostile) -> ClaimCase:
    claim, book = world.claim, FactBook(world.records)
    return ClaimCase(
        claim,
        as_of=world.as_of,
        payer=book.payers.get(claim.payer.payer_id),
        about_lines=[
            (
                book.line_facts(claim, line, as_of=world.as_of, own_note_only=True),
                book.line_records(claim, line, as_of=world.as_of),
            )
            for line in claim.lines
        ],
        policy=world.policy,
    )


def legality_of(world: Hostile) -> Legality:
    return Legality(
        world.claim, as_of=world.as_of, records=world.records, policy=world.policy
    )


def faults_of_corrections(
    world: Hostile, candidates: Sequence[Candidate]
) -> Iterator[str]:
    legality = legality_of(world)
    for one in candidates:
        if one.is_correction:
            for fault in legality.faults(one.edits, one.proofs):
                yield f"seed {world.seed}, {one.fix_id}: {fault}"


def faults_of_steps(world: Hostile, candidates: Sequence[Candidate]) -> Iterator[str]:
    """A step edits nothing, and supposes no other code, diagnosis, day or clinician."""
    before = plain(world.claim)
    for one in candidates:
        if one.is_correction:
            continue
        if one.edits:
            yield f"seed {world.seed}, {one.fix_id}: a step with edits"
        if one.suppose_claim is not None:
            changed = differences(before, plain(one.suppose_claim(world.claim)))
            for place in changed:
                if not place.startswith(_SUPPOSED) and not place.endswith(_NUMBER):
                    yield f"seed {world.seed}, {one.fix_id}: supposes another {place}"
            if one.line_numbers and not changed.keys() <= _places_of(world, one):
                yield f"seed {world.seed}, {one.fix_id}: supposes of other lines"
        for note, change in one.note_changes:
            if not change.keys() <= _NOTE_CHANGES:
                yield f"seed {world.seed}, {one.fix_id}: a note with other {change}"
            days = {line.service_date for line in world.claim.lines}
            if note.service_date not in days:
                yield f"seed {world.seed}, {one.fix_id}: a note of another day"


def _places_of(world: Hostile, candidate: Candidate) -> set[str]:
    """The authorization numbers of a candidate's own lines."""
    return {
        f"lines.{at}.{_NUMBER}"
        for at, line in enumerate(world.claim.lines)
        if line.line_number in candidate.line_numbers
    }


def compatible(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The corrections that may be taken together, the first of those that clash."""
    chosen: list[Candidate] = []
    for one in candidates:
        if one.is_correction and all(
            one.touches.isdisjoint(other.touches) for other in chosen
        ):
            chosen.append(one)
    return chosen


def with_all(claim: Claim, candidates: Sequence[Candidate]) -> Claim:
    return corrected(claim, [edit for one in candidates for edit in one.edits])


def told(faults: Sequence[str]) -> str:
    return "\n".join([f"{len(faults)} faults", *faults[:12]])


@pytest.mark.parametrize("part", range(PARTS))
def test_no_suggestion_changes_what_no_record_proves(part: int) -> None:
    found: list[str] = []
    corrections = 0
    for seed in range(part * CLAIMS_OF_A_PART, (part + 1) * CLAIMS_OF_A_PART):
        world = hostile(seed)
        candidates = candidates_of(case_of(world))
        corrections += sum(one.is_correction for one in candidates)
        found += faults_of_corrections(world, candidates)
        found += faults_of_steps(world, candidates)
    assert not found, told(found)
    # Claims on which nothing can be corrected would prove nothing.
    assert corrections > CLAIMS_OF_A_PART // 4


def test_corrections_can_be_made_together_in_any_order() -> None:
    several = 0
    for seed in range(2000):
        world = hostile(seed)
        chosen = compatible(candidates_of(case_of(world)))[:3]
        several += len(chosen) > 1
        try:
            results = [with_all(world.claim, some) for some in permutations(chosen)]
        except ValueError as error:
            kinds = ", ".join(one.fix_id for one in chosen)
            pytest.fail(f"seed {seed}, {kinds}: {error}")
        assert all(one == results[0] for one in results), seed
    assert several > 200


def test_every_element_is_known_to_the_oracle() -> None:
    assert PLACES.keys() == EDITABLE


def test_every_kind_of_correction_is_tried_often_enough_to_be_judged() -> None:
    """The hostile claims reach all that the catalogue can correct, and all elements."""
    kinds: Counter[str] = Counter()
    fields: Counter[str] = Counter()
    for seed in range(3000):
        for one in candidates_of(case_of(hostile(seed))):
            if one.is_correction:
                kinds[str(one.kind)] += 1
                fields.update({edit.field for edit in one.edits})
    assert kinds.keys() == {
        "attach_authorization",
        "correct_authorization_number",
        "correct_place_of_service",
        "correct_telehealth_modifier",
        "add_degree_modifier",
        "correct_member_number",
        "correct_demographics",
        "correct_taxonomy_code",
        "add_supervisor",
        "add_original_claim_number",
        "send_as_replacement",
        "correct_total_charge",
        "reduce_units",
        "bill_documented_code",
    }
    assert min(kinds.values()) >= OFTEN_ENOUGH, kinds
    assert fields.keys() == EDITABLE
    assert min(fields.values()) >= OFTEN_ENOUGH // 2, fields


def test_the_oracle_refuses_what_is_illegal() -> None:
    """The check has teeth: a proved correction, spoilt in several ways, is refused."""
    refused = 0
    for seed in range(400):
        world = hostile(seed)
        legality = legality_of(world)
        for one in candidates_of(case_of(world)):
            if not one.is_correction or any(legality.faults(one.edits, one.proofs)):
                continue
            spoilt = {
                "no proof": (one.edits, ()),
                "another value": (
                    tuple(
                        msgspec.structs.replace(edit, after=_other(edit))
                        for edit in one.edits
                    ),
                    one.proofs,
                ),
                "a proof that is not on file": (
                    one.edits,
                    tuple(
                        msgspec.structs.replace(proof, record_id="Z9")
                        for proof in one.proofs
                    ),
                ),
            }
            for name, (edits, proofs) in spoilt.items():
                assert any(legality.faults(edits, proofs)), (seed, one.fix_id, name)
                refused += 1
    assert refused > 300


def _other(edit: Edit) -> str:
    """A value that nothing on file carries."""
    if edit.field in ("2400 SV102", "2400 SV104", "2300 CLM02"):
        return str(Decimal(edit.after) + 7)
    if edit.field.endswith("DMG02"):
        return "1901-02-03"
    return "Z9"


@pytest.fixture(scope="module")
def scorer_and_records(
    simulated_store: SimulatedStore,  # noqa: F811
) -> tuple[Scorer, PracticeRecords]:
    with open_session(simulated_store.engine) as session:
        records = practice_records(session, simulated_store.organization_id)
    bundle = load_bundle(simulated_store.serving, seal=simulated_store.seal)
    return Scorer(records, bundle), records


def broken(claim: Claim, random: Random) -> Claim:
    """The claim with one thing wrong that practices get wrong."""
    first = claim.lines[0]
    match random.randrange(6):
        case 0:
            return msgspec.structs.replace(claim, prior_authorization_number="")
        case 1:
            return msgspec.structs.replace(
                claim, place_of_service=random.choice(("02", "10", "11"))
            )
        case 2:
            new = msgspec.structs.replace(first, modifiers=())
        case 3:
            new = msgspec.structs.replace(first, procedure_code="90837")
        case 4:
            new = msgspec.structs.replace(first, units=first.units * 3)
        case _:
            subscriber = msgspec.structs.replace(claim.subscriber, member_id="ZZ9")
            return msgspec.structs.replace(claim, subscriber=subscriber)
    return msgspec.structs.replace(claim, lines=(new, *claim.lines[1:]))


def test_fixes_of_scored_claims_are_legal(
    simulated_store: SimulatedStore,  # noqa: F811
    scorer_and_records: tuple[Scorer, PracticeRecords],
) -> None:
    scorer, records = scorer_and_records
    random = Random("broken claims")
    outgoing = simulated_store.outgoing[:25]
    claims = [*outgoing, *(broken(one, random) for one in outgoing)]
    found: list[str] = []
    fixes: list[Fix] = []
    for claim, score in zip(claims, scorer.score(claims), strict=True):
        assert score.fixes is not None
        fixes += score.fixes.fixes
        legality = Legality(
            claim, as_of=score.as_of, records=records, policy=NOT_CONFIGURED
        )
        for one in score.fixes.fixes:
            where = f"{claim.patient_control_number}, {one.fix_id}"
            if one.fix_class is FixClass.DATA_CORRECTION and one.kind != "follow_rule":
                faults = legality.faults(one.edits, one.proofs)
                found += [f"{where}: {fault}" for fault in faults]
            elif one.edits:
                found.append(f"{where}: edits without being a correction")
        named = {one.fix_id: one for one in score.fixes.fixes}
        for chosen in (score.fixes.smallest, score.fixes.by_correction):
            if chosen is None:
                continue
            some = [named[fix_id] for fix_id in chosen.fix_ids]
            assert all(one.fix_class != FixClass.NEVER_SUGGESTED for one in some)
            edits = [edit for one in some for edit in one.edits]
            changed = differences(plain(claim), plain(corrected(claim, edits)))
            assert bool(changed) is bool(edits)
    assert not found, told(found)
    assert any(one.edits for one in fixes)


def test_a_day_beyond_the_records_changes_nothing() -> None:
    """Records that become known after the day prove nothing on it."""
    for seed in range(300):
        world = hostile(seed)
        records = world.records
        known = msgspec.structs.replace(
            records,
            eligibility_checks=tuple(
                one for one in records.eligibility_checks if one.checked_on <= AS_OF
            ),
            authorizations=tuple(
                one for one in records.authorizations if one.issued_on <= AS_OF
            ),
            submitted_claims=tuple(
                one for one in records.submitted_claims if one.submitted_on < AS_OF
            ),
            adjudications=tuple(
                one for one in records.adjudications if one.received_on < AS_OF
            ),
        )
        ids = {one.claim_id for one in known.submitted_claims}
        known = msgspec.structs.replace(
            known,
            adjudications=tuple(
                one for one in known.adjudications if one.claim_id in ids
            ),
        )
        plain_case = case_of(world)
        known_case = case_of(world._replace(records=known))
        assert [one.fix_id for one in candidates_of(plain_case)] == [
            one.fix_id for one in candidates_of(known_case)
        ], seed
