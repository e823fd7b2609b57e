// Times, lengths and quantities in words; `format.py` gives the same strings.
// Instants and lengths are integers in ms. Everything is cut, never rounded up: what is shown has passed.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const STEPS = [[DAY, "d", HOUR, "h"], [HOUR, "h", MINUTE, "min"], [MINUTE, "min", SECOND, "s"]];

const cut = Math.floor;
const two = (n) => String(n).padStart(2, "0");

export function duration(ms) {
  if (ms < SECOND) return `${ms} ms`;
  if (ms < 10 * SECOND) {
    const whole = cut(ms / SECOND);
    const tenth = cut(ms / 100) % 10;
    return tenth ? `${whole}.${tenth} s` : `${whole} s`;
  }
  return elapsed(ms);
}

export function elapsed(ms) {
  if (ms < MINUTE) return `${cut(Math.max(0, ms) / SECOND)} s`;
  const [unit, word, part, partWord] = STEPS.find(([size]) => ms >= size);
  const rest = cut((ms % unit) / part);
  return rest ? `${cut(ms / unit)} ${word} ${rest} ${partWord}` : `${cut(ms / unit)} ${word}`;
}

export function coarse(ms) {
  if (ms < MINUTE) return `${cut(ms / SECOND)} s`;
  if (ms < HOUR) return `${cut(ms / MINUTE)} min`;
  return ms < 2 * DAY ? `${cut(ms / HOUR)} h` : `${cut(ms / DAY)} d`;
}

export function relative(at, now) {
  if (at - now >= SECOND) return `in ${coarse(at - now)}`;
  return now - at >= SECOND ? `${coarse(now - at)} ago` : "now";
}

export function countdown(at, now, overdue = "") {
  if (at - now >= SECOND) return `in ${coarse(at - now)}`;
  if (now - at < SECOND) return overdue || "due now";
  return overdue ? `${overdue} by ${coarse(now - at)}` : `due ${coarse(now - at)} ago`;
}

export function left(at, now) {
  return at - now >= SECOND ? `about ${coarse(at - now)} left` : "almost done";
}

export function over(at, now, limit) {
  return now - at > limit ? "longer than usual" : "";
}

export function moment(at, now, zone) {
  const there = local(at, zone);
  const here = local(now, zone);
  const clockText = there.second === "00" ? `${there.hour}:${there.minute}` : clockOf(there);
  if (there.year === here.year && there.month === here.month && there.day === here.day) return clockText;
  if (there.year === here.year) return `${Number(there.day)} ${MONTHS[Number(there.month) - 1]} ${clockText}`;
  return `${there.year.padStart(4, "0")}-${there.month}-${there.day} ${clockText}`;
}

export function clock(at, zone) {
  return clockOf(local(at, zone));
}

export function iso(at) {
  return new Date(at).toISOString();
}

/** How full a part of a picture is, from 1 to 4. */
export function level(share) {
  return Math.min(4, 1 + Math.floor(share * 4));
}

export function percent(fraction) {
  return cut(fraction * 100 + 1e-9);
}

export function size(count) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let level = 0;
  while (level < units.length - 1 && Math.abs(count) >= 1024 ** (level + 1)) level += 1;
  const tenths = cut((Math.abs(count) * 10) / 1024 ** level);
  const whole = cut(tenths / 10);
  const tenth = tenths % 10;
  const shown = tenth && whole < 100 && level ? `${whole}.${tenth}` : `${whole}`;
  return `${count < 0 ? "-" : ""}${shown} ${units[level]}`;
}

export function number(value) {
  if (Math.abs(value) >= 1e15) return value.toExponential(3);
  const hundredths = cut(Math.abs(value) * 100 + 0.5);
  const whole = cut(hundredths / 100);
  const cents = hundredths % 100;
  const shown = whole >= 10000 ? String(whole).replace(/\B(?=(\d{3})+$)/g, "\u202f") : String(whole);
  const decimals = cents ? `.${two(cents)}`.replace(/0$/, "") : "";
  return `${value < 0 && (whole || cents) ? "-" : ""}${shown}${decimals}`;
}

export function quantity(value, unit = "") {
  if (value === null || value === undefined) return "not known";
  if (typeof value === "string") {
    return unit && !["bytes", "ms", "percent"].includes(unit) ? `${value} ${unit}` : value;
  }
  if (unit === "bytes") return size(value);
  if (unit === "ms") return duration(Math.max(0, cut(value)));
  if (unit === "percent") return `${number(value)} %`;
  return unit ? `${number(value)} ${unit}` : number(value);
}

const formatters = new Map();

function clockOf(there) {
  return `${there.hour}:${there.minute}:${there.second}`;
}

function local(at, zone) {
  const parts = formatter(zone).formatToParts(at);
  return Object.fromEntries(parts.map(({ type, value }) => [type, value]));
}

// Making a formatter costs a hundred times as much as using one.
function formatter(zone) {
  if (!formatters.has(zone)) formatters.set(zone, makeFormatter(zone));
  return formatters.get(zone);
}

function makeFormatter(zone) {
  const parts = {
    year: "numeric", month: "2-digit", day: "2-digit",
    hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
  };
  try {
    return new Intl.DateTimeFormat("en-GB", { ...parts, timeZone: zone });
  } catch {
    return new Intl.DateTimeFormat("en-GB", { ...parts, timeZone: "UTC" });
  }
}
