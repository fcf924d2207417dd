"""What the wires in code have in common: a name, the house's codes, and events whose text is the last answer alone."""

from gateway.channels.ussd.codes import Codes, Dialled
from gateway.channels.ussd.wires.bodies import BODY_BYTES_MAX
from gateway.services.dialogues import Event, EventKind
from ussd_menus import Profile


class TypedWire:
    """Base of a wire of channels.ussd.wire; a class says otherwise where its provider does."""

    methods: tuple[str, ...] = ("POST",)
    body_bytes_max = BODY_BYTES_MAX
    profile = Profile()

    def __init__(self, name: str, codes: Codes) -> None:
        self.name = name
        self._codes = codes

    def dialled(self, text: str, code: str) -> Dialled:
        """What was dialled: `text` where it is a dialled string, else `code` alone."""
        return self._codes.split(text if text[:1] in {"*", "#"} else code)

    def begun(
        self, session: str, msisdn: str, dialled: Dialled, *, text: str = "", operator: str = "", sequence: str = ""
    ) -> Event:
        """Somebody dialled. `sequence` where the provider numbers, or begins a key once; `text` as Event has it."""
        return Event(
            self.name,
            EventKind.BEGIN,
            session,
            msisdn,
            dialled.service_code,
            text,
            operator,
            alone=True,
            sequence=sequence,
            dialled=dialled.answers,
        )

    def answered(
        self, session: str, msisdn: str, text: str, code: str = "", *, operator: str = "", sequence: str = ""
    ) -> Event:
        """Somebody typed `text` on the page shown last."""
        kind = EventKind.INPUT
        return Event(self.name, kind, session, msisdn, code, text, operator, alone=True, sequence=sequence)


__all__ = ["TypedWire"]
