"""No log line carries a secret or a whole number, whatever a caller puts into it."""

import pytest

from gateway.observe import redact


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
