"""What all answers to terminals have in common: is it the same message again, which bytes, which are kept."""

from datetime import date
from functools import partial
from zoneinfo import ZoneInfo

from gateway.errors import BadInput
from gateway.observe import log
from gateway.services import answered
from gateway.services.answered import Key, Seen, content_of, nearest_day
from gateway.services.taps import answers, requests
from gateway.services.taps.ports import Parts
from gateway.services.taps.requests import Asked
from gateway.services.taps.rules import Verdict
from gateway.wire.iso8583 import Message


class Talk:
    """Keys, answers and their bytes."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._zone = ZoneInfo(parts.settings.zone)

    def key(self, asked: Asked) -> Key:
        """Under which a message is answered once.

        Raises:
            BadInput: DE13 is no day.
        """
        day: date | None = nearest_day(asked.month_day, self._parts.clock.now().astimezone(self._zone).date())
        if day is None:
            raise BadInput("DE13 is not a day of these years")
        return Key(asked.acquirer, asked.terminal_id, asked.stan, day, asked.class_)

    async def digest(self, message: Message) -> bytes:
        """What makes two messages the same: every field except the time of sending (DE7) and the MAC.

        A type's repeat (0421) counts as what it repeats. Keyed, because the fields hold a PAN.
        """
        content = content_of(message, requests.CLASSES[message.mti])
        return await self._parts.keys.mac("lookup", b"tap message\0" + content)

    async def seen(self, key: Key) -> Seen | None:
        """The message that had this key, if any."""
        rows = await self._parts.store.find_by(answered.MESSAGES, key.columns)
        return answered.seen_of(rows[0]) if rows else None

    async def told(self, message: Message, terminal_id: str, seen: Seen, digest: bytes) -> bytes | None:
        """The answer to a message that came before: its own bytes, or a refusal of other content; None to go on."""
        if seen.digest != digest:
            return await self.built(message, terminal_id, Verdict.DUPLICATE)
        if seen.answer:
            log().info("tap_repeated", mti=message.mti, tap=seen.subject)
            return seen.answer
        return None

    async def built(
        self,
        message: Message,
        terminal_id: str,
        verdict: Verdict,
        *,
        approval: str = "",
        arpc: bytes = b"",
        part_minor: int = 0,
    ) -> bytes:
        """The body of an answer."""
        self._parts.metrics.taps.labels(mti=message.mti, de39=verdict.de39).inc()
        log().info("tap_answered", mti=message.mti, terminal=terminal_id, verdict=verdict.value, de39=verdict.de39)
        return await answers.build(
            self._parts.keys, message, terminal_id, verdict, approval=approval, arpc=arpc, part_minor=part_minor
        )

    async def kept(self, key: Key, answer: bytes) -> bytes:
        """Store the answer unless there is one; the one that counts."""
        return await self._parts.store.write(partial(answered.put_answer, key=key, answer=answer))
