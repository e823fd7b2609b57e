"""Job files in, a checked set of jobs or its problems out."""
