"""Jobs: long work with progress, pause, resume and cancel, for the console and the command line."""

from gateway.services.jobs.handle import JobHandle, JobStops
from gateway.services.jobs.jobs import Jobs, JobWork
from gateway.services.jobs.model import Job, JobOutcome, JobState

__all__ = ["Job", "JobHandle", "JobOutcome", "JobState", "JobStops", "JobWork", "Jobs"]
