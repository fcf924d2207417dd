"""What went wrong with the cluster, in words for who runs it."""


class HaFault(Exception):
    """Something that a person must look at; the text says what and where."""
