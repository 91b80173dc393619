// Whom a drawing would catch: asked of the API a moment after the hand has come to rest.

import { el, fill } from "../dom.js";
import { released } from "../press.js";
import { said, t } from "../words.js";
import { wrongs } from "./crossings.js";
import { content, draft, held } from "./draft.js";
import { rulesOf } from "./rules.js";
import { preview } from "./store.js";
import { areaText } from "./words.js";

const REST_MS = 350;
const MOST = 6;

/** Return the part of the form that shows the preview. */
export function previewOf() {
  const place = el("div.pen-preview", { "aria-live": "polite" });
  let timer = 0;
  let asked = "";
  const draw = (row) => {
    const now = JSON.stringify({ ...content(row), name_zh: "", name_en: "" });
    if (now === asked || held.value) return;
    asked = now;
    clearTimeout(timer);
    if (!row.parts.length || wrongs(row.shape, row.parts, row.radius_m).length) fill(place);
    else timer = setTimeout(() => ask(place, () => asked === now), REST_MS);
  };
  return { node: place, draw };
}

async function ask(place, isStill) {
  const row = draft.value;
  if (!row) return;
  try {
    const told = await preview({ ...row, name_zh: row.name_zh.trim() || "—", name_en: row.name_en.trim() || "—", code: row.isNew ? "" : row.code });
    await released();
    if (isStill()) fill(place, shown(told));
  } catch (problem) {
    const [fault] = problem.body?.errors ?? [];
    if (isStill()) fill(place, el("p.pen-fault", { text: fault?.wrong ?? problem.message }));
  }
}

function shown(told) {
  const names = told.named.slice(0, MOST).map((one) => one.code).join("、");
  const rest = told.vehicles > MOST ? " …" : "";
  return [
    el("h4", { text: t("fence.preview") }),
    el("p", { "data-now": told.vehicles }, el("b", { text: t("fence.preview.now", { n: told.vehicles }) }), names ? el("span.fine", { text: ` ${names}${rest}` }) : null),
    el("p", { "data-hour": told.hour_vehicles, text: t(told.hour_is_part ? "fence.preview.part" : "fence.preview.hour", { n: told.hour_vehicles, fixes: told.hour_fixes }) }),
    el("p.fine", { text: t("fence.preview.area", { area: areaText(told.area_m2) }) }),
    el("h4", { text: t("fence.preview.rules") }),
    rulesOf(told.rules, t("fence.rules.none")),
  ];
}
