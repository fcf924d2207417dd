"""The staff console: server-rendered pages, mounted at /console."""

from gateway.channels.console.app import console_app, console_routes
from gateway.channels.console.deps import CauseResolver, CauseView, ConsoleDeps

__all__ = ["CauseResolver", "CauseView", "ConsoleDeps", "console_app", "console_routes"]
