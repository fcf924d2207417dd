"""What an operator's account sheet says: how message ids look, what a receipt holds, how long anybody waits."""

import re
import ssl
from dataclasses import dataclass

from simulators.smsc.receipts import ReceiptForm

_SPEC = re.compile(r"(0?[1-9]\d?)?[dxX]", re.ASCII)


@dataclass(frozen=True, slots=True)
class IdForm:
    """How a message's number is written, by Python's format specifications: `d`, `x`, `X`, `012x`, `020d`.

    Attributes:
        response: In submit_sm_resp, and so in what the ESME asks about.
        receipt: In the receipt. Many SMSCs differ here, by base, by case or by zeros.

    Raises:
        ValueError: Another form.
    """

    response: str = "012x"
    receipt: str = "012x"

    def __post_init__(self) -> None:
        for spec in (self.response, self.receipt):
            if not _SPEC.fullmatch(spec):
                raise ValueError(f"{spec!r} is no form of message ids; try d, x, X, 012x or 020d")


HEX_RECEIPTS = IdForm("d", "X")
"""What the fault `hex_ids` puts in place of the terms."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How this SMSC behaves when nothing is wrong.

    Attributes:
        ids: How message ids are written.
        receipts: What a receipt holds.
        receipt_delay_s: From one state of a message to the next.
        delivery_delay_s: How long a message lies here before its phone gets it, and can be cancelled or replaced.
        enquire_s: An ESME that was silent for this long is sent an enquire_link, and is cut after as long again.
        bind_s: Who has not bound by then is cut.
        answer_s: A deliver_sm that was not answered by then is sent again.
        again_s: A deliver_sm that was refused is sent again after this.
        tls: Speak TLS with this context.
    """

    ids: IdForm = IdForm()
    receipts: ReceiptForm = ReceiptForm.FULL
    receipt_delay_s: float = 0.3
    delivery_delay_s: float = 0.0
    enquire_s: float = 30.0
    bind_s: float = 30.0
    answer_s: float = 10.0
    again_s: float = 1.0
    tls: ssl.SSLContext | None = None
