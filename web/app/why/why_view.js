// An explanation as the drawer shows it: from the rule to the verdict, in the words of the API.

import { PREFIX } from "../api.js";
import { el } from "../dom.js";
import { notify } from "../notices.js";
import { route } from "../route.js";
import { openRule } from "../rule_links.js";
import { clock, moment } from "../times.js";
import { said, side, t } from "../words.js";
import { gathered } from "./gathered.js";
import { pictures } from "./pictures.js";
import { suppressed } from "./suppressed.js";
import { toldWord } from "./told.js";

const HASH_SHOWN = 16;
const KINDS_BELOW = new Set(["judged", "limit", "rest", "fence", "needed", "burst"]);

/** Return an explanation as elements. */
export function explanation({ whole, rule, beside, isAlarm }) {
  const { explained: told, gathered: many } = whole;
  return [
    ruleLine(whole, rule, isAlarm),
    ...later(whole.corrections),
    whole.sayings.length ? block(told ? "why.limits" : "why.needed", sentences(whole.sayings)) : null,
    told ? block("why.samples", pictures(whole)) : null,
    many ? block("why.members", gathered(many)) : null,
    told?.orders.length ? block("why.orders", orders(told.orders)) : null,
    block("why.course", [course(whole)]),
    ...suppressed(whole, beside),
    block("why.verdict", verdict(whole)),
  ].filter(Boolean);
}

function block(key, children) {
  return el("div.why-block", { "data-block": key }, el("h4", { text: t(key) }), ...children);
}

/** Say which rule it was, of whom, and lead to it at that version. */
function ruleLine({ alarm, explained, gathered: many }, rule, isAlarm) {
  const names = explained ?? many;
  const version = `${alarm.rule} v${alarm.rule_version}`;
  return el("div.why-rule", {},
    isAlarm ? el("p.reason", { text: said(alarm, "reason") }) : null,
    el("p", {},
      el("b", { text: names ? said(names, "name") : alarm.rule }), " ",
      rule
        ? el("button.jump", { type: "button", title: t("why.rule.open"), text: version, on: { click: () => openRule(alarm.rule, alarm.rule_version) } })
        : el("code", { text: version })),
    rule ? el("p.fine", { text: t("why.rule.author", { author: rule.author, at: moment(rule.created_at), stage: t(`stage.${rule.stage}`) }) }) : null,
    explained?.source ? el("details.why-source", {}, el("summary", { text: t("why.source") }), el("p", { text: explained.source })) : null);
}

/** What was learned later comes first: it may be why somebody asks. */
function later(corrections) {
  return corrections.map((one) => el("p.why-later", { "data-kind": one.kind, text: sayingOf(one) }));
}

function sayingOf(row) {
  return side({ zh: row.zh, en: row.en });
}

function sentences(sayings) {
  return [el("ul.why-says", {}, sayings.map((saying) => el("li", {
    "data-what": saying.what, class: KINDS_BELOW.has(saying.what) ? "main" : null, text: sayingOf(saying),
  })))];
}

function orders(steps) {
  return [el("ol.why-orders", {}, steps.map((step) => el("li", { "data-judged": String(step.is_judged) },
    el("time", { datetime: step.at, text: clock(Date.parse(step.at)) }),
    el("b", { text: `${toldWord(step.turn)} #${step.number}` }),
    el("span", { text: toldWord(step.state) }),
    step.is_judged ? el("span.tag", { text: t("why.orders.judged") }) : null)))];
}

/** Say what triage made of it, step by step, and what it came to. */
function course({ alarm, course: steps }) {
  return el("ol.timeline", {},
    steps.map((step) => el("li", { "data-what": step.what },
      el("time", { datetime: step.at, text: moment(step.at) }), el("span", { text: sayingOf(step) }))),
    el("li.why-handling", { "data-handling": alarm.handling },
      el("b", { text: toldWord(alarm.handling) }),
      alarm.cleared_at ? el("span", { text: t("why.cleared", { at: moment(alarm.cleared_at) }) }) : el("span", { text: t("why.stands") })));
}

function verdict(whole) {
  if (whole.why_not) return [el("p.why-verdict", { "data-same": "unknown", text: t("why.not", { why: toldWord(whole.why_not) }) })];
  const file = `${whole.route?.number ?? `alarm-${whole.alarm.id}`}.bundle.json`;
  const command = `gezhi replay ${file}`;
  return [
    ...whole.verdict.map((saying) => el("p.why-verdict", {
      "data-what": saying.what, "data-same": saying.what === "decided" ? String(whole.is_same) : null,
      text: saying.what === "source" && whole.kept_at ? `${sayingOf(saying)} (${moment(whole.kept_at)})` : sayingOf(saying),
    })),
    el("p.why-hash", {}, "SHA-256 ", el("code", { title: whole.total, "data-total": whole.total, text: `${whole.total.slice(0, HASH_SHOWN)}…` })),
    el("div.why-take", {},
      el("a.quiet", { href: `${PREFIX}/alarms/${whole.alarm.id}/bundle`, download: file, text: t("why.bundle") }),
      el("button.quiet", { type: "button", title: t("why.copy"), on: { click: () => copy(command) } }, el("code", { text: command }))),
    el("p.fine", { text: t("why.offline") }),
  ];
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    notify(t("copied", { text }), { key: "copied" });
  } catch {
    notify(text, { key: "copied" });
  }
}

/** What the drawer shows of one alarm that may have no case of its own. */
export function alarmHead(alarm) {
  return el("header.case-head", {},
    el("div.case-head-top", {},
      el("span.tag.severity", { "data-severity": alarm.severity, text: toldWord(alarm.severity) }),
      el("span.tag.stage", { text: toldWord(alarm.handling) })),
    el("h2", { text: t("why.alarm", { device: alarm.device_code }) }),
    el("div.case-head-end", {},
      el("button.quiet.link-device", { type: "button", text: alarm.device_code, on: { click: () => route.open("device", alarm.device_id) } }),
      el("time", { datetime: alarm.raised_at, text: moment(alarm.raised_at) })));
}
