// Icons as paths on a 24 by 24 square, drawn with the text's own colour.

import { svg } from "./dom.js";

const PATHS = {
  back: "M15 5l-7 7 7 7",
  close: "M6 6l12 12M18 6L6 18",
  sun: "M12 4V2m0 20v-2m8-8h2M2 12h2m13.7-5.7 1.4-1.4M4.9 19.1l1.4-1.4m11.4 0 1.4 1.4M4.9 4.9l1.4 1.4M16 12a4 4 0 1 1-8 0 4 4 0 0 1 8 0Z",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5Z",
  out: "M10 4H5v16h5m4-12 4 4-4 4m4-4H9",
  search: "m20 20-4.5-4.5M18 11a7 7 0 1 1-14 0 7 7 0 0 1 14 0Z",
  play: "M8 5.5v13l10-6.5Z",
  pause: "M9 6v12m6-12v12",
  route: "M6 19a2 2 0 1 0 0-4 2 2 0 0 0 0 4Zm12-10a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM8 17h6a3 3 0 0 0 0-6h-4a3 3 0 0 1 0-6h6",
  layers: "m12 4 9 5-9 5-9-5Zm-9 10 9 5 9-5",
  fence: "M4 8.5 10.5 4l9 4-2 11.5H6.5ZM4 8.5h.01m6.49-4.5h.01m8.99 4h.01M17.5 19.5h.01M6.5 19.5h.01",
  pen: "M4 20l1.2-4.4L16.4 4.4a1.8 1.8 0 0 1 2.6 0l.6.6a1.8 1.8 0 0 1 0 2.6L8.4 18.8ZM14.5 6.3l3.2 3.2",
  bin: "M5 7h14M10 7V4.5h4V7m-7.5 0 .8 12.5h9.4L17.5 7",
  plus: "M12 5v14M5 12h14",
  undo: "M9 7 4.5 11.5 9 16M5 11.5h8.5a5 5 0 0 1 0 8H11",
  hole: "M4 5h16v14H4Zm5 4h6v6H9Z",
  rules: "M4 6h2m3 0h11M4 12h2m3 0h11M4 18h2m3 0h11",
  check: "m5 12.5 4.5 4.5L19 7.5",
  quiet: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Zm-3.5-9.2 2.4 2.4 4.6-4.6",
  warning: "M12 4 2.8 19.5h18.4ZM12 10v4.5m0 2.2v.3",
  cover: "M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16ZM8 9.5h8M7 12h10m-9 2.5h8",
  lamp: "M7 21V8a4 4 0 0 1 4-4h2.5a3.5 3.5 0 0 1 3.5 3.5V9m-3 0h6l-1.2 3h-3.6ZM5 21h4",
  cabinet: "M6 3h12v18H6Zm0 0m3 4h6M9 11h6m-1 5h1.5",
  pressure: "M12 20a8 8 0 1 1 0-16 8 8 0 0 1 0 16Zm0-6 3.5-4.5M12 14.2v-.4",
  gauge: "M3 18c1.5 0 1.5-1.2 3-1.2S7.5 18 9 18s1.5-1.2 3-1.2S13.5 18 15 18s1.5-1.2 3-1.2S19.5 18 21 18M7 13V4m0 2h3M7 9h3m-3 3h3",
  platform: "M4 4h16v7H4Zm0 9h16v7H4Zm3.5-5.5h.01m-.01 9h.01M11 7.5h6m-6 9h6",
  vehicle: "M3 16.5V7h11v9.5M14 10h4l3 3.2v3.3h-2M3 16.5h2m4 0h6M9 17.5a2 2 0 1 1-4 0 2 2 0 0 1 4 0Zm10 0a2 2 0 1 1-4 0 2 2 0 0 1 4 0Z",
};

/** Return an icon; it is an ornament, its words stand beside it. */
export function icon(name, size = 18) {
  return svg(
    "svg.icon",
    { viewBox: "0 0 24 24", width: size, height: size, "aria-hidden": "true" },
    svg("path", { d: PATHS[name] ?? PATHS.warning }),
  );
}
