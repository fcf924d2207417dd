"""What each command_status of a submit_sm_resp means for its message (SMPP 3.4, 5.1.3); links may override it."""

from collections.abc import Mapping
from enum import StrEnum


class Action(StrEnum):
    """What becomes of a message that was answered with a status."""

    RETRY = "retry"
    """Nothing is wrong with it: another link now, or this one later."""
    FAIL = "fail"
    """No link will ever take it."""
    OTHER_LINK = "other_link"
    """This link will never take it; it is refused if no other one does."""


LABEL_MAX = 0x0FFF
"""Those of the standard, those of vendors (0x0400 to 0x04FF) and of who did not read it."""
OK, THROTTLED, QUEUE_FULL = 0x00, 0x58, 0x14

_NAMES: Mapping[int, tuple[str, Action]] = {
    0x01: ("ESME_RINVMSGLEN", Action.FAIL),
    0x02: ("ESME_RINVCMDLEN", Action.FAIL),
    0x03: ("ESME_RINVCMDID", Action.OTHER_LINK),
    0x04: ("ESME_RINVBNDSTS", Action.RETRY),
    0x05: ("ESME_RALYBND", Action.RETRY),
    0x06: ("ESME_RINVPRTFLG", Action.OTHER_LINK),
    0x07: ("ESME_RINVREGDLVFLG", Action.OTHER_LINK),
    0x08: ("ESME_RSYSERR", Action.RETRY),
    0x0A: ("ESME_RINVSRCADR", Action.OTHER_LINK),
    0x0B: ("ESME_RINVDSTADR", Action.FAIL),
    0x0C: ("ESME_RINVMSGID", Action.RETRY),
    0x0D: ("ESME_RBINDFAIL", Action.RETRY),
    0x0E: ("ESME_RINVPASWD", Action.RETRY),
    0x0F: ("ESME_RINVSYSID", Action.RETRY),
    0x11: ("ESME_RCANCELFAIL", Action.FAIL),
    0x13: ("ESME_RREPLACEFAIL", Action.FAIL),
    QUEUE_FULL: ("ESME_RMSGQFUL", Action.RETRY),
    0x15: ("ESME_RINVSERTYP", Action.OTHER_LINK),
    0x33: ("ESME_RINVNUMDESTS", Action.FAIL),
    0x34: ("ESME_RINVDLNAME", Action.FAIL),
    0x40: ("ESME_RINVDESTFLAG", Action.FAIL),
    0x42: ("ESME_RINVSUBREP", Action.OTHER_LINK),
    0x43: ("ESME_RINVESMCLASS", Action.OTHER_LINK),
    0x44: ("ESME_RCNTSUBDL", Action.FAIL),
    0x45: ("ESME_RSUBMITFAIL", Action.OTHER_LINK),
    0x48: ("ESME_RINVSRCTON", Action.OTHER_LINK),
    0x49: ("ESME_RINVSRCNPI", Action.OTHER_LINK),
    0x50: ("ESME_RINVDSTTON", Action.OTHER_LINK),
    0x51: ("ESME_RINVDSTNPI", Action.OTHER_LINK),
    0x53: ("ESME_RINVSYSTYP", Action.OTHER_LINK),
    0x54: ("ESME_RINVREPFLAG", Action.OTHER_LINK),
    0x55: ("ESME_RINVNUMMSGS", Action.FAIL),
    THROTTLED: ("ESME_RTHROTTLED", Action.RETRY),
    0x61: ("ESME_RINVSCHED", Action.OTHER_LINK),
    0x62: ("ESME_RINVEXPIRY", Action.OTHER_LINK),
    0x63: ("ESME_RINVDFTMSGID", Action.OTHER_LINK),
    0x64: ("ESME_RX_T_APPN", Action.RETRY),
    0x65: ("ESME_RX_P_APPN", Action.FAIL),
    0x66: ("ESME_RX_R_APPN", Action.FAIL),
    0x67: ("ESME_RQUERYFAIL", Action.FAIL),
    0xC0: ("ESME_RINVOPTPARSTREAM", Action.OTHER_LINK),
    0xC1: ("ESME_ROPTPARNOTALLWD", Action.OTHER_LINK),
    0xC2: ("ESME_RINVPARLEN", Action.OTHER_LINK),
    0xC3: ("ESME_RMISSINGOPTPARAM", Action.OTHER_LINK),
    0xC4: ("ESME_RINVOPTPARAMVAL", Action.OTHER_LINK),
    0xFE: ("ESME_RDELIVERYFAILURE", Action.FAIL),
    0xFF: ("ESME_RUNKNOWNERR", Action.RETRY),
}


class Statuses:
    """The table with a link's own overrides."""

    def __init__(self, own: Mapping[int, Action]) -> None:
        self._own = own

    def action(self, status: int) -> Action:
        """What becomes of a message; a status that the standard does not know is this SMSC's own."""
        if status in self._own:
            return self._own[status]
        return _NAMES[status][1] if status in _NAMES else Action.OTHER_LINK

    def throttling(self, status: int) -> bool:
        """Whether it says that we are too fast; a link that overrides the action still slows down."""
        return status in (THROTTLED, QUEUE_FULL)


def status_label(status: int) -> str:
    """For metrics, of which nobody on the wire may make as many as there are numbers."""
    return f"0x{status:02X}" if status <= LABEL_MAX else "other"


def status_name(status: int) -> str:
    """As the standard calls it, for people who read logs; the number if it does not."""
    return _NAMES[status][0] if status in _NAMES else f"0x{status:08X}"
