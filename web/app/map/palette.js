// Colours of the map, read from the style sheet so that both themes are in one place.

import { colour, theme } from "../theme.js";

const NAMES = [
  "map-outside", "map-land", "map-water", "map-park", "map-street", "map-casing", "map-rail",
  "map-cell", "map-label", "map-halo", "ok", "bad", "unknown", "critical", "major", "minor",
  "accent", "ink", "sanitation", "enforcement", "track-0", "track-1", "track-2", "track-3",
  "track-4", "track-5", "panel", "fence",
];

let colours = {};

/** Return a canvas font of the page's letters. */
export function font(px, weight = 500) {
  return `${weight} ${px}px ${getComputedStyle(document.body).fontFamily}`;
}

/** Return the colours of the theme in use. */
export function palette() {
  return colours;
}

theme.watch(() => {
  colours = Object.fromEntries(NAMES.map((name) => [name, colour(name)]));
});
