// One version of a rule: its life and its text, whom it reaches, what its trial came to, what broke.

import { get } from "./api.js";
import { el, fill } from "./dom.js";
import { icon } from "./icons.js";
import { route } from "./route.js";
import { openAlarm, openRule } from "./rule_links.js";
import { moment } from "./times.js";
import { toldWord } from "./why/told.js";
import { said, t } from "./words.js";

const MOST_VERSIONS = 50;
const MOST_ALARMS = 50;
const VERDICTS = ["real", "unreal", "open", "none"];

/** Load one version and return what the drawer shows of it. */
export async function ruleView(code, version) {
  const path = `/rules/${code}/${version}`;
  const row = await get(path);
  const wasOnTrial = row.steps.some((step) => step.to_stage === "shadow");
  const [versions, reach, trial, faults, counts, standing] = await Promise.all([
    get(`/rules/${code}?limit=${MOST_VERSIONS}`), maybe(`${path}/reach`), wasOnTrial ? maybe(`${path}/shadow`) : null,
    get("/rule-faults"), get(`/rule-samples?code=${code}`), get(`/alarms?active=true&rule=${code}&limit=${MOST_ALARMS}`),
  ]);
  const halted = faults.halted.filter((one) => one.code === code);
  const broken = faults.faults.filter((one) => one.rule === code);
  return fill(el("article.rules-view.rule-view", { "data-code": code, "data-version": version }),
    head(row, reach),
    halted.length || broken.length ? section("rule.faults", [...halted.map(halt), ...broken.map(fault)]) : null,
    reach ? section("rule.reach", reached(reach)) : null,
    section("rule.standing", alarms(standing.items)),
    counts.items.length ? section("rule.samples", counts.items.map(counted)) : null,
    trial ? section("rule.trial", tried(trial)) : null,
    section("rule.versions", [el("ol.rule-versions", {}, versions.items.map((one) => versionRow(one, Number(version))))]),
    section("rule.text", [el("pre.rule-text", {}, el("code", { text: row.source }))]));
}

async function maybe(path) {
  try {
    return await get(path);
  } catch (problem) {
    if (problem.status === 404 || problem.status === 409) return null; // no rule of this release
    throw problem;
  }
}

function section(key, children) {
  return el("section", { "data-part": key }, el("h3", { text: t(key) }), ...children);
}

function head(row, reach) {
  return el("header.lit-head", {},
    el("span.device-mark", {}, icon("rules", 22)),
    el("div", {}, el("h2", { text: reach ? said(reach, "name") : row.code }), el("p", { text: `${row.code} v${row.version}` })),
    el("span.tag.stage", { "data-stage": row.stage, text: t(`stage.${row.stage}`) }),
    el("button.jump.rule-all", { type: "button", text: t("rule.all"), on: { click: () => route.open("rules", 0) } }));
}

function reached(reach) {
  return [
    el("p", {}, el("span.rule-judged", { "data-none": String(!reach.judged), text: t("rules.judged", { n: reach.judged, of: reach.devices, kind: t(`kind.${reach.kind}`, {}, reach.kind) }) })),
    ...reach.lacks.map((lack) => el("p.fine", { text: lack.devices ? t("rules.lack", { n: lack.devices, text: said({ lack_zh: lack.zh, lack_en: lack.en }, "lack") }) : said({ lack_zh: lack.zh, lack_en: lack.en }, "lack") })),
  ];
}

function alarms(rows) {
  if (!rows.length) return [el("p.fine", { text: t("rule.standing.none") })];
  return [el("ul.why-beside", {}, rows.map(alarmRow))];
}

/** Return a row that leads to why an alarm was raised. */
export function alarmRow(row) {
  return el("li", { "data-alarm": row.id, "data-handling": row.handling },
    el("button.jump", { type: "button", text: row.device_code ?? row.device, on: { click: () => openAlarm(row.id) } }),
    el("span", { title: said(row, "reason"), text: said(row, "reason") || row.rule }),
    el("span.tag", { text: toldWord(row.handling) }),
    el("time", { datetime: row.raised_at, text: moment(row.raised_at) }));
}

function halt(one) {
  return el("p.rule-fault", { text: t("rule.halted", { version: one.version, until: moment(one.retry_at), why: one.reason }) });
}

function fault(one) {
  return el("p.rule-fault", { text: t("rule.fault", { n: one.count, at: moment(one.last_at), why: one.reason }) });
}

function counted(row) {
  return el("p.fine", { text: t("rule.counted", { version: row.version, judged: row.judged, refused: row.refused, late: row.late }) });
}

/** Say what a trial came to: so many cases, and how right they would have been. */
function tried(trial) {
  const precision = trial.precision === null ? t("rule.trial.undecided") : `${Math.round(trial.precision * 100)}%`;
  return [
    el("dl.facts.rule-trial", {}, [
      ["rule.trial.since", `${moment(trial.since)} → ${moment(trial.until)}`],
      ...(trial.whole_until ? [["rule.trial.cut", t("rule.trial.cut.at", { at: moment(trial.whole_until) })]] : []),
      ["rule.trial.alarms", String(trial.alarms)],
      ["rule.trial.cases", String(trial.would_be)],
      ["rule.trial.precision", precision],
      ["rule.trial.verdicts", VERDICTS.map((word) => t(`rule.verdict.${word}`, { n: trial.verdicts[word] ?? 0 })).join(" · ")],
      ["rule.trial.missed", String(trial.missed)],
    ].flatMap(([key, text]) => [el("dt", { text: t(key) }), el("dd", { "data-of": key, text })])),
    ...trial.loads.map((load) => el("p.fine", { class: load.is_over ? "rule-over" : null, text: t(load.stated === null ? "rule.load" : "rule.load.of", { unit: load.unit, n: load.would_be, others: load.others, of: load.stated }) })),
  ];
}

function versionRow(row, shown) {
  const place = el("div");
  const diff = async () => {
    place.replaceChildren(el("p.fine", { text: t("loading") }));
    try {
      const { diff: text } = await get(`/rules/${row.code}/${row.version}/diff`);
      place.replaceChildren(text ? difference(text) : el("p.fine", { text: t("rule.diff.none") }));
    } catch (problem) {
      place.replaceChildren(el("p.fine", { role: "alert", text: problem.message }));
    }
  };
  return el("li", { "data-version": row.version, "aria-current": String(row.version === shown) },
    el("span.rule-version", {},
      el("button.jump", { type: "button", text: `v${row.version}`, on: { click: () => openRule(row.code, row.version) } }),
      el("span.tag.stage", { "data-stage": row.stage, text: t(`stage.${row.stage}`) }),
      el("span", { text: row.author }), el("time", { datetime: row.created_at, text: moment(row.created_at) }),
      row.version > 1 ? el("button.jump.rule-diff", { type: "button", text: t("rule.diff", { version: row.version - 1 }), on: { click: diff } }) : null),
    row.note ? el("p.fine", { text: row.note }) : null, place);
}

function difference(text) {
  const sign = { "+": "added", "-": "removed", "@": "place" };
  return el("pre.rule-text", {}, text.split("\n").map((line) => el(`span.${sign[line[0]] ?? "same"}`, { text: `${line}\n` })));
}
