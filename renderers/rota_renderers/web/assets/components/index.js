// Every component by name. One file each; the same names as in the catalog and in the other renderers.

import { boxOf, broken } from "./Box.js";
import { view as Banner } from "./Banner.js";
import { view as Empty } from "./Empty.js";
import { view as ErrorAlert } from "./ErrorAlert.js";
import { view as HealthStrip } from "./HealthStrip.js";
import { view as JobRow } from "./JobRow.js";
import { view as JobTable } from "./JobTable.js";
import { view as KeyValue } from "./KeyValue.js";
import { view as Link } from "./Link.js";
import { view as LogEntry } from "./LogEntry.js";
import { view as LogTail } from "./LogTail.js";
import { view as MetricRow } from "./MetricRow.js";
import { view as NextRunCountdown } from "./NextRunCountdown.js";
import { view as Page } from "./Page.js";
import { view as PhaseIndicator } from "./PhaseIndicator.js";
import { view as ProgressBar } from "./ProgressBar.js";
import { view as RunForm } from "./RunForm.js";
import { view as RunHistory } from "./RunHistory.js";
import { view as RunTable } from "./RunTable.js";
import { view as Section } from "./Section.js";
import { view as Stack } from "./Stack.js";
import { view as StepList } from "./StepList.js";
import { view as Text } from "./Text.js";
import { view as Timeline } from "./Timeline.js";
import { view as UpcomingList } from "./UpcomingList.js";

export const COMPONENTS = {
  Banner,
  Empty,
  ErrorAlert,
  HealthStrip,
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
  UpcomingList,
};

export { broken };

/** The marked box in place of an element. */
export function box(id, element, within, why) {
  return boxOf(Object.hasOwn(COMPONENTS, element.type), id, element, within, why);
}
