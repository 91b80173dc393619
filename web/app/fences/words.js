// Lengths and areas as people read them.

import { t } from "../words.js";

const HECTO = 10_000; // square metres from which on square kilometres read better
const KILO = 1_000;

/** Return an area in m² or km². */
export function areaText(m2) {
  if (m2 === null) return "";
  return m2 < HECTO * 10 ? `${Math.round(m2).toLocaleString("en")} m²` : `${(m2 / KILO / KILO).toFixed(m2 < HECTO * KILO ? 3 : 1)} km²`;
}

/** Return a length in m or km. */
export function lengthText(metres) {
  return metres < KILO ? `${Math.round(metres)} m` : `${(metres / KILO).toFixed(2)} km`;
}

/** Return the word for a shape. */
export function shapeText(shape) {
  return t(`fence.shape.${shape}`, {}, shape);
}
