"""Re-reads everything and names the first wrong row."""
