"""The staff console: server-rendered pages, mounted at /console."""

from gateway.channels.console.app import console_app, console_routes
from gateway.channels.console.deps import CauseResolver, CauseView, ConsoleDeps
from gateway.channels.console.pages.budgets import BUDGET_KIND

__all__ = ["BUDGET_KIND", "CauseResolver", "CauseView", "ConsoleDeps", "console_app", "console_routes"]
