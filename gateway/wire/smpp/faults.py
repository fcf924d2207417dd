"""What can be wrong with a PDU."""

from gateway.errors import BadInput


class PduFault(BadInput):
    """A PDU that cannot be read or written; the session lives on.

    Attributes:
        status: What a response to it says.
        command_id: Of the PDU, 0 if it has none.
        sequence: Of the PDU, 0 if it has none.
    """

    code = "smpp_pdu"

    def __init__(self, text: str, status: int, command_id: int = 0, sequence: int = 0) -> None:
        super().__init__(text)
        self.status = int(status)
        self.command_id = command_id
        self.sequence = sequence


class FrameFault(PduFault):
    """A command_length that nothing can follow: answer a generic_nack and close."""

    code = "smpp_frame"
