"""The long proofs: each has a short seeded sample in the suite, and runs whole in `make prove`."""
