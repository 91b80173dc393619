// The geofence that is being drawn: what it is so far, what the pen is doing, and the way back.
//
//     doing: "draw" a first ring or line · "more" another one · "hole" · "edit" what is there

import { Signal } from "../signal.js";
import { extended, holed, least, removed } from "./edits.js";
import { shapeOf } from "./formats.js";
import { rounded } from "./measure.js";

const MOST_BACK = 100;

/** The draft, or null. */
export const draft = new Signal(null);

/** Whether a handle is under the hand: others wait until it is put down. */
export const held = new Signal(false);

/** Begin a new geofence. */
export function beginNew() {
  begin({ code: "", isNew: true, name_zh: "", name_en: "", kind: "", shape: "polygon", radius_m: null, parts: [] });
}

/** Begin to change a geofence, as the API shows it. */
export function beginChange({ geofence, geometry, tag }) {
  const { code, name_zh, name_en, kind, shape, radius_m } = geofence;
  begin({ code, tag, isNew: false, name_zh, name_en, kind, shape, radius_m, parts: shapeOf(geometry).parts });
}

function begin(row) {
  draft.set({
    ...row, doing: row.parts.length ? "edit" : "draw", path: [], chosen: null, back: [],
    faults: {}, marks: [], isStale: false, began: JSON.stringify(content(row)),
  });
}

/** Return what of a draft is saved. */
export function content({ name_zh, name_en, kind, shape, radius_m, parts }) {
  return { name_zh, name_en, kind, shape, radius_m: shape === "polygon" ? null : radius_m, parts };
}

/** Tell whether there is something that leaving would lose. */
export function isChanged(row) {
  return JSON.stringify(content(row)) !== row.began || row.path.length > 0;
}

/** Change fields that are no part of the drawing. */
export function note(fields) {
  draft.set({ ...draft.value, ...fields });
}

/** Put a changed drawing in place, and keep the one before; `from` where it changed by and by. */
export function redrawn(fields, from = draft.value) {
  const before = { shape: from.shape, parts: from.parts, radius_m: from.radius_m };
  const back = [...draft.value.back, before].slice(-MOST_BACK);
  draft.set({ ...draft.value, ...fields, back, marks: [], faults: {} });
}

/** Show a change that is still being made, such as a corner under the hand. */
export function redrawing(fields) {
  draft.set({ ...draft.value, ...fields });
}

/** Take the last corner of the path back, or the last change. */
export function undo() {
  const { path, back } = draft.value;
  if (path.length) {
    note({ path: path.slice(0, -1) });
    return;
  }
  const before = back.at(-1);
  if (!before) return;
  draft.set({
    ...draft.value, ...before, back: back.slice(0, -1), chosen: null, marks: [], faults: {},
    doing: before.parts.length ? "edit" : "draw",
  });
}

/** Draw another kind of shape, from nothing. */
export function reshape(shape) {
  const { shape: old, parts } = draft.value;
  if (shape === old) return;
  const fields = { shape, parts: [], path: [], doing: "draw", chosen: null };
  if (parts.length) redrawn(fields);
  else note(fields);
}

/** Draw a hole, or another part; Esc goes back to editing. */
export function drawMore(doing) {
  note({ doing, path: [], chosen: null });
}

/** Put one corner more at the end of the path. */
export function addCorner(point) {
  const { shape, path } = draft.value;
  const corner = rounded(point);
  if (String(path.at(-1)) === String(corner)) return;
  if (shape === "circle") redrawn({ parts: [[[corner]]], doing: "edit" });
  else note({ path: [...path, corner] });
}

/** Tell whether the path has corners enough to be closed. */
export function canFinish({ shape, path }) {
  return path.length >= least(shape);
}

/**
 * Close the path.
 * @returns {boolean} False if it has too few corners, or a hole lies outside.
 */
export function finish() {
  const { doing, parts, path } = draft.value;
  if (!canFinish(draft.value)) return false;
  const next = doing === "hole" ? holed(parts, path) : extended(parts, path);
  if (!next) return false;
  redrawn({ parts: next, path: [], doing: "edit" });
  return true;
}

/** Give up the path; what is drawn already stays. */
export function giveUp() {
  note({ path: [], doing: draft.value.parts.length ? "edit" : "draw" });
}

/** Remove a corner. */
export function drop(place) {
  const { shape, parts } = draft.value;
  const next = removed(shape, parts, place);
  redrawn({ parts: next, chosen: null, doing: next.length ? "edit" : "draw" });
}

/** Throw the draft away. */
export function end() {
  draft.set(null);
}
