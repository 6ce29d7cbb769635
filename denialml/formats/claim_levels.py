"""What holds for every claim below an HL of an 837P: 2000A, 2000B and 2000C."""

from denialml.domain.claim import ClaimPayer, Patient, Provider, Subscriber
from denialml.formats.parties import NOBODY, Party
from denialml.formats.syntax import Syntax


class ClaimLevels:
    """The billing provider, subscriber, payer and patient in force.

    `name` is the innermost level. Records are built when the first claim asks for
    them and shared by those that follow.
    """

    def __init__(self, syntax: Syntax) -> None:
        self._syntax = syntax
        self.name = ""
        self._open_billing()
        self._open_subscriber()
        self._open_patient()

    def open(self, level_code: str) -> None:
        """HL03: 20 billing provider, 22 subscriber, 23 patient. Inner levels end."""
        if level_code == "20":
            self.name = "2000A"
            self._open_billing()
            self._open_subscriber()
        elif level_code == "22":
            self.name = "2000B"
            self._open_subscriber()
        elif level_code == "23":
            self.name = "2000C"
        self._open_patient()

    def _open_billing(self) -> None:
        self._billing = NOBODY
        self._billing_taxonomy = ""
        self._built_billing: Provider | None = None

    def _open_subscriber(self) -> None:
        self._insured = self._payer = NOBODY
        self._coverage_segment = ""
        self._built_coverage: tuple[Subscriber, ClaimPayer] | None = None

    def _open_patient(self) -> None:
        self._patient: Party | None = None
        self._relationship = ""

    def set_coverage(self, text: str) -> None:
        """SBR of 2000B."""
        self._coverage_segment = text
        self._built_coverage = None

    def set_relationship(self, code: str) -> None:
        """PAT01 of 2000C; the PAT of 2000B is about the subscriber."""
        if self.name == "2000C":
            self._relationship = code

    def set_party(self, entity: str, party: Party) -> None:
        """NM1 of 2010AA, 2010BA, 2010BB or 2010CA; others are not kept."""
        if entity == "IL":
            self._insured = party
            self._built_coverage = None
        elif entity == "PR":
            self._payer = party
            self._built_coverage = None
        elif entity == "QC":
            self._patient = party
        elif entity == "85":
            self._billing = party
            party.taxonomy_code = self._billing_taxonomy
            self._built_billing = None

    def set_taxonomy(self, code: str) -> None:
        """PRV of 2000A, before or after the provider's name."""
        self._billing_taxonomy = code
        if self._billing is not NOBODY:
            self._billing.taxonomy_code = code

    def set_tax_id(self, value: str, party: Party) -> None:
        """REF of 2010AA; that of the pay-to provider is not the billing provider's."""
        if party is self._billing and party is not NOBODY:
            party.tax_id = value

    def billing_provider(self) -> Provider:
        if self._built_billing is None:
            self._built_billing = self._billing.provider(self._syntax)
        return self._built_billing

    def coverage(self) -> tuple[Subscriber, ClaimPayer]:
        if self._built_coverage is None:
            self._built_coverage = (
                self._insured.subscriber(self._syntax, self._coverage_segment),
                self._payer.payer(self._syntax),
            )
        return self._built_coverage

    def patient(self) -> Patient | None:
        """None where the patient is the subscriber."""
        if self._patient is None:
            return None
        return self._patient.patient(self._syntax, self._relationship)
