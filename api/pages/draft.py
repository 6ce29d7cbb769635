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
        return upload_page(visit, refusal="Choose at least one correction to make.")
    limits = ScoringLimits.of(visit.service.settings)
    try:
        content = carried_claim(form)
        [claim] = read_claims(
            content, file="the claim", limits=limits, today=visit.today
        ).claims
        drafted = corrected_claims(
            visit,
            [claim],
            {claim.patient_control_number: chosen},
            as_of=claim.submitted_on,
            file=content,
        )
    except FixRefused as refused:
        return upload_page(visit, refusal=f"No draft was written: {refused.reason}.")
    except (InputError, RulesRejected, ModelError) as error:
        return upload_page(visit, refusal=str(error))
    except (RequestProblem, ValueError):
        return upload_page(
            visit, refusal="The claim could not be read again: upload its file anew."
        )
    return Response(
        drafted.x12,
        media_type=X12_MEDIA_TYPE,
        headers={"Content-Disposition": f'attachment; filename="{_FILE_NAME}"'},
    )
