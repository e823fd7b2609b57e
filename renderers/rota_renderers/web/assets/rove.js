// One tab stop for the bars of a history; arrow keys walk along them, oldest to newest.

const STEPS = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };

/** Let the keys walk the bars of every history below `mount`, whenever it was drawn. */
export function rove(mount) {
  mount.addEventListener("focusin", (event) => {
    const bar = barOf(event);
    if (bar) for (const one of barsBeside(bar)) one.setAttribute("tabindex", one === bar ? 0 : -1);
  });
  mount.addEventListener("keydown", (event) => {
    const bar = barOf(event);
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey;
    if (!bar || !isPlain || !Object.hasOwn(STEPS, event.key)) return;
    event.preventDefault();
    const bars = barsBeside(bar);
    const at = bars.indexOf(bar) + STEPS[event.key];
    bars[Math.max(0, Math.min(bars.length - 1, at))].focus();
  });
}

function barOf(event) {
  return event.target.closest?.(".c-history .bar") ?? null;
}

function barsBeside(bar) {
  return [...bar.parentNode.querySelectorAll(":scope > .bar")];
}
