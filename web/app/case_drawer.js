// One case opened: why, proof, where and whose, what was done, what may be done.

import { everything, get } from "./api.js";
import { cases, words } from "./city.js";
import { cameBack, whyOf } from "./case_list.js";
import { el, fill } from "./dom.js";
import { evidence } from "./evidence.js";
import { icon } from "./icons.js";
import { MOST_SHOWN, membersOf } from "./members.js";
import { movesOf } from "./moves.js";
import { notify } from "./notices.js";
import { route } from "./route.js";
import { splitOf } from "./split.js";
import { moment } from "./times.js";
import { whySection } from "./why/why.js";
import { said, side, t } from "./words.js";

const PHASES = ["collect", "file", "dispatch", "handle", "feed_back", "check", "evaluate"];

/** Load a case and return what its drawer holds. */
export async function caseView(id) {
  const [row, items, steps, moves] = await Promise.all([
    get(`/cases/${id}`), everything(`/cases/${id}/evidence`), everything(`/cases/${id}/steps`), get(`/cases/${id}/moves`),
  ]);
  const crowd = row.members ? await crowdOf(id) : null;
  const registry = items.find((item) => item.kind === "registry")?.body ?? null;
  const view = el("article.case-view", { "data-severity": row.severity });
  return fill(view,
    head(row),
    phases(row),
    section("case.why", evidence(row, items)),
    whySection(`/cases/${row.number}`),
    crowd ? section("case.members", [...membersOf(row, crowd.members), splitOf(row, crowd)]) : null,
    section("case.where", [facts(row, registry)]),
    section("case.steps", [timeline(steps)]),
    section("case.moves", [movesOf(row, moves.items)]));
}

async function crowdOf(id) {
  const [members, splits, session] = await Promise.all([
    get(`/cases/${id}/members?limit=${MOST_SHOWN}`), everything(`/cases/${id}/splits`), get("/session"),
  ]);
  return { members: members.items, splits, role: session.role };
}

function head(row) {
  return el("header.case-head", {},
    el("div.case-head-top", {},
      el("span.tag.severity", { "data-severity": row.severity, text: t(`severity.${row.severity}`) }),
      el("span.tag.stage", { text: side(words.value?.stages[row.stage], row.stage) }),
      row.recovered_at ? el("span.tag.good", { title: t("recovered.title"), text: t("recovered") }) : null,
      ...cameBack(row),
      row.shape === "single" ? null : el("span.tag", { text: t(`shape.${row.shape}`, { n: row.members }) }),
      row.unstable_since ? el("span.tag", { title: t("unstable.title", { n: row.quiet_hits }), text: t("unstable") }) : null,
      row.simulated ? el("span.tag.drill", { title: t("drill.title"), text: t("drill") }) : null),
    el("h2", { text: said(row, "title") }),
    el("div.case-head-end", {},
      el("button.number", { type: "button", title: t("copy"), text: row.number, on: { click: () => copy(row.number) } }),
      el("time", { datetime: row.opened_at, text: moment(row.opened_at) })));
}

/** Show which of the seven stages a case is in. */
function phases(row) {
  const now = words.value?.stages[row.stage]?.phase;
  const at = PHASES.indexOf(now);
  return el("ol.phases", {}, PHASES.map((phase, i) => el("li", {
    class: i < at ? "done" : i === at ? "now" : null, "aria-current": i === at ? "step" : null,
  }, el("i", { "aria-hidden": "true" }), el("span", { text: side(words.value?.phases[phase], phase) }))));
}

function section(title, children) {
  return el("section", {}, el("h3", { text: t(title) }), ...children);
}

function facts(row, registry) {
  const subject = registry?.subject;
  const pairs = [
    ["case.subject", subject ? `${said(subject, "name")} ${subject.code === subject.name_zh ? "" : subject.code}` : row.subject_code],
    ["case.address", subject?.address_zh],
    ["case.cell", row.cell_code ? `${said(row, "cell")}（${row.cell_code}）` : t("cell.none")],
    ["case.unit", said(row, "unit")],
    ["case.unit.why", registry ? said(registry, "unit_reason") : whyOf(row)],
    ["case.worker", row.worker],
    ["case.measured", moment(row.measured_at)],
    ["case.recovered.at", row.recovered_at ? moment(row.recovered_at) : ""],
    ["case.closed.at", row.closed_at ? moment(row.closed_at) : ""],
    ["case.reopened.at", row.reopened_at ? moment(row.reopened_at) : ""],
    ["case.quiet", row.quiet_hits ? t("case.quiet.hits", { n: row.quiet_hits }) : ""],
    ["case.window", row.window_id ? t("case.window.kept", { id: row.window_id }) : ""],
  ];
  return el("div", {},
    el("dl.facts", {}, pairs.filter(([, text]) => text).flatMap(([key, text]) => [el("dt", { text: t(key) }), el("dd", { text })])),
    registry?.considered.length ? considered(registry) : null,
    row.parent_id ? el("button.quiet.link-device", { type: "button", on: { click: () => route.open("case", row.parent_id) } },
      el("span", { text: t("case.parent") })) : null,
    row.repeat_of ? el("button.quiet.link-device", { type: "button", on: { click: () => route.open("case", row.repeat_of) } },
      el("span", { text: t("case.repeat.of") })) : null,
    el("button.quiet.link-device", { type: "button", on: { click: () => route.open("device", row.device_id) } },
      icon(row.device_kind, 16), row.device_code));
}

/** Show who was asked before the one that has to act. */
function considered(registry) {
  return el("p.considered", {}, el("span", { text: `${t("case.considered")}：` }),
    registry.considered.map(([who, code]) => el(`span.${code ? "taken" : "passed"}`, {
      text: `${t(`who.${who}`, {}, who)}${code ? ` ${code === registry.unit.code ? said(registry.unit, "name") : code}` : `（${t("case.considered.none")}）`}`,
    })));
}

function timeline(steps) {
  return el("ol.timeline", {}, steps.map((step) => el("li", {},
    el("time", { datetime: step.taken_at, text: moment(step.taken_at) }),
    el("b", { text: side(words.value?.moves[step.move], step.move) }),
    el("span.timeline-who", { text: actor(step) }),
    step.worker ? el("span", { text: `${t("case.worker")}：${step.worker}` }) : null,
    step.note && step.actor !== "rules" ? el("p", { text: step.note }) : null)));
}

function actor(step) {
  if (step.actor === "rules") return t("step.rules");
  return `${step.actor}（${side(words.value?.roles[step.role], step.role)}）`;
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    notify(t("copied", { text }), { key: "copied" });
  } catch {
    notify(text, { key: "copied" });
  }
}

/** Tell whether a case that is open on the page changed since. */
export function stamp(id) {
  const row = cases.value.get(id);
  return row ? `${row.stage}|${row.hit_count}|${row.recovered_at}|${row.last_hit_at}|${row.worker}|${row.rework_at}|${row.reopen_count}` : "";
}
