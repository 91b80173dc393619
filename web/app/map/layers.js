// Which layers of the map are on, kept in the browser.

import { Signal } from "../signal.js";

const KEPT = "gezhi.layers";

/** Every layer there is, in the order of the legend. */
export const LAYERS = ["cases", "cover", "lamp", "cabinet", "pressure", "gauge", "vehicle", "platform", "fences", "grid", "names"];

/** Layers that are off until somebody turns them on. */
const OFF = new Set(["fences"]);

/** The layers that are on. */
export const layers = new Signal(new Set(kept()));

/** Turn one layer on or off. */
export function toggle(name) {
  const next = new Set(layers.value);
  if (!next.delete(name)) next.add(name);
  localStorage.setItem(KEPT, JSON.stringify([...next]));
  layers.set(next);
}

function kept() {
  try {
    const found = JSON.parse(localStorage.getItem(KEPT) ?? "null");
    return Array.isArray(found) ? found.filter((name) => LAYERS.includes(name)) : usual();
  } catch {
    return usual();
  }
}

function usual() {
  return LAYERS.filter((name) => !OFF.has(name));
}
