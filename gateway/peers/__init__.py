"""Systems we call or keep links to; each satisfies a Protocol of a service."""
