"""What a running job holds in its hand."""


class JobStops(Exception):
    """Raised at a checkpoint when the job is to stop there; a job's function lets it pass."""


class JobHandle:
    """A running job: its id, where it goes on, and its checkpoints."""

    id: str
    cursor: str

    async def progress(self, done: int, total: int, cursor: str = "") -> None:
        """A checkpoint: stores progress and cursor.

        Raises:
            JobStops: Somebody has asked for pause or cancel, or another process has taken the job over.
        """
        raise NotImplementedError
