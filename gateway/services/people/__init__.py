"""People: who they are, how they enrol, their PIN, and what staff may do for them."""

from gateway.services.people.model import (
    ActivateOutcome,
    BranchPurpose,
    CodeOutcome,
    CodeResult,
    EnrolOutcome,
    Person,
    PersonState,
    PersonStatus,
    PersonView,
    PinCheck,
    PinForm,
    PinOutcome,
    PinRepeat,
    ResendOutcome,
    UnlockOutcome,
)
from gateway.services.people.people import People
from gateway.services.people.pins import UNLOCK_KIND
from gateway.services.people.ports import AccessLog, Registry, RegistryAnswer
from gateway.services.people.rules import is_national_number

__all__ = [
    "UNLOCK_KIND",
    "AccessLog",
    "ActivateOutcome",
    "BranchPurpose",
    "CodeOutcome",
    "CodeResult",
    "EnrolOutcome",
    "People",
    "Person",
    "PersonState",
    "PersonStatus",
    "PersonView",
    "PinCheck",
    "PinForm",
    "PinOutcome",
    "PinRepeat",
    "Registry",
    "RegistryAnswer",
    "ResendOutcome",
    "UnlockOutcome",
    "is_national_number",
]
