"""The yardstick on smpplib's blocking client: `… PORT COUNT WINDOW WARM`, submit_sm with `WINDOW` in flight.

Prints `{"seconds", "cpu_s"}` of COUNT messages after WARM of the same. It reads one answer for each message that it
sends once the window is full, which is the fastest that this client can be driven.
"""

import json
import socket
import sys
import time

from smpplib.client import Client

TEXT = b"Your contribution for Aban is due. Dial *1420# to pay, reference 1234567890. Thank you."
SOURCE = "1420"
DEST = "989120000001"
VALIDITY = "000000001500000R"


def run(client: Client, count: int, window: int) -> None:
    """Send `count` messages and read the answer of each."""
    waiting = 0
    for _ in range(count):
        if waiting == window:
            _answer(client)
            waiting -= 1
        client.send_message(
            source_addr_ton=3,
            source_addr_npi=0,
            source_addr=SOURCE,
            dest_addr_ton=1,
            dest_addr_npi=1,
            destination_addr=DEST,
            validity_period=VALIDITY,
            registered_delivery=1,
            data_coding=0,
            short_message=TEXT,
        )
        waiting += 1
    for _ in range(waiting):
        _answer(client)


def _answer(client: Client) -> None:
    pdu = client.read_pdu()
    assert pdu.command == "submit_sm_resp", pdu.command
    assert pdu.status == 0, pdu.status


def main(port: int, count: int, window: int, warm: int) -> None:
    """Bind, warm up, measure, leave."""
    client = Client("127.0.0.1", port, timeout=30, allow_unknown_opt_params=True)
    client.connect()
    client._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # noqa: SLF001 - it has no other way
    client.bind_transceiver(system_id="bench")
    run(client, warm, window)
    started, cpu_s = time.perf_counter(), time.process_time()
    run(client, count, window)
    took = {"seconds": time.perf_counter() - started, "cpu_s": time.process_time() - cpu_s}
    print(json.dumps(took))
    client.unbind()
    client.disconnect()


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:5]))
