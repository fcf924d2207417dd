"""`python -m gateway` is `tapdial`."""

from gateway.cli import main

main()
