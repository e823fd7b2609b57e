"""Kinds of work. Each becomes the argv of a process of its own, so it sees the host as the job's user does.

`handlers.work.prepare` is the way in. `handlers.http` and `handlers.check` are what those processes run:
standard library only, so that they start quickly. To add a check, copy the nearest module of
`handlers/check/`.
"""
