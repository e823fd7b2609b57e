// Made from the catalog by `python -m rota_renderers.web.bundle`; change it there.

export const CATALOG = {
"id": "core",
"version": "1.0.0"
};

export const STATES = {
"ok": {
"tone": "ok",
"word": "OK",
"icon": "M3 8.6l3.3 3.2L13 4.8",
"filled": false
},
"completed": {
"tone": "ok",
"word": "Completed",
"icon": "M3 8.6l3.3 3.2L13 4.8",
"filled": false
},
"failed": {
"tone": "failed",
"word": "Failed",
"icon": "M4 4l8 8M12 4l-8 8",
"filled": false
},
"running": {
"tone": "running",
"word": "Running",
"icon": "M5 3.2v9.6L12.8 8z",
"filled": true
},
"retrying": {
"tone": "warn",
"word": "Retrying",
"icon": "M12.6 9.2A4.8 4.8 0 1 1 11.6 4.7L13 6.2M13 2.8v3.4H9.6",
"filled": false
},
"pending": {
"tone": "idle",
"word": "Pending",
"icon": "M3.2 8h.02M8 8h.02M12.8 8h.02",
"filled": false
},
"new": {
"tone": "idle",
"word": "Not run yet",
"icon": "M8 5.4a2.6 2.6 0 1 0 0 5.2a2.6 2.6 0 0 0 0-5.2",
"filled": false
},
"scheduled": {
"tone": "idle",
"word": "Scheduled",
"icon": "M8 2.8a5.2 5.2 0 1 0 0 10.4a5.2 5.2 0 0 0 0-10.4M8 5.4V8l1.9 1.3",
"filled": false
},
"late": {
"tone": "warn",
"word": "Late",
"icon": "M8 2.8v6.4M8 12.8v.02",
"filled": false
},
"missed": {
"tone": "warn",
"word": "Missed",
"icon": "M8 3.4a4.6 4.6 0 1 0 0 9.2a4.6 4.6 0 0 0 0-9.2M3 13L13 3",
"filled": false
},
"skipped": {
"tone": "idle",
"word": "Skipped",
"icon": "M3.6 8h8.8",
"filled": false
},
"cancelled": {
"tone": "idle",
"word": "Cancelled",
"icon": "M4 4h8v8H4z",
"filled": false
},
"paused": {
"tone": "idle",
"word": "Paused",
"icon": "M5.4 3.6v8.8M10.6 3.6v8.8",
"filled": false
},
"disabled": {
"tone": "idle",
"word": "Disabled",
"icon": "M8 2.8a5.2 5.2 0 1 0 0 10.4a5.2 5.2 0 0 0 0-10.4M5.6 8h4.8",
"filled": false
},
"stale": {
"tone": "warn",
"word": "Stale",
"icon": "M2.6 9.2c1.8-3.4 3.6-3.4 5.4-1.2s3.6 2.2 5.4-1.2",
"filled": false
},
"invalid": {
"tone": "failed",
"word": "Invalid",
"icon": "M4 2.6h5.2L12.4 6v7.4H4zM6.4 7.4l3.6 3.6M10 7.4L6.4 11",
"filled": false
},
"warn": {
"tone": "warn",
"word": "Warning",
"icon": "M8 2.8l5.8 10.2H2.2zM8 6.6v2.8M8 11.2v.02",
"filled": false
},
"unknown": {
"tone": "idle",
"word": "Unknown",
"icon": "M5.8 6a2.3 2.3 0 1 1 3.4 2c-.8.5-1.2.9-1.2 1.8M8 12.8v.02",
"filled": false
}
};

export const ACTIONS = {
"job.fill_in": {
"title": "Run…",
"danger": "low",
"confirm": null,
"disabled": {
"disabled": "the job is disabled",
"running": "it is running already",
"no_permission": "sign in to do this"
},
"method": "GET",
"path": "/jobs/{job}#h-run-now",
"body": [],
"form": "/jobs/{job}#h-run-now",
"cli": "rota run {job} --param NAME=VALUE"
},
"job.pause": {
"title": "Pause",
"danger": "medium",
"confirm": {
"title": "Pause this job?",
"body": "Its due instants are skipped until it is resumed. Running work goes on.",
"typeName": false
},
"disabled": {
"paused": "it is paused already",
"disabled": "the job is disabled",
"no_permission": "sign in to do this",
"already_requested": "already requested"
},
"method": "POST",
"path": "/api/v1/jobs/{job}/pause",
"body": [
"until",
"note"
],
"form": "/jobs/{job}/pause",
"cli": "rota pause {job}"
},
"job.resume": {
"title": "Resume",
"danger": "low",
"confirm": null,
"disabled": {
"not_paused": "it is not paused",
"no_permission": "sign in to do this",
"already_requested": "already requested"
},
"method": "POST",
"path": "/api/v1/jobs/{job}/resume",
"body": [],
"form": "/jobs/{job}/resume",
"cli": "rota resume {job}"
},
"job.run": {
"title": "Run now",
"danger": "low",
"confirm": null,
"disabled": {
"disabled": "the job is disabled",
"invalid": "its file has problems",
"running": "it is running already",
"no_permission": "sign in to do this",
"already_requested": "already requested"
},
"method": "POST",
"path": "/api/v1/jobs/{job}/runs",
"body": [
"params"
],
"form": "/jobs/{job}/run",
"cli": "rota run {job}"
},
"job.skip": {
"title": "Skip next",
"danger": "low",
"confirm": null,
"disabled": {
"paused": "it is paused: its due instants are skipped anyway",
"no_permission": "sign in to do this",
"already_requested": "already requested"
},
"method": "POST",
"path": "/api/v1/jobs/{job}/skip",
"body": [],
"form": "/jobs/{job}/skip",
"cli": "rota skip {job}"
},
"job.unskip": {
"title": "Don't skip",
"danger": "low",
"confirm": null,
"disabled": {
"not_skipped": "nothing is to be skipped",
"no_permission": "sign in to do this",
"already_requested": "already requested"
},
"method": "POST",
"path": "/api/v1/jobs/{job}/skip",
"body": [
"undo"
],
"form": "/jobs/{job}/unskip",
"cli": "rota skip {job} --undo"
},
"run.cancel": {
"title": "Cancel",
"danger": "high",
"confirm": {
"title": "Cancel this run?",
"body": "The process is asked to stop, then killed after its grace time.",
"typeName": false
},
"disabled": {
"not_active": "it has ended",
"no_permission": "sign in to do this",
"already_requested": "already requested"
},
"method": "POST",
"path": "/api/v1/runs/{run}/cancel",
"body": [],
"form": "/runs/{run}/cancel",
"cli": "rota cancel {run}"
},
"run.retry": {
"title": "Retry",
"danger": "low",
"confirm": null,
"disabled": {
"not_retryable": "only a failed, cancelled or waiting run can be retried",
"child": "it is retried with its batch",
"active": "it is still running",
"no_permission": "sign in to do this",
"already_requested": "already requested"
},
"method": "POST",
"path": "/api/v1/runs/{run}/retry",
"body": [],
"form": "/runs/{run}/retry",
"cli": "rota retry {run}"
}
};
