// What is wrong with a shape, and where. Pure. The platform checks again and has the last word;
// this shows it while the hand is still on the corner.

import { isInside } from "./measure.js";

const E7 = 1e7;
const MOST = 20; // places that are shown; nobody mends more at once

/**
 * Return what is wrong.
 * @returns {Array<{key: string, at: number[]|null}>} Words and, if it is at a place, where.
 */
export function wrongs(shape, parts, radius) {
  const points = parts.flat(2);
  if (!points.length) return [{ key: "fence.wrong.nothing", at: null }];
  const found = shape === "polygon" ? polygonWrongs(parts) : [];
  if (shape === "corridor") {
    for (const line of parts.flat()) if (line.length < 2) found.push({ key: "fence.wrong.short", at: line[0] });
  }
  if (shape !== "polygon" && !(radius >= 1 && radius <= 100_000)) found.push({ key: "fence.wrong.radius", at: null });
  return found.slice(0, MOST);
}

function polygonWrongs(drawn) {
  const parts = drawn.map((rings) => rings.map(once));
  const found = [];
  for (const ring of parts.flat()) if (ring.length < 3) found.push({ key: "fence.wrong.few", at: ring[0] });
  found.push(...crossings(parts));
  for (const [outer, ...holes] of parts) {
    for (const hole of holes) {
      if (!hole.some((corner) => isInside(corner, outer))) found.push({ key: "fence.wrong.hole", at: hole[0] });
    }
  }
  return found;
}

/** A corner that is there twice in a row counts once. */
function once(ring) {
  const kept = ring.filter((point, i) => i === 0 || String(point) !== String(ring[i - 1]));
  return kept.length > 1 && String(kept[0]) === String(kept.at(-1)) ? kept.slice(0, -1) : kept;
}

/** Return where the sides of rings cross, or a ring touches itself. */
export function crossings(parts) {
  const sides = sidesOf(parts).sort((one, other) => one.left - other.left);
  const found = [];
  sides.forEach((one, i) => {
    for (let j = i + 1; j < sides.length && sides[j].left <= one.right; j += 1) {
      const at = meeting(one, sides[j]);
      if (at && !found.some((known) => known.at[0] === at[0] && known.at[1] === at[1])) found.push({ key: "fence.wrong.crossing", at });
    }
  });
  return found;
}

function sidesOf(parts) {
  return parts.flatMap((rings, part) => rings.flatMap((ring, place) => ring.map((from, i) => {
    const to = ring[(i + 1) % ring.length];
    const left = Math.min(from[0], to[0]);
    return { from, to, i, left, right: Math.max(from[0], to[0]), ring: `${part}.${place}`, count: ring.length };
  })));
}

/** Return where two sides meet and should not; null if they do not. */
function meeting(one, other) {
  const [a, b, c, d] = [one.from, one.to, other.from, other.to].map((point) => local(point, one.from));
  if (Math.max(a[1], b[1]) < Math.min(c[1], d[1]) || Math.max(c[1], d[1]) < Math.min(a[1], b[1])) return null;
  const turns = [turn(a, b, c), turn(a, b, d), turn(c, d, a), turn(c, d, b)];
  if (turns[0] * turns[1] < 0 && turns[2] * turns[3] < 0) return crossing(one, other, [a, b, c, d]);
  const isOwn = one.ring === other.ring;
  if (turns.every((side) => side === 0)) return along(one, other, isOwn);
  if (!isOwn || areNeighbours(one, other)) return null; // a hole may touch the border at a point
  const touching = [[c, 0, other.from], [d, 1, other.to], [a, 2, one.from], [b, 3, one.to]].find(([point, which]) => (
    turns[which] === 0 && isBetween(point, which < 2 ? [a, b] : [c, d])));
  return touching ? touching[2] : null;
}

/** Two sides on one line: where one runs back over the other. */
function along(one, other, isOwn) {
  const ends = [other.from, other.to].filter((point) => isWithin(point, one.from, one.to));
  const mine = [one.from, one.to].filter((point) => isWithin(point, other.from, other.to));
  const shared = [...ends, ...mine];
  const distinct = new Set(shared.map(String));
  if (distinct.size > 1) return shared[0];
  return isOwn && distinct.size && !areNeighbours(one, other) ? shared[0] : null;
}

function areNeighbours(one, other) {
  const apart = Math.abs(one.i - other.i);
  return apart === 1 || apart === one.count - 1;
}

function crossing(one, other, [a, b, c, d]) {
  const [rx, ry, sx, sy] = [b[0] - a[0], b[1] - a[1], d[0] - c[0], d[1] - c[1]];
  const share = ((c[0] - a[0]) * sy - (c[1] - a[1]) * sx) / (rx * sy - ry * sx);
  return [one.from[0] + (one.to[0] - one.from[0]) * share, one.from[1] + (one.to[1] - one.from[1]) * share];
}

/** Whole ten-millionths of a degree from an origin, so that turns are exact in a city. */
function local([lon, lat], [lon0, lat0]) {
  return [Math.round(lon * E7) - Math.round(lon0 * E7), Math.round(lat * E7) - Math.round(lat0 * E7)];
}

function turn(a, b, c) {
  return Math.sign((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]));
}

function isBetween(point, [a, b]) {
  return isWithin(point, a, b);
}

function isWithin([x, y], [ax, ay], [bx, by]) {
  return x >= Math.min(ax, bx) && x <= Math.max(ax, bx) && y >= Math.min(ay, by) && y <= Math.max(ay, by);
}
