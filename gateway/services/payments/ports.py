"""What this service needs of others, said as small Protocols; app.py joins them."""

from typing import Protocol


class Payer(Protocol):
    """A person, as far as a payment needs one."""

    @property
    def id(self) -> str:
        """`per_…`."""
        ...

    @property
    def msisdn(self) -> str:
        """`+989…`."""
        ...

    @property
    def language(self) -> str:
        """Of screens and notices."""
        ...

    @property
    def enrolled(self) -> bool:
        """Whether money may be sent to this person's wallet."""
        ...

    def masked_name_in(self, language: str) -> str:
        """`M***m A***i`, in the letters of `language`."""
        ...


class Payers(Protocol):
    """Where people are found."""

    async def by_id(self, person_id: str) -> Payer | None:
        """The person with this id."""
        ...

    async def by_msisdn(self, msisdn: str) -> Payer | None:
        """The person with this number."""
        ...

    async def active_ids(self, *, after: str, limit: int) -> list[str]:
        """Ids of people who owe contributions, in order, from after `after`."""
        ...

    async def count_active(self) -> int:
        """How many those are."""
        ...


class Progress(Protocol):
    """A job that is under way."""

    @property
    def id(self) -> str:
        """`job_…`."""
        ...

    @property
    def cursor(self) -> str:
        """Where an earlier run of this job stopped; '' at the beginning."""
        ...

    async def progress(self, done: int, total: int, cursor: str = "") -> None:
        """A checkpoint: what is done stays done; raises if the job is to stop here."""
        ...
