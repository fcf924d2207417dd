"""What is found of tokens: the short number that phones dial, never anything of a card's number."""

from gateway.services.finding import FoundBy, FoundKind, Looked
from gateway.services.tokens.tables import numbers, tokens

LOOKED = (
    Looked(FoundKind.TOKEN, tokens.c.id, "tok", at=tokens.c.made_at),
    Looked(FoundKind.TOKEN, numbers.c.token_id, references={FoundBy.NUMBER: numbers.c.number}),
)
