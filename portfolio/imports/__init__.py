"""Taking in files of others: readers, profiles and actuals are pure; `apply` and `postings` write."""
