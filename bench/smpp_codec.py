"""Our SMPP codec beside smpplib's on the same PDUs in one run: `python -m bench.smpp_codec`, and in `make bench-smpp`.

A figure is the best of many short rounds, in which both take turns, because a machine that is shared has moods. The
goals are 5 microseconds for a submit_sm, 8 for a receipt and 2 for a response, where smpplib takes 41, 42 and 7.
"""

import sys
import time
from collections.abc import Callable

from smpplib import smpp as smpplib_smpp

from bench.ledger_figures import Bar, Figures
from gateway.wire import smpp
from gateway.wire.smpp import Tag, Tlv

COMMAND = "python -m bench.smpp_codec"
ROUNDS = 150
CALLS = 100

RECEIPT_TEXT = (
    b"id:0123456789 sub:001 dlvrd:001 submit date:2611220800 done date:2611220801 stat:DELIVRD err:000 text:your code"
)
SUBMIT = smpp.SubmitSm(
    sequence=7,
    source_ton=5,
    source="TAPDIAL",
    dest_ton=1,
    dest_npi=1,
    dest="989120000001",
    validity="000000001500000R",
    registered_delivery=1,
    short_message=b"Your code is 123456. It is valid for 5 minutes. Nobody of ours will ever ask you for it.",
)
RECEIPT = smpp.DeliverSm(
    sequence=3,
    source_ton=1,
    source_npi=1,
    source="989120000001",
    dest="1420",
    esm_class=4,
    short_message=RECEIPT_TEXT,
    tlvs=(
        Tlv(Tag.RECEIPTED_MESSAGE_ID, b"0123456789\0"),
        Tlv(Tag.MESSAGE_STATE, b"\x02"),
        Tlv(Tag.NETWORK_ERROR_CODE, b"\x03\0\0"),
    ),
)
ANSWER = smpp.SubmitSmResp(sequence=7, message_id="0123456789abcdef")


class _Numbers:
    """The client that smpplib asks for a sequence number whatever it does."""

    sequence = 0

    def next_sequence(self) -> int:
        return 0


def _theirs() -> bytes:
    given = {
        "source_addr_ton": SUBMIT.source_ton,
        "source_addr": SUBMIT.source,
        "dest_addr_ton": SUBMIT.dest_ton,
        "dest_addr_npi": SUBMIT.dest_npi,
        "destination_addr": SUBMIT.dest,
        "validity_period": SUBMIT.validity,
        "registered_delivery": SUBMIT.registered_delivery,
        "short_message": SUBMIT.short_message,
        "service_type": "",
        "schedule_delivery_time": "",
    }
    pdu = smpplib_smpp.make_pdu("submit_sm", client=_Numbers(), **given)
    pdu.sequence = SUBMIT.sequence
    octets: bytes = pdu.generate()
    return octets


def best_us(*calls: Callable[[], object], rounds: int = ROUNDS, times: int = CALLS) -> list[float]:
    """The least time of each, in microseconds; they take turns."""
    least = [float("inf")] * len(calls)
    for _ in range(rounds):
        for at, call in enumerate(calls):
            started = time.perf_counter()
            for _ in range(times):
                call()
            least[at] = min(least[at], time.perf_counter() - started)
    return [seconds / times * 1e6 for seconds in least]


def codec_figures(figures: Figures) -> None:
    """One line for each PDU that a link lives on; making a submit_sm is part of writing it, as with smpplib."""
    assert _theirs() == smpp.encode(SUBMIT)
    receipt, answer = smpp.encode(RECEIPT), smpp.encode(ANSWER)
    client = _Numbers()
    made = {
        name: getattr(SUBMIT, name) for name in ("source_ton", "source", "dest_ton", "dest_npi", "dest", "validity")
    }
    made |= {"registered_delivery": SUBMIT.registered_delivery, "short_message": SUBMIT.short_message}
    rows: tuple[tuple[str, Bar, Callable[[], object], Callable[[], object]], ...] = (
        ("encode submit_sm", Bar(0.12, at_most=True), lambda: smpp.encode(SUBMIT, sequence=7), _theirs),
        (
            "make and encode submit_sm",
            Bar(0.2, at_most=True),
            lambda: smpp.encode(smpp.SubmitSm(**made), sequence=7),
            _theirs,
        ),
        (
            "decode receipt, 3 TLVs",
            Bar(0.19, at_most=True),
            lambda: smpp.decode(receipt),
            lambda: smpplib_smpp.parse_pdu(receipt, client=client),
        ),
        (
            "decode submit_sm_resp",
            Bar(0.3, at_most=True),
            lambda: smpp.decode(answer),
            lambda: smpplib_smpp.parse_pdu(answer, client=client),
        ),
    )
    for name, bar, ours, yardstick in rows:
        ours_us, yardstick_us = best_us(ours, yardstick)
        figures.add(name, ours_us, yardstick_us, "us", bar)


def main() -> int:
    """Print a line a figure and write the file."""
    figures = Figures(COMMAND)
    codec_figures(figures)
    figures.write("smpp_codec")
    return 0


if __name__ == "__main__":
    sys.exit(main())
