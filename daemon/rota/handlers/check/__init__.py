"""Built-in health checks. Each kind is a module with `look(settings) -> Verdict`; `kinds` names them all.

To add one: copy the nearest module, name it in `kinds`, give it a block in the job schema.
"""
