// Changing a shape's corners. Pure: each returns new parts and leaves the old ones alone.
// A place is `{ part, ring, at }`: which part, which ring or line of it, which corner.

import { isInside, rounded } from "./measure.js";

const LEAST = { polygon: 3, corridor: 2, circle: 1 };

/** Return the parts with one corner elsewhere. */
export function moved(parts, place, point) {
  return changed(parts, place, (ring) => ring.with(place.at, rounded(point)));
}

/** Return the parts with one corner more, before the one of that place. */
export function inserted(parts, place, point) {
  return changed(parts, place, (ring) => ring.toSpliced(place.at, 0, rounded(point)));
}

/** Return the parts with one corner less; a ring that is too short is gone, holes with their outer ring. */
export function removed(shape, parts, place) {
  const ring = parts[place.part][place.ring];
  if (ring.length > LEAST[shape]) return changed(parts, place, (old) => old.toSpliced(place.at, 1));
  if (place.ring > 0) return parts.with(place.part, parts[place.part].toSpliced(place.ring, 1));
  return parts.toSpliced(place.part, 1);
}

/** Return the parts all moved by so many degrees. */
export function shifted(parts, east, north) {
  return parts.map((rings) => rings.map((ring) => ring.map(([lon, lat]) => rounded([lon + east, lat + north]))));
}

/** Return the parts with a hole in the one that holds its first corner; null if none does. */
export function holed(parts, hole) {
  const part = parts.findIndex(([outer]) => isInside(hole[0], outer));
  return part < 0 ? null : parts.with(part, [...parts[part], hole.map(rounded)]);
}

/** Return the parts with one more. */
export function extended(parts, path) {
  return [...parts, [path.map(rounded)]];
}

/** Return how many corners make a ring or line of a shape. */
export function least(shape) {
  return LEAST[shape];
}

/** Return every corner as `{ part, ring, at, point }`. */
export function cornersOf(parts) {
  return parts.flatMap((rings, part) => rings.flatMap((points, ring) => points.map((point, at) => ({ part, ring, at, point }))));
}

/** Return where a corner could be put between two: the middle of each side, as a place before the second. */
export function ghostsOf(shape, parts) {
  if (shape === "circle") return [];
  return parts.flatMap((rings, part) => rings.flatMap((points, ring) => points.flatMap((to, i) => {
    const at = i || points.length;
    if (shape === "corridor" && !i) return [];
    const from = points[at - 1];
    return [{ part, ring, at, point: [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2] }];
  })));
}

function changed(parts, { part, ring }, change) {
  return parts.with(part, parts[part].with(ring, change(parts[part][ring])));
}
