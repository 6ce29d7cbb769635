"""A corrected draft of one outgoing claim, chosen on the page, as a file to save."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from api.bodies import X12_MEDIA_TYPE
from api.dependencies import Purpose, Visit, admitted
from api.pages.forms import Form, require_token
from api.pages.outgoing import carried_claim, read_admitted_form, upload_page
from api.permissions import Permission
from api.problems import RequestProblem
from api.routes.corrections import corrected_claims
from api.scoring import read_claims
from api.scoring_limits import ScoringLimits
from denialml.errors import InputError, ModelError, RulesRejected
from denialml.journeys.draft_files import FixRefused

router = APIRouter(prefix="/claims", include_in_schema=False)
Correcting = Annotated[
    Visit,
    Depends(
        admitted(Permission.CLAIMS_SCORE, Purpose.READ, by_cookie=True),
        scope="function",
    ),
]
_FILE_NAME = "corrected-draft.837"
_FIX = "fix-"
_AGAIN = "To choose other corrections, go back or upload the file again."
_NOTHING_CHOSEN = (
    "No draft was written: no correction was ticked. Go back, or upload the file again,"
    " and choose at least one correction to make."
)
_NOT_READ = "The claim could not be read again: upload its file anew."


@router.post("/corrections")
def write_draft(
    visit: Correcting, form: Annotated[Form, Depends(read_admitted_form)]
) -> Response:
    """The chosen corrections of the claim that the form carries, as 837P test data.

    The claim is scored again as of the day it was shown for: what was offered then must
    be offered still.
    """
    require_token(visit, form)
    chosen = tuple(
        value for name, value in sorted(form.fields.items()) if name.startswith(_FIX)
    )
    if not chosen:
        return upload_page(visit, refusal=_NOTHING_CHOSEN)
    limits = ScoringLimits.of(visit.service.settings)
    try:
        content = carried_claim(form)
        read = read_claims(content, file="the claim", limits=limits, today=visit.today)
        [claim] = read.claims
        if not read.complete:
            return upload_page(visit, refusal=_NOT_READ)
        number = claim.patient_control_number
        drafted = corrected_claims(
            visit,
            [claim],
            {number: chosen},
            as_of=claim.submitted_on,
            file=content,
        )
    except FixRefused as refused:
        why = f"No draft of claim {number} was written: {refused.reason}. {_AGAIN}"
        return upload_page(visit, refusal=why)
    except (InputError, RulesRejected, ModelError) as error:
        return upload_page(visit, refusal=str(error))
    except (RequestProblem, ValueError):
        return upload_page(visit, refusal=_NOT_READ)
    return Response(
        drafted.x12,
        media_type=X12_MEDIA_TYPE,
        headers={"Content-Disposition": f'attachment; filename="{_FILE_NAME}"'},
    )
