// Shapes as text and back: GeoJSON and WKT. Pure; what the text may hold is what PUT takes.

const SHAPES = {
  Polygon: "polygon", MultiPolygon: "polygon", Point: "circle", LineString: "corridor", MultiLineString: "corridor",
};

/** A text that is no shape; its message is a key of the catalogue. */
export class FormatError extends Error {}

/** Return a shape as a GeoJSON geometry. */
export function geometryOf(shape, parts) {
  if (shape === "circle") return { type: "Point", coordinates: parts[0]?.[0]?.[0] ?? [] };
  if (shape === "corridor") {
    const lines = parts.map(([line]) => line);
    return lines.length === 1 ? { type: "LineString", coordinates: lines[0] } : { type: "MultiLineString", coordinates: lines };
  }
  const polygons = parts.map((rings) => rings.map(closed));
  return polygons.length === 1 ? { type: "Polygon", coordinates: polygons[0] } : { type: "MultiPolygon", coordinates: polygons };
}

/** Return a GeoJSON geometry as `{ shape, parts }`. */
export function shapeOf(geometry) {
  const { type, coordinates } = geometry ?? {};
  const shape = SHAPES[type];
  if (!shape || !Array.isArray(coordinates)) throw new FormatError("fence.paste.kind");
  const parts = {
    Point: () => [[[coordinates]]],
    LineString: () => [[coordinates]],
    MultiLineString: () => coordinates.map((line) => [line]),
    Polygon: () => [coordinates.map(opened)],
    MultiPolygon: () => coordinates.map((rings) => rings.map(opened)),
  }[type]();
  const flat = parts.map((rings) => rings.map((ring) => ring.map((point) => point.slice(0, 2))));
  if (!flat.flat(2).length || !flat.flat(2).every(isPlace)) throw new FormatError("fence.paste.place");
  return { shape, parts: flat };
}

/** Return the shape in a text: GeoJSON (a geometry, a feature, a collection of one) or WKT. */
export function read(text) {
  const trimmed = text.trim();
  if (!trimmed) throw new FormatError("fence.paste.empty");
  try {
    return shapeOf(trimmed.startsWith("{") ? geometryIn(JSON.parse(trimmed)) : wkt(trimmed));
  } catch (error) {
    throw error instanceof FormatError ? error : new FormatError("fence.paste.unread");
  }
}

function geometryIn(found) {
  if (found.type === "FeatureCollection") {
    if (found.features?.length !== 1) throw new FormatError("fence.paste.many");
    return found.features[0].geometry;
  }
  return found.type === "Feature" ? found.geometry : found;
}

function wkt(text) {
  const found = /^(?:SRID=4326;)?\s*(POINT|LINESTRING|POLYGON|MULTILINESTRING|MULTIPOLYGON)\s*(?:Z|M|ZM)?\s*(\(.*\))$/is.exec(text);
  if (!found) throw new FormatError("fence.paste.unread");
  const numbers = found[2].replace(/[-+.\de]+(?:\s+[-+.\de]+)+/gi, (pair) => `[${pair.trim().split(/\s+/).map(Number).join(",")}]`);
  const coordinates = JSON.parse(numbers.replaceAll("(", "[").replaceAll(")", "]"));
  const type = { POINT: "Point", LINESTRING: "LineString", POLYGON: "Polygon", MULTILINESTRING: "MultiLineString", MULTIPOLYGON: "MultiPolygon" }[found[1].toUpperCase()];
  return { type, coordinates: type === "Point" ? coordinates[0] : coordinates };
}

function closed(ring) {
  return ring.length ? [...ring, ring[0]] : [];
}

function opened(ring) {
  const [first, last] = [ring[0], ring.at(-1)];
  return ring.length > 1 && first[0] === last[0] && first[1] === last[1] ? ring.slice(0, -1) : ring;
}

function isPlace(point) {
  return point.length === 2 && point.every(Number.isFinite) && Math.abs(point[0]) <= 180 && Math.abs(point[1]) <= 90;
}
