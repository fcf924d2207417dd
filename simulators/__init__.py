"""THE OTHER SIDE OF EVERY WIRE. Shares no code with the rest: two implementations must agree."""
