// The form beside the pen: shape, words, kind; what is wrong; whom it would catch; saving.

import { el, fill } from "../dom.js";
import { icon } from "../icons.js";
import { notify } from "../notices.js";
import { route } from "../route.js";
import { mayDraw } from "../session.js";
import { said, t } from "../words.js";
import { wrongs } from "./crossings.js";
import { beginNew, draft, end, isChanged, note, redrawn, reshape } from "./draft.js";
import { read } from "./formats.js";
import { kindField } from "./kinds.js";
import { fencesView } from "./list.js";
import { boundsOf, figures } from "./measure.js";
import { previewOf } from "./previewing.js";
import { chosen, compared, wanted } from "./sight.js";
import { kinds, save } from "./store.js";
import { areaText, lengthText, shapeText } from "./words.js";

const SHAPES = ["polygon", "circle", "corridor"];
const PLACE = /\[(-?[\d.]+) (-?[\d.]+)\]/;
let unwatch = () => null;

/** Return what the drawer shows while the pen is out. */
export async function penView() {
  if (!mayDraw()) return fencesView();
  chosen.set(null);
  compared.set(null);
  if (!draft.value) beginNew();
  const known = await kinds();
  unwatch();
  const parts = [shapes(), readout(), radius(), paste(), words(known), previewOf(), ending()];
  const draw = () => {
    if (draft.value) parts.forEach((part) => part.draw?.(draft.value));
  };
  unwatch = draft.watch(draw);
  const row = draft.value;
  return el("article.fence-view.pen-view", {},
    el("header.lit-head", {}, el("span.device-mark", {}, icon("pen", 22)),
      el("div", {}, el("h2", { text: row.isNew ? t("fence.new") : said(row, "name") }), el("p", { text: row.isNew ? t("fence.new.hint") : row.code }))),
    el("form.pen-form", { novalidate: true, on: { submit: (event) => { event.preventDefault(); send(); } } }, ...parts.map((part) => part.node)));
}

function shapes() {
  const node = el("div.pen-shapes", { role: "group", "aria-label": t("fence.shape") }, SHAPES.map((shape) => el("button.quiet", {
    type: "button", "data-shape": shape, text: shapeText(shape), on: { click: () => reshape(shape) },
  })));
  return { node, draw: ({ shape }) => node.querySelectorAll("button").forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.shape === shape))) };
}

/** Area, length and corners as they are now; and what is wrong with them, each leading to its place. */
function readout() {
  const numbers = el("dl.pen-figures");
  const bad = el("ul.pen-wrongs", { role: "alert" });
  const draw = (row) => {
    const { corners, length_m: length, area_m2: area } = figures(row.shape, row.parts, row.radius_m);
    const shown = row.parts.length ? [["fence.area", areaText(area)], [`fence.length.${row.shape}`, lengthText(length)], ["fence.corners", row.shape === "circle" ? "" : corners]] : [];
    fill(numbers, shown.filter(([, text]) => text !== "").map(([key, text]) => el("div", {}, el("dt", { text: t(key) }), el("dd", { text }))));
    fill(bad, problems(row).map(({ text, at }) => el("li", {}, at
      ? el("button", { type: "button", on: { click: () => show(at) } }, icon("warning", 15), el("span", { text }))
      : [icon("warning", 15), el("span", { text })])));
  };
  return { node: el("div.pen-readout", {}, numbers, bad), draw };
}

function problems(row) {
  const mine = row.parts.length ? wrongs(row.shape, row.parts, row.radius_m).map(({ key, at }) => ({ text: t(key), at })) : [];
  const theirs = row.faults.geometry ? [{ text: row.faults.geometry, at: row.marks[0]?.at ?? null }] : [];
  return [...mine, ...theirs];
}

/** Bring the place of a problem into view; it is marked there. */
function show([lon, lat]) {
  wanted.set([lon, lat, lon, lat]);
}

function radius() {
  const input = el("input", { type: "number", min: 1, max: 100000, step: "any", inputmode: "decimal", name: "radius_m" });
  const label = el("span");
  const { node, draw: fault } = field("radius_m", label, input);
  input.addEventListener("input", () => redrawn({ radius_m: input.value === "" ? null : Number(input.value) }));
  const draw = (row) => {
    node.hidden = row.shape === "polygon";
    label.textContent = t(`fence.radius.${row.shape}`);
    if (document.activeElement !== input) input.value = row.radius_m ?? "";
    fault(row);
  };
  return { node, draw };
}

