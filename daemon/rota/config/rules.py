"""The kinds of problems by their stable names: what programs that collect findings group and filter by."""

from __future__ import annotations

from collections.abc import Mapping

# Names stay what they are for ever: people write them into the filters of other tools.
RULES: Mapping[str, str] = {
    "job-file": "Something in the job file can't be as it is.",
    "no-job": "The file holds no job: it is empty, or its name can't be the id of a job.",
    "unreadable": "The file or directory can't be read. Its jobs keep their last good version.",
    "left-out": "Something lies in the job directory that is no job file; nothing is made of it.",
    "encoding": "The file is not UTF-8 without a byte order mark.",
    "too-large": "The file, or what its aliases make of it, is larger than job files may be.",
    "too-deep": "Lists and maps lie more than 64 levels inside each other.",
    "yaml-syntax": "The file is not YAML, so nothing in it can be understood.",
    "yaml-value": "YAML reads the value in another way than it looks. Quotes make it text.",
    "yaml-tag": "A value begins with !, which makes it a tag. Job files use none.",
    "alias": "An alias (*name) names no anchor (&name) that stands before it.",
    "duplicate-key": "A map holds a key twice, and nobody can say which of the two is meant.",
    "duplicate-id": "Two files hold the same job id. The one that held it before keeps it.",
    "unknown-key": "A key that job files don't know, mostly a misspelt one or one at the wrong level.",
    "wrong-key": "A name that can't be a key here, such as the id of a job or a variable.",
    "missing-key": "A key that is needed here is not there.",
    "exclusive-keys": "Keys that exclude each other stand side by side.",
    "wrong-value": "The value is not of the kind, or not in the range, that its key takes.",
    "cron": "The cron expression can't be understood, or never fires.",
    "timezone": "There is no time zone of this name.",
    "instant": "There is no such day or time, or the clocks leave it out.",
    "except": "The exception from the schedule can't be understood, or its calendar can't be used.",
    "reference": "Another job is named that there is not, or jobs that come after each other in a circle.",
    "params": "A parameter's JSON Schema is none, or its default does not fit it.",
    "matrix": "The values of a matrix don't make jobs with ids of their own.",
    "exit-codes": "An exit code means two things.",
    "pool": "The pool is not in rota.yaml, or has too little room for a run.",
    "expect": "What is expected of a run contradicts itself.",
    "batch": "There are more items than may be, or one that no process can be given.",
    "step-id": "Two steps have the same id, or a step needs one that there is not, or that needs it itself.",
    "template": "A template can't be read, or names something that there is not.",
    "shell-template": "Shell text is no template; the values are environment variables there.",
    "never-soon": "The schedule names no instant within the next year.",
    "clock-change": "The schedule names a time that clocks skip or show twice on a day of the next year.",
    "both-days": "Day of month and day of week are both restricted: either matches.",
    "uneven-step": "The step does not divide its range, so one distance is shorter than the others.",
    "long-run": "A run usually takes longer than the time until the next one is due.",
    "minute-zero": "Many jobs start at minute 0 of the same hour, all at once.",
    "catch-up": "After a stop, every missed instant of a job that is often due is run.",
    "file-mode": "Others than its owner can write the job file, and its jobs would run with root's rights.",
    "limits": "The limits contradict each other, or leave no room for what has to run.",
    "renamed-from": "The history of another job can't come along, since this one has runs of its own.",
    "all-excepted": "Every due instant lies in an exception: the job never runs by its schedule.",
}


def help_of(rule: str) -> str:
    """What a kind of problem is about; that of job files as such for one that is not named here."""
    return RULES.get(rule, RULES["job-file"])
