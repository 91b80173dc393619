// What is open in the drawer, kept in the address so that it can be shared and reloaded.

import { Signal } from "./signal.js";

/**
 * What is open: `{ kind: "case" | "device" | "lighting" | "rules" | "fences" | "pen", id, at }`,
 * `{ kind: "fence", id }` with the geofence's code, or null; `at` is a part of it.
 */
class Route extends Signal {
  constructor() {
    super(read());
    addEventListener("hashchange", () => this.restore());
  }

  /** Open one thing. */
  open(kind, id, at = "") {
    history.replaceState(null, "", `#${kind}-${encodeURIComponent(id)}${at && `/${at}`}`);
    this.set({ kind, id, at });
  }

  /** Open nothing. */
  shut() {
    history.replaceState(null, "", location.pathname);
    this.set(null);
  }

  /** Open what the address says. */
  restore() {
    this.set(read());
  }
}

function read() {
  const named = /^#fence-(.+)$/.exec(location.hash);
  if (named) return { kind: "fence", id: decoded(named[1]), at: "" };
  const found = /^#(case|device|lighting|rules|fences|pen)-(\d+)(?:\/([\w@-]+))?$/.exec(location.hash);
  return found ? { kind: found[1], id: Number(found[2]), at: found[3] ?? "" } : null;
}

/** Somebody may have typed the address. */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export const route = new Route();
