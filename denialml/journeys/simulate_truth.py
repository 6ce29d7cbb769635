"""The truth about a simulated practice as CSV, for benchmarks and tests only.

Nothing else in denialml reads these files; `denialml ingest` refuses them.
"""

import csv
import io
from collections.abc import Iterable
from datetime import date

from denialml.simulation import TRUTH_CAUSES, Appeal, DocumentTruth, TruthRow


def truth_csv(rows: Iterable[TruthRow]) -> bytes:
    """The truth as CSV: one row per claim line of a frequency-1 submission.

    `denied` is 1, 0 or empty (never adjudicated); `q_*` are the probabilities that
    a rule of the cause fires by itself, `p_*` that it is the cause of a denial.
    """
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(
        [
            "patient_control_number",
            "submitted_on",
            "frequency_code",
            "line_number",
            "procedure_code",
            "payer_id",
            "status",
            "p_true_line",
            "p_true_claim",
            "denied",
            "root_cause",
            "payer_error",
            "cluster",
            *(f"q_{cause}" for cause in TRUTH_CAUSES),
            *(f"p_{cause}" for cause in TRUTH_CAUSES),
        ]
    )
    for row in rows:
        writer.writerow(
            [
                row.patient_control_number,
                row.submitted_on.isoformat(),
                row.frequency_code,
                row.line_number,
                row.procedure_code,
                row.payer_id,
                row.status,
                f"{row.p_true_line:.6f}",
                f"{row.p_true_claim:.6f}",
                "" if row.denied is None else int(row.denied),
                row.root_cause.value if row.root_cause is not None else "",
                int(row.payer_error),
                row.cluster,
                *(f"{chance:.6g}" for chance in row.cause_chances),
                *(f"{chance:.6g}" for chance in row.cause_probabilities),
            ]
        )
    return written.getvalue().encode()


def document_truth_csv(rows: Iterable[DocumentTruth]) -> bytes:
    """Documents that are traps, as CSV: one row per such document.

    `attach` is 1 where the document may be attached all the same.
    """
    return _csv(
        ("document_id", "kind", "trap", "attach", "why"),
        (
            (row.document_id, row.kind, row.trap, int(row.attach), row.why)
            for row in rows
        ),
    )


def appeals_csv(rows: Iterable[Appeal]) -> bytes:
    """The truth about appeals, as CSV: one row per appeal and level.

    `evidence` and `harmful` are document ids with spaces between; `won` is 1, 0 or
    empty (undecided on the last day).
    """
    return _csv(
        Appeal.__struct_fields__,
        (
            tuple(_cell(getattr(row, field)) for field in Appeal.__struct_fields__)
            for row in rows
        ),
    )


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(int(value))
        case tuple():
            return " ".join(value)
        case float():
            return f"{value:.6f}"
        case date():
            return value.isoformat()
    return str(value)


def _csv(header: Iterable[str], rows: Iterable[Iterable[object]]) -> bytes:
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return written.getvalue().encode()
