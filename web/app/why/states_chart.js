// The states of an alarm as bands below its samples, grade by grade, and the orders of its device.

import { el, svg } from "../dom.js";
import { clock, moment } from "../times.js";
import { t } from "../words.js";
import { hatch } from "./samples_chart.js";
import { LEFT, RIGHT, timeOf, W } from "./time_axis.js";
import { toldWord } from "./told.js";

const ROW = 20;
const BAND = 12;
const STATES = ["normal", "pending", "active", "clearing"];

/** Return the bands of every grade that changed, and a row of orders if there are any. */
export function statesChart(told, x) {
  const grades = [...new Set(told.timeline.map((step) => step.severity))];
  const rows = grades.length + (told.orders.length ? 1 : 0);
  if (!rows) return null;
  return svg("svg.chart.why-states", { viewBox: `0 0 ${W} ${rows * ROW + 4}`, role: "img", "aria-label": t("why.states") },
    svg("defs", {}, hatch()),
    ...grades.flatMap((severity, i) => grade(told, severity, 4 + i * ROW, x)),
    ...(told.orders.length ? orders(told.orders, 4 + grades.length * ROW, x) : []));
}

/** Return what the shades and marks that are drawn stand for. */
export function legendOf(told, doubts) {
  const seen = new Set(told.timeline.flatMap((step) => [step.before, step.after]));
  const keys = STATES.filter((state) => seen.has(state)).map((state) => ["state", state, toldWord(state)]);
  if (told.gaps.length || told.judged === "silence") keys.push(["state", "unknown", toldWord("unknown")]);
  for (const doubt of ["doubtful", "refused", "late"]) {
    if (doubts.has(doubt)) keys.push(["doubt", doubt, t(`why.mark.${doubt}`)]);
  }
  return el("p.why-legend", {}, keys.map(([kind, name, text]) => el("span", { [`data-${kind}`]: name }, el("i", { "aria-hidden": "true" }), text)));
}

function grade(told, severity, y, x) {
  const steps = told.timeline.filter((step) => step.severity === severity);
  const times = [x.low, ...steps.map(timeOf), x.high];
  const states = [steps[0].before, ...steps.map((step) => step.after)];
  const bands = states.map((state, i) => [state, x(times[i]), x(times[i + 1]), times[i]]).filter(([, from, to]) => to > from);
  return [
    svg("text.chart-y", { x: LEFT - 6, y: y + BAND - 2.5 }, toldWord(severity)),
    ...bands.map(([state, from, to, at]) => svg("g.why-band", { "data-state": state, "data-severity": severity },
      svg("title", {}, `${clock(at)} ${toldWord(severity)}: ${toldWord(state)}`),
      svg("rect", { x: from, y, width: to - from, height: BAND, rx: 1.5 }))),
    ...told.gaps.map((gap) => [x(Date.parse(gap.from_at)), x(Date.parse(gap.until_at))]).filter(([from, to]) => to > from)
      .map(([from, to]) => svg("g.why-band", { "data-state": "unknown" }, svg("title", {}, t("why.gap")),
        svg("rect", { x: from, y, width: to - from, height: BAND, fill: "url(#why-unknown)" }))),
  ];
}

function orders(steps, y, x) {
  return [
    svg("text.chart-y", { x: LEFT - 6, y: y + BAND - 2.5 }, t("why.orders.short")),
    svg("line.chart-grid", { x1: LEFT, x2: RIGHT, y1: y + BAND / 2, y2: y + BAND / 2 }),
    ...steps.filter((step) => x.holds(Date.parse(step.at))).map((step) => svg("g.why-order", { "data-judged": String(step.is_judged), "data-state": step.state },
      svg("title", {}, `${moment(step.at)} ${toldWord(step.turn)}: ${toldWord(step.state)}`),
      svg("path", { d: `M${x(Date.parse(step.at))} ${y - 1}l5 7l-5 7l-5 -7z` }))),
  ];
}
