// The samples of an explanation: limits as lines, delays shaded, gaps hatched as unknown, doubts marked.

import { short } from "../chart.js";
import { svg } from "../dom.js";
import { clock } from "../times.js";
import { t } from "../words.js";
import { LEFT, RIGHT, timeOf, W } from "./time_axis.js";
import { doubtOf, toldWord } from "./told.js";

const LARGE = 176;
const SMALL = 118;
const TOP = 12;
const BELOW = 22;
const STILL = 3; // steps between two samples of which the line goes on

/**
 * Draw the samples of one series.
 * @param {object} facts `told` is the explanation's engine part, `samples` those of the series
 *     by their time, `decidedAt` in ms, `late` the times of samples that came too late, `x`
 *     the time axis, `unit` that of the samples, and
 *     whether the picture `isLarge`.
 */
export function samplesChart({ told, samples, decidedAt, late, x, unit, isLarge }) {
  const H = isLarge ? LARGE : SMALL;
  const box = { top: TOP, bottom: H - BELOW };
  const seen = samples.filter((sample) => sample.value !== null && x.holds(sample.at));
  const isJudged = samples[0].what === told.quantity;
  const limits = (isJudged ? told.limits : []).flatMap((limit) => limit.drawn.map((at) => ({ at, severity: limit.severity })));
  const y = scaleY(seen, limits, box);
  const picture = svg("svg.chart.why-samples", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": t("why.chart") },
    svg("defs", {}, hatch()),
    ...shades(told, x, box), ...gaps(told, samples, { decidedAt, x, box }),
    ...grid(y), ...times(x, H),
    ...limits.map((limit) => limitLine(limit, y, unit)),
    decision(x, decidedAt, box),
    ...lines(seen, told.largest_gap_s * 1000, x, y),
    ...seen.map((sample) => mark(sample, doubtOf(sample, late), x, y)));
  hover(picture, seen, late, { x, y, unit });
  return picture;
}