function paste() {
  const text = el("textarea", { rows: 4, spellcheck: "false", placeholder: "POLYGON ((111 35, …))", "aria-label": t("fence.paste") });
  const error = el("p.login-error", { role: "alert", hidden: true });
  const take = () => {
    try {
      const { shape, parts } = read(text.value);
      redrawn({ shape, parts, path: [], chosen: null, doing: "edit" });
      wanted.set(boundsOf(shape, parts, draft.value.radius_m));
      error.hidden = true;
    } catch (wrong) {
      error.textContent = t(wrong.message);
      error.hidden = false;
    }
  };
  return {
    node: el("details.pen-paste", {}, el("summary", { text: t("fence.paste") }), text, error,
      el("button.move", { type: "button", text: t("fence.paste.take"), on: { click: take } })),
  };
}

function words(known) {
  const all = [];
  if (draft.value.isNew) all.push(written("code", 64));
  all.push(written("name_zh", 200), written("name_en", 200), kindField(known, field));
  return { node: el("div.pen-words", {}, ...all.map((one) => one.node)), draw: (row) => all.forEach((one) => one.draw(row)) };
}

function written(name, longest) {
  const input = el("input", { name, maxlength: longest, required: true, autocomplete: "off", value: draft.value[name] });
  input.addEventListener("input", () => note({ [name]: input.value, faults: { ...draft.value.faults, [name]: "" } }));
  return field(name, el("span", { text: t(`fence.field.${name}`) }), input);
}

/** A field with its label, and what is wrong with it right below. */
function field(name, label, input) {
  const error = el("span.pen-fault", { id: `fault-${name}`, role: "alert" });
  input.setAttribute("aria-describedby", error.id);
  return {
    node: el("label", { "data-field": name }, label, input, error),
    draw: ({ faults }) => {
      error.textContent = faults[name] ?? "";
      error.hidden = !faults[name];
      input.setAttribute("aria-invalid", String(Boolean(faults[name])));
    },
  };
}

function ending() {
  const error = el("p.login-error.pen-error", { role: "alert", hidden: true });
  const saving = el("button.primary.pen-save", { type: "submit" }, icon("check", 16), t("fence.save"));
  const again = el("button.quiet.pen-again", { type: "button", hidden: true, text: t("fence.again"), on: { click: () => leave(true) } });
  const cancel = el("button.quiet.pen-cancel", { type: "button", text: t("move.cancel"), on: { click: () => leave() } });
  return {
    node: el("div.pen-ending", {}, error, el("div.move-end", {}, saving, again, cancel)),
    draw: ({ faults, isSaving, isStale }) => {
      saving.hidden = isStale;
      again.hidden = !isStale;
      error.textContent = faults.all ?? "";
      error.hidden = !faults.all;
      saving.disabled = Boolean(isSaving);
    },
  };
}

/** Leave the drawing; what would be lost is asked about with a second press, unless they are sure. */
function leave(isSure = false) {
  const button = document.querySelector(".pen-cancel");
  if (!isSure && isChanged(draft.value) && button.dataset.sure !== "true") {
    button.dataset.sure = "true";
    button.textContent = t("fence.leave.sure");
    return;
  }
  const { isNew, code } = draft.value;
  end();
  route.open(isNew ? "fences" : "fence", isNew ? 0 : code);
}

async function send() {
  const row = draft.value;
  const faults = missing(row);
  if (Object.keys(faults).length) {
    note({ faults });
    const [place] = problems(row).map(({ at }) => at).filter(Boolean);
    if (faults.all && place) show(place);
    document.querySelector('.pen-form [aria-invalid="true"]')?.focus();
    return;
  }
  note({ isSaving: true, faults: {} });
  try {
    const saved = await save({ ...row, code: row.code.trim() });
    notify(t("fence.saved", { name: said(saved.geofence, "name") }), { key: "fence" });
    end();
    route.open("fence", saved.geofence.code);
  } catch (problem) {
    if (draft.value) note({ isSaving: false, ...told(problem) });
  }
}

function missing(row) {
  const faults = {};
  for (const name of ["code", "name_zh", "name_en"]) if (!row[name].trim()) faults[name] = t("fence.wrong.empty");
  if (/[/\\?#]/.test(row.code)) faults.code = t("fence.wrong.code");
  if (row.path.length) faults.all = t("fence.wrong.open");
  else if (wrongs(row.shape, row.parts, row.radius_m).length) faults.all = row.parts.length ? t("fence.wrong.first") : t("fence.wrong.nothing");
  return faults;
}

/** What the API says is wrong, by field; a place that it names is marked on the map. */
function told(problem) {
  const faults = {};
  const marks = [];
  for (const { where, wrong } of problem.body?.errors ?? []) {
    const name = where.replace(/^body\./, "");
    faults[name] = t(`fence.fault.${name}`, {}, wrong);
    const found = PLACE.exec(wrong);
    if (found) marks.push({ at: [Number(found[1]), Number(found[2])], text: wrong });
  }
  if (problem.type.endsWith(":code-taken")) faults.code = problem.message;
  else faults.all = problem.message;
  return { faults, marks, isStale: problem.type.endsWith(":geofence-changed") };
}

