"""Speed beside its floor: one file for each promise. `make bench` prints the table."""
