"""Decision tables: rules as rows of data, dated, with examples, published by two people, explained row by row."""
