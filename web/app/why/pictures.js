// The pictures of an explanation: each series that decided, the states, and what they stand for.

import { el, fill } from "../dom.js";
import { said, t } from "../words.js";
import { proof } from "./proof.js";
import { samplesChart } from "./samples_chart.js";
import { legendOf, statesChart } from "./states_chart.js";
import { axisOf, nearSpan, wholeSpan } from "./time_axis.js";
import { doubtOf, toldWord } from "./told.js";

const SPANS = { near: nearSpan, whole: wholeSpan };
const LEAST = 2; // samples that make a picture
const MOST_SERIES = 3;
let chosen = "near";

/** Return the pictures, and show fences and fixes on the map. */
export function pictures(whole) {
  const told = whole.explained;
  const decidedAt = Date.parse(whole.alarm.measured_at);
  const late = new Set(whole.corrections.flatMap((one) => one.late_at).map((at) => Date.parse(at)));
  const samples = told.samples.map((sample) => ({ ...sample, at: Date.parse(sample.measured_at) }));
  const place = el("figure.why-figure");
  const draw = () => fill(place, ...drawn({ told, samples, decidedAt, late }), switcher(draw));
  draw();
  const isOnMap = show(told, samples, decidedAt);
  return [place, isOnMap ? el("p.fine.why-on-map", { text: t("why.on.map") }) : null].filter(Boolean);
}

function drawn({ told, samples, decidedAt, late }) {
  const x = axisOf(SPANS[chosen](told, decidedAt));
  const doubts = new Set(samples.filter((one) => x.holds(one.at)).map((one) => doubtOf(one, late)));
  const own = series(samples.filter((one) => one.is_own), told.quantity).slice(0, MOST_SERIES);
  const shown = own.flatMap((one, i) => [
    caption(told, one, samples),
    samplesChart({ told, samples: one, decidedAt, late, x, unit: one[0].unit, isLarge: !i }),
  ]);
  if (!shown.length) shown.push(el("p.fine.none", { text: t(told.judged === "silence" ? "evidence.silence" : "evidence.none") }));
  return [...shown, statesChart(told, x), legendOf(told, doubts)].filter(Boolean);
}

/** Say whose samples these are, and how many. */
function caption(told, own, samples) {
  const name = own[0].what === "position" ? t("judged.speed") : said(own[0], "what");
  const before = own.filter((one) => one.is_before).length;
  return el("figcaption", { "data-what": own[0].what, "data-samples": samples.length, "data-own": own.length },
    el("span", { text: `${own[0].device} ${name}` }),
    el("span", { text: t("why.count", { before, after: own.length - before }) }),
    told.limits.some((limit) => limit.drawn.length) || told.judged === "silence" ? null : el("span", { text: t("why.made") }));
}

function switcher(draw) {
  return el("div.why-spans", { role: "group", "aria-label": t("why.span") }, Object.keys(SPANS).map((name) => el("button.quiet", {
    type: "button", "aria-pressed": String(chosen === name), "data-span": name, text: t(`why.span.${name}`),
    on: { click: () => { chosen = name; draw(); } },
  })));
}

/** Return the samples of each series that can be drawn: what is judged first, then that with most. */
function series(samples, judged) {
  const by = new Map();
  for (const sample of samples) {
    const key = `${sample.device} ${sample.what}`;
    by.set(key, [...(by.get(key) ?? []), sample]);
  }
  return [...by.values()].filter((one) => one.length >= LEAST)
    .sort((a, b) => (b[0].what === judged) - (a[0].what === judged) || b.length - a.length);
}

/** Show on the map what is about places; tell whether anything is. */
function show(told, samples, decidedAt) {
  const fixes = samples.filter((one) => one.lon !== null && one.is_own);
  if (!fixes.length && !told.fences.length) return false;
  proof.set({ fences: told.fences, fixes, decidedAt, words: (one) => one.quality.map(toldWord).join(" · ") });
  return true;
}
