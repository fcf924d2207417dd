"""Reports: what is printed, handed on, and read again the same."""
