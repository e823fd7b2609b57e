"""The ledger: every run and every due instant, durably."""
