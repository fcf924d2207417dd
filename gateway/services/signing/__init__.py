"""Signing: documents by their hash, who must sign them and how, and the proof that they did."""
