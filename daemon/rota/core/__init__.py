"""Pure rules: no asyncio, files, processes, database, clock or randomness."""
