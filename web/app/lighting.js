// The city's lighting: how many of the lamps that should be lit are, honest about the unknown.

import { everything, get, PREFIX } from "./api.js";
import { el, fill } from "./dom.js";
import { icon } from "./icons.js";
import { route } from "./route.js";
import { clock } from "./times.js";
import { said, t } from "./words.js";

const GROUPS = ["cabinet", "subdistrict", "cell"];
const MOST_ROWS = 1000;
let by = "cabinet";

/** Load how the lamps are and return what the drawer shows. */
export async function lightingView() {
  const [lighting, nights] = await Promise.all([
    get(`/lighting?by=${by}&limit=${MOST_ROWS}`),
    by === "cabinet" ? get(`/lighting/nights?limit=${MOST_ROWS}`) : { items: [] },
  ]);
  const rows = [...lighting.items, ...(lighting.next ? await everything(lighting.next.slice(PREFIX.length)) : [])];
  const newest = new Map();
  for (const night of nights.items) if (!newest.has(night.cabinet)) newest.set(night.cabinet, night);
  return fill(el("article.lighting-view"),
    head(lighting),
    el("section", {}, choices(), el("ul.lit-groups", {}, worstFirst(rows).map((row) => group(row, newest.get(row.code))))));
}

function head({ at, city }) {
  return el("header.lit-head", {},
    el("span.device-mark", {}, icon("lamp", 22)),
    el("div", {}, el("h2", { text: t("lit") }), el("p", { text: t("lit.at", { at: clock(Date.parse(at)) }) })),
    el("strong.lit-rate", { text: range(city) }),
    bar(city), counts(city));
}

function choices() {
  return el("div.lit-by", { role: "group", "aria-label": t("lit.by") }, GROUPS.map((name) => el("button.quiet", {
    type: "button", "aria-pressed": String(by === name), "data-by": name,
    on: { click: () => { by = name; route.open("lighting", 0); } },
  }, t(`lit.by.${name}`))));
}

function group(row, night) {
  const { rate } = row;
  const inside = [
    el("span.lit-name", {}, el("b", { text: said(row, "name") || t("lit.nowhere") }), el("span", { text: row.code })),
    el("strong", { text: range(rate) }),
    bar(rate), counts(rate),
    night ? el("span.lit-night", { text: nightly(night) }) : null,
  ];
  if (!row.device_id) return el("li.lit-group", { "data-code": row.code }, ...inside);
  return el("li", {}, el("button.lit-group", {
    type: "button", "data-code": row.code, on: { click: () => route.open("device", row.device_id) },
  }, ...inside));
}

/** Lit is solid, dark is marked, and what nobody knows is hatched. */
function bar({ lit_low: lit, dark, unheard, should }) {
  const parts = [["lit", lit], ["dark", dark], ["unheard", unheard]];
  return el("span.lit-bar", { "aria-hidden": "true", "data-empty": String(!should) }, parts.map(([name, n]) => {
    const part = el(`i.${name}`, { hidden: !n });
    part.style.flexGrow = n;
    return part;
  }));
}

function counts(rate) {
  const shown = ["should", "dark", "unheard", "settled", "burning", "unsure"].filter((name) => rate[name] || name === "should");
  return el("span.lit-counts", {}, shown.map((name) => el(`span.${name}`, { title: t(`lit.${name}.title`), text: t(`lit.${name}`, { n: rate[name] }) })));
}

function range({ low, high }) {
  if (low === null) return t("lit.none");
  return low === high ? percent(low) : `${percent(low)}–${percent(high)}`;
}

function nightly(night) {
  return t("lit.night", {
    day: night.night.slice(5),
    rate: range(night),
    h: night.burning_h.toFixed(1),
    kwh: night.energy_kwh === null ? "—" : night.energy_kwh.toFixed(1),
  });
}

function worstFirst(rows) {
  const weight = ({ rate }) => rate.dark * 1000 + rate.burning * 1000 + rate.unheard;
  return [...rows].sort((a, b) => weight(b) - weight(a));
}

function percent(share) {
  return `${(share * 100).toFixed(share === 1 || share === 0 ? 0 : 1)}%`;
}
