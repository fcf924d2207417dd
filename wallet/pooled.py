"""`?pooled=true` in a PostgreSQL URL: a pooler such as PgBouncer in transaction mode stands in front of the server.

Such a pooler may hand each transaction another connection of the server, where a statement that was prepared by name
does not exist, or exists with other words. Statements then go without a name and are parsed each time, which costs
speed: so it is said by the URL and never the default. The word is ours; no driver may see it.
"""

from typing import Any

from sqlalchemy.engine import URL

POOLED = "pooled"
_UNNAMED = {"statement_cache_size": 0, "prepared_statement_cache_size": 0, "prepared_statement_name_func": lambda: ""}
_WORDS = {"true": True, "1": True, "false": False, "0": False}


def bare(url: URL) -> URL:
    """The URL as drivers and tools of PostgreSQL understand it."""
    return url.difference_update_query([POOLED])


def asyncpg_args(url: URL) -> dict[str, Any]:
    """What SQLAlchemy's `connect_args` must say to asyncpg for this URL.

    Raises:
        ValueError: `pooled` is neither true nor false.
    """
    return dict(_UNNAMED) if is_pooled(url) else {}


def is_pooled(url: URL) -> bool:
    """Whether the URL says so.

    Raises:
        ValueError: `pooled` is neither true nor false.
    """
    word = str(url.query.get(POOLED, "false"))
    if word not in _WORDS:
        raise ValueError(f"{POOLED} is true or false, not {word!r}")
    return _WORDS[word]
