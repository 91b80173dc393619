// The geofences: searched, by kind, page by page; and the pen for who may draw.

import { el, fill } from "../dom.js";
import { icon } from "../icons.js";
import { route } from "../route.js";
import { mayDraw } from "../session.js";
import { said, t } from "../words.js";
import { beginNew, draft, isChanged } from "./draft.js";
import { chosen, compared } from "./sight.js";
import { kinds, listed } from "./store.js";
import { shapeText } from "./words.js";

const TYPING_MS = 250;
let sought = { text: "", kind: "" };

/** Load the list and return what the drawer shows. */
export async function fencesView() {
  chosen.set(null);
  compared.set(null);
  const [known, page] = await Promise.all([kinds(), listed(sought)]);
  const rows = el("ul.fence-rows");
  const end = el("div.fence-end");
  const show = (next) => showPage(rows, end, next);
  show(page);
  const again = async () => {
    const asked = sought;
    const found = await listed(asked);
    if (asked !== sought) return; // something else was typed meanwhile
    fill(rows);
    show(found);
  };
  const total = known.items.reduce((sum, item) => sum + item.geofences, 0);
  return el("article.fences-view", {},
    head(total, known),
    el("section", {}, waiting(), search(known, again), rows, end));
}

/** Begin a new one; what was begun before is thrown away. */
export function drawNew() {
  beginNew();
  route.open("pen", 0);
}

function head(total, known) {
  const idle = known.items.filter(({ rules, kind }) => kind && !rules.length).length;
  return el("header.lit-head", {},
    el("span.device-mark", {}, icon("fence", 22)),
    el("div", {}, el("h2", { text: t("fences") }), el("p", { text: t("fences.count", { n: total, kinds: known.items.filter(({ kind, geofences }) => kind && geofences).length, idle }) })),
    mayDraw() ? el("button.primary.fence-new", { type: "button", on: { click: drawNew } }, icon("pen", 16), t("fence.new")) : null);
}

/** A drawing that was left: it is still there. */
function waiting() {
  if (!draft.value || !isChanged(draft.value)) return null;
  return el("button.related.fence-waiting", { type: "button", on: { click: () => route.open("pen", 0) } },
    el("strong", { text: t("fence.waiting", { name: draft.value.name_zh || draft.value.code || t("fence.new") }) }), el("span", { text: t("fence.waiting.go") }));
}

function search(known, again) {
  let timer = 0;
  const label = t("fences.search");
  const input = el("input", {
    type: "search", value: sought.text, placeholder: label, "aria-label": label, spellcheck: "false",
    on: { input: () => {
      clearTimeout(timer);
      sought = { ...sought, text: input.value.trim() };
      timer = setTimeout(again, TYPING_MS);
    } },
  });
  const kind = el("select", { "aria-label": t("fence.kind"), on: { change: () => { sought = { ...sought, kind: kind.value }; again(); } } },
    el("option", { value: "", text: t("fences.kinds") }),
    known.items.filter((item) => item.kind && item.geofences).map((item) => el("option", {
      value: item.kind, selected: item.kind === sought.kind, text: `${item.kind} (${item.geofences})`,
    })));
  return el("div.fence-search", { role: "search" }, input, kind);
}

function showPage(rows, end, page) {
  rows.append(...page.items.map(line));
  const more = async () => {
    fill(end, el("p.fine", { text: t("loading") }));
    showPage(rows, end, await listed({ next: page.next.replace(/^\/api\/v1/, "") }));
  };
  if (page.next) fill(end, el("button.quiet.fence-more", { type: "button", text: t("fences.more"), on: { click: more } }));
  else fill(end, rows.children.length ? null : el("p.fine.fence-none", { text: t("fences.none") }));
}

function line(row) {
  return el("li", {}, el("button.fence-row", {
    type: "button", "data-code": row.code, on: { click: () => route.open("fence", row.code) },
  },
  el("span.rule-name", {}, el("b", { text: said(row, "name") }), el("span", { text: row.code })),
  row.vehicles ? el("span.fine", { text: t("fence.vehicles", { n: row.vehicles }) }) : null,
  row.kind ? el("span.tag", { text: row.kind }) : null,
  el("span.fine", { text: shapeText(row.shape) })));
}
