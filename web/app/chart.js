// Samples over time as a small picture: the limit, the decision, gaps left as gaps.

import { svg } from "./dom.js";
import { clock, hours } from "./times.js";
import { t } from "./words.js";

const W = 440;
const H = 168;
const BOX = { left: 44, right: W - 10, top: 14, bottom: H - 22 };
const SECONDS_BELOW_MS = 10 * 60_000;
const GAP_FACTOR = 5;
const LEAST_GAP_MS = 60_000;

/**
 * Draw samples.
 * @param {object} facts `before` and `after` hold `{ at, value }`, at in ms; `threshold`,
 *     `decidedAt` and `unit` may be null or empty; `hold_s` is how long it had to last.
 */
export function chart({ before, after = [], threshold = null, decidedAt = null, hold_s = 0, unit = "" }) {
  const all = [...before, ...after];
  const x = scaleX(all, decidedAt);
  const y = scaleY(all, threshold);
  const picture = svg("svg.chart", { viewBox: `0 0 ${W} ${H}`, role: "img" },
    decidedAt !== null && hold_s > 0 ? hold(x, decidedAt, hold_s) : null,
    ...grid(y), ...times(x),
    threshold === null ? null : limit(y, threshold, unit),
    decidedAt === null ? null : decision(x, decidedAt),
    ...line(before, x, y, "chart-line"), ...line(after, x, y, "chart-line.after"));
  hover(picture, all, x, y, unit);
  return picture;
}

/** Return a number as short as it can be without losing what matters. */
export function short(value) {
  const size = Math.abs(value);
  return String(Number(value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2)));
}

function scaleX(all, decidedAt) {
  const times = all.map((sample) => sample.at).concat(decidedAt ?? []);
  const [low, high] = [Math.min(...times), Math.max(...times)];
  const room = Math.max(high - low, 10_000);
  const at = (ms) => BOX.left + ((ms - low) / room) * (BOX.right - BOX.left);
  return Object.assign(at, { low, high: low + room });
}

function scaleY(all, threshold) {
  const values = all.map((sample) => sample.value).concat(threshold ?? []);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const step = niceStep((most - least || Math.abs(most) || 1) * 1.1);
  const low = Math.floor(least / step) * step;
  const high = Math.max(Math.ceil((most + step * 0.15) / step) * step, low + step);
  const at = (value) => BOX.bottom - ((value - low) / (high - low)) * (BOX.bottom - BOX.top);
  return Object.assign(at, { low, high, step });
}

/** Return a step of 1, 2 or 5 times a power of ten that gives about three of them. */
function niceStep(room) {
  const rough = room / 3;
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
}

function grid(y) {
  const lines = [];
  for (let value = y.low; value <= y.high + y.step / 2; value += y.step) {
    lines.push(
      svg("line.chart-grid", { x1: BOX.left, x2: BOX.right, y1: y(value), y2: y(value) }),
      svg("text.chart-y", { x: BOX.left - 6, y: y(value) + 3.5 }, short(value)),
    );
  }
  return lines;
}

function times(x) {
  const shown = x.high - x.low < SECONDS_BELOW_MS ? clock : hours;
  return [0, 0.5, 1].map((share, i) => svg("text.chart-x", {
    x: BOX.left + (BOX.right - BOX.left) * share, y: H - 6, "text-anchor": ["start", "middle", "end"][i],
  }, shown(x.low + (x.high - x.low) * share)));
}

function limit(y, threshold, unit) {
  const at = y(threshold);
  return svg("g.chart-limit", {},
    svg("line", { x1: BOX.left, x2: BOX.right, y1: at, y2: at }),
    svg("text", { x: BOX.left + 6, y: at - 5 < BOX.top ? at + 12 : at - 5 }, t("evidence.threshold", { value: `${short(threshold)} ${unit}` })));
}

/** Shade the time that it had to last before the decision. */
function hold(x, decidedAt, hold_s) {
  const [from, to] = [Math.max(x(decidedAt - hold_s * 1000), BOX.left), x(decidedAt)];
  return svg("g.chart-hold", {},
    svg("rect", { x: from, y: BOX.top, width: Math.max(to - from, 1), height: BOX.bottom - BOX.top }),
    svg("text", { x: to - 4, y: BOX.top + 11, "text-anchor": "end" }, t("evidence.hold", { n: short(hold_s) })));
}

function decision(x, decidedAt) {
  const at = x(decidedAt);
  const flip = at > (BOX.left + BOX.right) / 2;
  return svg("g.chart-decided", {},
    svg("line", { x1: at, x2: at, y1: BOX.top, y2: BOX.bottom }),
    svg("text", { x: at + (flip ? -5 : 5), y: BOX.bottom - 6, "text-anchor": flip ? "end" : "start" },
      t("evidence.decided", { at: clock(decidedAt) })));
}

function line(samples, x, y, name) {
  const gap = gapOf(samples);
  const runs = [];
  samples.forEach((sample, i) => {
    if (!i || sample.at - samples[i - 1].at > gap) runs.push([]);
    runs.at(-1).push(sample);
  });
  const place = (sample) => `${x(sample.at).toFixed(1)},${y(sample.value).toFixed(1)}`;
  return runs.map((run) => (run.length === 1
    ? svg(`circle.${name}.lone`, { cx: x(run[0].at), cy: y(run[0].value), r: 2 })
    : svg(`polyline.${name}`, { points: run.map(place).join(" ") })));
}

function gapOf(samples) {
  const steps = samples.slice(1).map((sample, i) => sample.at - samples[i].at).sort((a, b) => a - b);
  return Math.max((steps[steps.length >> 1] ?? 0) * GAP_FACTOR, LEAST_GAP_MS);
}

function hover(picture, all, x, y, unit) {
  const dot = svg("circle.chart-dot", { r: 3.5, visibility: "hidden" });
  const words = svg("text.chart-tip", { visibility: "hidden" });
  picture.append(dot, words);
  picture.addEventListener("pointermove", (event) => {
    const box = picture.getBoundingClientRect();
    const at = ((event.clientX - box.left) / box.width) * W;
    const near = all.reduce((best, sample) => (Math.abs(x(sample.at) - at) < Math.abs(x(best.at) - at) ? sample : best), all[0]);
    if (!near) return;
    const [cx, cy] = [x(near.at), y(near.value)];
    const flip = cx > W / 2;
    for (const [name, value] of Object.entries({ cx, cy })) dot.setAttribute(name, value);
    words.setAttribute("x", cx + (flip ? -8 : 8));
    words.setAttribute("y", Math.max(cy - 8, 12));
    words.setAttribute("text-anchor", flip ? "end" : "start");
    words.textContent = `${clock(near.at)}  ${short(near.value)} ${unit}`;
    [dot, words].forEach((node) => node.setAttribute("visibility", "visible"));
  });
  picture.addEventListener("pointerleave", () => [dot, words].forEach((node) => node.setAttribute("visibility", "hidden")));
}
