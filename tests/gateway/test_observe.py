"""No log line carries a secret or a whole number, whatever a caller puts into it."""

import subprocess
import sys

import pytest

from gateway.errors import StoreUnavailable
from gateway.observe import redact, trace_of


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"pin": "4071"}, {"pin": "***"}),
        ({"event": "sent to +989120000001"}, {"event": "sent to ***0001"}),
        ({"event": "pan 5814201234567890 refused"}, {"event": "pan ***7890 refused"}),
        ({"claim": "clm_01K8ABCDEFGHJKMNPQRSTVWXYZ"}, {"claim": "clm_01K8ABCDEFGHJKMNPQRSTVWXYZ"}),
        ({"event": "port 8080 is up", "n": 12345678}, {"event": "port 8080 is up", "n": 12345678}),
        ({"level": "info", "timestamp": "2026-11-22T08:00:00.000000Z"},) * 2,
    ],
)
def test_a_line_is_redacted(event: dict[str, object], expected: dict[str, object]) -> None:
    assert redact(None, "info", dict(event)) == expected


def test_a_trace_says_where_and_what_but_quotes_nothing_that_came_from_outside() -> None:
    def reads(text: str) -> None:
        try:
            try:
                int(text)
            except ValueError:
                raise KeyError(text) from None
        except KeyError as problem:
            raise StoreUnavailable("the store is gone") from problem

    with pytest.raises(StoreUnavailable) as caught:
        reads("4071x")
    with pytest.raises(ExceptionGroup) as grouped:
        raise ExceptionGroup("4071", [caught.value, ValueError("4071")])
    trace = trace_of(grouped.value)

    assert "4071" not in trace.replace('"4071', "")
    for told in ("in reads", "builtins.KeyError", "StoreUnavailable: the store is gone", "builtins.ValueError"):
        assert told in trace


SAY = """
from gateway.observe import log, set_up_logging
set_up_logging("info")
log(part="test").info("to_the_log")
print("went on")
"""


def test_a_log_that_cannot_be_written_stops_nobody() -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device, not a path of ours
        done = subprocess.run([sys.executable, "-c", SAY], stdout=subprocess.PIPE, stderr=full, text=True, check=True)

    assert done.stdout == "went on\n"


def test_log_lines_go_to_standard_error_and_leave_the_output_of_commands_alone() -> None:
    done = subprocess.run([sys.executable, "-c", SAY], capture_output=True, text=True, check=True)

    assert done.stdout == "went on\n"
    assert "to_the_log" in done.stderr
