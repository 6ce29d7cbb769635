"""Reference tables: codes, root causes, document kinds, deadlines. No effects.

Every table is packaged with denialml (CSV and YAML in `tables/`, sources in
SOURCES.md), read on first use and cached. Labels are our own words. A code that is
not in a table is unknown: callers use `.get(code)` and treat None as such.
"""

from denialml.reference.entries import (
    AdjustmentClass,
    AdjustmentReason,
    AllowedProvider,
    CauseSign,
    CodePairs,
    DeadlineRule,
    DocumentKind,
    PlaceOfService,
    ProcedureCode,
    RemarkCode,
    RemarkRole,
    RootCauseClass,
    Support,
    UnitLimit,
)
from denialml.reference.loading import (
    adjustment_reasons,
    allowed_providers,
    cause_signs,
    code_pairs,
    deadline_rules,
    document_kinds,
    places_of_service,
    procedure_codes,
    remark_codes,
    root_causes,
    unit_limits,
)

__all__ = [
    "AdjustmentClass",
    "AdjustmentReason",
    "AllowedProvider",
    "CauseSign",
    "CodePairs",
    "DeadlineRule",
    "DocumentKind",
    "PlaceOfService",
    "ProcedureCode",
    "RemarkCode",
    "RemarkRole",
    "RootCauseClass",
    "Support",
    "UnitLimit",
    "adjustment_reasons",
    "allowed_providers",
    "cause_signs",
    "code_pairs",
    "deadline_rules",
    "document_kinds",
    "places_of_service",
    "procedure_codes",
    "remark_codes",
    "root_causes",
    "unit_limits",
]
