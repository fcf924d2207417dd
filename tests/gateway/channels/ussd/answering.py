"""Dialogues that answer everybody the same, for tests of what stands before them."""

from dataclasses import dataclass, field

from gateway.services.dialogues import Closing, Event, HopEnd, Reply, closing_text


@dataclass
class Dialogues:
    """Answers the same to everybody, or raises."""

    reply: Reply = field(default_factory=lambda: Reply("خوش آمدید", more=True, end=HopEnd.CONTINUES))
    fault: Exception | None = None
    events: list[Event] = field(default_factory=list)

    async def answer(self, event: Event) -> Reply:
        self.events.append(event)
        if self.fault is not None:
            raise self.fault
        return self.reply

    async def close(self, event: Event) -> None:
        self.events.append(event)
        if self.fault is not None:
            raise self.fault

    async def is_live(self, adapter: str, session_key: str) -> bool:
        return (adapter, session_key) == ("infobip", "42")

    def closing(self, closing: Closing) -> str:
        return closing_text(closing, "en")
