"""One module a component, named as in the catalog."""

from __future__ import annotations

from collections.abc import Mapping

from rota_renderers.terminal.canvas import Draw
from rota_renderers.terminal.components import (
    Banner,
    Empty,
    ErrorAlert,
    HealthStrip,
    Invalid,
    JobRow,
    JobTable,
    KeyValue,
    Link,
    LogEntry,
    LogTail,
    MetricRow,
    NextRunCountdown,
    Page,
    PhaseIndicator,
    ProgressBar,
    RunForm,
    RunHistory,
    RunTable,
    Section,
    Stack,
    StepList,
    Text,
    Timeline,
    Unsupported,
    UpcomingList,
)

COMPONENTS: Mapping[str, Draw] = {
    "Banner": Banner.draw,
    "Empty": Empty.draw,
    "ErrorAlert": ErrorAlert.draw,
    "HealthStrip": HealthStrip.draw,
    "Invalid": Invalid.draw,
    "JobRow": JobRow.draw,
    "JobTable": JobTable.draw,
    "KeyValue": KeyValue.draw,
    "Link": Link.draw,
    "LogEntry": LogEntry.draw,
    "LogTail": LogTail.draw,
    "MetricRow": MetricRow.draw,
    "NextRunCountdown": NextRunCountdown.draw,
    "Page": Page.draw,
    "PhaseIndicator": PhaseIndicator.draw,
    "ProgressBar": ProgressBar.draw,
    "RunForm": RunForm.draw,
    "RunHistory": RunHistory.draw,
    "RunTable": RunTable.draw,
    "Section": Section.draw,
    "Stack": Stack.draw,
    "StepList": StepList.draw,
    "Text": Text.draw,
    "Timeline": Timeline.draw,
    "Unsupported": Unsupported.draw,
    "UpcomingList": UpcomingList.draw,
}
