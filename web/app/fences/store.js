// Geofences asked of the API, and told to it.

import { everything, get, post, put, remove } from "../api.js";
import { content } from "./draft.js";
import { geometryOf, shapeOf } from "./formats.js";
import { boundsOf } from "./measure.js";
import { fences } from "./sight.js";

const PAGE = 50;

/** Load all geofences for the map. */
export async function loadFences() {
  fences.set((await everything("/geofence-shapes?limit=1000")).map(drawn));
}

/** Return a geofence as the API tells it with `parts` and `bounds`, as it is drawn. */
export function drawn(row) {
  const { parts } = shapeOf(typeof row.geometry === "string" ? JSON.parse(row.geometry) : row.geometry);
  return { ...row, parts, bounds: boundsOf(row.shape, parts, row.radius_m) };
}

/** Return one page of the list. */
export function listed({ text, kind, next }) {
  const words = new URLSearchParams({ limit: PAGE });
  if (text) words.set("text", text);
  if (kind) words.set("kind", kind);
  return get(next ?? `/geofences?${words}`);
}

/** Return one geofence with its shape and rules. */
export function fence(code) {
  return get(path(code));
}

/** Return who changed it, newest first. */
export function changes(code) {
  return get(`${path(code)}/changes`);
}

/** Return the kinds there are, and the rules that look at each. */
export function kinds() {
  return get("/geofence-kinds");
}

/** Return what saving a draft would come to. */
export function preview(row) {
  return post(`${path(row.code || "new")}/preview`, body(row));
}

/** Save a draft; refused where somebody else has changed the geofence since it was read. */
export async function save(row) {
  const saved = await put(path(row.code), body(row), row.isNew ? { "If-None-Match": "*" } : { "If-Match": row.tag });
  await loadFences();
  return saved;
}

/** Remove a geofence as it was read with `tag`. */
export async function removeFence(code, tag) {
  await remove(path(code), { "If-Match": tag });
  await loadFences();
}

function path(code) {
  return `/geofences/${encodeURIComponent(code)}`;
}

function body(row) {
  const { parts, ...rest } = content(row);
  return { ...rest, geometry: geometryOf(row.shape, parts) };
}
