// Metres, lengths and areas of what is drawn. Pure; the ground around one latitude is flat,
// on the same ellipsoid as the platform measures on (vocabulary/geometry.py).
//
// A shape is `parts`: of a polygon each part is its rings (the outer one, then holes), of a
// corridor each part holds one line, of a circle there is one part with one point. Points
// are [lon, lat] in degrees, WGS-84; a ring does not repeat its first point.

const SEMI_MAJOR_M = 6_378_137;
const ECCENTRICITY_SQUARED = 6.69437999014131e-3;
const RADIANS = Math.PI / 180;
const ROUND = 72; // corners of a circle that is drawn
const E7 = 1e7;

/** Return metres per degree east, and per degree north, at a latitude. */
export function metresPerDegree(lat) {
  const cos = Math.cos(lat * RADIANS);
  const flat = 1 - ECCENTRICITY_SQUARED * (1 - cos * cos);
  return [
    (SEMI_MAJOR_M * cos) / Math.sqrt(flat) * RADIANS,
    (SEMI_MAJOR_M * (1 - ECCENTRICITY_SQUARED)) / flat ** 1.5 * RADIANS,
  ];
}

/** Return a point rounded to what is stored of fixes: a ten-millionth of a degree, 1 cm. */
export function rounded([lon, lat]) {
  return [Math.round(lon * E7) / E7, Math.round(lat * E7) / E7];
}

/** Return the metres between two points near each other. */
export function distanceM(a, b) {
  const [east, north] = metresPerDegree((a[1] + b[1]) / 2);
  return Math.hypot((b[0] - a[0]) * east, (b[1] - a[1]) * north);
}

/** Return the metres along a line; back to its beginning if it is a ring. */
export function lengthM(points, isRing = false) {
  let sum = 0;
  for (let i = 1; i < points.length; i += 1) sum += distanceM(points[i - 1], points[i]);
  return isRing && points.length > 1 ? sum + distanceM(points.at(-1), points[0]) : sum;
}

/** Return the square metres inside a ring. */
export function ringM2(ring) {
  if (ring.length < 3) return 0;
  const [lon0, lat0] = ring[0];
  const [east, north] = metresPerDegree(middle([[ring]])[1]);
  let twice = 0;
  ring.forEach(([lon, lat], i) => {
    const [nextLon, nextLat] = ring[(i + 1) % ring.length];
    twice += (lon - lon0) * (nextLat - lat0) - (nextLon - lon0) * (lat - lat0);
  });
  return Math.abs(twice / 2) * east * north;
}

/**
 * Return what people ask of a shape.
 * @returns {{corners: number, length_m: number, area_m2: number|null}} The border's length, a
 *     corridor's along its line; no area of a corridor, whose ends and bends the platform knows.
 */
export function figures(shape, parts, radius) {
  const rings = parts.flat();
  const corners = rings.reduce((sum, ring) => sum + ring.length, 0);
  if (shape === "circle") {
    const r = corners ? radius ?? 0 : 0;
    return { corners, length_m: 2 * Math.PI * r, area_m2: Math.PI * r * r };
  }
  if (shape === "corridor") return { corners, length_m: rings.reduce((sum, line) => sum + lengthM(line), 0), area_m2: null };
  return {
    corners,
    length_m: rings.reduce((sum, ring) => sum + lengthM(ring, true), 0),
    area_m2: parts.reduce((sum, [outer, ...holes]) => sum + ringM2(outer) - holes.reduce((lost, hole) => lost + ringM2(hole), 0), 0),
  };
}

/** Return west, south, east and north of a shape in degrees; null if it has no corner. */
export function boundsOf(shape, parts, radius) {
  const points = parts.flat(2);
  if (!points.length) return null;
  const [lons, lats] = [points.map((point) => point[0]), points.map((point) => point[1])];
  const least = (list) => list.reduce((a, b) => Math.min(a, b));
  const most = (list) => list.reduce((a, b) => Math.max(a, b));
  const [east, north] = metresPerDegree(lats[0]);
  const [dx, dy] = shape === "polygon" ? [0, 0] : [(radius ?? 0) / east, (radius ?? 0) / north];
  return [least(lons) - dx, least(lats) - dy, most(lons) + dx, most(lats) + dy];
}

/** Return the middle of a shape's bounds. */
export function middle(parts) {
  const [west, south, east, north] = boundsOf("polygon", parts);
  return [(west + east) / 2, (south + north) / 2];
}

/** Return the point so many metres east and north of another. */
export function beside([lon, lat], eastM, northM) {
  const [east, north] = metresPerDegree(lat);
  return [lon + eastM / east, lat + northM / north];
}

/** Return a circle as a ring. */
export function circleRing(centre, radius) {
  return Array.from({ length: ROUND }, (_, i) => {
    const turn = (2 * Math.PI * i) / ROUND;
    return beside(centre, radius * Math.cos(turn), radius * Math.sin(turn));
  });
}

/** Return how far a point is from a line, in metres. */
export function fromLineM(point, line) {
  const [east, north] = metresPerDegree(point[1]);
  const flat = line.map(([lon, lat]) => [(lon - point[0]) * east, (lat - point[1]) * north]);
  if (flat.length === 1) return Math.hypot(...flat[0]);
  return flat.slice(1).reduce((least, b, i) => Math.min(least, fromSide(flat[i], b)), Infinity);
}

/** Return how far the origin is from the side from a to b. */
function fromSide([ax, ay], [bx, by]) {
  const [dx, dy] = [bx - ax, by - ay];
  const square = dx * dx + dy * dy;
  const share = square ? Math.max(0, Math.min(1, -(ax * dx + ay * dy) / square)) : 0;
  return Math.hypot(ax + share * dx, ay + share * dy);
}

/** Tell whether a point is inside a ring. */
export function isInside([lon, lat], ring) {
  let inside = false;
  ring.forEach(([x, y], i) => {
    const [px, py] = ring[(i + ring.length - 1) % ring.length];
    if (y > lat !== py > lat && lon < ((px - x) * (lat - y)) / (py - y) + x) inside = !inside;
  });
  return inside;
}

/** Tell whether a point is in a geofence. */
export function holds({ shape, parts, radius_m: radius }, point) {
  if (shape === "circle") return parts.flat(2).some((centre) => distanceM(centre, point) <= radius);
  if (shape === "corridor") return parts.flat().some((line) => fromLineM(point, line) <= radius);
  return parts.some(([outer, ...holes]) => isInside(point, outer) && !holes.some((hole) => isInside(point, hole)));
}
