"""Forms of gates, signing rounds, tranches and envelopes."""
