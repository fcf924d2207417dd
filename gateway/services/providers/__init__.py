"""Providers: doctors and health centres, their prices, visits, claim lines and what they are owed."""
