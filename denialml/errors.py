"""Every exception denialml raises on purpose.

::

    DenialmlError
    ├── InputError                 the caller handed in something unusable
    │   ├── UnreadableFile         not a file of the kind that was asked for
    │   ├── RulesRejected          an organization's rules file has a fault
    │   ├── UnknownRecord          no such claim, denial, appeal, document
    │   └── NotPermitted           the key or person has no right to do this
    ├── DraftBlocked               a letter cannot be drafted or released as asked
    ├── ModelError
    │   ├── NoModel                nothing has been promoted for scoring yet
    │   ├── BundleRejected         a serving bundle failed its integrity check
    │   ├── NotEnoughHistory       too few answered claims to train honestly
    │   ├── LeakRefused            a feature asked for what nobody knew that day
    │   └── GateFailed             a promotion gate was not met
    ├── EngineError                a cluster cannot be used, or gave the work up
    └── StoreError
        ├── SchemaOutdated         the database was migrated by another version
        ├── AuditKeyMissing        nothing can be audited without the key
        ├── AuditKeyMismatch       the audit trail was begun with another key
        └── CheckpointRefused      the audit trail goes back behind a checkpoint

Bad content inside a file is never an exception: it is a `Problem` with a place,
returned beside what could be read. Messages carry ids, codes and places only,
never names, member numbers or note text: they end up in logs.
"""


class DenialmlError(Exception):
    """Root of the tree; catch this to catch everything denialml raises."""


class InputError(DenialmlError):
    """The caller handed in something unusable; the message says what to change."""


class UnreadableFile(InputError):
    """The file is not of the kind that was asked for, so nothing was read."""


class RulesRejected(InputError):
    """An organization's rules file has a fault; names the file and the line."""


class UnknownRecord(InputError):
    """No such record in this organization."""


class NotPermitted(InputError):
    """The key or person has no right to do this."""


class DraftBlocked(DenialmlError):
    """The letter cannot be drafted or released as asked; says what blocks it."""


class ModelError(DenialmlError):
    """Training, loading or promoting a model failed."""


class NoModel(ModelError):
    """Nothing has been promoted for scoring yet."""


class BundleRejected(ModelError):
    """A serving bundle failed its integrity check and was not parsed."""


class NotEnoughHistory(ModelError):
    """Too few answered claims to train honestly."""


class LeakRefused(ModelError):
    """A feature asked for a record that it may not, or could not yet, know.

    Names the feature and the kind of record.
    """


class GateFailed(ModelError):
    """A promotion gate was not met; names the gate and both numbers."""


class EngineError(DenialmlError):
    """A cluster cannot be used as it is, or gave the work up; says what to do."""


class StoreError(DenialmlError):
    """The database cannot be used as it is."""


class SchemaOutdated(StoreError):
    """The database was migrated by another version of denialml."""


class AuditKeyMissing(StoreError):
    """The database was opened without the key that seals the audit trail."""


class AuditKeyMismatch(StoreError):
    """The audit trail was begun with another key than this process has."""


class CheckpointRefused(StoreError):
    """A checkpoint file does not verify, or the trail has gone back behind it."""
