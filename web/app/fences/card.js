// One geofence opened: what it is, who judges by it, and who changed it when.

import { el, fill } from "../dom.js";
import { icon } from "../icons.js";
import { notify } from "../notices.js";
import { route } from "../route.js";
import { mayDraw } from "../session.js";
import { moment } from "../times.js";
import { said, t } from "../words.js";
import { beginChange } from "./draft.js";
import { figures } from "./measure.js";
import { rulesOf } from "./rules.js";
import { chosen, compared, wanted } from "./sight.js";
import { changes, drawn, fence, removeFence } from "./store.js";
import { areaText, lengthText, shapeText } from "./words.js";

const FIELDS = ["name_zh", "name_en", "kind", "shape", "radius_m"];
let looked = null;

/** Load a geofence and return what its drawer shows; the map flies to it. */
export async function fenceView(code) {
  const [found, told] = await Promise.all([fence(code), changes(code)]);
  const row = drawn({ ...found.geofence, geometry: found.geometry });
  chosen.set(code);
  compared.set(null);
  if (looked !== code) wanted.set(row.bounds);
  looked = code;
  return el("article.fence-view", {},
    head(row),
    mayDraw() ? tools(found) : null,
    section("fence.is", facts(row)),
    section("fence.rules", rulesOf(found.rules, t("fence.rules.none"))),
    section("fence.changes", history(told)));
}

function head(row) {
  return el("header.lit-head", {},
    el("span.device-mark", {}, icon("fence", 22)),
    el("div", {}, el("h2", { text: said(row, "name") }), el("p", { text: `${row.name_zh} · ${row.name_en}` })),
    row.kind ? el("span.tag", { text: row.kind }) : null);
}

function tools(found) {
  const place = el("div.fence-tools");
  const list = () => fill(place,
    el("button.primary.fence-edit", { type: "button", on: { click: () => { beginChange(found); route.open("pen", 0); } } }, icon("pen", 16), t("fence.edit")),
    el("button.quiet.fence-look", { type: "button", on: { click: () => wanted.set(drawn({ ...found.geofence, geometry: found.geometry }).bounds) } }, icon("search", 16), t("case.locate")),
    el("button.quiet.fence-remove", { type: "button", on: { click: ask } }, icon("bin", 16), t("fence.remove")));
  const ask = () => {
    const error = el("p.login-error", { role: "alert", hidden: true });
    const sure = el("button.primary.fence-sure", { type: "button", text: t("fence.remove.sure"), on: { click: () => gone(found, sure, error) } });
    fill(place, el("div.fence-ask", {},
      el("p", { text: t("fence.remove.what", { n: found.rules.length }) }), error,
      el("div.move-end", {}, sure, el("button.quiet", { type: "button", text: t("move.cancel"), on: { click: list } }))));
    sure.focus();
  };
  return list();
}

async function gone({ geofence: row, tag }, button, error) {
  button.disabled = true;
  try {
    await removeFence(row.code, tag);
    notify(t("fence.removed", { name: said(row, "name") }), { key: "fence" });
    route.open("fences", 0);
  } catch (problem) {
    error.textContent = problem.message;
    error.hidden = false;
    button.disabled = false;
  }
}

function section(title, ...children) {
  return el("section", {}, el("h3", { text: t(title) }), ...children);
}

function facts(row) {
  const { corners, length_m: length, area_m2: area } = figures(row.shape, row.parts, row.radius_m);
  const pairs = [
    ["fence.code", row.code],
    ["fence.shape", shapeText(row.shape)],
    [`fence.radius.${row.shape}`, row.radius_m === null ? "" : lengthText(row.radius_m)],
    ["fence.area", areaText(area)],
    [`fence.length.${row.shape}`, lengthText(length)],
    ["fence.corners", row.shape === "circle" ? "" : corners],
    ["fence.worked", row.vehicles ? t("fence.vehicles", { n: row.vehicles }) : ""],
  ];
  return el("dl.facts", {}, pairs.filter(([, text]) => text).flatMap(([key, text]) => [el("dt", { text: t(key) }), el("dd", { text })]));
}

/** Who did what when; what is pointed at is drawn on the map as it was and became. */
function history(told) {
  if (!told.length) return el("p.fine", { text: t("fence.changes.none") });
  const [isWas, isIs] = [(row) => row && drawn(row), () => compared.set(null)];
  return el("ol.timeline.fence-changes", {}, told.map((change) => {
    const show = () => compared.set({ before: isWas(change.before), after: isWas(change.after) });
    return el("li", {}, el("button.fence-change", {
      type: "button", on: { mouseenter: show, focus: show, mouseleave: isIs, blur: isIs, click: show },
    },
    el("b", { text: what(change) }), el("span.timeline-who", { text: change.by }),
    el("time", { datetime: change.at, text: moment(change.at) }),
    details(change)));
  }));
}

function what({ before, after }) {
  return t(!before ? "fence.change.new" : !after ? "fence.change.gone" : "fence.change.changed");
}

function details({ before, after }) {
  if (!before || !after) return null;
  const said2 = FIELDS.filter((name) => before[name] !== after[name])
    .map((name) => t("fence.change.from", { what: t(`fence.field.${name}`), from: before[name] ?? "—", to: after[name] ?? "—" }));
  if (before.geometry !== after.geometry) said2.push(t("fence.change.drawn"));
  return el("span.fence-detail", { text: said2.join("；") });
}
