"""Finding: anything of the house by a few characters of it."""
