"""What one link is: where it leads, how it binds, its timers and its pace."""

from dataclasses import dataclass, field

TON_INTERNATIONAL, TON_NETWORK_SPECIFIC, TON_ALPHANUMERIC = 1, 3, 5
NPI_UNKNOWN, NPI_ISDN = 0, 1
SHORT_CODE_DIGITS_MAX = 8


@dataclass(frozen=True, slots=True)
class LinkProfile:
    """One bind.

    Attributes:
        name: In metrics and logs, and what receipts are matched by.
        host: Of the SMSC.
        port: Of the SMSC.
        system_id: 15 characters at most.
        password: 8 characters at most.
        sender: Source address of what we send: a short code, `+98…`, or up to 11 letters.
        system_type: 12 characters at most; most SMSCs want none.
        window: How many submit_sm may wait for their answers.
        rate_max: submit_sm per second at most; throttling lowers the pace below it.
        bind_s: How long connecting, and then binding, may take.
        response_s: How long an answer may take; after it a message is uncertain.
        enquire_s: Silence after which the SMSC is asked whether it is still there.
        retry_min_s: Wait before the first new try after a lost connection; it doubles, with jitter.
        retry_max_s: Longest wait; also the wait after a bind that is refused for what we are.
    """

    name: str
    host: str
    port: int
    system_id: str
    password: str = field(repr=False)
    sender: str
    system_type: str = ""
    window: int = 10
    rate_max: float = 100.0
    bind_s: float = 10.0
    response_s: float = 10.0
    enquire_s: float = 30.0
    retry_min_s: float = 1.0
    retry_max_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Address:
    """An address as SMPP has it: type of number, numbering plan, digits or letters (SMPP 3.4, 5.2.5 to 5.2.7)."""

    ton: int
    npi: int
    digits: str

    @classmethod
    def of(cls, address: str) -> "Address":
        """International behind a `+`, a short code up to 8 digits, letters as alphanumeric, else unknown."""
        if address.startswith("+"):
            return cls(TON_INTERNATIONAL, NPI_ISDN, address[1:])
        if not address.isdecimal():
            return cls(TON_ALPHANUMERIC, NPI_UNKNOWN, address)
        if len(address) <= SHORT_CODE_DIGITS_MAX:
            return cls(TON_NETWORK_SPECIFIC, NPI_UNKNOWN, address)
        return cls(0, NPI_ISDN, address)
