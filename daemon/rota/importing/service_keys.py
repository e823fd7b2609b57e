"""Settings of services and timers that a job file of ours has no place for."""

from __future__ import annotations

from collections.abc import Mapping

_LIMIT = "rota has no such limit yet; `systemd-run --scope -p …` before the command sets it"

# Without meaning for a job that rota starts.
QUIET = frozenset(
    {
        "Type", "RemainAfterExit", "StandardOutput", "StandardError", "SyslogIdentifier", "SyslogFacility",
        "SyslogLevel", "LogLevelMax", "KillMode", "GuessMainPID", "NotifyAccess", "TimeoutStartFailureMode",
        "StartLimitIntervalSec", "StartLimitInterval", "SendSIGKILL", "Slice", "FinalKillSignal",
    }
)  # fmt: skip

LOST: Mapping[str, str] = {
    "Nice": "write `nice -n …` before the command",
    "IOSchedulingClass": "write `ionice -c …` before the command",
    "IOSchedulingPriority": "write `ionice -n …` before the command",
    "CPUSchedulingPolicy": "write `chrt …` before the command",
    "UMask": "write `umask …` as the first line of `run:`",
    "MemoryMax": _LIMIT,
    "MemoryHigh": _LIMIT,
    "CPUQuota": _LIMIT,
    "CPUWeight": _LIMIT,
    "IOWeight": _LIMIT,
    "TasksMax": _LIMIT,
    "LimitNOFILE": "write `ulimit -n …` as the first line of `run:`",
    "ExecStop": "a job is ended by SIGTERM; let the program, or a `trap` of the shell, tidy up",
    "ExecStopPost": "a job is ended by SIGTERM; let the program, or a `trap` of the shell, tidy up",
    "ExecReload": "a job has nothing to reload",
    "PassEnvironment": "nothing is inherited from the daemon; write the values into `env:`",
    "UnsetEnvironment": "nothing is inherited from the daemon",
    "LoadCredential": "secrets have no place yet; write the path of the file into `env:`",
    "SetCredential": "secrets have no place yet; write the path of the file into `env:`",
    "StandardInput": "a job reads nothing; write a here-document into `run:`",
    "KillSignal": "a job is ended by SIGTERM, then by SIGKILL",
    "WatchdogSec": "there is no watchdog for jobs yet; `limits: {timeout: …}` ends one that hangs",
}

SANDBOX = frozenset(
    {
        "NoNewPrivileges", "ReadWritePaths", "ReadOnlyPaths", "InaccessiblePaths", "AmbientCapabilities",
        "LockPersonality", "MemoryDenyWriteExecute", "UMask", "RuntimeDirectory", "StateDirectory",
        "CacheDirectory", "LogsDirectory", "BindPaths", "RootDirectory", "TemporaryFileSystem",
    }
)  # fmt: skip

# The names that systemd.exec(5) gives to exit codes.
EXIT_CODES: Mapping[str, int] = {
    "SUCCESS": 0, "FAILURE": 1, "INVALIDARGUMENT": 2, "NOTIMPLEMENTED": 3, "NOPERMISSION": 4,
    "NOTINSTALLED": 5, "NOTCONFIGURED": 6, "NOTRUNNING": 7, "USAGE": 64, "DATAERR": 65, "NOINPUT": 66,
    "NOUSER": 67, "NOHOST": 68, "UNAVAILABLE": 69, "SOFTWARE": 70, "OSERR": 71, "OSFILE": 72,
    "CANTCREAT": 73, "IOERR": 74, "TEMPFAIL": 75, "PROTOCOL": 76, "NOPERM": 77, "CONFIG": 78,
}  # fmt: skip

TIMER_LOST: Mapping[str, str] = {
    "OnActiveSec": "rota knows no moment at which a timer was switched on; write `boot: …` or `at: …`",
    "OnClockChange": "rota starts nothing when the clock is set",
    "OnTimezoneChange": "rota starts nothing when the zone is changed",
    "WakeSystem": "rota wakes no sleeping machine; what passes meanwhile is caught up on by `missed:`",
    "DeferReactivation": "an instant that comes while the job runs is skipped",
}
