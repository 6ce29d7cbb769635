"""Reads the files that documents.csv names, and never one outside their folder."""

import hashlib
import io
from pathlib import Path
from typing import Any

from denialml.formats.problems import ProblemLog

LARGEST_DOCUMENT = 20_000_000


class DocumentFolder:
    """The folder of a practice's documents."""

    def __init__(self, directory: Path | None, *, log: ProblemLog) -> None:
        self._directory = directory.resolve() if directory is not None else None
        self._log = log

    def read(self, values: dict[str, Any], *, row: int) -> dict[str, str]:
        """Text layer and hash of the file that a row names.

        Nothing where the row names no file or no folder was handed in; a problem
        and nothing where the file is missing, too large or outside the folder.
        """
        name = values.get("file_name", "")
        if not name or self._directory is None:
            return {}
        try:
            path = self._inside(name)
            if path is None or not path.is_file():
                self._refuse(name, row, "is not in the documents folder")
                return {}
            if path.stat().st_size > LARGEST_DOCUMENT:
                self._refuse(name, row, f"is larger than {LARGEST_DOCUMENT} bytes")
                return {}
            content = path.read_bytes()
        except OSError:  # a name too long for the disk, no right to read, a bad link
            self._refuse(name, row, "cannot be read")
            return {}
        read = {"content_sha256": hashlib.sha256(content).hexdigest()}
        media_type = values.get("media_type", "text/plain")
        if media_type.startswith("text/"):
            read["text"] = _decode(content)
        elif media_type == "application/pdf":
            read["text"] = self._pdf_text(content, name, row)
        return read

    def _inside(self, name: str) -> Path | None:
        """The file's path; None where the name leads out of the folder."""
        assert self._directory is not None
        if "\0" in name or Path(name).is_absolute() or "\\" in name:
            return None
        path = (self._directory / name).resolve()
        return path if path.is_relative_to(self._directory) else None

    def _pdf_text(self, content: bytes, name: str, row: int) -> str:
        # Imported here: few files are PDFs, and the import takes longer than most do.
        from pypdf import PdfReader

        try:
            pages = PdfReader(io.BytesIO(content)).pages
            return "\n".join(page.extract_text() for page in pages)
        except Exception:
            # A foreign parser on foreign bytes: unknown filters, missing codecs and
            # deep nesting each raise something else, and none may stop the file.
            self._refuse(name, row, "is not a readable PDF")
            return ""

    def _refuse(self, name: str, row: int, reason: str) -> None:
        self._log.add(
            "document-not-read",
            f"row {row}: the file {reason}; the document was read without its text",
            row=row,
            column="file_name",
            value=name,
            expected="a file below the folder documents, beside documents.csv",
            fix="put the file there or correct its name",
        )


def _decode(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")
