"""What the institution does, one package a noun: tables, pure rules, async verbs."""
