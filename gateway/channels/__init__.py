"""Doors that people and partners come in by: parse, call a service, render."""
