"""The console's pages, one module a noun; each says its routes."""
