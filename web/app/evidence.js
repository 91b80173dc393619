// What proves a case: the rule, the samples around the decision, later hits.

import { chart, short } from "./chart.js";
import { words } from "./command_panel.js";
import { el } from "./dom.js";
import { judged } from "./judged.js";
import { clock, moment } from "./times.js";
import { said, t } from "./words.js";

const SPEED = "speed_kmh";
const LATER_MS = 6 * 60_000; // samples after the decision are copied five minutes later

/** Return the evidence of a case as elements: picture, caption, hits. */
export function evidence(row, items) {
  const of = (kind) => items.filter((item) => item.kind === kind).map((item) => item.body);
  const [rule] = of("rule");
  const command = rule?.command;
  const quantity = command?.effect?.quantity ?? rule?.quantity;
  const before = chosen(of("samples_before"), quantity);
  const after = chosen(of("samples_after"), quantity);
  const proven = chosen(of("recovered"), quantity);
  const hits = items.filter((item) => item.kind === "hit");
  const isGroup = rule?.rule.includes(":") ?? false;
  const by = judged(rule, unitOf(before ?? after));
  return [
    // A group's and a storm's own words count its members as they now are.
    el("p.reason", {}, said(row.shape === "single" ? (rule ?? row) : row, "reason")),
    rule ? el("p.fine", { text: t("case.rule", { rule: rule.rule, version: rule.rule_version }) }) : null,
    command ? el("p.fine.ordered", { text: ordered(command) }) : null,
    isGroup ? null : picture(row, rule, before, after, by),
    proven ? el("p.fine.proven", { text: t("evidence.recovered", { n: samplesOf(proven).length, unit: span(samplesOf(proven)) }) }) : null,
    ...of("correction").map((body) => el("p.fine.corrected", { text: corrected(body) })),
    hits.length ? el("ul.hits", {}, hits.map((item) => hit(item, isGroup ? null : by))) : null,
  ];
}

/** Say what the device was told and when it answered. */
function ordered({ order, effect, steps }) {
  const kind = effect?.quantity === "contactor_on" ? "cabinet" : "lamp";
  const acked = steps.find((step) => step[1] === "acked");
  return t("evidence.ordered", { order: words(order, kind), at: acked ? clock(Date.parse(acked[0])) : "–" });
}

/** Say what late samples would have changed, or that they would not after all. */
function corrected(body) {
  const told = body.untrue ?? body;
  const what = t(`evidence.correction.${told.kind}`, { at: clock(Date.parse(told.measured_at)) });
  return body.untrue ? t(`evidence.untrue.${body.how.why}`, { what }) : what;
}

/** Return the samples of the quantity that was judged, or the first there are. */
function chosen(bodies, quantity) {
  return bodies.find((body) => body.quantity === quantity) ?? bodies[0] ?? null;
}

function picture(row, rule, before, after, by) {
  if (rule && rule.value === null) return el("p.fine.none", { text: t("evidence.silence") });
  const [samples, later] = [samplesOf(before), samplesOf(after)];
  if (samples.length + later.length < 2) return el("p.fine.none", { text: t("evidence.none") });
  const unit = unitOf(before ?? after);
  return el("figure.evidence", {},
    chart({
      before: samples, after: later, threshold: by.isDirect ? (rule?.threshold ?? null) : null,
      decidedAt: Date.parse(row.measured_at), hold_s: by.hold_s, unit,
    }),
    by.isDirect || !rule || by.what === "expression" ? null : madeOf(rule, by),
    el("figcaption", {},
      el("span", { text: t("evidence.count", { n: samples.length, unit: span(samples) }) }),
      el("span", { text: wordsOfLater(row, later) })));
}

/** Say what the limit is of, where that is none of the samples. */
function madeOf(rule, { what, unit }) {
  const [value, limit] = [rule.value, rule.threshold].map((number) => `${short(number)} ${unit}`.trim());
  return el("p.fine.made-of", { text: t("evidence.made", { what: t(`judged.${what}`, {}, what), value, limit }) });
}

function wordsOfLater(row, later) {
  if (later.length) return t("evidence.after", { n: later.length });
  return Date.now() - Date.parse(row.opened_at) < LATER_MS ? t("evidence.waiting") : "";
}

function samplesOf(body) {
  if (!body) return [];
  const column = Math.max(body.columns.indexOf("value"), body.columns.indexOf(SPEED));
  if (column < 0) return [];
  return body.samples
    .filter((sample) => sample[column] !== null)
    .map((sample) => ({ at: Date.parse(sample[0]), value: sample[column] }));
}

function unitOf(body) {
  if (!body) return "";
  return body.columns.includes(SPEED) ? "km/h" : body.unit;
}

function span(samples) {
  return samples.length ? `${clock(samples[0].at)}–${clock(samples.at(-1).at)}` : "";
}

/** Show one hit; of a group's nobody would know what its value is of. */
function hit({ taken_at: at, body }, by) {
  const isNowhere = by?.what === "inside" && body.value < 0; // no seconds inside: it is out
  const value = !by || isNowhere || body.value === null ? "" : `${short(body.value)} ${by.unit}`;
  return el("li", {},
    el("time", { datetime: at, text: moment(at) }),
    el("b", { text: t(`evidence.hit.${body.hit}`, {}, body.hit) }),
    el("span", { text: value }));
}
