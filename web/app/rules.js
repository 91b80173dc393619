// The rules that judge: whom, what stands by them now; and the maintenance windows there are.

import { everything, get, PREFIX } from "./api.js";
import { el, fill } from "./dom.js";
import { icon } from "./icons.js";
import { openRule, openWindow } from "./rule_links.js";
import { alarmRow, ruleView } from "./rule_view.js";
import { route } from "./route.js";
import { moment } from "./times.js";
import { alarmView } from "./why/why.js";
import { said, t } from "./words.js";

const MOST = 1000;
const KEPT_MS = 60_000; // whom rules judge changes with the registry, not by the second
let kept = { at: 0, reach: null };

/** Load the rules, or the part of them that is open, and return what the drawer shows. */
export async function rulesView(_, at = "") {
  if (at.startsWith("alarm-")) return alarmView(at.slice("alarm-".length));
  if (at.startsWith("window-")) return windowView(at.slice("window-".length));
  if (at.includes("@")) return ruleView(...at.split("@"));
  return allRules();
}

async function allRules() {
  const [reach, standing, windows] = await Promise.all([
    reachNow(), all(`/alarms?active=true&limit=${MOST}`), all(`/windows?over=false&limit=${MOST}`),
  ]);
  const alarms = grouped(standing);
  return fill(el("article.rules-view"),
    head(reach.items, standing),
    el("section", {}, el("h3", { text: t("rules.windows") }), windows.length
      ? el("ul.rule-rows", {}, windows.map(window))
      : el("p.fine", { text: t("rules.windows.none") })),
    el("section", {}, el("h3", { text: t("rules.judging") }),
      el("ul.rule-rows", {}, ordered(reach.items, alarms).map((row) => rule(row, alarms.get(row.code) ?? [])))));
}

async function reachNow() {
  if (Date.now() - kept.at > KEPT_MS) kept = { at: Date.now(), reach: await get("/reach") };
  return kept.reach;
}

async function all(path) {
  const page = await get(path);
  return [...page.items, ...(page.next ? await everything(page.next.slice(PREFIX.length)) : [])];
}

function grouped(rows) {
  const found = new Map();
  for (const row of rows) found.set(row.rule, [...(found.get(row.rule) ?? []), row]);
  return found;
}

function head(rules, standing) {
  const idle = rules.filter((row) => !row.judged).length;
  return el("header.lit-head", {},
    el("span.device-mark", {}, icon("rules", 22)),
    el("div", {}, el("h2", { text: t("rules") }),
      el("p", { text: t("rules.count", { n: rules.length, idle, alarms: standing.length }) })));
}

/** What stands comes first, then what judges nobody. */
function ordered(rules, alarms) {
  const weight = (row) => (alarms.get(row.code)?.length ?? 0) * 10 + (row.judged ? 0 : 1);
  return [...rules].sort((a, b) => weight(b) - weight(a) || a.code.localeCompare(b.code));
}

function rule(row, standing) {
  const held = standing.filter((one) => one.handling !== "filed" && one.handling !== "noted").length;
  return el("li.rule-row", { "data-code": row.code },
    el("span.rule-name", {}, el("button.jump", { type: "button", text: said(row, "name"), on: { click: () => openRule(row.code, row.version) } }), el("span", { text: `${row.code} v${row.version}` })),
    row.stage === "shadow" ? el("span.tag", { title: t("rules.shadow.title"), text: t("rules.shadow") }) : null,
    el("span.rule-judged", { "data-none": String(!row.judged), text: t("rules.judged", { n: row.judged, of: row.devices, kind: t(`kind.${row.kind}`, {}, row.kind) }) }),
    standing.length ? el("span.tag.standing", { text: t("rules.standing", { n: standing.length }) }) : null,
    held ? el("span.tag", { title: t("rules.kept.title"), text: t("rules.kept", { n: held }) }) : null,
    row.lacks.length ? el("p", { text: row.lacks.map(lack).join("；") }) : null);
}

function lack(what) {
  const text = said({ lack_zh: what.zh, lack_en: what.en }, "lack");
  return what.devices ? t("rules.lack", { n: what.devices, text }) : text;
}

function window(row) {
  const what = [row.component, row.circuit, row.gateway, row.device, row.cell, row.rule].filter(Boolean).join(" · ");
  return el("li.rule-row", {},
    el("span.rule-name", {}, el("b", { text: what }), el("span", { text: `${moment(row.from_at)} → ${moment(row.until_at)}` })),
    el("button.jump.rule-judged", { type: "button", text: t("rules.suppressed", { n: row.suppressed, standing: row.standing }), on: { click: () => openWindow(row.id) } }),
    el("p", { text: `${row.reason}（${row.owner}）` }));
}

/** Show one window with what it has kept back. */
async function windowView(id) {
  const row = await get(`/windows/${id}`);
  return fill(el("article.rules-view.window-view", {}),
    el("header.lit-head", {},
      el("span.device-mark", {}, icon("rules", 22)),
      el("div", {}, el("h2", { text: t("why.window", { id: row.id }) }), el("p", { text: `${moment(row.from_at)} → ${moment(row.until_at)}` })),
      el("button.jump.rule-all", { type: "button", text: t("rule.all"), on: { click: () => route.open("rules", 0) } })),
    el("section", {}, el("ul.rule-rows", {}, window(row))),
    el("section", {}, el("h3", { text: t("window.kept") }), row.kept.length
      ? el("ul.why-beside", {}, row.kept.map(alarmRow))
      : el("p.fine", { text: t("window.kept.none") })));
}
