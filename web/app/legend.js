// The legend, which is also the switch of each layer.

import { devices, vehicles } from "./city.js";
import { el, fill } from "./dom.js";
import { icon } from "./icons.js";
import { LAYERS, layers, toggle } from "./map/layers.js";
import { drawMark } from "./map/marks.js";
import { route } from "./route.js";
import { theme } from "./theme.js";
import { t, tongue } from "./words.js";

const MARK_PX = 22;
const KINDS = new Set(["cover", "lamp", "cabinet", "pressure", "gauge", "vehicle", "platform"]);

/** Show the legend. */
export function showLegend(place) {
  const fences = el("button.legend-open.open-fences", { type: "button", on: { click: () => route.open("fences", 0) } });
  const button = el("button.legend-open", { type: "button", on: { click: () => open(!isOpen()) } });
  const panel = el("div.legend-layers", { role: "group", hidden: true });
  const states = el("ul.legend-states");
  fill(place, panel, el("div.legend-strip", {}, states, button, fences));
  const isOpen = () => !panel.hidden;
  const open = (yes) => {
    panel.hidden = !yes;
    button.setAttribute("aria-expanded", String(yes));
  };
  const draw = () => {
    fill(states, ["ok", "bad", "unknown"].map(state));
    fill(button, icon("layers", 16), t("legend"));
    fill(fences, icon("fence", 16), t("fences"));
    fences.title = t("fences.title");
    fill(panel, LAYERS.map(layer));
    panel.setAttribute("aria-label", t("legend"));
  };
  open(false);
  [tongue, theme, layers].forEach((signal) => signal.watch(draw));
  watchSize(draw, devices, vehicles);
  place.addEventListener("keydown", (event) => event.key === "Escape" && open(false));
}

/** Draw again when there are more or fewer of something. */
function watchSize(draw, ...signals) {
  for (const signal of signals) {
    let seen = -1;
    signal.watch((all) => {
      if (all.size !== seen) draw();
      seen = all.size;
    });
  }
}

function state(name) {
  const ratio = devicePixelRatio || 1;
  const canvas = el("canvas", { width: MARK_PX * ratio, height: MARK_PX * ratio, "aria-hidden": "true" });
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  drawMark(context, { x: MARK_PX / 2, y: MARK_PX / 2, state: name, kind: "lamp", size: 3.6, chosen: false });
  return el("li", {}, canvas, t(`state.${name}`));
}

function layer(name) {
  const words = KINDS.has(name) ? `kind.${name}` : `legend.${name}`;
  return el("button.layer", {
    type: "button", "aria-pressed": String(layers.value.has(name)), "data-layer": name,
    on: { click: () => { toggle(name); document.querySelector(`[data-layer="${name}"]`)?.focus(); } },
  }, KINDS.has(name) ? icon(name, 15) : null, t(words), KINDS.has(name) ? el("b", { text: count(name) }) : null);
}

function count(kind) {
  if (kind === "vehicle") return vehicles.value.size;
  return [...devices.value.values()].filter((device) => device.kind === kind).length;
}
