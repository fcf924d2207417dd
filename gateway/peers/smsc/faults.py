"""What a session answers with when a request is not answered, was not sent, or a bind was refused."""

from gateway.errors import PeerUnavailable
from gateway.wire.smpp import Status


class NotSent(PeerUnavailable):
    """The request never left: the session has ended, or is about to."""

    code = "smsc_not_sent"


class NoAnswer(PeerUnavailable):
    """The request left and no answer came: nobody knows what became of it."""

    code = "smsc_no_answer"


class BindRefused(PeerUnavailable):
    """The SMSC refused the bind with `status`."""

    code = "smsc_bind_refused"

    def __init__(self, status: int) -> None:
        super().__init__(f"bind refused with 0x{status:08X}")
        self.status = status

    @property
    def configured(self) -> bool:
        """Whether it was refused for what we are, which no new try will change."""
        return self.status in (Status.BIND_FAILED, Status.INVALID_PASSWORD, Status.INVALID_SYSTEM_ID)
