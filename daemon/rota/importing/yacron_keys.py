"""Keys of yacron and cronstable that a job file of ours has no place for, and why."""

from __future__ import annotations

from collections.abc import Mapping

_REPORTS = "rota sends no reports yet; failed runs are on the page and in `rota runs --failed`"
_CLUSTER = "rota runs on one host; `hosts:` says which hosts have a job"
_DAEMON = "a setting of the daemon, not of jobs; `rota schema config` prints those of rota.yaml"

# Kept in another way, or needless: a note beside the job, with the value in its place.
KEPT: Mapping[str, str] = {
    "captureStdout": "captureStdout: {}: rota always keeps the output of a run",
    "captureStderr": "captureStderr: {}: rota always keeps the output of a run",
    "saveLimit": "saveLimit: {} lines: here `limits: {{output: 16M}}` counts bytes",
    "maxLineLength": "maxLineLength: {}: lines may be of any length here",
    "streamPrefix": "streamPrefix: {}: each run has a log of its own here",
    "archiveOutput": "archiveOutput: {}: rota always keeps the output of a run",
    "monitorResources": "monitorResources: {}: not recorded here",
    "user": "it ran as the user {}; here it runs as the user of the runner",
    "group": "it ran with the group {}; here it runs with that of the runner",
    "catchupJitterSeconds": "catchupJitterSeconds: {}: catch-up runs go one after another here",
}

# Lost: listed with its line.
LOST: Mapping[str, str] = {
    "onSuccess": _REPORTS,
    "onPermanentFailure": _REPORTS,
    "onLate": _REPORTS,
    "sla": "lateness is not watched yet; `expect: {duration: {max: …}}` warns of long runs",
    "statsd": "rota sends no metrics to statsd",
    "clusterPolicy": _CLUSTER,
    "concurrencyScope": _CLUSTER,
    "onlyIfLastSucceeded": "write a `condition:` that looks at what the last run left",
    "redactArchivedSecrets": "secrets in output are not masked yet",
    "secrets": "put them into a file that `env_file:` names",
    "stateAllowedScopes": "jobs have no shared store here; write files",
    "verify": "write `steps:`, the check as the second one",
    "queueTimeout": "write `start_deadline:`: a run that waits longer is skipped",
    "priority": "write `nice -n 10` before the command",
}

ON_TOP: Mapping[str, str] = {
    "include": "give these files to `rota import` as well",
    "dags": "write the tasks as `steps:` of one job, or as jobs with `schedule: {after: …}`",
    "pools": "pools belong into rota.yaml: `pools: {name: places}`",
    "web": _DAEMON,
    "mcp": _DAEMON,
    "cluster": _CLUSTER,
    "state": _DAEMON,
    "logging": _DAEMON,
    "notify": _REPORTS,
    "push": _REPORTS,
}
