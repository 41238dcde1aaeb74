"""Pages of gates, signing rounds, tranches and envelopes. Each fetches, validates, acts and redirects."""
