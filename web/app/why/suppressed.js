// What was kept back and by what: this alarm, and the others of its device about that time.

import { el } from "../dom.js";
import { route } from "../route.js";
import { openAlarm, openWindow } from "../rule_links.js";
import { moment } from "../times.js";
import { said, t } from "../words.js";
import { toldWord } from "./told.js";

const ABOUT_MS = 3_600_000;
const MOST = 12;
const ALONE = new Set(["filed", "noted"]);

/** Return what kept this alarm back, and what else its device raised within the hour. */
export function suppressed(whole, beside) {
  const by = [...keptBack(whole)];
  const at = Date.parse(whole.alarm.raised_at);
  const others = beside.filter((row) => row.id !== whole.alarm.id && Math.abs(Date.parse(row.raised_at) - at) < ABOUT_MS);
  return [
    by.length ? block("why.kept", el("ul.why-says", {}, by)) : null,
    others.length ? block("why.beside", el("ul.why-beside", {}, others.slice(0, MOST).map(other))) : null,
  ];
}

function block(key, child) {
  return el("div.why-block", { "data-block": key }, el("h4", { text: t(key) }), child);
}

function* keptBack({ alarm, route: where }) {
  if (!ALONE.has(alarm.handling)) yield el("li.main", { "data-by": alarm.handling, text: toldWord(alarm.handling) });
  if (alarm.window_id) {
    yield el("li", { "data-by": "window" },
      el("button.jump", { type: "button", text: t("why.window", { id: alarm.window_id }), on: { click: () => openWindow(alarm.window_id) } }),
      ` ${alarm.window_reason}（${alarm.window_owner}）`);
  }
  if (alarm.lead_id) {
    yield el("li", { "data-by": "lead" },
      el("button.jump", { type: "button", text: t("why.lead", { rule: alarm.lead_rule }), on: { click: () => openAlarm(alarm.lead_id) } }));
  }
  if (where && !ALONE.has(alarm.handling)) {
    yield el("li", {}, el("button.jump", { type: "button", text: t("why.case", { number: where.number }), on: { click: () => route.open("case", where.case_id) } }));
  }
}

function other(row) {
  return el("li", { "data-alarm": row.id, "data-handling": row.handling },
    el("button.jump", { type: "button", text: moment(row.raised_at), on: { click: () => openAlarm(row.id) } }),
    el("span", { title: said(row, "reason"), text: `${row.rule} v${row.rule_version}` }),
    el("span.tag", { text: toldWord(row.handling) }),
    row.cleared_at ? null : el("span.tag.standing", { text: t("why.stands") }));
}
