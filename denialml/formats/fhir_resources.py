"""What the references of a FHIR file can point to.

References are followed one by one where a field needs them, never on their own, so that
resources that name each other in a circle do no harm. A reference that could mean two
resources means none: a claim of the wrong patient is worse than one without.
"""

from collections import OrderedDict
from typing import Any, Final

from denialml.formats.fhir_element import Element
from denialml.formats.fhir_json import BadJson, parse_json
from denialml.formats.fhir_log import ResourceLog

# Those that claims and answers point to.
REFERENCED: Final = frozenset(
    {
        "Claim",
        "ClaimResponse",
        "Condition",
        "Coverage",
        "Location",
        "Organization",
        "Patient",
        "Practitioner",
        "PractitionerRole",
        "RelatedPerson",
        "ServiceRequest",
    }
)
# Bytes of NDJSON lines that are kept because a later line may point to them.
MOST_BYTES_KEPT: Final = 64 << 20
LINES_PARSED: Final = 512


class Resources:
    """Resources by their addresses: those of a Bundle, or of the lines read so far.

    `overflowed` turns True where there were more than memory allows; later ones are
    then not found.
    """

    def __init__(self) -> None:
        self._by_address: dict[str, Any] = {}
        self._parsed: OrderedDict[bytes, dict[str, Any]] = OrderedDict()
        self._bytes = 0
        self.overflowed = False

    def add(
        self, resource: dict[str, Any], *, full_url: str = "", line: bytes = b""
    ) -> None:
        """Make a resource known; of an NDJSON file, by the bytes of its `line`."""
        kind, identifier = resource.get("resourceType"), resource.get("id")
        if kind not in REFERENCED:
            return
        held: Any = resource
        if line:
            self._bytes += len(line)
            if self._bytes > MOST_BYTES_KEPT:
                self.overflowed = True
                return
            held = line
        if isinstance(identifier, str):
            self._put(f"{kind}/{identifier}", held)
        if full_url:
            self._put(full_url, held)

    def find(self, reference: str, *, base: str = "") -> dict[str, Any] | None:
        """The resource that a reference names; None where it is not there.

        `base` is the fullUrl of the referring entry: relative references are relative
        to its server first.
        """
        reference = reference.partition("/_history/")[0]
        parts = base.rsplit("/", 2)
        candidates = [reference]
        if base.startswith("http") and len(parts) == 3:
            candidates.insert(0, f"{parts[0]}/{reference}")
        if reference.startswith("http") and reference.count("/") > 3:
            candidates.append("/".join(reference.rsplit("/", 2)[1:]))
        for candidate in candidates:
            held = self._by_address.get(candidate)
            if held is not None:
                return self._resource(held)
        return None

    def _put(self, address: str, held: Any) -> None:
        known = self._by_address.setdefault(address, held)
        if known is not held and known != held:
            self._by_address[address] = None

    def _resource(self, held: Any) -> dict[str, Any] | None:
        if isinstance(held, dict):
            return held
        known = self._parsed.get(held)
        if known is None:
            try:
                value = parse_json(held)
            except BadJson:
                return None
            if not isinstance(value, dict):
                return None
            known = self._parsed[held] = value
            if len(self._parsed) > LINES_PARSED:
                self._parsed.popitem(last=False)
        return known


class Surroundings:
    """Where the references of one resource lead: into itself, or beside it."""

    __slots__ = ("_base", "_container", "_resources", "where")

    def __init__(
        self,
        container: dict[str, Any],
        resources: Resources,
        *,
        where: ResourceLog,
        base: str = "",
    ) -> None:
        self._container = container
        self._resources = resources
        self._base = base
        self.where = where

    def follow(self, reference: Element, *kinds: str) -> Element:
        """The resource that a Reference names, an empty element where there is none.

        A reference without an address (an identifier or a name only) names none. One
        that leads nowhere, or to a resource of another kind, is noted.
        """
        reference.skip("type", "identifier", "display")
        if not reference.text("reference"):
            return reference.nothing()
        resource = self.target(reference)
        if resource is None or resource.get("resourceType") not in kinds:
            self.where.fault(
                "unresolved-reference",
                f"{reference.path} leads to no {' or '.join(kinds)} of this file; "
                "what it would say is missing",
                pointer=reference.pointer,
                expected="the resource in the same Bundle, contained, or on an earlier "
                "line",
                fix="export the resources that claims point to with them",
            )
            return reference.nothing()
        kind = str(resource["resourceType"])
        return Element(resource, path=kind, pointer=reference.pointer, where=self.where)

    def target(self, reference: Element) -> dict[str, Any] | None:
        """The resource of whatever kind, where it is there; none is no fault."""
        address = reference.get("reference")
        if not isinstance(address, str):
            return None
        if address.startswith("#"):
            return self._contained(address[1:])
        return self._resources.find(address, base=self._base)

    def of(self, element: Element) -> "Surroundings":
        """The surroundings of a resource that was followed to.

        Contained resources share those of what contains them.
        """
        contained = self._container.get("contained")
        if isinstance(contained, list) and any(
            each is element.value for each in contained
        ):
            return self
        return Surroundings(
            element.value, self._resources, where=self.where, base=self._base
        )

    def _contained(self, identifier: str) -> dict[str, Any] | None:
        contained = self._container.get("contained")
        if not isinstance(contained, list):
            return None
        found = [
            each
            for each in contained
            if isinstance(each, dict) and each.get("id") == identifier
        ]
        return found[0] if len(found) == 1 else None
