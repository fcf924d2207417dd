"""Banking: orders to the bank and what it says of them; statements as they came, each once."""