/** Return the pattern that stands for unknown, wherever it is drawn. */
export function hatch() {
  return svg("pattern", { id: "why-unknown", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
    svg("line.why-hatch", { x1: 0, x2: 0, y1: 0, y2: 6 }));
}

function scaleY(samples, limits, box) {
  const values = [...samples.map((sample) => sample.value), ...limits.map((limit) => limit.at)];
  const [least, most] = values.length ? [Math.min(...values), Math.max(...values)] : [0, 1];
  const rough = ((most - least || Math.abs(most) || 1) * 1.1) / 3;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
  const low = Math.floor(least / step) * step;
  const high = Math.max(Math.ceil((most + step * 0.15) / step) * step, low + step);
  return Object.assign((value) => box.bottom - ((value - low) / (high - low)) * (box.bottom - box.top), { low, high, step, ...box });
}

function grid(y) {
  const found = [];
  for (let value = y.low; value <= y.high + y.step / 2; value += y.step) {
    found.push(
      svg("line.chart-grid", { x1: LEFT, x2: RIGHT, y1: y(value), y2: y(value) }),
      svg("text.chart-y", { x: LEFT - 6, y: y(value) + 3.5 }, short(value)));
  }
  return found;
}

function times(x, H) {
  return [0, 0.5, 1].map((share, i) => svg("text.chart-x", {
    x: LEFT + (RIGHT - LEFT) * share, y: H - 6, "text-anchor": ["start", "middle", "end"][i],
  }, x.words(x.low + (x.high - x.low) * share)));
}

/** Shade every delay of the grade that decided, to the alarm or back from it. */
function shades(told, x, box) {
  const found = [];
  const { severity } = told.timeline.find((step) => step.is_decision) ?? told.timeline[0] ?? {};
  const steps = told.timeline.filter((step) => step.severity === severity);
  steps.forEach((step, i) => {
    if (step.after !== "pending" && step.after !== "clearing") return;
    const end = steps[i + 1];
    const [from, to] = [x(timeOf(step)), x(end ? timeOf(end) : x.high)];
    if (to <= from) return;
    found.push(svg("g.why-hold", { "data-state": step.after },
      svg("title", {}, toldWord(step.after)),
      svg("rect", { x: from, y: box.top, width: to - from, height: box.bottom - box.top })));
  });
  return found;
}

/** Hatch where nobody can know: too far from sample to sample, or silence itself. */
function gaps(told, samples, { decidedAt, x, box }) {
  const spans = told.gaps.map((gap) => [Date.parse(gap.from_at), Date.parse(gap.until_at)]);
  if (told.judged === "silence") {
    const heard = samples.filter((sample) => sample.at <= decidedAt).at(-1);
    spans.push([heard ? heard.at : x.low, decidedAt]);
  }
  return spans.map(([from, to]) => [x(from), x(to)]).filter(([from, to]) => to > from).map(([from, to]) => svg("g.why-gap", {},
    svg("title", {}, t("why.gap")),
    svg("rect", { x: from, y: box.top, width: to - from, height: box.bottom - box.top, fill: "url(#why-unknown)" })));
}

function limitLine({ at, severity }, y, unit) {
  const place = y(at);
  return svg("g.chart-limit", { "data-severity": severity, "data-at": at },
    svg("line", { x1: LEFT, x2: RIGHT, y1: place, y2: place }),
    svg("text", { x: LEFT + 6, y: place - 5 < y.top ? place + 12 : place - 5 }, `${toldWord(severity)} ${short(at)} ${unit}`));
}

function decision(x, decidedAt, box) {
  const at = x(decidedAt);
  const flip = at > (LEFT + RIGHT) / 2;
  return svg("g.chart-decided", {},
    svg("line", { x1: at, x2: at, y1: box.top, y2: box.bottom }),
    svg("text", { x: at + (flip ? -5 : 5), y: box.bottom - 6, "text-anchor": flip ? "end" : "start" }, t("why.decided", { at: clock(decidedAt) })));
}

function lines(samples, largest, x, y) {
  const runs = [];
  const steps = samples.slice(1).map((sample, i) => sample.at - samples[i].at).sort((a, b) => a - b);
  const still = Math.max(largest, (steps[steps.length >> 1] ?? 0) * STILL);
  samples.forEach((sample, i) => {
    if (!i || sample.at - samples[i - 1].at > still) runs.push([]);
    runs.at(-1).push(sample);
  });
  return runs.map((run) => svg("polyline.chart-line", {
    points: run.map((sample) => `${x(sample.at).toFixed(1)},${y(sample.value).toFixed(1)}`).join(" "),
  }));
}

/** Draw one sample: a dot, a ring where it is doubtful, a cross where it is not judged, a triangle where it was late. */
function mark(sample, doubt, x, y) {
  const [cx, cy] = [x(sample.at), y(sample.value)];
  const facts = { "data-doubt": doubt || null, "data-at": sample.measured_at };
  if (doubt === "refused") return svg("path.why-dot", { ...facts, d: `M${cx - 3.5} ${cy - 3.5}l7 7m0 -7l-7 7` });
  if (doubt === "late") return svg("path.why-dot", { ...facts, d: `M${cx} ${cy - 5}l4.5 8h-9z` });
  return svg("circle.why-dot", { ...facts, cx, cy, r: doubt ? 3.6 : 1.7 });
}

function hover(picture, samples, late, { x, y, unit }) {
  const dot = svg("circle.chart-dot", { r: 4, visibility: "hidden" });
  const [value, doubts] = [0, 1].map(() => svg("text.chart-tip", { visibility: "hidden" }));
  picture.append(dot, value, doubts);
  const show = (state) => [dot, value, doubts].forEach((node) => node.setAttribute("visibility", state));
  picture.addEventListener("pointermove", (event) => {
    const box = picture.getBoundingClientRect();
    const at = ((event.clientX - box.left) / box.width) * W;
    const near = samples.reduce((best, one) => (!best || Math.abs(x(one.at) - at) < Math.abs(x(best.at) - at) ? one : best), null);
    if (!near) return;
    const [cx, cy] = [x(near.at), y(near.value)];
    const flip = cx > W / 2;
    dot.setAttribute("cx", cx);
    dot.setAttribute("cy", cy);
    [value, doubts].forEach((node, i) => {
      node.setAttribute("x", cx + (flip ? -9 : 9));
      node.setAttribute("y", Math.max(cy - 18, 12) + i * 13);
      node.setAttribute("text-anchor", flip ? "end" : "start");
    });
    value.textContent = `${clock(near.at)}  ${short(near.value)} ${unit}`;
    doubts.textContent = doubtWords(near, late);
    show("visible");
  });
  picture.addEventListener("pointerleave", () => show("hidden"));
}

function doubtWords(sample, late) {
  const words = sample.quality.map(toldWord);
  if (sample.is_refused) words.push(t("why.refused"));
  if (late.has(sample.at)) words.push(t("why.corrected"));
  const behind = Math.round((Date.parse(sample.received_at) - sample.at) / 1000);
  if (doubtOf(sample, late) === "late") words.push(t("why.behind", { n: behind }));
  return words.join(" · ");
}
