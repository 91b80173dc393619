// The list of cases: newest first, arriving by itself, filtered by severity.

import { cases, failed, show, shown, words } from "./city.js";
import { el, fill } from "./dom.js";
import { icon } from "./icons.js";
import { unpressed } from "./press.js";
import { route } from "./route.js";
import { Signal } from "./signal.js";
import { ago, moment } from "./times.js";
import { said, side, t, tongue } from "./words.js";

const SEVERITIES = ["critical", "major", "minor"];
const REDRAW_MS = 15_000;
const MOST = 500;

/** Severities that the list shows; empty shows all. */
export const filter = new Signal(new Set());

/** Show the list. */
export function showCases(place) {
  const head = el("header.cases-head");
  const list = el("ol.case-list", { "aria-label": t("cases") });
  fill(place, head, list);
  const draw = unpressed(() => {
    drawHead(head);
    drawList(list);
  });
  [cases, filter, tongue, words, shown].forEach((signal) => signal.watch(draw));
  route.watch(() => mark(list));
  setInterval(() => drawAges(list), REDRAW_MS);
}

function drawHead(place) {
  const focused = place.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  fill(place,
    el("h2", { text: t("cases") }),
    el("div.tabs", { role: "group" }, ["open", "closed"].map(tab)),
    el("div.chips", { role: "group", "aria-label": t("cases.filter") }, SEVERITIES.map(chip)));
  if (focused) place.querySelector(`[data-key="${focused}"]`)?.focus();
}

function tab(which) {
  const pressed = shown.value === which;
  return el("button.tab", {
    type: "button", "aria-pressed": String(pressed), "data-key": which, text: t(`cases.${which}`),
    on: { click: () => show(which).catch((problem) => failed.set(problem)) },
  });
}

function chip(severity) {
  const count = [...cases.value.values()].filter((row) => row.severity === severity).length;
  return el("button.chip", {
    type: "button", "data-severity": severity, "data-key": severity,
    "aria-pressed": String(filter.value.has(severity)), on: { click: () => toggle(severity) },
  }, el("i", { "aria-hidden": "true" }), t(`severity.${severity}`), el("b", { text: count }));
}

function toggle(severity) {
  const next = new Set(filter.value);
  if (!next.delete(severity)) next.add(severity);
  filter.set(next);
}

function drawList(place) {
  const rows = [...cases.value.values()]
    .filter((row) => !filter.value.size || filter.value.has(row.severity))
    .sort((a, b) => (a.opened_at < b.opened_at ? 1 : a.opened_at > b.opened_at ? -1 : b.id - a.id));
  const focused = document.activeElement?.closest?.(".case-list [data-id]")?.dataset.id;
  const known = new Map([...place.querySelectorAll("[data-id]")].map((node) => [node.dataset.id, node]));
  const first = known.size === 0;
  fill(place, rows.length ? rows.map((row) => item(row, first || known.has(String(row.id)))) : [nothing()]);
  if (cases.value.size >= MOST) place.append(el("li.case-more", { text: t("cases.more", { n: MOST }) }));
  if (focused) place.querySelector(`[data-id="${focused}"]`)?.focus();
  mark(place);
}

function item(row, isKnown) {
  return el("li", { class: isKnown ? null : "fresh" },
    el("button.case", {
      type: "button", "data-id": row.id, "data-severity": row.severity,
      on: { click: () => route.open("case", row.id) },
    },
    el("span.case-mark", { title: t(`severity.${row.severity}`) }, icon(row.device_kind, 18)),
    el("span.case-top", {}, el("strong", { text: said(row, "title") }), time(row)),
    el("span.case-reason", { text: said(row, "reason") }),
    el("span.case-place", {},
      el("span", { text: said(row, "cell") || t("cell.none") }),
      el("span.case-owner", { title: side(words.value?.unit_reasons[row.unit_reason], row.unit_reason) },
        said(row, "unit"), el("em", { text: whyOf(row) }))),
    el("span.case-end", {}, el("code", { text: row.number }), ...tags(row))));
}

function time(row) {
  return el("time", { datetime: row.opened_at, title: moment(row.opened_at), text: ago(row.opened_at) });
}

function tags(row) {
  const stage = words.value?.stages[row.stage];
  return [
    row.hit_count > 1 ? el("span.tag", { title: t("hits.title", { n: row.hit_count }), text: t("hits", { n: row.hit_count }) }) : null,
    row.simulated ? el("span.tag.drill", { title: t("drill.title"), text: t("drill") }) : null,
    row.recovered_at ? el("span.tag.good", { title: t("recovered.title"), text: t("recovered") }) : null,
    ...cameBack(row),
    el("span.tag.stage", { text: side(stage, row.stage) }),
  ];
}

/** Return the marks of a case that came back, or that is said to be done and is not. */
export function cameBack(row) {
  const marks = [
    ["rework", row.rework_at && !row.recovered_at, 0],
    ["reopened", row.reopen_count, row.reopen_count],
    ["repeat", row.repeat_count, row.repeat_count],
  ];
  return marks.filter(([, holds]) => holds).map(([word, , n]) =>
    el("span.tag.back", { "data-back": word, title: t(`${word}.title`, { n }), text: t(word, { n }) }));
}

/** Return the short word for why this unit: the part of the routing that chose. */
export function whyOf(row) {
  const who = row.unit_reason.split(":").pop();
  return t(`who.${who}`, {}, side(words.value?.unit_reasons[row.unit_reason], row.unit_reason));
}

function nothing() {
  const filtered = filter.value.size > 0;
  const key = filtered ? "cases.none.filtered" : shown.value === "open" ? "cases.none" : "cases.none.closed";
  return el("li.empty", {}, icon("quiet", 40), el("b", { text: t(key) }),
    !filtered && shown.value === "open" ? el("span", { text: t("cases.none.hint") }) : null);
}

function drawAges(list) {
  for (const node of list.querySelectorAll("time")) node.textContent = ago(node.dateTime);
}

function mark(list) {
  const id = route.value?.kind === "case" ? String(route.value.id) : "";
  for (const node of list.querySelectorAll("[data-id]")) {
    node.setAttribute("aria-current", String(node.dataset.id === id));
  }
}
