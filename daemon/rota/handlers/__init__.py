"""Kinds of work: each turns its part of a job file into an argv for the runner."""
